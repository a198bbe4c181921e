//! The store's tables, and the keys in them.

use bisik::KeyId;
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use super::charge::Fault;
use super::store::FeedRef;

/// The layout that this program writes.
pub(super) const LAYOUT: u32 = 1;

/// A feed and epoch ([`feed_key`]) → number, when its newest known version expires, evaluations in all.
pub(super) const FEEDS: TableDefinition<'_, &[u8], (u32, u64, u64)> = TableDefinition::new("feeds");
/// A client at a feed ([`account_key`]) → number, day, evaluations that day, past days with use, their mean in thousandths.
pub(super) const ACCOUNTS: TableDefinition<'_, &[u8], (u32, u64, u64, u64, u64)> = TableDefinition::new("accounts");
/// Account number, feed number → evaluations.
pub(super) const TOTALS: TableDefinition<'_, (u32, u32), u64> = TableDefinition::new("totals");
/// Requests that were charged ([`answered_key`]).
pub(super) const ANSWERED: TableDefinition<'_, &[u8], ()> = TableDefinition::new("answered");
/// `layout`, and the next free number of `feeds` and `accounts`.
pub(super) const NUMBERS: TableDefinition<'_, &str, u32> = TableDefinition::new("numbers");

/// All tables of a transaction.
pub(super) struct Tables<'t> {
    pub(super) feeds: Table<'t, &'static [u8], (u32, u64, u64)>,
    pub(super) accounts: Table<'t, &'static [u8], (u32, u64, u64, u64, u64)>,
    pub(super) totals: Table<'t, (u32, u32), u64>,
    pub(super) answered: Table<'t, &'static [u8], ()>,
    pub(super) numbers: Table<'t, &'static str, u32>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            feeds: transaction.open_table(FEEDS)?,
            accounts: transaction.open_table(ACCOUNTS)?,
            totals: transaction.open_table(TOTALS)?,
            answered: transaction.open_table(ANSWERED)?,
            numbers: transaction.open_table(NUMBERS)?,
        })
    }

    /// The next free number of `what`.
    pub(super) fn number(&mut self, what: &str) -> Result<u32, Fault> {
        let number = self.numbers.get(what)?.map_or(0, |number| number.value());
        let next = number.checked_add(1).ok_or(Fault::Corrupt("a table has no number left"))?;
        self.numbers.insert(what, next)?;
        Ok(number)
    }
}

/// Publisher ‖ feed id ‖ 0: the beginning of the keys of all epochs of a feed.
pub(super) fn feed_prefix(feed: &FeedRef) -> Vec<u8> {
    let mut key = feed.publisher.as_bytes().to_vec();
    key.extend_from_slice(feed.feed.as_bytes());
    key.push(0);
    key
}

/// [`feed_prefix`] ‖ BE32 epoch.
pub(super) fn feed_key(feed: &FeedRef) -> Vec<u8> {
    let mut key = feed_prefix(feed);
    key.extend_from_slice(&feed.epoch.to_be_bytes());
    key
}

/// Publisher ‖ client ‖ feed id: without the epoch, so that epochs which overlap share an account.
pub(super) fn account_key(feed: &FeedRef, client: &KeyId) -> Vec<u8> {
    let mut key = feed.publisher.as_bytes().to_vec();
    key.extend_from_slice(client.as_bytes());
    key.extend_from_slice(feed.feed.as_bytes());
    key
}

/// BE32 feed number ‖ BE32 account number ‖ request digest.
pub(super) fn answered_key(feed: u32, account: u32, digest: &[u8; 32]) -> [u8; 40] {
    let mut key = [0; 40];
    let (head, tail) = key.split_at_mut(8);
    let (first, second) = head.split_at_mut(4);
    first.copy_from_slice(&feed.to_be_bytes());
    second.copy_from_slice(&account.to_be_bytes());
    tail.copy_from_slice(digest);
    key
}
