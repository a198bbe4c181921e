//! The store's file: opened by one writer, read by any number.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use bisik::{ErrorKind, KeyId, Timestamp};
use redb::{Builder, ConcurrencyMode, Database, DatabaseError, ReadableDatabase, ReadableTable};

use super::charge::{Charge, Charged, Fault, Refusal, charge};
use super::tables::{ACCOUNTS, FEEDS, LAYOUT, TOTALS, Tables, feed_key};
use crate::failure::{About, Failure, Result};
use crate::files::{Access, NewFile, exists, lock_folder};

/// The file in the state folder.
const FILE: &str = "budgets.redb";
/// Memory that the store may use for pages.
const CACHE: usize = 8 << 20;
/// An epoch's digests go this long after the feed's end, in seconds.
const KEEP: u64 = bisik::DAY;

/// Which key answers: a feed and its epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FeedRef {
    /// The publisher's id.
    pub(crate) publisher: KeyId,
    /// The feed's id.
    pub(crate) feed: String,
    /// The epoch.
    pub(crate) epoch: u32,
}

/// The store, open for writing.
pub(crate) struct Store {
    database: Database,
    served: HashSet<u32>,
    fresh: bool,
}

impl Store {
    /// Opens the store in `folder`, making both if they are missing.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        bisik_store::make_folder(folder)?;
        let path = folder.join(FILE);
        let fresh = begin(folder, &path)?;
        let database = builder().create(&path).map_err(|error| refused(&path, error))?;
        let store = Self { database, served: HashSet::new(), fresh };
        store.check_layout().map_err(|fault| failed(&path, &fault))?;
        Ok(store)
    }

    /// Whether the store was made just now: every budget begins at zero.
    pub(crate) fn fresh(&self) -> bool {
        self.fresh
    }

    /// Enters the feeds that are served, each with the time at which its version expires, and forgets the requests of epochs that are over.
    pub(crate) fn serve(&mut self, feeds: &[(FeedRef, Timestamp)], now: Timestamp) -> Result<()> {
        let entered = self.enter(feeds, now).map_err(|fault| failed(Path::new(FILE), &fault))?;
        self.served = entered;
        Ok(())
    }

    fn enter(&self, feeds: &[(FeedRef, Timestamp)], now: Timestamp) -> std::result::Result<HashSet<u32>, Fault> {
        let transaction = self.database.begin_write()?;
        let mut served = HashSet::new();
        {
            let mut tables = Tables::open(&transaction)?;
            for (feed, expires) in feeds {
                let key = feed_key(feed);
                let known = tables.feeds.get(key.as_slice())?.map(|row| row.value());
                let (number, latest, evaluations) = match known {
                    Some(row) => row,
                    None => (tables.number("feeds")?, 0, 0),
                };
                tables.feeds.insert(key.as_slice(), (number, latest.max(expires.seconds()), evaluations))?;
                served.insert(number);
            }
            prune(&mut tables, &served, now)?;
        }
        transaction.commit()?;
        Ok(served)
    }

    /// Makes all of these charges in one transaction; when this returns they are on the disk.
    pub(super) fn charge_all(&self, orders: &[Charge]) -> Vec<std::result::Result<Charged, Refusal>> {
        match self.try_charge_all(orders) {
            Ok(results) => results,
            Err(fault) => {
                let what = fault.to_string();
                orders.iter().map(|_| Err(Refusal::Store(what.clone()))).collect()
            }
        }
    }

    fn try_charge_all(
        &self,
        orders: &[Charge],
    ) -> std::result::Result<Vec<std::result::Result<Charged, Refusal>>, Fault> {
        let transaction = self.database.begin_write()?;
        let mut results = Vec::with_capacity(orders.len());
        {
            let mut tables = Tables::open(&transaction)?;
            for order in orders {
                results.push(charge(&mut tables, &self.served, order)?);
            }
        }
        // Nothing new, nothing to write: a flood of refused requests costs no synchronisation.
        if results.iter().any(|result| matches!(result, Ok(Charged::New { .. }))) {
            transaction.commit()?;
        } else {
            transaction.abort()?;
        }
        Ok(results)
    }

    fn check_layout(&self) -> std::result::Result<(), Fault> {
        let transaction = self.database.begin_write()?;
        {
            let mut tables = Tables::open(&transaction)?;
            let layout = tables.numbers.get("layout")?.map(|layout| layout.value());
            match layout {
                None => _ = tables.numbers.insert("layout", LAYOUT)?,
                Some(LAYOUT) => {}
                Some(_) => return Err(Fault::Corrupt("written by another version of this program")),
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Forgets digests and totals of feeds that are neither served nor valid any more. Their count of evaluations stays.
fn prune(tables: &mut Tables<'_>, served: &HashSet<u32>, now: Timestamp) -> std::result::Result<(), Fault> {
    let mut over = HashSet::new();
    for row in tables.feeds.iter()? {
        let (number, expires, _) = row?.1.value();
        if !served.contains(&number) && expires.saturating_add(KEEP) < now.seconds() {
            over.insert(number);
        }
    }
    if over.is_empty() {
        return Ok(());
    }
    for number in &over {
        let (from, to) = (number.to_be_bytes(), number.saturating_add(1).to_be_bytes());
        tables.answered.retain_in(from.as_slice()..to.as_slice(), |_, ()| false)?;
    }
    tables.totals.retain(|(_, feed), _| !over.contains(&feed))?;
    Ok(())
}

/// What one client has used of one feed.
pub(crate) struct Usage {
    pub(crate) publisher: KeyId,
    pub(crate) feed: String,
    pub(crate) client: KeyId,
    /// Evaluations on the day of `now`.
    pub(crate) today: u64,
    /// Evaluations in epochs whose requests are still kept.
    pub(crate) total: u64,
}

/// Everybody's use, also while a server writes.
pub(crate) fn usage(folder: &Path, now: Timestamp) -> Result<Vec<Usage>> {
    let path = folder.join(FILE);
    if !exists(&path)? {
        return Err(Failure::new(ErrorKind::Io, "holds no budgets yet")
            .help("give the server's --state-dir")
            .about(folder));
    }
    let database = match builder().open_read_only(&path) {
        // A file that a crash left is put in order first.
        Err(DatabaseError::RepairAborted) => {
            drop(Store::open(folder)?);
            builder().open_read_only(&path)
        }
        opened => opened,
    };
    let database = database.map_err(|error| refused(&path, error))?;
    read_usage(&database, now).map_err(|fault| failed(&path, &fault))
}

fn read_usage(database: &redb::ReadOnlyDatabase, now: Timestamp) -> std::result::Result<Vec<Usage>, Fault> {
    let transaction = database.begin_read()?;
    let (accounts, totals) = (transaction.open_table(ACCOUNTS)?, transaction.open_table(TOTALS)?);
    let mut rows = Vec::new();
    for row in accounts.iter()? {
        let (key, row) = row?;
        let (number, day, used_today, ..) = row.value();
        let mut total = 0_u64;
        for entry in totals.range((number, 0)..=(number, u32::MAX))? {
            total = total.saturating_add(entry?.1.value());
        }
        let corrupt = || Fault::Corrupt("an account's key is too short");
        let (publisher, rest) = key.value().split_first_chunk::<32>().ok_or_else(corrupt)?;
        let (client, feed) = rest.split_first_chunk::<32>().ok_or_else(corrupt)?;
        rows.push(Usage {
            publisher: KeyId::from_bytes(*publisher),
            feed: String::from_utf8_lossy(feed).into_owned(),
            client: KeyId::from_bytes(*client),
            today: if day == now.seconds() / bisik::DAY { used_today } else { 0 },
            total,
        });
    }
    // A store without a feed has no accounts either; opening the table shows that the layout is ours.
    _ = transaction.open_table(FEEDS)?;
    Ok(rows)
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE).set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}

/// Makes a store without entries if there is none. It gets its name when it is whole: what a fault leaves of a half-made one would be
/// refused for ever.
fn begin(folder: &Path, path: &Path) -> Result<bool> {
    let _lock = lock_folder(folder)?;
    // Whoever cannot look must not begin anew: every budget would be at zero.
    if exists(path)? && fs::metadata(path).about(path)?.len() > 0 {
        return Ok(false);
    }
    let file = NewFile::create(path, Access::Owner)?;
    file.unlock();
    if let Some(made) = file.path() {
        drop(builder().create(made).map_err(|error| refused(made, error))?);
    }
    file.commit()?;
    Ok(true)
}

fn refused(path: &Path, error: DatabaseError) -> Failure {
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            Failure::new(ErrorKind::Io, "another process answers with these budgets").about(path).help(
                "one process writes at a time: let the running server answer, or stop it (it finishes what it has begun) and repeat",
            )
        }
        error => Failure::new(ErrorKind::Io, error.to_string())
            .about(path)
            .help("restore the folder from a copy; without it every budget would begin at zero"),
    }
}

fn failed(path: &Path, fault: &Fault) -> Failure {
    Failure::new(ErrorKind::Io, fault.to_string()).about(path)
}
