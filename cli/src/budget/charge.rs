//! One charge against the tables: all of it or nothing.

use std::collections::HashSet;
use std::fmt;

use bisik::{Account, Budget, Exhausted, KeyId, Timestamp};
use redb::ReadableTable;

use super::store::FeedRef;
use super::tables::{Tables, account_key, answered_key, feed_key, feed_prefix};

/// Past days with use that a client must have before its volume can be called unusual.
const DAYS_TO_KNOW: u64 = 3;
/// A day is a sweep beyond this many times the mean of the past…
const SWEEP_FACTOR: u64 = 4;
/// … and this many evaluations.
const SWEEP_FLOOR: u64 = 1_000;
/// How many days the mean remembers, about.
const MEMORY: u64 = 30;

/// What is to be charged to whom.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) feed: FeedRef,
    pub(crate) client: KeyId,
    /// The request's digest.
    pub(crate) digest: [u8; 32],
    /// Evaluations, padding included.
    pub(crate) count: u64,
    pub(crate) budget: Budget,
    /// Evaluations that the OPRF key may serve in all.
    pub(crate) limit: u64,
    pub(crate) now: Timestamp,
}

/// A charge that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Charged {
    /// Evaluations of this day and of all epochs that count, after the charge, and what is worth a look.
    New { today: u64, total: u64, alarms: Vec<Alarm> },
    /// The same request was charged before: free.
    Again,
}

/// Something that the operator should look at; told once, when the line is crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// Far more than this client's own past days.
    Sweep { today: u64, usual: u64 },
    /// Four fifths of the day's budget are used.
    NearToday { used: u64, of: u64 },
    /// Four fifths of the budget in all are used.
    NearTotal { used: u64, of: u64 },
    /// Four fifths of what the OPRF key may serve are used.
    NearKeyLimit { used: u64, of: u64 },
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sweep { today, usual } => {
                write!(f, "far more queries than on this client's past days: {today} today, {usual} as a rule")
            }
            Self::NearToday { used, of } => write!(f, "over four fifths of the day's budget are used: {used} of {of}"),
            Self::NearTotal { used, of } => write!(f, "over four fifths of the budget in all are used: {used} of {of}"),
            Self::NearKeyLimit { used, of } => {
                write!(f, "over four fifths of what the OPRF key may serve are used: {used} of {of}")
            }
        }
    }
}

/// Why a charge was not made. Nothing was stored.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// The client's budget does not cover it.
    Exhausted(Exhausted),
    /// The OPRF key has served what it may.
    KeyExhausted,
    /// The store failed.
    Store(String),
}

/// Why the store failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// redb, or the system below it.
    Store(Box<redb::Error>),
    /// The tables do not fit together.
    Corrupt(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "{error}"),
            Self::Corrupt(what) => f.write_str(what),
        }
    }
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Store(Box::new(error.into()))
    }
}

/// Makes one charge. The outer error is the store's and spoils the whole transaction.
pub(super) fn charge(
    tables: &mut Tables<'_>,
    served: &HashSet<u32>,
    order: &Charge,
) -> Result<Result<Charged, Refusal>, Fault> {
    let feed_key = feed_key(&order.feed);
    let unknown = Fault::Corrupt("the feed was never entered in the store");
    let (feed, expires, evaluations) = tables.feeds.get(feed_key.as_slice())?.ok_or(unknown)?.value();
    let account_key = account_key(&order.feed, &order.client);
    let known = tables.accounts.get(account_key.as_slice())?.map(|row| row.value());
    if let Some((number, ..)) = known {
        let answered = answered_key(feed, number, &order.digest);
        if tables.answered.get(answered.as_slice())?.is_some() {
            return Ok(Ok(Charged::Again));
        }
    }
    let after = match evaluations.checked_add(order.count) {
        Some(after) if after <= order.limit => after,
        _ => return Ok(Err(Refusal::KeyExhausted)),
    };
    let (number, day, today, mut days, mut mean) = known.unwrap_or_default();
    let number_if_known = known.is_some().then_some(number);
    let before = epochs_total(tables, served, order, number_if_known)?;
    let mut account = Account::default();
    (account.day, account.used_today, account.used_total) = (day, today, before);
    if let Err(exhausted) = order.budget.charge(&mut account, order.count, order.now) {
        return Ok(Err(Refusal::Exhausted(exhausted)));
    }
    if account.day != day && today > 0 {
        days += 1;
        let weight = days.min(MEMORY);
        mean = (mean.saturating_mul(weight - 1)).saturating_add(today.saturating_mul(1_000)) / weight;
    }
    let number = match number_if_known {
        Some(number) => number,
        None => tables.number("accounts")?,
    };
    tables.accounts.insert(account_key.as_slice(), (number, account.day, account.used_today, days, mean))?;
    tables.feeds.insert(feed_key.as_slice(), (feed, expires, after))?;
    let spent = tables.totals.get((number, feed))?.map_or(0, |total| total.value());
    tables.totals.insert((number, feed), spent.saturating_add(order.count))?;
    tables.answered.insert(answered_key(feed, number, &order.digest).as_slice(), ())?;
    let alarms = alarms(order, &account, (days, mean / 1_000), after);
    Ok(Ok(Charged::New { today: account.used_today, total: account.used_total, alarms }))
}

/// What the client used in every epoch that is served or has not expired: one budget for all of them.
fn epochs_total(
    tables: &Tables<'_>,
    served: &HashSet<u32>,
    order: &Charge,
    account: Option<u32>,
) -> Result<u64, Fault> {
    let Some(account) = account else { return Ok(0) };
    let prefix = feed_prefix(&order.feed);
    let mut total = 0_u64;
    for row in tables.feeds.range(prefix.as_slice()..)? {
        let (key, row) = row?;
        if !key.value().starts_with(&prefix) {
            break;
        }
        let (feed, expires, _) = row.value();
        if served.contains(&feed) || expires > order.now.seconds() {
            total = total.saturating_add(tables.totals.get((account, feed))?.map_or(0, |total| total.value()));
        }
    }
    Ok(total)
}

fn alarms(order: &Charge, account: &Account, (days, usual): (u64, u64), evaluations: u64) -> Vec<Alarm> {
    let crossed = |used: u64, line: u64| used > line && used - order.count.min(used) <= line;
    let near = |of: u64| of - of / 5;
    let mut alarms = Vec::new();
    let today = account.used_today;
    if days >= DAYS_TO_KNOW && crossed(today, usual.saturating_mul(SWEEP_FACTOR).max(SWEEP_FLOOR)) {
        alarms.push(Alarm::Sweep { today, usual });
    }
    if let Some(of) = order.budget.per_day.filter(|&of| crossed(today, near(of))) {
        alarms.push(Alarm::NearToday { used: today, of });
    }
    if let Some(of) = order.budget.total.filter(|&of| crossed(account.used_total, near(of))) {
        alarms.push(Alarm::NearTotal { used: account.used_total, of });
    }
    if crossed(evaluations, near(order.limit)) {
        alarms.push(Alarm::NearKeyLimit { used: evaluations, of: order.limit });
    }
    alarms
}
