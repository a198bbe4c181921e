//! How much a member may ask: the only bound on what it can learn from a blind feed.
//!
//! Arithmetic without storage. Whoever runs a server stores the account before the answer leaves; two epochs of a feed
//! share one account.

use serde::{Deserialize, Serialize};

use crate::blind::message::MAX_REQUEST_ELEMENTS;
use crate::error::{Error, ErrorKind};
use crate::time::{DAY, Timestamp};

/// What a member may ask of one feed, in evaluations: padding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// On one day, in UTC. `None`: no bound a day.
    pub per_day: Option<u64>,
    /// In all. `None`: no bound in all.
    pub total: Option<u64>,
    /// In one request.
    pub batch: u64,
}

impl Default for Budget {
    /// 10,000 a day: five years for all mobile numbers of Singapore, 67 for those of Malaysia.
    fn default() -> Self {
        Self { per_day: Some(10_000), total: None, batch: MAX_REQUEST_ELEMENTS as u64 }
    }
}

/// What a member has asked so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The day of `used_today`, in days since 1970 (UTC).
    pub day: u64,
    /// Evaluations on that day.
    pub used_today: u64,
    /// Evaluations in all.
    pub used_total: u64,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The request is larger than one may be.
    Batch {
        /// The largest request.
        most: u64,
    },
    /// The day's budget does not hold it.
    Today {
        /// What is left today.
        left: u64,
        /// When the next day begins.
        retry_at: Timestamp,
    },
    /// The budget in all does not hold it.
    Total {
        /// What is left.
        left: u64,
    },
}

impl From<Exhausted> for Error {
    fn from(exhausted: Exhausted) -> Self {
        match exhausted {
            Exhausted::Batch { .. } => {
                Self::new(ErrorKind::TooManyElements, "more elements than the server allows at once")
            }
            Exhausted::Today { .. } => Self::new(ErrorKind::BudgetExhausted, "the day's budget is used up"),
            Exhausted::Total { .. } => Self::new(ErrorKind::BudgetExhausted, "the budget is used up for good"),
        }
    }
}

impl Budget {
    /// Charges `count` evaluations, all or nothing.
    ///
    /// A clock that goes back never gives a day's budget twice: the account stays on its day.
    ///
    /// ```
    /// use bisik::{Account, Budget, Exhausted, Timestamp};
    ///
    /// let now = Timestamp::from_seconds(1_800_000_000)?;
    /// let budget = Budget::default();
    /// let mut account = Account::default();
    /// budget.charge(&mut account, 9_999, now).unwrap();
    /// budget.charge(&mut account, 1, now).unwrap();
    /// assert!(matches!(budget.charge(&mut account, 1, now), Err(Exhausted::Today { left: 0, .. })));
    /// # Ok::<(), bisik::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Exhausted`]; the account is then as it was.
    pub fn charge(&self, account: &mut Account, count: u64, now: Timestamp) -> Result<(), Exhausted> {
        if count > self.batch {
            return Err(Exhausted::Batch { most: self.batch });
        }
        let day = (now.seconds() / DAY).max(account.day);
        let today = if day == account.day { account.used_today } else { 0 };
        let left = |bound: Option<u64>, used: u64| bound.map_or(u64::MAX, |bound| bound.saturating_sub(used));
        let left_in_all = left(self.total, account.used_total);
        if count > left_in_all {
            return Err(Exhausted::Total { left: left_in_all });
        }
        let left_today = left(self.per_day, today);
        if count > left_today {
            let retry_at = Timestamp::from_seconds(day.saturating_add(1).saturating_mul(DAY)).unwrap_or(Timestamp::MAX);
            return Err(Exhausted::Today { left: left_today, retry_at });
        }
        *account = Account {
            day,
            used_today: today.saturating_add(count),
            used_total: account.used_total.saturating_add(count),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u64, second: u64) -> Timestamp {
        Timestamp::from_seconds(day * DAY + second).unwrap()
    }

    #[test]
    fn a_charge_is_all_or_nothing() {
        let budget = Budget { per_day: Some(10), total: Some(15), batch: 8 };
        let mut account = Account::default();
        assert_eq!(budget.charge(&mut account, 9, at(3, 0)), Err(Exhausted::Batch { most: 8 }));
        budget.charge(&mut account, 8, at(3, 0)).unwrap();
        let before = account;
        let retry_at = at(4, 0);
        assert_eq!(budget.charge(&mut account, 3, at(3, 9)), Err(Exhausted::Today { left: 2, retry_at }));
        assert_eq!(account, before);
        budget.charge(&mut account, 2, at(3, DAY - 1)).unwrap();
        budget.charge(&mut account, 5, at(4, 0)).unwrap();
        assert_eq!(budget.charge(&mut account, 1, at(4, 0)), Err(Exhausted::Total { left: 0 }));
        assert_eq!(account, Account { day: 4, used_today: 5, used_total: 15 });
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_twice() {
        let budget = Budget { per_day: Some(10), total: None, batch: 10 };
        let mut account = Account::default();
        budget.charge(&mut account, 10, at(9, 0)).unwrap();
        assert!(budget.charge(&mut account, 1, at(8, 0)).is_err());
        assert!(budget.charge(&mut account, 1, at(9, 5)).is_err());
        budget.charge(&mut account, 1, at(10, 0)).unwrap();
    }

    #[test]
    fn nothing_wraps() {
        let budget = Budget { per_day: None, total: None, batch: u64::MAX };
        let mut account = Account::default();
        budget.charge(&mut account, u64::MAX, at(1, 0)).unwrap();
        budget.charge(&mut account, u64::MAX, Timestamp::MAX).unwrap();
        assert_eq!(account.used_total, u64::MAX);
    }
}
