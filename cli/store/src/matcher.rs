//! A matcher over a store's feeds that changes with them: readers never wait, and never see half of a change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bisik::{ErrorKind, Feed, Guard, KeyId, Matcher, RecipientSecret, StoredFeed, Timestamp, TrustStore};

use crate::error::{Error, Result};
use crate::folder::Store;

/// How often a feed is looked for again whose file went away because a newer one came.
const AGAIN: u32 = 8;

/// With what feeds are opened.
pub struct Opening {
    /// Whom the reader trusts.
    pub trust: TrustStore,
    /// Keys for sealed feeds.
    pub secrets: Vec<RecipientSecret>,
    /// What must never be acted upon.
    pub guard: Guard,
}

/// A feed that is not matched against, and why.
#[derive(Debug)]
pub struct Dropped {
    /// The publisher id.
    pub publisher: Option<KeyId>,
    /// The feed id.
    pub feed: Option<String>,
    /// Why.
    pub error: Error,
}

/// The store's feeds at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// Looks up in all usable feeds.
    pub matcher: Arc<Matcher>,
    /// Feeds that are left out.
    pub dropped: Vec<Dropped>,
    /// The store's change that this shows.
    pub generation: u64,
    /// From when one of the feeds has expired.
    expires: Timestamp,
}

/// A matcher that is exchanged when the store changes.
///
/// Readers take [`current`](Self::current), a pointer's copy, and match without any lock. [`reload`](Self::reload) makes the new matcher
/// beside the old one: unchanged feeds are shared, only new versions are read and verified.
pub struct StoreMatcher {
    store: Store,
    guard: Guard,
    opening: Mutex<(TrustStore, Vec<RecipientSecret>)>,
    current: RwLock<Arc<Snapshot>>,
    /// Those who are exchanged but still looked at: freed here, not where somebody matches.
    retired: Mutex<Vec<Arc<Snapshot>>>,
}

impl Store {
    /// Opens all feeds, and keeps what is needed to open the next ones.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be read. A feed that cannot be used is no error but is [dropped](Snapshot::dropped).
    pub fn matcher(&self, opening: Opening, now: Timestamp) -> Result<StoreMatcher> {
        let Opening { trust, secrets, guard } = opening;
        let snapshot = self.snapshot(&trust, &secrets, &guard, now, &HashMap::new())?;
        Ok(StoreMatcher {
            store: self.clone(),
            guard,
            opening: Mutex::new((trust, secrets)),
            current: RwLock::new(Arc::new(snapshot)),
            retired: Mutex::new(Vec::new()),
        })
    }

    /// All usable feeds, and why others are not.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be read.
    pub fn load_all(
        &self,
        trust: &TrustStore,
        secrets: &[RecipientSecret],
        now: Timestamp,
    ) -> Result<(Vec<Feed>, Vec<Dropped>)> {
        let (feeds, dropped, _) = self.gather(now, |stored| self.load(stored, trust, secrets, now))?;
        Ok((feeds, dropped))
    }

    fn snapshot(
        &self,
        trust: &TrustStore,
        secrets: &[RecipientSecret],
        guard: &Guard,
        now: Timestamp,
        known: &HashMap<[u8; 32], Arc<Feed>>,
    ) -> Result<Snapshot> {
        let (feeds, dropped, generation) = self.gather(now, |stored| match known.get(&stored.seen.digest) {
            Some(feed) if now < feed.manifest().expires => Ok(Arc::clone(feed)),
            _ => self.load(stored, trust, secrets, now).map(Arc::new),
        })?;
        Snapshot::new(feeds, dropped, generation, guard.clone(), self)
    }

    /// Opens every feed that is written down. One whose file went away meanwhile is looked up again.
    fn gather<T>(
        &self,
        now: Timestamp,
        open: impl Fn(&StoredFeed) -> Result<T>,
    ) -> Result<(Vec<T>, Vec<Dropped>, u64)> {
        let generation = self.generation()?;
        let listing = self.feeds()?;
        let mut dropped: Vec<Dropped> =
            listing.faults.into_iter().map(|error| Dropped { publisher: None, feed: None, error }).collect();
        let mut feeds = Vec::new();
        for mut stored in listing.feeds {
            let mut opened = self.open_one(&stored, now, &open);
            for _ in 0..AGAIN {
                if opened.is_ok() {
                    break;
                }
                match self.feed(&stored.seen.publisher, &stored.seen.feed) {
                    Ok(Some(newer)) if newer != stored => stored = newer,
                    _ => break,
                }
                opened = self.open_one(&stored, now, &open);
            }
            match opened {
                Ok(feed) => feeds.push(feed),
                Err(error) => {
                    let (publisher, feed) = (Some(stored.seen.publisher), Some(stored.seen.feed));
                    dropped.push(Dropped { publisher, feed, error });
                }
            }
        }
        // The number from before: what came while this ran is looked at once more the next time.
        Ok((feeds, dropped, generation))
    }

