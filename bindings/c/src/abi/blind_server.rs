//! The publisher's side of blind mode: the OPRF key, requests, answers, budgets.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;

use bisik::{Account, BlindRequest, Budget, Card, Error, Exhausted, OprfKey, OprfServer, OsEntropy, VerifyingKey};

use crate::abi::boundary::{self, enter, needed, plain, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::keys::bisik_signing_file;
use crate::abi::memory::{slice, text};
use crate::abi::publisher::bisik_publish_options;
use crate::tables::c_text;

/// The key of a blind feed in one epoch: whoever has it can list the feed. Immutable. Wiped when freed.
pub struct bisik_oprf_key {
    key: OprfKey,
    feed: CString,
}

impl bisik_oprf_key {
    fn new(key: OprfKey) -> Self {
        let feed = c_text(key.feed());
        Self { key, feed }
    }

    pub(crate) const fn key(&self) -> &OprfKey {
        &self.key
    }
}

/// The clients that may ask a server. Set it up in one thread; after that many may read it.
pub struct bisik_clients(Vec<VerifyingKey>);

/// A member's request, its signature verified. Immutable.
pub struct bisik_blind_request {
    request: BlindRequest,
    feed: CString,
}

/// Answers requests to one feed in one epoch. Immutable: any number of threads may use it. It keeps no accounts.
pub struct bisik_oprf_server(OprfServer);

/// No bound, in `bisik_budget`.
pub const BISIK_UNLIMITED: u64 = u64::MAX;

/// What a member may ask of one feed, in evaluations; padding counts.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bisik_budget {
    /// On one day, in UTC, or `BISIK_UNLIMITED`.
    pub per_day: u64,
    /// In all, or `BISIK_UNLIMITED`.
    pub total: u64,
    /// In one request.
    pub batch: u64,
}

/// What a member has asked so far of one feed, whatever the epoch. All zero is a new account.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bisik_account {
    /// The day of `used_today`, in days since 1970 (UTC).
    pub day: u64,
    /// Evaluations on that day.
    pub used_today: u64,
    /// Evaluations in all.
    pub used_total: u64,
}

/// A fresh key for a feed's epoch, from 1. `signing` is what signs the feed. `limit` is how many evaluations the key may do in its life, 0
/// for the default of 2^32.
///
/// # Safety
/// `feed` points to `feed_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_oprf_key_generate(
    signing: Option<&bisik_signing_file>,
    feed: *const c_char,
    feed_len: usize,
    epoch: u32,
    limit: u64,
    out: Option<&mut MaybeUninit<*mut bisik_oprf_key>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (signing, out) = (needed(signing)?, needed(out)?);
        // SAFETY: the caller's promise.
        let feed = unsafe { text(feed, feed_len) }?;
        let key = OprfKey::generate(signing.0.publisher_id(), feed, epoch, &mut OsEntropy)?;
        put(out, bisik_oprf_key::new(if limit == 0 { key } else { key.with_limit(limit) }));
        Ok(())
    })
}

/// Reads the text of an OPRF key file.
///
/// # Safety
/// `content` points to `content_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_oprf_key_new(
    content: *const c_char,
    content_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_oprf_key>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        put(out, bisik_oprf_key::new(OprfKey::parse(unsafe { text(content, content_len) }?)?));
        Ok(())
    })
}

/// The text of the key's file: a secret.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_key_text(
    key: Option<&bisik_oprf_key>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (key, out) = (needed(key)?, needed(out)?);
        put(out, bisik_buffer::copy(key.key.to_text().as_bytes()));
        Ok(())
    })
}

/// Writes the 32 bytes of the public key, as the feed's manifest carries it.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_key_public(
    key: Option<&bisik_oprf_key>,
    public_key: Option<&mut MaybeUninit<[u8; 32]>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(public_key)?.write(*needed(key)?.key.public_key());
        Ok(())
    })
}

/// The feed id. Lives as long as the key; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_key_feed(key: Option<&bisik_oprf_key>) -> *const c_char {
    key.map_or(std::ptr::null(), |key| key.feed.as_ptr())
}

/// The epoch; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_key_epoch(key: Option<&bisik_oprf_key>) -> u32 {
    key.map_or(0, |key| key.key.epoch())
}

/// `BISIK_KEY_EXHAUSTED` if the key may not do `count` evaluations more, having done `so_far` for all clients together.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_key_check(
    key: Option<&bisik_oprf_key>,
    so_far: u64,
    count: u64,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || needed(key)?.key.check_evaluations(so_far, count))
}

/// Wipes and frees a key. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_key_free(key: Option<Box<bisik_oprf_key>>) {
    release(key);
}

/// Makes the feed a blind one, with the key of this feed and epoch, which is copied. NULL makes it a salted one again.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_set_blind(
    options: Option<&mut bisik_publish_options>,
    key: Option<&bisik_oprf_key>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(options)?.0.blind = key.map(|key| key.key.clone());
        Ok(())
    })
}

/// No clients yet.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_clients_new() -> Box<bisik_clients> {
    Box::new(bisik_clients(Vec::new()))
}

/// Adds a client by its card.
///
/// # Safety
/// `card` points to `card_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_clients_add_card(
    clients: Option<&mut bisik_clients>,
    card: *const c_char,
    card_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let clients = needed(clients)?;
        // SAFETY: the caller's promise.
        clients.0.append(&mut Card::parse(unsafe { text(card, card_len) }?)?.verifying_keys);
        Ok(())
    })
}

