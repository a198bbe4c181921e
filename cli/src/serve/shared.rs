//! What all connections of a server share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bisik::{KeyId, OprfServer, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::inbox::Inbox;
use super::metrics::Metrics;
use super::reply::Trouble;
use crate::budget::{Budgets, FeedRef};
use crate::clients::{Clients, Digest};

/// How long the last requests may take when the server stops.
pub(super) const DRAIN_TIME: Duration = Duration::from_secs(30);

/// One feed and epoch that is served.
pub(super) struct Served {
    pub(super) feed: FeedRef,
    pub(super) server: OprfServer,
}

/// How much a server takes upon itself.
pub(super) struct Limits {
    pub(super) threads: usize,
    pub(super) places: usize,
    pub(super) patience: Duration,
}

/// What all connections share.
pub(super) struct Shared {
    pub(super) feeds: Vec<Served>,
    pub(super) clients: RwLock<Arc<Clients>>,
    pub(super) budgets: Budgets,
    /// Whether the last charge failed on the disk: then no request can be answered.
    pub(super) ailing: AtomicBool,
    /// Where sightings are kept, if they are taken.
    pub(super) inbox: Option<Arc<Inbox>>,
    pub(super) metrics: Metrics,
    pub(super) clock: Clock,
    /// How long a request's body may take, and a connection be open without a request being worked on: for a request's
    /// head, between requests, and for the client to take its answer.
    pub(super) patience: Duration,
    /// Threads that verify and evaluate.
    pub(super) hands: Arc<Semaphore>,
    /// Requests that may be read, wait or be evaluated at once.
    places: Arc<Semaphore>,
    most: usize,
    /// How many of them each client has.
    taken: Mutex<HashMap<KeyId, usize>>,
}

impl Shared {
    pub(super) fn new(
        feeds: Vec<Served>,
        clients: Clients,
        budgets: Budgets,
        inbox: Option<Inbox>,
        clock: Clock,
        limits: Limits,
    ) -> Self {
        Self {
            metrics: Metrics::new(feeds.iter().map(|served| &served.feed)),
            feeds,
            clients: RwLock::new(Arc::new(clients)),
            budgets,
            ailing: AtomicBool::new(false),
            inbox: inbox.map(Arc::new),
            clock,
            patience: limits.patience,
            hands: Arc::new(Semaphore::new(limits.threads)),
            places: Arc::new(Semaphore::new(limits.places)),
            most: limits.places,
            taken: Mutex::default(),
        }
    }

    /// The clients as they are known now.
    pub(super) fn clients(&self) -> Arc<Clients> {
        Arc::clone(&self.clients.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other clients in their place.
    pub(super) fn set_clients(&self, clients: Clients) {
        *self.clients.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(clients);
    }

    /// Requests in the house.
    pub(super) fn in_house(&self) -> usize {
        self.most.saturating_sub(self.places.available_permits())
    }

    /// A place for a request of this client, if there is one. No client has more than half of them.
    pub(super) fn place(self: &Arc<Self>, client: KeyId) -> Result<Place, Trouble> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Trouble::busy())?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = taken.entry(client).or_default();
        if *of_client >= self.most.div_ceil(2) {
            return Err(Trouble::busy());
        }
        *of_client += 1;
        Ok(Place { shared: Arc::clone(self), client, _permit: permit })
    }
}

/// A place in the house, given back when it is dropped.
pub(super) struct Place {
    shared: Arc<Shared>,
    client: KeyId,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shared.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_client) = taken.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                taken.remove(&self.client);
            }
        }
    }
}

/// What a server knows of one connection.
pub(super) struct Connection {
    /// SHA-256 of the certificate that the other side showed.
    pub(super) certificate: OnceLock<Digest>,
    /// Whether the other side is this machine.
    pub(super) local: bool,
    /// Whether a known client has shown itself.
    trusted: AtomicBool,
    busy: AtomicUsize,
    began: Instant,
    /// Milliseconds from `began` to the end of the last request.
    idle_since: AtomicU64,
}

impl Connection {
    pub(super) fn new(local: bool) -> Self {
        Self {
            certificate: OnceLock::new(),
            local,
            trusted: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            began: Instant::now(),
            idle_since: AtomicU64::new(0),
        }
    }

    pub(super) fn trust(&self) {
        self.trusted.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.trusted.load(Ordering::Relaxed)
    }

    /// Marks a request as being worked on.
    pub(super) fn work(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Whether nothing happened for too long.
    pub(super) fn is_stale(&self, patience: Duration) -> bool {
        let since = Duration::from_millis(self.idle_since.load(Ordering::Relaxed));
        self.busy.load(Ordering::Relaxed) == 0 && self.began.elapsed().saturating_sub(since) > patience
    }
}

/// A request that is being worked on.
pub(super) struct Busy(Arc<Connection>);

impl Drop for Busy {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.idle_since.store(now, Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The time: the system's, or one that was fixed and goes on from there.
#[derive(Clone, Copy)]
pub(super) struct Clock(Option<(Timestamp, Instant)>);

impl Clock {
    pub(super) fn new(fixed: Option<Timestamp>) -> Self {
        Self(fixed.map(|time| (time, Instant::now())))
    }

    pub(super) fn now(&self) -> Timestamp {
        match self.0 {
            Some((time, since)) => time.plus(since.elapsed().as_secs()),
            None => {
                let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
                Timestamp::from_seconds(seconds).unwrap_or(Timestamp::MAX)
            }
        }
    }
}
