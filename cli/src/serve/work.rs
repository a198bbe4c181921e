//! One blind request, from its head to its answer.
//!
//! ```text
//! credential ─▶ place ─▶ body ─▶ signature ─▶ charge, on the disk ─▶ evaluation ─▶ answer
//! ```
//!
//! Everything before the place is cheap; everything after the charge is paid for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Request};
use bisik::{BlindRequest, KeyId, OsEntropy};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{error, info, warn};

use super::reply::Trouble;
use super::shared::{Connection, Place, Shared};
use crate::budget::{Alarm, Charge, Charged, Refusal};
use crate::clients::{Client, sha256};

/// The longest request: 16,384 elements of 32 bytes, and a head with ids, count and signature.
const MAX_REQUEST: usize = 16_384 * 32 + 4_096;
/// The longest bearer token that is looked at.
const MAX_TOKEN: usize = 256;

/// How long the rest of a body is waited for that will be refused.
const LINGER: Duration = Duration::from_secs(1);

/// Answers a request, and says in the log and the metrics how it ended.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    connection: &Connection,
    request: Request<Body>,
) -> Result<Bytes, Trouble> {
    let mut note = Note { began: Instant::now(), ..Note::default() };
    let result = attempt(shared, connection, request, &mut note).await;
    let milliseconds = u64::try_from(note.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let outcome = match &result {
        Ok(_) if note.free => "repeated",
        Ok(_) => "answered",
        Err(trouble) => trouble.kind,
    };
    shared.metrics.outcome(outcome);
    let Note { client, feed, epoch, count, today, total, .. } = note;
    match &result {
        Ok(_) => {
            shared.metrics.answered(note.place, count, note.free, note.began.elapsed());
            info!(client, feed, epoch, count, today, total, milliseconds, outcome, "blind request");
        }
        Err(trouble) => {
            let status = trouble.status.as_u16();
            warn!(client, feed, epoch, count, milliseconds, outcome, status, "blind request");
        }
    }
    result
}

/// What the log says about a request, as far as it is known.
struct Note {
    began: Instant,
    client: String,
    feed: String,
    epoch: u32,
    count: u64,
    /// After a charge.
    today: Option<u64>,
    total: Option<u64>,
    free: bool,
    /// Position of the feed among those that are served.
    place: usize,
}

impl Default for Note {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            client: "(unknown)".to_owned(),
            feed: String::new(),
            epoch: 0,
            count: 0,
            today: None,
            total: None,
            free: false,
            place: usize::MAX,
        }
    }
}

async fn attempt(
    shared: &Arc<Shared>,
    connection: &Connection,
    request: Request<Body>,
    note: &mut Note,
) -> Result<Bytes, Trouble> {
    let (head, body) = request.into_parts();
    let client = match identify(shared, connection, &head.headers) {
        Ok(client) => client,
        Err(trouble) => {
            discard(body, MAX_REQUEST).await;
            return Err(trouble);
        }
    };
    note.client.clone_from(&client.name);
    connection.trust();
    check_head(&head.headers, MAX_REQUEST)?;
    let id = client.key.key_id();
    let place = shared.place(id)?;
    let bytes = read(body, MAX_REQUEST, shared.patience).await?;
    let key = client.key;
    let read = move || {
        BlindRequest::read(&bytes, &|asked: &KeyId| (*asked == id).then_some(key)).map(|(r, n)| (r, n == bytes.len()))
    };
    let (request, whole) = by_hand(shared, read).await?.map_err(|error| Trouble::of(&error))?;
    if !whole {
        return Err(Trouble::trailing());
    }
    note.count = request.count();
    let served = serving(shared, &request)?;
    // These texts are ours by now: the request's own may be anything.
    note.place = served;
    let Some(feed) = shared.feeds.get(served).map(|served| served.feed.clone()) else { return Err(Trouble::defect()) };
    note.feed.clone_from(&feed.feed);
    note.epoch = feed.epoch;
    let charge = Charge {
        client: id,
        digest: request.digest(),
        count: request.count(),
        budget: client.budget,
        limit: shared.feeds.get(served).map_or(0, |served| served.server.key().limit()),
        now: shared.clock.now(),
        feed,
    };
    let charged = charge_on_disk(shared, charge, &client).await?;
    match charged {
        Charged::New { today, total, alarms } => {
            (note.today, note.total) = (Some(today), Some(total));
            alarms.iter().for_each(|alarm| raise(shared, &client, note, alarm));
        }
        Charged::Again => note.free = true,
    }
    let evaluating = Arc::clone(shared);
    let evaluated = by_hand(shared, move || {
        let _place: Place = place;
        let server = evaluating.feeds.get(served).map(|served| &served.server)?;
        Some(server.blind_evaluate(&request, &mut OsEntropy))
    });
    let answer = evaluated.await?.ok_or(Trouble::defect())?.map_err(|fault| {
        let trouble = Trouble::of(&fault);
        if trouble.status.is_server_error() {
            error!(client = client.name, what = fault.kind().summary(), "no answer could be made");
        }
        trouble
    })?;
    Ok(Bytes::from(answer))
}

