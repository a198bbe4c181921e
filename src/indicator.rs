//! What a publisher says of an identifier, and how it is written into a record (`docs/format.md` §6.2).

use crate::codec::bytes::Reader;
use crate::codec::json::is_plain_text;
use crate::error::{Error, ErrorKind, Result};
use crate::identifier::Identifier;
use crate::time::Timestamp;

const MAX_CATEGORY: usize = 64;
const MAX_REFERENCE: usize = 256;
const MAX_NOTE: usize = 2_048;

const CATEGORY: u8 = 1;
const CONFIDENCE: u8 = 2;
const FIRST_SEEN: u8 = 3;
const LAST_SEEN: u8 = 4;
const EXPIRES: u8 = 5;
const REFERENCE: u8 = 6;
const NOTE: u8 = 7;
/// Tags from here on may be skipped by a reader that does not know them.
const OPTIONAL: u8 = 128;

/// An identifier and a publisher's claim about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// What the claim is about.
    pub identifier: Identifier,
    /// The claim.
    pub claim: Claim,
}

/// A publisher's claim: what sort of scam, how sure, seen when, until when.
///
/// `Debug` shows which fields are there, not what they say.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// Sort of scam, for instance `mule-account`; 1 to 64 bytes.
    pub category: Option<String>,
    /// 0 (a guess) to 100 (certain).
    pub confidence: Option<u8>,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen; not before `first_seen`.
    pub last_seen: Option<Timestamp>,
    /// From when on the entry is no match any more.
    pub expires: Option<Timestamp>,
    /// The publisher's case reference; 1 to 256 bytes.
    pub reference: Option<String>,
    /// A note for the reader; 1 to 2,048 bytes.
    pub note: Option<String>,
}

impl Claim {
    /// Whether nothing is claimed beyond being listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the fields' bounds.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidClaim`], whose message names the field.
    pub fn check(&self) -> Result<()> {
        let wrong = |message| Err(Error::new(ErrorKind::InvalidClaim, message));
        let fits = |text: &Option<String>, longest| {
            text.as_ref().is_none_or(|text| !text.is_empty() && text.len() <= longest && is_plain_text(text))
        };
        if !fits(&self.category, MAX_CATEGORY) {
            return wrong("category: 1 to 64 bytes without control characters");
        }
        if !fits(&self.reference, MAX_REFERENCE) {
            return wrong("reference: 1 to 256 bytes without control characters");
        }
        if !fits(&self.note, MAX_NOTE) {
            return wrong("note: 1 to 2,048 bytes without control characters");
        }
        if self.confidence.is_some_and(|confidence| confidence > 100) {
            return wrong("confidence: 0 to 100");
        }
        if let (Some(first), Some(last)) = (self.first_seen, self.last_seen)
            && last < first
        {
            return wrong("last_seen is before first_seen");
        }
        Ok(())
    }

    /// Joins the claim of the same identifier in another row: the widest times, the highest confidence, the
    /// latest expiry, and of each text the first in byte order. The order of the rows does not matter.
    ///
    /// [`settle`](Self::settle) follows the last one.
    pub(crate) fn merge(&mut self, other: Self) {
        fn join<T>(a: &mut Option<T>, b: Option<T>, choose: fn(T, T) -> T) {
            *a = match (a.take(), b) {
                (Some(a), Some(b)) => Some(choose(a, b)),
                (a, b) => a.or(b),
            };
        }
        join(&mut self.category, other.category, String::min);
        join(&mut self.confidence, other.confidence, u8::max);
        join(&mut self.first_seen, other.first_seen, Timestamp::min);
        join(&mut self.last_seen, other.last_seen, Timestamp::max);
        join(&mut self.expires, other.expires, Timestamp::max);
        join(&mut self.reference, other.reference, String::min);
        join(&mut self.note, other.note, String::min);
    }

    /// Puts the times of joined rows in order: one row may say only when it first saw the identifier, and another only
    /// that it last saw it before that.
    pub(crate) fn settle(&mut self) {
        if let (Some(first), Some(last)) = (&mut self.first_seen, &mut self.last_seen)
            && last < first
        {
            std::mem::swap(first, last);
        }
    }

