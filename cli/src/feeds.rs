//! From files to what the library works with: keys, cards, recipients and verified feeds.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bisik::{
    Card, Delta, ErrorKind, Feed, Guard, Identifier, ParseOptions, Recipient, RecipientSecret, SigningFile, Threads,
    Timestamp, TrustStore, UnverifiedDelta, UnverifiedFeed,
};

use crate::failure::{About, Failure, Result};
use crate::files::{read_public, read_secret};
use crate::input::{Input, Item, Spec};

/// The longest feed that is read, in bytes.
pub(crate) const MAX_FEED: u64 = 1 << 36;
/// The longest age header that bisik reads.
const MAX_AGE_HEADER: u64 = 2 << 20;

/// Reads PREFIX.sign.
pub(crate) fn signing_file(path: &Path) -> Result<SigningFile> {
    SigningFile::parse(&read_secret(path)?).about(path)
}

/// Reads files of recipient secrets.
pub(crate) fn secrets(paths: &[PathBuf]) -> Result<Vec<RecipientSecret>> {
    let mut secrets = Vec::new();
    for path in paths {
        secrets.extend(RecipientSecret::parse_list(&read_secret(path)?).about(path)?);
    }
    Ok(secrets)
}

/// Trusts these cards, and whom these stores trust.
pub(crate) fn trust(paths: &[PathBuf]) -> Result<TrustStore> {
    let mut store = TrustStore::new();
    for path in paths {
        if is_store(path)? {
            store.join(trust_store(path)?).about(path)?;
        } else {
            store.add_card(&card(path)?).about(path)?;
        }
    }
    Ok(store)
}

/// Whether a file is a trust store rather than a card.
pub(crate) fn is_store(path: &Path) -> Result<bool> {
    Ok(card_text(path)?.trim_start().starts_with('{'))
}

/// Reads a trust store.
pub(crate) fn trust_store(path: &Path) -> Result<TrustStore> {
    TrustStore::parse(&card_text(path)?).about(path)
}

/// Reads a card.
pub(crate) fn card(path: &Path) -> Result<Card> {
    let text = card_text(path)?;
    if text.contains("AGE-SECRET-KEY-") || text.contains("BISIK-SIGNING-KEY-") {
        return Err(Failure::new(ErrorKind::BadKey, "a secret key, not a card")
            .help("give the publisher's .pub file")
            .about(path));
    }
    Card::parse(&text).about(path)
}

fn card_text(path: &Path) -> Result<String> {
    let text = read_public(path)?;
    if text.trim().is_empty() {
        return Err(Failure::new(ErrorKind::BadKey, "the file is empty").about(path));
    }
    Ok(text)
}

/// Reads cards and lists of `age1…` lines.
pub(crate) fn recipients(paths: &[PathBuf]) -> Result<Vec<Recipient>> {
    let mut recipients: Vec<Recipient> = Vec::new();
    for path in paths {
        let text = card_text(path)?;
        let is_list = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .all(|line| line.starts_with("age1"));
        let found = if is_list {
            Recipient::parse_list(&text).about(path)?
        } else {
            Card::parse(&text).about(path)?.recipients
        };
        if found.is_empty() {
            return Err(Failure::new(ErrorKind::BadKey, "holds no recipient")
                .help("give a .pub card, or a file of age1… lines")
                .about(path));
        }
        for recipient in found {
            if !recipients.contains(&recipient) {
                recipients.push(recipient);
            }
        }
    }
    Ok(recipients)
}

/// The built-in guard list with the entries of these files, every one of which must be good.
pub(crate) fn guard(paths: &[PathBuf], options: &ParseOptions) -> Result<Guard> {
    let spec = Spec { options: options.clone(), ..Spec::default() };
    let mut guard = Guard::default();
    for path in paths {
        let mut input = Input::open(path, &spec)?;
        while let Some(item) = input.next()? {
            let (line, parsed) = match item {
                Item::Refused(refused) => (refused.place.line, Err(refused.error)),
                Item::Row(row) => {
                    let options = row.options.as_deref().unwrap_or(options);
                    (row.place.line, Identifier::parse(row.kind, &row.value, options))
                }
            };
            let help = format!("correct line {line}: a guard list with a gap would protect nobody");
            let identifier = parsed.map_err(|error| Failure::from(error).about(path).help(help))?;
            guard.extend([identifier]);
        }
    }
    Ok(guard)
}

/// Reads a feed without believing it.
pub(crate) fn read(path: &Path, secrets: &[RecipientSecret]) -> Result<UnverifiedFeed> {
    UnverifiedFeed::read_with(BufReader::with_capacity(1 << 16, open(path)?), secrets, MAX_FEED, openers()).about(path)
}

/// Threads that open a feed. More than that have to wait for the file and the memory.
pub(crate) fn openers() -> Arc<Threads> {
    Arc::new(Threads::new(0).at_most(8))
}

fn open(path: &Path) -> Result<File> {
    let file = File::open(path).about(path)?;
    if file.metadata().about(path)?.is_dir() {
        return Err(Failure::new(ErrorKind::Io, "this is a directory").about(path));
    }
    Ok(file)
}

/// Reads and verifies a feed that may have expired.
pub(crate) fn load_stale(path: &Path, secrets: &[RecipientSecret], trust: &TrustStore, now: Timestamp) -> Result<Feed> {
    read(path, secrets)?.verify_stale(trust, now).about(path)
}

/// Reads and verifies a delta.
pub(crate) fn load_delta(
    path: &Path,
    secrets: &[RecipientSecret],
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Delta> {
    let file = BufReader::with_capacity(1 << 16, open(path)?);
    UnverifiedDelta::read(file, secrets, MAX_FEED).and_then(|delta| delta.verify(trust, now)).about(path)
}

/// Reads and verifies a feed.
pub(crate) fn load(path: &Path, secrets: &[RecipientSecret], trust: &TrustStore, now: Timestamp) -> Result<Feed> {
    read(path, secrets)?.verify(trust, now).about(path)
}

/// Reads and verifies one's own earlier feed, which may have expired: its successor replaces it.
pub(crate) fn load_previous(
    path: &Path,
    secrets: &[RecipientSecret],
    signing: &SigningFile,
    now: Timestamp,
) -> Result<Feed> {
    read(path, secrets)?.verify_own(signing, now).about(path)
}

/// How many recipients an age header names, if the file begins with one.
pub(crate) fn sealed_recipients(path: &Path) -> Result<Option<u64>> {
    let mut bytes = Vec::new();
    File::open(path).about(path)?.take(MAX_AGE_HEADER).read_to_end(&mut bytes).about(path)?;
    let mut lines = bytes.split(|&b| b == b'\n');
    if lines.next() != Some(b"age-encryption.org/v1") {
        return Ok(None);
    }
    Ok(Some(lines.take_while(|line| !line.starts_with(b"---")).filter(|line| line.starts_with(b"-> X25519 ")).count()
        as u64))
}
