//! Corroboration: whether what several publishers say of one value is enough to act upon (`docs/life.md` §5).
//!
//! ```text
//! hits of one input → those that support (exact, sure and recent enough) → distinct publishers, their weight → Act or Review
//! ```
//!
//! A wrong entry hurts an innocent person, so the default asks for two publishers, a probable hit alone never acts, and every verdict says why.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::crypto::sign::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::Feed;
use crate::identifier::Kind;
use crate::matcher::{Certainty, Hit, RecordState};
use crate::time::{DAY, Timestamp};

/// The longest text of a policy in bytes.
const MAX_TEXT: usize = 1 << 16;
/// The highest number of publishers and of weight that can be asked for.
const MAX_NUMBER: u32 = 1_000_000;

/// What has to come together before a hit may be acted upon.
///
/// ```
/// use bisik::{Kind, Policy};
///
/// let policy = Policy::parse("
///     min_publishers = 2 # for everything, three for accounts
///     min_confidence = 60
///     max_age = 90d
///
///     [account]
///     min_publishers = 3
/// ")?;
/// assert_eq!(policy.rule(Kind::Account).min_publishers, 3);
/// assert_eq!(policy.rule(Kind::Account).min_confidence, 60);
/// assert_eq!(policy.rule(Kind::Phone).min_publishers, 2);
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    general: Rule,
    /// By the kind's number.
    kinds: BTreeMap<u8, Rule>,
}

/// The rule for one kind of looked-up value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// How many different publishers have to list it; from 1.
    pub min_publishers: u32,
    /// What their weights in the trust store have to add up to.
    pub min_weight: u32,
    /// The confidence that a publisher's claim must have to count, 0 to 100; 0: claims are not asked for.
    pub min_confidence: u8,
    /// How long ago, in seconds, an entry may have been last seen to count; `None`: however long. Entries that do not say count only
    /// without a limit.
    pub max_age: Option<u64>,
    /// Whether a probable hit counts beside an exact one. Alone it never does.
    pub probable: Probable,
}

/// What a probable hit is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Probable {
    /// For a person to look at: it does not count.
    #[default]
    Review,
    /// It counts beside at least one exact hit.
    Support,
}

impl Default for Rule {
    /// Two publishers.
    fn default() -> Self {
        Self { min_publishers: 2, min_weight: 0, min_confidence: 0, max_age: None, probable: Probable::Review }
    }
}

/// What is to be done with an input that has hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// A person looks at it.
    Review,
    /// The policy's conditions are met.
    Act,
}

impl Action {
    /// Its name in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Act => "act",
        }
    }
}

/// An action, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// What is to be done.
    pub action: Action,
    /// Why, in a fixed order: what was counted, then what is missing.
    pub reasons: Vec<Reason>,
}

/// One reason of a verdict. `Display` explains it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// So many publishers count, with so much weight.
    Counted {
        /// Different publishers.
        publishers: u32,
        /// Their weights' sum.
        weight: u32,
    },
    /// Too few publishers.
    TooFewPublishers {
        /// How many count.
        have: u32,
        /// How many have to.
        need: u32,
    },
    /// Too little weight.
    TooLittleWeight {
        /// The weight that counts.
        have: u32,
        /// The weight that has to.
        need: u32,
    },
    /// Every hit is probable.
    OnlyProbable,
    /// Some probable hits do not count.
    ProbableNotCounted(u32),
    /// Some claims are not confident enough.
    LowConfidence(u32),
    /// Some entries say nothing of their confidence.
    NoConfidence(u32),
    /// Some entries were last seen too long ago.
    TooOld(u32),
    /// Some entries do not say when they were seen.
    UnknownAge(u32),
    /// Some records do not open.
    UnreadableRecord(u32),
}

