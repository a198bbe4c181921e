//! Whom to call first: the sightings of each entry added up, and put in order by a score that adds up in the open.
//!
//! ```text
//! score   = recency + senders + amount, 0 to 100
//! recency   40 if the newest sighting is less than a day old, 30 under 3 days, 20 under 7, 10 under 14, else 0
//! senders   10 for each different member, at most 40
//! amount    20 in the upper third of its currency's sums, 10 in the middle third, 5 in the lower, 0 without an amount
//! ```
//!
//! Amounts are only compared with those in the same currency, by rank: no exchange rates, and who states a huge sum gains 20 points
//! and no more.

use std::collections::BTreeMap;

use crate::crypto::sign::KeyId;
use crate::sighting::amount::Currency;
use crate::sighting::body::SightingAction;
use crate::sighting::join::Joined;
use crate::sighting::ledger::{LedgerEntry, SightingLedger};
use crate::time::{DAY, Timestamp};

/// The sightings of one entry of the publisher's list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The entry, as the [`HitFinder`](crate::sighting::join::HitFinder) was told; `None` if no entry has this hit id (any more).
    pub entry: Option<u64>,
    /// Its epochs and hit ids.
    pub hits: Vec<(u32, [u8; 16])>,
    /// How many sightings count.
    pub sightings: u64,
    /// How many of them each day, by the day's beginning.
    pub days: BTreeMap<Timestamp, u64>,
    /// The members that told of it.
    pub senders: Vec<KeyId>,
    /// What was done, and how often.
    pub actions: BTreeMap<SightingAction, u64>,
    /// The sums of each currency, in its smallest unit; at most 2^64 − 1.
    pub amounts: BTreeMap<Currency, u64>,
    /// The oldest sighting.
    pub first: Timestamp,
    /// The newest sighting.
    pub last: Timestamp,
    /// Why it stands where it stands.
    pub score: Score,
}

/// Points from 0 to 100, and where they come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Score {
    /// 0 to 40: the newer, the more can still be frozen.
    pub recency: u8,
    /// 0 to 40: 10 for each member.
    pub senders: u8,
    /// 0 to 20: the rank of the sum.
    pub amount: u8,
}

impl Score {
    /// The sum.
    #[must_use]
    pub const fn total(&self) -> u8 {
        self.recency + self.senders + self.amount
    }
}

impl SightingLedger {
    /// The entries that members met, whom to call about first at the head: by score, then the newest, then the order of the list.
    #[must_use]
    pub fn calls(&self, joined: &Joined, now: Timestamp) -> Vec<Call> {
        let mut calls = BTreeMap::new();
        for told in self.entries() {
            let hit = (told.epoch, told.sighting.hit_id);
            let entry = joined.entry(hit.0, &hit.1);
            // What no entry is known for stands alone.
            let call = calls.entry((entry, entry.is_none().then_some(hit))).or_insert_with(|| Call::of(entry, told));
            call.add(told);
        }
        let mut calls: Vec<Call> = calls.into_values().collect();
        score(&mut calls, now);
        let order = |call: &Call| (std::cmp::Reverse((call.score.total(), call.last)), call.entry, call.hits.clone());
        calls.sort_by_cached_key(order);
        calls
    }
}

impl Call {
    fn of(entry: Option<u64>, told: &LedgerEntry) -> Self {
        let time = told.sighting.time;
        let (hits, senders, score) = Default::default();
        let (days, actions, amounts) = Default::default();
        Self { entry, hits, sightings: 0, days, senders, actions, amounts, first: time, last: time, score }
    }

    fn add(&mut self, told: &LedgerEntry) {
        let sighting = &told.sighting;
        let hit = (told.epoch, sighting.hit_id);
        if let Err(at) = self.hits.binary_search(&hit) {
            self.hits.insert(at, hit);
        }
        if let Err(at) = self.senders.binary_search(&told.sender) {
            self.senders.insert(at, told.sender);
        }
        self.sightings += 1;
        let day = Timestamp::from_seconds(sighting.time.seconds() / DAY * DAY).unwrap_or_default();
        *self.days.entry(day).or_default() += 1;
        *self.actions.entry(sighting.action).or_default() += 1;
        if let Some(amount) = sighting.amount {
            let sum = self.amounts.entry(amount.currency).or_default();
            *sum = sum.saturating_add(amount.minor);
        }
        self.first = self.first.min(sighting.time);
        self.last = self.last.max(sighting.time);
    }
}

fn score(calls: &mut [Call], now: Timestamp) {
    let mut sums: BTreeMap<Currency, Vec<u64>> = BTreeMap::new();
    for (currency, sum) in calls.iter().flat_map(|call| &call.amounts) {
        sums.entry(*currency).or_default().push(*sum);
    }
    sums.values_mut().for_each(|sums| sums.sort_unstable());
    for call in calls {
        let amount = call.amounts.iter().map(|(currency, sum)| third(sums.get(currency), *sum)).max().unwrap_or(0);
        let senders = u8::try_from(call.senders.len().min(4)).unwrap_or(4) * 10;
        let recency = match now.since(call.last) / DAY {
            0 => 40,
            1..3 => 30,
            3..7 => 20,
            7..14 => 10,
            _ => 0,
        };
        call.score = Score { recency, senders, amount };
    }
}

/// Points for a sum among rising ones: how many are larger decides.
fn third(sums: Option<&Vec<u64>>, sum: u64) -> u8 {
    let Some(sums) = sums else { return 0 };
    let larger = sums.len() - sums.partition_point(|other| *other <= sum);
    match larger * 3 / sums.len().max(1) {
        0 => 20,
        1 => 10,
        _ => 5,
    }
}
