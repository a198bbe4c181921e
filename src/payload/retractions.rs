//! Retractions: entries that their publisher took back (`docs/format.md` §6.3).
//!
//! ```text
//! entry = LE32 epoch ‖ hit id (16) ‖ LE32 day withdrawn ‖ LE32 day from which it goes ‖ reason (1) ‖ 3 zeros
//! ```

use std::fmt;
use std::str::FromStr;

use crate::codec::bytes::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::time::{DAY, Timestamp};

/// The length of an entry.
pub(crate) const LENGTH: usize = 32;

/// Why an entry was withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetractionReason(u8);

impl RetractionReason {
    /// It was listed by mistake.
    pub const ERROR: Self = Self(1);
    /// Looked into, and cleared.
    pub const CLEARED: Self = Self(2);
    /// It belongs to its rightful owner again.
    pub const RECOVERED: Self = Self(3);
    /// A court or authority ordered it.
    pub const ORDER: Self = Self(4);
    /// Something else.
    pub const OTHER: Self = Self(255);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::ERROR, "error"),
        (Self::CLEARED, "cleared"),
        (Self::RECOVERED, "recovered"),
        (Self::ORDER, "order"),
        (Self::OTHER, "other"),
    ];

    /// The stable number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The stable name; `unknown` for a number of a later version.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(known, _)| *known == self).map_or("unknown", |(_, name)| name)
    }
}

impl fmt::Display for RetractionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RetractionReason {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(reason, _)| reason);
        known.ok_or_else(|| Error::new(ErrorKind::InvalidName, "a reason is error, cleared, recovered, order or other"))
    }
}

/// An entry that was withdrawn, named by its hit id: whoever had no hit on it learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retraction {
    /// The epoch of the hit id.
    pub epoch: u32,
    /// The hit id.
    pub hit_id: [u8; 16],
    /// The day on which it was withdrawn, to the day.
    pub withdrawn: Timestamp,
    /// The day from which the retraction is no longer told.
    pub until: Timestamp,
    /// Why.
    pub reason: RetractionReason,
}

/// The beginning of a time's day.
pub(crate) fn day(time: Timestamp) -> u32 {
    u32::try_from(time.seconds() / DAY).unwrap_or(u32::MAX)
}

fn begins(day: u32) -> Timestamp {
    Timestamp::from_seconds(u64::from(day) * DAY).unwrap_or(Timestamp::MAX)
}

impl Retraction {
    /// Withdrawn at `now`, and told until 30 days after the last version that listed it expires.
    pub(crate) fn new(
        epoch: u32,
        hit_id: [u8; 16],
        now: Timestamp,
        expires: Timestamp,
        reason: RetractionReason,
    ) -> Self {
        let until = day(expires.max(now)).saturating_add(31);
        Self { epoch, hit_id, withdrawn: begins(day(now)), until: begins(until), reason }
    }

    fn key(&self) -> (u32, [u8; 16]) {
        (self.epoch, self.hit_id)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.hit_id);
        out.extend_from_slice(&day(self.withdrawn).to_le_bytes());
        out.extend_from_slice(&day(self.until).to_le_bytes());
        out.extend_from_slice(&[self.reason.0, 0, 0, 0]);
    }
}

/// The section's bytes: by rising epoch and hit id, the first of equal ones.
pub(crate) fn encode(mut entries: Vec<Retraction>) -> Vec<u8> {
    entries.sort_by_key(Retraction::key);
    entries.dedup_by_key(|entry| entry.key());
    let mut out = Vec::with_capacity(entries.len() * LENGTH);
    entries.iter().for_each(|entry| entry.encode(&mut out));
    out
}