    /// An expired feed needs no reading to be refused.
    fn open_one<T>(&self, stored: &StoredFeed, now: Timestamp, open: &impl Fn(&StoredFeed) -> Result<T>) -> Result<T> {
        if now >= stored.expires {
            return Err(Error::new(&self.feed_path(stored), ErrorKind::Expired.into()));
        }
        open(stored)
    }
}

impl Snapshot {
    fn new(feeds: Vec<Arc<Feed>>, dropped: Vec<Dropped>, generation: u64, guard: Guard, store: &Store) -> Result<Self> {
        let expires = feeds.iter().map(|feed| feed.manifest().expires).min().unwrap_or(Timestamp::MAX);
        let matcher = Matcher::new(feeds, guard).map_err(|error| Error::new(store.folder(), error))?;
        Ok(Self { matcher: Arc::new(matcher), dropped, generation, expires })
    }
}

impl StoreMatcher {
    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The feeds as they were last loaded, without those that have expired since. Take it for each batch, and let it go after it.
    ///
    /// # Errors
    /// None but for the system's: a matcher without the expired feeds is made of those that are loaded.
    pub fn current(&self, now: Timestamp) -> Result<Arc<Snapshot>> {
        let current = self.peek();
        if now < current.expires {
            return Ok(current);
        }
        let opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.peek();
        if now < current.expires {
            return Ok(current);
        }
        let (kept, gone): (Vec<&Arc<Feed>>, Vec<_>) =
            current.matcher.feeds().iter().partition(|feed| now < feed.manifest().expires);
        let mut dropped: Vec<Dropped> = current.dropped.iter().map(Dropped::again).collect();
        dropped.extend(gone.into_iter().map(|feed| {
            let manifest = feed.manifest();
            Dropped {
                publisher: Some(manifest.publisher),
                feed: Some(manifest.feed.clone()),
                error: Error::new(self.store.folder(), ErrorKind::Expired.into()),
            }
        }));
        let kept = kept.into_iter().map(Arc::clone).collect();
        let next = Snapshot::new(kept, dropped, current.generation, self.guard.clone(), &self.store)?;
        drop(current);
        let next = self.exchange(next);
        drop(opening);
        Ok(next)
    }

    /// Reads the store again. New versions are verified; unchanged feeds are taken over as they are.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be read: the old feeds stay.
    pub fn reload(&self, now: Timestamp) -> Result<Arc<Snapshot>> {
        // One at a time; readers are not held up by this.
        let opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.peek().matcher.feeds().iter().map(|feed| (*feed.digest(), Arc::clone(feed))).collect();
        let next = self.store.snapshot(&opening.0, &opening.1, &self.guard, now, &known)?;
        Ok(self.exchange(next))
    }

    /// Reads the store again if it changed: one small file is read to know. `None`: it did not.
    ///
    /// # Errors
    /// As [`reload`](Self::reload).
    pub fn reload_if_changed(&self, now: Timestamp) -> Result<Option<Arc<Snapshot>>> {
        self.sweep();
        if self.store.generation()? == self.peek().generation {
            return Ok(None);
        }
        self.reload(now).map(Some)
    }

    /// Believes another trust store and uses other keys from now on: every feed is verified anew.
    ///
    /// # Errors
    /// As [`reload`](Self::reload); the new trust store holds from the next reload on all the same.
    pub fn set_trust(&self, trust: TrustStore, secrets: Vec<RecipientSecret>, now: Timestamp) -> Result<Arc<Snapshot>> {
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        *opening = (trust, secrets);
        let next = self.store.snapshot(&opening.0, &opening.1, &self.guard, now, &HashMap::new())?;
        Ok(self.exchange(next))
    }

    fn peek(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts the next one in place: the lock is held for a pointer's exchange.
    fn exchange(&self, next: Snapshot) -> Arc<Snapshot> {
        let next = Arc::new(next);
        let old = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, Arc::clone(&next))
        };
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).push(old);
        self.sweep();
        next
    }

    /// Frees exchanged snapshots at which nobody looks any more. Freeing a large feed wipes it, which takes a while: those who match
    /// should not have to.
    fn sweep(&self) {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).retain(|old| Arc::strong_count(old) > 1);
    }
}

impl Dropped {
    fn again(&self) -> Self {
        let error = bisik::Error::new(self.error.kind(), self.error.inner().message());
        let error = Error::new(self.error.path(), error);
        Self { publisher: self.publisher, feed: self.feed.clone(), error }
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening").field("publishers", &self.trust.publishers().len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for StoreMatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreMatcher").field("store", &self.store).finish_non_exhaustive()
    }
}
