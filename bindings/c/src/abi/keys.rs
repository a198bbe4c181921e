//! Keys: key sets, signing files, the secrets that open, the recipients to seal to.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use bisik::{Card, KeySet, OsEntropy, Recipient, RecipientSecret, SigningFile};
use zeroize::Zeroizing;

use crate::abi::boundary::{enter, needed, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::memory::text;

/// What a publisher signs with.
pub struct bisik_signing_file(pub(crate) Arc<SigningFile>);

/// Secrets that open sealed feeds. Set it up in one thread; after that many may read it. Wiped when freed.
pub struct bisik_secrets(pub(crate) Vec<RecipientSecret>);

/// Whom a feed is sealed to. Set it up in one thread; after that many may read it.
pub struct bisik_recipients(pub(crate) Vec<Recipient>);

/// Makes the keys of a new party, as the texts of three files.
///
/// `signing` is the signing file: secret, it signs. `identity` is the recipient secret: it opens what is sealed to the party.
/// `card` is public: it goes to those the party shares with.
///
/// # Safety
/// `name` points to `name_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_keygen(
    name: *const c_char,
    name_len: usize,
    signing: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    identity: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    card: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (signing, identity, card) = (needed(signing)?, needed(identity)?, needed(card)?);
        // SAFETY: the caller's promise.
        let keys = KeySet::generate(unsafe { text(name, name_len) }?, &mut OsEntropy)?;
        let mut lines = Zeroizing::new(String::with_capacity(256));
        lines.push_str("# bisik recipient key, an age identity: secret\n# public: ");
        lines.push_str(&keys.recipient.recipient().to_string());
        lines.push('\n');
        lines.push_str(&keys.recipient.to_text());
        lines.push('\n');
        put(signing, bisik_buffer::copy(keys.signing.to_text().as_bytes()));
        put(identity, bisik_buffer::copy(lines.as_bytes()));
        put(card, bisik_buffer::copy(keys.card().to_text().as_bytes()));
        Ok(())
    })
}

/// Reads the text of a signing file.
///
/// # Safety
/// `content` points to `content_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_signing_file_new(
    content: *const c_char,
    content_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_signing_file>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        let file = SigningFile::parse(unsafe { text(content, content_len) }?)?;
        put(out, bisik_signing_file(Arc::new(file)));
        Ok(())
    })
}

/// The public card that goes with a signing file.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_signing_file_card(
    file: Option<&bisik_signing_file>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (file, out) = (needed(file)?, needed(out)?);
        put(out, bisik_buffer::copy(file.0.card().to_text().as_bytes()));
        Ok(())
    })
}

/// Wipes and frees a signing file, once no publisher or publication uses it any more. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_signing_file_free(file: Option<Box<bisik_signing_file>>) {
    release(file);
}

/// No secrets yet.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_secrets_new() -> Box<bisik_secrets> {
    Box::new(bisik_secrets(Vec::new()))
}

/// Adds the secrets of an identity file: lines `AGE-SECRET-KEY-1…`, comments, empty lines.
///
/// # Safety
/// `content` points to `content_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_secrets_add(
    secrets: Option<&mut bisik_secrets>,
    content: *const c_char,
    content_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let secrets = needed(secrets)?;
        // SAFETY: the caller's promise.
        secrets.0.append(&mut RecipientSecret::parse_list(unsafe { text(content, content_len) }?)?);
        Ok(())
    })
}

/// Wipes and frees secrets. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_secrets_free(secrets: Option<Box<bisik_secrets>>) {
    release(secrets);
}

/// No recipients yet.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_recipients_new() -> Box<bisik_recipients> {
    Box::new(bisik_recipients(Vec::new()))
}

/// Adds the recipients of a list: lines `age1…`, comments, empty lines.
///
/// # Safety
/// `content` points to `content_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_recipients_add(
    recipients: Option<&mut bisik_recipients>,
    content: *const c_char,
    content_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let recipients = needed(recipients)?;
        // SAFETY: the caller's promise.
        recipients.0.append(&mut Recipient::parse_list(unsafe { text(content, content_len) }?)?);
        Ok(())
    })
}

/// Adds the recipients of a member's card.
///
/// # Safety
/// `card` points to `card_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_recipients_add_card(
    recipients: Option<&mut bisik_recipients>,
    card: *const c_char,
    card_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let recipients = needed(recipients)?;
        // SAFETY: the caller's promise.
        recipients.0.append(&mut Card::parse(unsafe { text(card, card_len) }?)?.recipients);
        Ok(())
    })
}

/// Frees recipients. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_recipients_free(recipients: Option<Box<bisik_recipients>>) {
    release(recipients);
}