impl Reason {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counted { .. } => "counted",
            Self::TooFewPublishers { .. } => "too-few-publishers",
            Self::TooLittleWeight { .. } => "too-little-weight",
            Self::OnlyProbable => "only-probable",
            Self::ProbableNotCounted(_) => "probable-not-counted",
            Self::LowConfidence(_) => "low-confidence",
            Self::NoConfidence(_) => "no-confidence",
            Self::TooOld(_) => "too-old",
            Self::UnknownAge(_) => "unknown-age",
            Self::UnreadableRecord(_) => "unreadable-record",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hits = |count: u32| if count == 1 { "1 hit".to_owned() } else { format!("{count} hits") };
        match *self {
            Self::Counted { publishers: 1, weight } => write!(f, "1 publisher of weight {weight} counts"),
            Self::Counted { publishers, weight } => write!(f, "{publishers} publishers of weight {weight} count"),
            Self::TooFewPublishers { have, need } => write!(f, "{have} of {need} publishers"),
            Self::TooLittleWeight { have, need } => write!(f, "weight {have} of {need}"),
            Self::OnlyProbable => f.write_str("only probable hits"),
            Self::ProbableNotCounted(count) => write!(f, "{} probable, not counted", hits(count)),
            Self::LowConfidence(count) => write!(f, "{} of too little confidence", hits(count)),
            Self::NoConfidence(count) => write!(f, "{} without a confidence", hits(count)),
            Self::TooOld(count) => write!(f, "{} seen too long ago", hits(count)),
            Self::UnknownAge(count) => write!(f, "{} without a time", hits(count)),
            Self::UnreadableRecord(count) => write!(f, "{} whose record does not open", hits(count)),
        }
    }
}

impl Policy {
    /// Reads a policy: lines `name = value`, first for all kinds, then under `[kind]` for one; `#` begins a comment.
    ///
    /// # Errors
    /// [`ErrorKind::BadPolicy`], whose message names the rule; the position is the line, from 1.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(Error::new(ErrorKind::BadPolicy, "a policy has at most 64 KiB"));
        }
        let mut policy = Self::default();
        let mut kind = None;
        let mut said: Vec<(Option<u8>, &str)> = Vec::new();
        for (number, line) in (1_u64..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            let wrong = |message| Error::new(ErrorKind::BadPolicy, message).at(number);
            if line.is_empty() {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let named: Kind = name.trim().parse().map_err(|_| wrong("no kind of this name"))?;
                if policy.kinds.insert(named.number(), policy.general.clone()).is_some() {
                    return Err(wrong("a kind stands twice"));
                }
                kind = Some(named.number());
                continue;
            }
            let (name, value) = line.split_once('=').ok_or_else(|| wrong("a line is `name = value` or `[kind]`"))?;
            let (name, value) = (name.trim(), value.trim());
            let rule = match kind {
                None => &mut policy.general,
                Some(kind) => policy.kinds.entry(kind).or_default(),
            };
            rule.set(name, value).map_err(wrong)?;
            if said.contains(&(kind, name)) {
                return Err(wrong("a name stands twice"));
            }
            said.push((kind, name));
        }
        Ok(policy)
    }

    /// The rule for a kind of looked-up value.
    #[must_use]
    pub fn rule(&self, kind: Kind) -> &Rule {
        self.kinds.get(&kind.number()).unwrap_or(&self.general)
    }

    /// Decides about one input of `kind`: `hits` are all of its hits, `feeds` those of the matcher that made them.
    ///
    /// Publishers are told apart by their ids: two feeds of one publisher are one voice.
    #[must_use]
    pub fn decide<'h>(
        &self,
        kind: Kind,
        hits: impl IntoIterator<Item = &'h Hit>,
        feeds: &[Arc<Feed>],
        now: Timestamp,
    ) -> Verdict {
        let rule = self.rule(kind);
        let mut tally = Tally::default();
        for hit in hits {
            if let Some(feed) = feeds.get(hit.feed) {
                tally.add(rule, hit, feed, now);
            }
        }
        tally.verdict(rule)
    }
}

