//! Making a feed: indicators in.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{Contact, Error, ErrorKind, Kind, ParseOptions, PublishOptions, Result, SetChoice};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::claim::{self, bisik_claim};
use crate::abi::error::{BISIK_OK, bisik_error, bisik_status};
use crate::abi::feed::bisik_feed;
use crate::abi::guard::{self, bisik_guard};
use crate::abi::keys::bisik_signing_file;
use crate::abi::kind::bisik_kind;
use crate::abi::memory::{optional_text, slice, slice_mut, text, utf8};
use crate::abi::options::{self, bisik_parse_options};
use crate::abi::owned::OwnedPublisher;
use crate::abi::publication::bisik_publication;
use crate::batch::Column;

/// How a set is stored: one of `BISIK_SET_…`.
pub type bisik_set = u32;

/// Exact tokens: no false positives, can carry records.
pub const BISIK_SET_TOKENS: bisik_set = 0;
/// A classic Bloom filter.
pub const BISIK_SET_BLOOM: bisik_set = 1;
/// A binary fuse filter: smaller than Bloom at the same rate.
pub const BISIK_SET_FUSE: bisik_set = 2;

/// What a publisher decides about a feed. Used by one thread at a time.
pub struct bisik_publish_options(pub(crate) PublishOptions);

/// Collects indicators and makes a feed of them. Used by one thread at a time.
pub struct bisik_publisher(Option<OwnedPublisher>);

impl bisik_publisher {
    fn open(&mut self) -> Result<&mut OwnedPublisher> {
        self.0.as_mut().ok_or_else(consumed)
    }
}

fn consumed() -> Error {
    Error::new(ErrorKind::StateConsumed, "the publisher has published")
}

/// Options for a feed: exact tokens, seven days, TLP amber, no records, the built-in guard list.
///
/// `now` is the time of issue in seconds since 1970.
///
/// # Safety
/// `feed` points to `feed_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publish_options_new(
    feed: *const c_char,
    feed_len: usize,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_publish_options>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        let feed = unsafe { text(feed, feed_len) }?;
        put(out, bisik_publish_options(PublishOptions::new(feed, boundary::time(now)?)));
        Ok(())
    })
}

/// How long the feed is valid, in seconds; at most 30 days.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_set_validity(
    options: Option<&mut bisik_publish_options>,
    seconds: u64,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(options)?.0.valid_seconds = seconds;
        Ok(())
    })
}

/// Who it may be shared with: `clear`, `green`, `amber`, `amber+strict` or `red` (TLP 2.0).
///
/// # Safety
/// `tlp` points to `tlp_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publish_options_set_tlp(
    options: Option<&mut bisik_publish_options>,
    tlp: *const c_char,
    tlp_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        needed(options)?.0.tlp = unsafe { text(tlp, tlp_len) }?.parse()?;
        Ok(())
    })
}

/// What it may be used for.
///
/// # Safety
/// `purpose` points to `purpose_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publish_options_set_purpose(
    options: Option<&mut bisik_publish_options>,
    purpose: *const c_char,
    purpose_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        unsafe { text(purpose, purpose_len) }?.clone_into(&mut needed(options)?.0.purpose);
        Ok(())
    })
}

/// Where to turn: a person or role, where to call or write, when somebody answers. Each may be (NULL, 0).
///
/// # Safety
/// Each text points to as many bytes as its length says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publish_options_set_contact(
    options: Option<&mut bisik_publish_options>,
    name: *const c_char,
    name_len: usize,
    desk: *const c_char,
    desk_len: usize,
    hours: *const c_char,
    hours_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        let name = unsafe { optional_text(name, name_len) }?;
        // SAFETY: the caller's promise.
        let desk = unsafe { optional_text(desk, desk_len) }?;
        // SAFETY: the caller's promise.
        let hours = unsafe { optional_text(hours, hours_len) }?;
        needed(options)?.0.contact = Some(Contact { name, desk, hours, recipient: None });
        Ok(())
    })
}

/// How the set is stored. `rate`, the highest rate of false positives in units of 10^-15, counts for filters only; 0 leaves the
/// default of one in a thousand million.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_set_set(
    options: Option<&mut bisik_publish_options>,
    set: bisik_set,
    rate: u64,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let options = needed(options)?;
        options.0.set = match set {
            BISIK_SET_TOKENS => SetChoice::Tokens,
            BISIK_SET_BLOOM => SetChoice::Bloom,
            BISIK_SET_FUSE => SetChoice::Fuse,
            _ => return Err(Error::new(ErrorKind::InvalidArgument, "the set is not one of BISIK_SET_…")),
        };
        if rate != 0 {
            options.0.rate = rate;
        }
        Ok(())
    })
}

/// Whether each entry carries a record with its claim; exact tokens only.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_set_records(
    options: Option<&mut bisik_publish_options>,
    records: bool,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(options)?.0.records = records;
        Ok(())
    })
}

/// Whether to begin a new epoch, with a new feed key, although there is a previous version.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_set_new_epoch(
    options: Option<&mut bisik_publish_options>,
    new_epoch: bool,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(options)?.0.new_epoch = new_epoch;
        Ok(())
    })
}

