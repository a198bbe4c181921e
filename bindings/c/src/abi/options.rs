//! What the parser must be told because it never guesses.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::LazyLock;

use bisik::ParseOptions;

use crate::abi::boundary::{enter, needed, release};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::memory::optional_text;

/// What the parser must be told about raw values. Set it up in one thread; after that many may read it.
pub struct bisik_parse_options(pub(crate) ParseOptions);

static DEFAULT: LazyLock<ParseOptions> = LazyLock::new(ParseOptions::default);

/// The options, or the defaults for NULL.
pub(crate) fn or_default(options: Option<&bisik_parse_options>) -> &ParseOptions {
    options.map_or_else(|| &*DEFAULT, |options| &options.0)
}

/// Options without a region or bank: national telephone numbers and bare account numbers are refused.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_parse_options_new() -> Box<bisik_parse_options> {
    Box::new(bisik_parse_options(ParseOptions::default()))
}

/// The region of national telephone numbers: two letters in upper case, ISO 3166-1 alpha-2. (NULL, 0) takes it away.
///
/// # Safety
/// `region` points to `region_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_parse_options_set_region(
    options: Option<&mut bisik_parse_options>,
    region: *const c_char,
    region_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        needed(options)?.0.region = unsafe { optional_text(region, region_len) }?;
        Ok(())
    })
}

/// The bank of bare account numbers: the first 8 characters of its BIC. (NULL, 0) takes it away.
///
/// # Safety
/// `bank` points to `bank_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_parse_options_set_bank(
    options: Option<&mut bisik_parse_options>,
    bank: *const c_char,
    bank_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        needed(options)?.0.bank = unsafe { optional_text(bank, bank_len) }?;
        Ok(())
    })
}

/// The country of bare account numbers, where it is not the BIC's own. (NULL, 0) takes it away.
///
/// # Safety
/// `country` points to `country_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_parse_options_set_country(
    options: Option<&mut bisik_parse_options>,
    country: *const c_char,
    country_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        needed(options)?.0.country = unsafe { optional_text(country, country_len) }?;
        Ok(())
    })
}

/// Whether possible telephone numbers that no plan assigns are admitted: spoofed caller ids.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_parse_options_set_allow_unassigned(
    options: Option<&mut bisik_parse_options>,
    allow: bool,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(options)?.0.allow_unassigned = allow;
        Ok(())
    })
}

/// Frees options. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_parse_options_free(options: Option<Box<bisik_parse_options>>) {
    release(options);
}