/// Reads a section. Positions in errors are entry numbers.
pub(crate) fn parse(section: &[u8]) -> Result<Vec<Retraction>> {
    if !section.len().is_multiple_of(LENGTH) {
        return Err(Error::new(ErrorKind::Malformed, "retractions have 32 bytes each"));
    }
    let mut entries: Vec<Retraction> = Vec::with_capacity(section.len() / LENGTH);
    for (at, bytes) in (0_u64..).zip(section.chunks(LENGTH)) {
        let mut reader = Reader::new(bytes);
        let (epoch, hit_id) = (reader.u32()?, reader.array()?);
        let (withdrawn, until, reason) = (reader.u32()?, reader.u32()?, reader.u8()?);
        if reader.take(3)?.iter().any(|&byte| byte != 0) {
            return Err(Error::from(ErrorKind::NotZero).at(at));
        }
        if epoch == 0 || reason == 0 || until < withdrawn {
            return Err(Error::new(ErrorKind::Malformed, "a retraction has values that it cannot have").at(at));
        }
        let entry = Retraction {
            epoch,
            hit_id,
            withdrawn: begins(withdrawn),
            until: begins(until),
            reason: RetractionReason(reason),
        };
        if entries.last().is_some_and(|before| before.key() >= entry.key()) {
            return Err(Error::from(ErrorKind::NotSorted).at(at));
        }
        entries.push(entry);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(epoch: u32, first: u8) -> Retraction {
        let time = |days| Timestamp::from_seconds(days * DAY).unwrap();
        let mut hit_id = [7; 16];
        hit_id[0] = first;
        Retraction { epoch, hit_id, withdrawn: time(20_000), until: time(20_040), reason: RetractionReason::CLEARED }
    }

    #[test]
    fn entries_read_back_in_order() {
        let bytes = encode(vec![entry(2, 1), entry(1, 9), entry(1, 3), entry(1, 9)]);
        assert_eq!(bytes.len(), 3 * LENGTH);
        assert_eq!(parse(&bytes).unwrap(), [entry(1, 3), entry(1, 9), entry(2, 1)]);
    }

    #[test]
    fn faulty_entries_are_refused() {
        let good = encode(vec![entry(1, 1), entry(1, 2)]);
        let with = |at: usize, byte: u8| {
            let mut bad = good.clone();
            bad[at] = byte;
            parse(&bad).unwrap_err().kind()
        };
        assert_eq!(with(0, 2), ErrorKind::NotSorted);
        assert_eq!(with(36, 1), ErrorKind::NotSorted);
        assert_eq!(with(0, 0), ErrorKind::Malformed);
        assert_eq!(with(28, 0), ErrorKind::Malformed);
        assert_eq!(with(22, 1), ErrorKind::Malformed);
        for at in 29..32 {
            assert_eq!(with(at, 1), ErrorKind::NotZero);
        }
        assert_eq!(parse(&good[..63]).unwrap_err().kind(), ErrorKind::Malformed);
        assert_eq!(parse(&[]).unwrap(), []);
        let same_day = Retraction { until: entry(1, 1).withdrawn, ..entry(1, 1) };
        assert_eq!(parse(&encode(vec![same_day])).unwrap(), [same_day]);
        let error = parse(&[&good[32..], &good[..32]].concat()).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::NotSorted, Some(1)));
    }

    #[test]
    fn it_is_told_for_thirty_days_after_the_last_listing_expires() {
        let time = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let made = Retraction::new(1, [0; 16], time(100 * DAY + 5), time(104 * DAY + 9), RetractionReason::ERROR);
        assert_eq!((made.withdrawn, made.until), (time(100 * DAY), time(135 * DAY)));
        assert!(made.until.since(time(104 * DAY + 9)) >= 30 * DAY);
    }

    #[test]
    fn reasons_are_known_by_number_and_name_and_later_ones_are_kept() {
        for (reason, number, name) in [
            (RetractionReason::ERROR, 1, "error"),
            (RetractionReason::CLEARED, 2, "cleared"),
            (RetractionReason::RECOVERED, 3, "recovered"),
            (RetractionReason::ORDER, 4, "order"),
            (RetractionReason::OTHER, 255, "other"),
        ] {
            assert_eq!((reason.number(), reason.to_string()), (number, name.to_owned()));
            assert_eq!(name.parse::<RetractionReason>().unwrap(), reason);
        }
        for name in ["", "Error", "unknown", "later"] {
            assert_eq!(name.parse::<RetractionReason>().unwrap_err().kind(), ErrorKind::InvalidName, "{name}");
        }
        let mut bytes = encode(vec![entry(1, 1)]);
        bytes[28] = 77;
        let read = parse(&bytes).unwrap();
        assert_eq!((read[0].reason.number(), read[0].reason.name()), (77, "unknown"));
        assert_eq!(encode(read), bytes);
    }
}