/// The version and epoch are at least these, because lower ones may have been signed before: see `bisik_publisher_place`.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_set_at_least(
    options: Option<&mut bisik_publish_options>,
    version: u64,
    epoch: u32,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(options)?.0.at_least = (version, epoch);
        Ok(())
    })
}

/// What is refused to protect bystanders. The guard list is copied; NULL is the built-in one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_set_guard(
    options: Option<&mut bisik_publish_options>,
    guard: Option<&bisik_guard>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(options)?.0.guard = guard::or_default(guard);
        Ok(())
    })
}

/// Frees publish options. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_free(options: Option<Box<bisik_publish_options>>) {
    release(options);
}

/// Begins a feed: version 1 of epoch 1, or the version after `previous`, which may be NULL.
///
/// All arguments are copied or shared: they can be freed in any order.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publisher_new(
    signing: Option<&bisik_signing_file>,
    options: Option<&bisik_publish_options>,
    previous: Option<&bisik_feed>,
    out: Option<&mut MaybeUninit<*mut bisik_publisher>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (signing, options, out) = (needed(signing)?, needed(options)?, needed(out)?);
        let previous = previous.map(|feed| &feed.0);
        put(out, bisik_publisher(Some(OwnedPublisher::new(&signing.0, options.0.clone(), previous)?)));
        Ok(())
    })
}

/// Parses a raw value and adds it. `options` and `claim` may be NULL. Repeated identifiers are merged.
///
/// The statuses from 100 to 199 for a value without a canonical form, and `BISIK_GUARDED`.
///
/// # Safety
/// `value` points to `value_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publisher_add(
    publisher: Option<&mut bisik_publisher>,
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    claim: Option<&bisik_claim>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let publisher = needed(publisher)?.open()?;
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        add(publisher, boundary::kind(kind)?, value.as_bytes(), options::or_default(options), claim)
    })
}

fn add(
    publisher: &mut OwnedPublisher,
    kind: Kind,
    value: &[u8],
    options: &ParseOptions,
    claim: Option<&bisik_claim>,
) -> Result<()> {
    publisher.publisher.add_raw(kind, utf8(value)?, options, claim::or_default(claim)).map(drop)
}

/// Adds `count` raw values of one kind in the Arrow layout: value i is `data[offsets[i] .. offsets[i + 1]]`.
///
/// A value that is refused does not stop the batch. `statuses`, if not NULL, has `count` places and gets the status of each value;
/// `accepted`, if not NULL, gets the number of accepted ones.
///
/// # Safety
/// `data` points to `data_len` bytes, `offsets` to `count + 1` numbers, `statuses` is NULL or points to `count` statuses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publisher_add_batch(
    publisher: Option<&mut bisik_publisher>,
    kind: bisik_kind,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    count: usize,
    options: Option<&bisik_parse_options>,
    claim: Option<&bisik_claim>,
    statuses: *mut bisik_status,
    accepted: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let publisher = needed(publisher)?.open()?;
        let kind = boundary::kind(kind)?;
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        // SAFETY: the caller's promise.
        let offsets = unsafe { slice(offsets, Column::offsets_for(count)?) }?;
        // SAFETY: the caller's promise; without an array there is nothing to write.
        let statuses = unsafe { slice_mut(statuses, if statuses.is_null() { 0 } else { count }) }?;
        let column = Column::new(data, offsets)?;
        let mut taken = 0;
        for row in 0..column.len() {
            let result = add(publisher, kind, column.value(row), options::or_default(options), claim);
            let status = result.map_or_else(|error| bisik_status::from(error.kind().code()), |()| BISIK_OK);
            taken += u64::from(status == BISIK_OK);
            statuses.get_mut(row).map(|place| place.write(status));
        }
        accepted.map(|accepted| accepted.write(taken));
        Ok(())
    })
}

/// How many indicators were added, repeated ones included; 0 after publishing and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publisher_added(publisher: Option<&bisik_publisher>) -> u64 {
    publisher.and_then(|publisher| publisher.0.as_ref()).map_or(0, |publisher| publisher.publisher.added())
}

/// Writes the version and epoch that will be signed: to be on the disk as used before publishing, so that no crash has two feeds signed
/// with one number.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publisher_place(
    publisher: Option<&bisik_publisher>,
    version: Option<&mut MaybeUninit<u64>>,
    epoch: Option<&mut MaybeUninit<u32>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (publisher, version, epoch) = (needed(publisher)?, needed(version)?, needed(epoch)?);
        let place = publisher.0.as_ref().ok_or_else(consumed)?.publisher.place();
        version.write(place.0);
        epoch.write(place.1);
        Ok(())
    })
}

/// Makes the feed. The publisher is empty after that, also on failure: it can only be freed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publisher_publish(
    publisher: Option<&mut bisik_publisher>,
    out: Option<&mut MaybeUninit<*mut bisik_publication>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (publisher, out) = (needed(publisher)?, needed(out)?);
        publisher.open()?;
        if let Some(full) = publisher.0.take() {
            put(out, bisik_publication(full.publish()?));
        }
        Ok(())
    })
}

/// Frees a publisher. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publisher_free(publisher: Option<Box<bisik_publisher>>) {
    release(publisher);
}