    /// The fields as a record holds them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        let mut put = |tag: u8, value: &[u8]| {
            fields.push(tag);
            fields.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
            fields.extend_from_slice(value);
        };
        let texts = [(CATEGORY, &self.category), (REFERENCE, &self.reference), (NOTE, &self.note)];
        let times = [(FIRST_SEEN, self.first_seen), (LAST_SEEN, self.last_seen), (EXPIRES, self.expires)];
        for tag in CATEGORY..=NOTE {
            if tag == CONFIDENCE
                && let Some(confidence) = self.confidence
            {
                put(tag, &[confidence]);
            }
            for (_, text) in texts.iter().filter(|(text_tag, _)| *text_tag == tag) {
                if let Some(text) = text {
                    put(tag, text.as_bytes());
                }
            }
            for (_, time) in times.iter().filter(|(time_tag, _)| *time_tag == tag) {
                if let Some(time) = time {
                    put(tag, &time.seconds().to_le_bytes());
                }
            }
        }
        fields
    }

    /// Reads the fields of a record that has been opened.
    pub(crate) fn decode(fields: &[u8]) -> Result<Self> {
        let wrong = || Error::from(ErrorKind::RecordUnreadable);
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).map_err(|_| wrong());
        let time = |value: &[u8]| {
            let bytes: [u8; 8] = value.try_into().map_err(|_| wrong())?;
            Timestamp::from_seconds(u64::from_le_bytes(bytes)).map_err(|_| wrong())
        };
        let mut claim = Self::default();
        let mut reader = Reader::new(fields);
        let mut before = 0;
        while reader.remaining() > 0 {
            let tag = reader.u8()?;
            let length = usize::from(reader.u16()?);
            let value = reader.take(length)?;
            if tag <= before {
                return Err(wrong());
            }
            before = tag;
            match tag {
                CATEGORY => claim.category = Some(text(value)?),
                CONFIDENCE => match value {
                    [confidence] => claim.confidence = Some(*confidence),
                    _ => return Err(wrong()),
                },
                FIRST_SEEN => claim.first_seen = Some(time(value)?),
                LAST_SEEN => claim.last_seen = Some(time(value)?),
                EXPIRES => claim.expires = Some(time(value)?),
                REFERENCE => claim.reference = Some(text(value)?),
                NOTE => claim.note = Some(text(value)?),
                OPTIONAL.. => {}
                _ => return Err(wrong()),
            }
        }
        claim.check().map_err(|_| wrong())?;
        Ok(claim)
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim")
            .field("category", &self.category.is_some())
            .field("confidence", &self.confidence)
            .field("first_seen", &self.first_seen)
            .field("last_seen", &self.last_seen)
            .field("expires", &self.expires)
            .field("reference", &self.reference.is_some())
            .field("note", &self.note.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Claim {
        Claim {
            category: Some("mule-account".into()),
            confidence: Some(90),
            first_seen: Some(Timestamp::from_seconds(1_700_000_000).unwrap()),
            last_seen: Some(Timestamp::from_seconds(1_700_000_100).unwrap()),
            expires: Some(Timestamp::from_seconds(1_800_000_000).unwrap()),
            reference: Some("SPF-1".into()),
            note: Some("reported twice".into()),
        }
    }

    #[test]
    fn a_claim_reads_back() {
        for claim in [full(), Claim::default(), Claim { confidence: Some(0), ..Claim::default() }] {
            assert_eq!(Claim::decode(&claim.encode()).unwrap(), claim);
        }
    }

    #[test]
    fn faulty_fields_are_unreadable() {
        let bytes = full().encode();
        for end in 1..bytes.len() {
            // A cut inside a field is refused; a cut between fields gives a shorter claim.
            if let Ok(claim) = Claim::decode(&bytes[..end]) {
                assert_eq!(claim.encode(), bytes[..end]);
            }
        }
        for bad in
            [&[2, 1, 0, 101][..], &[2, 2, 0, 1, 1], &[1, 0, 0], &[9, 0, 0], &[2, 1, 0, 1, 2, 1, 0, 1], &[1, 1, 0, 7]]
        {
            assert_eq!(Claim::decode(bad).unwrap_err().kind(), ErrorKind::RecordUnreadable);
        }
        assert!(Claim::decode(&[200, 1, 0, 5]).unwrap().is_empty());
    }

    #[test]
    fn merging_keeps_the_widest() {
        let mut claim = full();
        claim.merge(Claim {
            confidence: Some(95),
            first_seen: Some(Timestamp::from_seconds(5).unwrap()),
            note: Some("other".into()),
            ..Claim::default()
        });
        assert_eq!(claim.confidence, Some(95));
        assert_eq!(claim.first_seen.unwrap().seconds(), 5);
        assert_eq!(claim.note.as_deref(), Some("other"));
    }

    #[test]
    fn joined_times_are_in_order() {
        let time = |seconds| Some(Timestamp::from_seconds(seconds).unwrap());
        let mut claim = Claim { first_seen: time(100), ..Claim::default() };
        claim.merge(Claim { last_seen: time(50), ..Claim::default() });
        assert!(claim.check().is_err());
        claim.settle();
        assert_eq!((claim.first_seen, claim.last_seen), (time(50), time(100)));
        claim.check().unwrap();
    }

    #[test]
    fn debug_says_nothing() {
        assert!(!format!("{:?}", full()).contains("reported"));
    }
}
