//! Seconds since the Unix epoch, handed in by the caller: the core reads no clock.

use crate::error::{Error, ErrorKind, Result};

/// A time in whole seconds since 1970-01-01T00:00:00Z, without leap seconds; at most 2^53 − 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The largest time a signed JSON number can say.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// A time from seconds.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] beyond [`Timestamp::MAX`].
    pub const fn from_seconds(seconds: u64) -> Result<Self> {
        if seconds > Self::MAX.0 {
            return Err(Error::new(ErrorKind::LimitExceeded, "a time beyond 2^53 seconds"));
        }
        Ok(Self(seconds))
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This time plus `seconds`, never beyond [`Timestamp::MAX`].
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        let sum = self.0.saturating_add(seconds);
        if sum > Self::MAX.0 { Self::MAX } else { Self(sum) }
    }

    /// Seconds from `earlier` to this time, 0 if it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// One day in seconds.
pub const DAY: u64 = 86_400;

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let seconds = u64::deserialize(deserializer)?;
        Self::from_seconds(seconds).map_err(serde::de::Error::custom)
    }
}