impl Rule {
    fn set(&mut self, name: &str, value: &str) -> std::result::Result<(), &'static str> {
        let number = || value.parse::<u32>().ok().filter(|&number| number <= MAX_NUMBER);
        match name {
            "min_publishers" => {
                let asked = number().filter(|&number| number > 0);
                self.min_publishers = asked.ok_or("min_publishers is a number from 1")?;
            }
            "min_weight" => self.min_weight = number().ok_or("min_weight is a number")?,
            "min_confidence" => {
                let asked = number().and_then(|number| u8::try_from(number).ok()).filter(|&number| number <= 100);
                self.min_confidence = asked.ok_or("min_confidence is a number from 0 to 100")?;
            }
            "max_age" => self.max_age = Some(age(value).ok_or("max_age is a span such as 90d, 36h or 30m")?),
            "probable" => {
                self.probable = match value {
                    "review" => Probable::Review,
                    "support" => Probable::Support,
                    _ => return Err("probable is review or support"),
                }
            }
            _ => return Err("no rule of this name: min_publishers, min_weight, min_confidence, max_age, probable"),
        }
        Ok(())
    }
}

/// A span such as `90d`, in seconds.
fn age(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => DAY,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok())??;
    number.checked_mul(unit).filter(|&seconds| seconds > 0)
}

/// What was counted of an input's hits.
#[derive(Default)]
struct Tally {
    /// Publishers that count, with their weights and whether an exact hit is among theirs.
    publishers: BTreeMap<KeyId, (u32, bool)>,
    hits: u32,
    exact: u32,
    probable: u32,
    low_confidence: u32,
    no_confidence: u32,
    too_old: u32,
    unknown_age: u32,
    unreadable: u32,
}

impl Tally {
    fn add(&mut self, rule: &Rule, hit: &Hit, feed: &Feed, now: Timestamp) {
        self.hits += 1;
        let exact = matches!(hit.certainty, Certainty::Exact);
        self.exact += u32::from(exact);
        if !exact && rule.probable == Probable::Review {
            self.probable += 1;
            return;
        }
        let claim = match &hit.record {
            RecordState::Opened(claim) => Some(claim),
            RecordState::None => None,
            RecordState::Unreadable => {
                self.unreadable += 1;
                return;
            }
        };
        if rule.min_confidence > 0 {
            match claim.and_then(|claim| claim.confidence) {
                None => {
                    self.no_confidence += 1;
                    return;
                }
                Some(confidence) if confidence < rule.min_confidence => {
                    self.low_confidence += 1;
                    return;
                }
                Some(_) => {}
            }
        }
        if let Some(max_age) = rule.max_age {
            match claim.and_then(|claim| claim.last_seen.or(claim.first_seen)) {
                None => {
                    self.unknown_age += 1;
                    return;
                }
                Some(seen) if now.since(seen) > max_age => {
                    self.too_old += 1;
                    return;
                }
                Some(_) => {}
            }
        }
        let counted = self.publishers.entry(feed.manifest().publisher).or_insert((feed.publisher_weight(), false));
        counted.1 |= exact;
    }

    fn verdict(&self, rule: &Rule) -> Verdict {
        let publishers = u32::try_from(self.publishers.len()).unwrap_or(u32::MAX);
        let weight = self.publishers.values().fold(0_u32, |sum, (weight, _)| sum.saturating_add(*weight));
        let exact = self.publishers.values().any(|(_, exact)| *exact);
        let mut reasons = vec![Reason::Counted { publishers, weight }];
        let mut enough = exact;
        if publishers < rule.min_publishers {
            reasons.push(Reason::TooFewPublishers { have: publishers, need: rule.min_publishers });
            enough = false;
        }
        if weight < rule.min_weight {
            reasons.push(Reason::TooLittleWeight { have: weight, need: rule.min_weight });
            enough = false;
        }
        if self.exact == 0 && self.hits > 0 {
            reasons.push(Reason::OnlyProbable);
        } else if self.probable > 0 {
            reasons.push(Reason::ProbableNotCounted(self.probable));
        }
        let discounted = [
            (self.low_confidence, Reason::LowConfidence(self.low_confidence)),
            (self.no_confidence, Reason::NoConfidence(self.no_confidence)),
            (self.too_old, Reason::TooOld(self.too_old)),
            (self.unknown_age, Reason::UnknownAge(self.unknown_age)),
            (self.unreadable, Reason::UnreadableRecord(self.unreadable)),
        ];
        reasons.extend(discounted.into_iter().filter(|(count, _)| *count > 0).map(|(_, reason)| reason));
        Verdict { action: if enough { Action::Act } else { Action::Review }, reasons }
    }
}