/// The client that this connection and this head belong to. What its entry names must all be there.
pub(super) fn identify(shared: &Shared, connection: &Connection, head: &HeaderMap) -> Result<Client, Trouble> {
    let token = match head.get(AUTHORIZATION) {
        None => None,
        Some(value) => {
            let text = value.to_str().ok().filter(|text| text.len() <= MAX_TOKEN);
            let (scheme, token) = text.and_then(|text| text.split_once(' ')).ok_or(Trouble::no_credential())?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(Trouble::no_credential());
            }
            Some(sha256(token.trim().as_bytes()))
        }
    };
    let certificate = connection.certificate.get();
    let clients = shared.clients();
    let found = match (&token, certificate) {
        (Some(token), _) => clients.with_token(token),
        (None, Some(certificate)) => clients.with_certificate(certificate),
        (None, None) => None,
    };
    let client = found.ok_or(Trouble::no_credential())?;
    let token_fits = match (&client.token, &token) {
        (None, None) => true,
        (Some(wanted), Some(shown)) => wanted.same(shown),
        (Some(_), None) | (None, Some(_)) => false,
    };
    let certificate_fits = match (&client.certificate, certificate) {
        (None, _) => true,
        (Some(wanted), Some(shown)) => wanted.same(shown),
        (Some(_), None) => false,
    };
    if token_fits && certificate_fits { Ok(client.clone()) } else { Err(Trouble::no_credential()) }
}

/// That the body is of the one type and, as far as its length is announced, not over `most` bytes.
pub(super) fn check_head(head: &HeaderMap, most: usize) -> Result<(), Trouble> {
    let content_type = head.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.trim().eq_ignore_ascii_case("application/octet-stream") {
        return Err(Trouble::wrong_type());
    }
    let length =
        head.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(Trouble::too_large());
    }
    Ok(())
}

/// A body of at most `most` bytes.
pub(super) async fn read(body: Body, most: usize, patience: Duration) -> Result<Bytes, Trouble> {
    match timeout(patience, Limited::new(body, most).collect()).await {
        Err(_) => Err(Trouble::too_slow()),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Trouble::too_large()),
        Ok(Err(_)) => Err(Trouble::broken_body()),
    }
}

/// Reads what is left of a body that will be refused, at most `most` bytes of it and not for long: a connection that is closed
/// with bytes unread takes the answer with it.
pub(super) async fn discard(mut body: Body, most: usize) {
    let mut left = most;
    let all = async {
        while let Some(Ok(frame)) = body.frame().await {
            let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
            left = rest;
        }
    };
    _ = timeout(LINGER, all).await;
}

/// Which of the served feeds a request is for.
fn serving(shared: &Shared, request: &BlindRequest) -> Result<usize, Trouble> {
    let this_feed =
        |feed: &crate::budget::FeedRef| feed.publisher == request.publisher() && feed.feed == request.feed();
    let mut known = false;
    for (at, served) in shared.feeds.iter().enumerate() {
        if this_feed(&served.feed) {
            known = true;
            if served.feed.epoch == request.epoch() {
                return Ok(at);
            }
        }
    }
    Err(if known { Trouble::no_such_epoch() } else { Trouble::no_such_feed() })
}

/// Runs arithmetic on one of the threads that are kept for it. They are taken in the order of asking.
pub(super) async fn by_hand<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Trouble> {
    let hand = Arc::clone(&shared.hands).acquire_owned().await.map_err(|_| Trouble::defect())?;
    let done = tokio::task::spawn_blocking(move || {
        let _hand = hand;
        work()
    });
    done.await.map_err(|_| Trouble::defect())
}

async fn charge_on_disk(shared: &Shared, charge: Charge, client: &Client) -> Result<Charged, Trouble> {
    let now = charge.now;
    let (sender, receiver) = oneshot::channel();
    // The queue has room for every request in the house, so that this never blocks.
    shared.budgets.charge(charge, move |result| _ = sender.send(result));
    let result = receiver.await;
    shared.ailing.store(matches!(result, Ok(Err(Refusal::Store(_))) | Err(_)), Ordering::Relaxed);
    match result {
        Ok(Ok(charged)) => Ok(charged),
        Ok(Err(refusal)) => {
            if let Refusal::Store(what) = &refusal {
                error!(client = client.name, what, "the budget store failed");
            }
            Err(Trouble::refused(&refusal, now))
        }
        Err(_) => Err(Trouble::defect()),
    }
}

fn raise(shared: &Shared, client: &Client, note: &Note, alarm: &Alarm) {
    shared.metrics.alarms.fetch_add(1, Ordering::Relaxed);
    let (client, feed, epoch) = (&client.name, &note.feed, note.epoch);
    warn!(client, feed, epoch, alarm = alarm.to_string(), "alarm");
}