/// Frees clients. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_clients_free(clients: Option<Box<bisik_clients>>) {
    release(clients);
}

/// Reads the request at the beginning of `data` and verifies its signature; more may follow. `length`, if not NULL, gets its length.
///
/// `BISIK_UNKNOWN_CLIENT` if none of the clients signed it.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_blind_request_read(
    data: *const u8,
    data_len: usize,
    clients: Option<&bisik_clients>,
    out: Option<&mut MaybeUninit<*mut bisik_blind_request>>,
    length: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (clients, out) = (needed(clients)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        let known = |id: &_| clients.0.iter().find(|key| key.key_id() == *id).copied();
        let (request, read) = BlindRequest::read(data, &known)?;
        length.map(|length| length.write(read));
        let feed = c_text(request.feed());
        put(out, bisik_blind_request { request, feed });
        Ok(())
    })
}

/// How many evaluations it asks for, padding included: what is charged; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_blind_request_count(request: Option<&bisik_blind_request>) -> u64 {
    request.map_or(0, |request| request.request.count())
}

/// The feed that is asked. Lives as long as the request; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_blind_request_feed(request: Option<&bisik_blind_request>) -> *const c_char {
    request.map_or(std::ptr::null(), |request| request.feed.as_ptr())
}

/// The epoch that is asked; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_blind_request_epoch(request: Option<&bisik_blind_request>) -> u32 {
    request.map_or(0, |request| request.request.epoch())
}

/// Writes the 32 bytes of the key id of the client that signed it: whose account is charged.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_blind_request_client(
    request: Option<&bisik_blind_request>,
    client: Option<&mut MaybeUninit<[u8; 32]>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(client)?.write(*needed(request)?.request.client().as_bytes());
        Ok(())
    })
}

/// Writes the 32 bytes that name the request: the same bytes are answered again free of charge.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_blind_request_digest(
    request: Option<&bisik_blind_request>,
    digest: Option<&mut MaybeUninit<[u8; 32]>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(digest)?.write(needed(request)?.request.digest());
        Ok(())
    })
}

/// Frees a request. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_blind_request_free(request: Option<Box<bisik_blind_request>>) {
    release(request);
}

/// A server with this key, which is copied.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_server_new(
    key: Option<&bisik_oprf_key>,
    out: Option<&mut MaybeUninit<*mut bisik_oprf_server>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (key, out) = (needed(key)?, needed(out)?);
        put(out, bisik_oprf_server(OprfServer::new(key.key.clone())));
        Ok(())
    })
}

/// `BISIK_WRONG_FEED` or `BISIK_WRONG_EPOCH` unless a request is for this feed and epoch: ask before charging for it.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_server_check(
    server: Option<&bisik_oprf_server>,
    request: Option<&bisik_blind_request>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || needed(server)?.0.check(&needed(request)?.request))
}

/// The answer to a request, with the proof that this key was used.
///
/// Charge the client and count the key's evaluations, and have that on the disk, before the answer leaves.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_server_blind_evaluate(
    server: Option<&bisik_oprf_server>,
    request: Option<&bisik_blind_request>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (server, request, out) = (needed(server)?, needed(request)?, needed(out)?);
        put(out, bisik_buffer::copy(&server.0.blind_evaluate(&request.request, &mut OsEntropy)?));
        Ok(())
    })
}

/// Wipes and frees a server. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_oprf_server_free(server: Option<Box<bisik_oprf_server>>) {
    release(server);
}

/// The default budget: 10,000 evaluations a day, no bound in all, 16,384 a request.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_budget_default() -> bisik_budget {
    plain(bisik_budget { per_day: 0, total: 0, batch: 0 }, || {
        let Budget { per_day, total, batch } = Budget::default();
        let bound = |bound: Option<u64>| bound.unwrap_or(BISIK_UNLIMITED);
        bisik_budget { per_day: bound(per_day), total: bound(total), batch }
    })
}

/// Charges `count` evaluations to an account, all or nothing. A clock that goes back gives nothing twice.
///
/// `BISIK_BUDGET_EXHAUSTED`, or `BISIK_TOO_MANY_ELEMENTS` for a request larger than the budget's; the account is then as it was, `left`
/// gets what may still be asked, and `retry_at` the time from which more may be, 0 if never. Both may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_budget_charge(
    budget: Option<&bisik_budget>,
    account: Option<&mut bisik_account>,
    count: u64,
    now: u64,
    left: Option<&mut MaybeUninit<u64>>,
    retry_at: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (budget, account) = (needed(budget)?, needed(account)?);
        let bound = |bound: u64| (bound != BISIK_UNLIMITED).then_some(bound);
        let budget = Budget { per_day: bound(budget.per_day), total: bound(budget.total), batch: budget.batch };
        let bisik_account { day, used_today, used_total } = *account;
        let mut charged = Account { day, used_today, used_total };
        if let Err(exhausted) = budget.charge(&mut charged, count, boundary::time(now)?) {
            let (most, again) = match exhausted {
                Exhausted::Batch { most } => (most, 0),
                Exhausted::Today { left, retry_at } => (left, retry_at.seconds()),
                Exhausted::Total { left } => (left, 0),
            };
            left.map(|left| left.write(most));
            retry_at.map(|retry_at| retry_at.write(again));
            return Err(Error::from(exhausted));
        }
        let Account { day, used_today, used_total } = charged;
        *account = bisik_account { day, used_today, used_total };
        Ok(())
    })
}
