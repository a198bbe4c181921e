//! OPRF keys and the feeds they belong to.

use std::fs;
use std::path::{Path, PathBuf};

use bisik::{
    ErrorKind, Manifest, OprfKey, OprfServer, OsEntropy, RecipientSecret, SigningFile, Timestamp, TokenScheme,
    TrustStore,
};

use crate::args::{Protect, Publish};
use crate::budget::FeedRef;
use crate::failure::{About, Failure, Result, needs};
use crate::feeds;
use crate::files::{Access, read_secret, write_new};

/// A feed with the key that answers for it.
pub(crate) struct Pair {
    pub(crate) server: OprfServer,
    pub(crate) feed: FeedRef,
    /// When the feed's version expires.
    pub(crate) expires: Timestamp,
}

/// Where pairs come from: as many feeds as keys, in one order.
pub(crate) struct Sources<'a> {
    pub(crate) feeds: &'a [PathBuf],
    pub(crate) keys: &'a [PathBuf],
    pub(crate) trust: &'a [PathBuf],
    pub(crate) secrets: &'a [PathBuf],
}

/// Reads an OPRF key file, and refuses one that also signs or opens: whoever breaks into a server must not get more.
pub(crate) fn read_key(path: &Path) -> Result<OprfKey> {
    let text = read_secret(path)?;
    if text.contains("BISIK-SIGNING-KEY-") || text.contains("AGE-SECRET-KEY-") {
        return Err(Failure::new(ErrorKind::BadKey, "holds a signing or recipient key")
            .help("an OPRF key stands alone in its file, so that a server holds nothing else: give FEED.oprf")
            .about(path));
    }
    OprfKey::parse(&text).about(path)
}

/// The key of a version that is about to be published, and whether its file is still to be written.
pub(crate) struct VersionKey {
    pub(crate) key: OprfKey,
    new_at: Option<PathBuf>,
}

impl VersionKey {
    /// The key for a version: from its file, or made where an epoch begins. Epochs before `least` may have been used.
    pub(crate) fn open(
        args: &Publish,
        signing: &SigningFile,
        previous: Option<&Manifest>,
        least: u32,
    ) -> Result<Option<Self>> {
        let path = match (args.protecting.protect, &args.protecting.oprf_key) {
            (Protect::Salted, None) => return Ok(None),
            (Protect::Salted, Some(_)) => return Err(needs("--oprf-key", "goes with --protect blind")),
            (Protect::Blind, None) => return Err(needs("--protect blind", "needs --oprf-key FEED.oprf")),
            (Protect::Blind, Some(path)) => path,
        };
        let epoch = match previous {
            None => least.max(1),
            Some(before) if args.new_epoch => before.epoch.saturating_add(1).max(least),
            Some(before) => before.epoch,
        };
        if fs::symlink_metadata(path).is_ok() {
            let key = read_key(path)?;
            if *key.publisher() != signing.publisher_id() || key.feed() != args.feed || key.epoch() != epoch {
                return Err(Failure::new(
                    ErrorKind::OprfKeyMismatch,
                    format!("the key is not that of feed {} in epoch {epoch}", args.feed),
                )
                .help("name this epoch's key file; a new epoch gets a new file under a new name")
                .about(path));
            }
            return Ok(Some(Self { key, new_at: None }));
        }
        if previous.is_some() && !args.new_epoch {
            return Err(Failure::new(ErrorKind::Io, "the epoch's OPRF key is not there")
                .help(
                    "without it nothing can be added: restore it from its copy, or begin a new epoch with --new-epoch",
                )
                .about(path));
        }
        let key = OprfKey::generate(signing.publisher_id(), &args.feed, epoch, &mut OsEntropy)?;
        Ok(Some(Self { key, new_at: Some(path.clone()) }))
    }

    /// Writes a key that was made, never over another file. Do it before the feed is out: without the key nobody can answer.
    pub(crate) fn write(&self) -> Result<()> {
        match &self.new_at {
            Some(path) => write_new(path, self.key.to_text().as_bytes(), Access::Owner),
            None => Ok(()),
        }
    }

    /// The file that was or will be written.
    pub(crate) fn new_file(&self) -> Option<&Path> {
        self.new_at.as_deref()
    }
}

/// Reads every pair and checks that feed, epoch and public key agree.
pub(crate) fn pairs(sources: &Sources<'_>, now: Timestamp) -> Result<Vec<Pair>> {
    if sources.feeds.len() != sources.keys.len() {
        return Err(Failure::usage(
            format!("{} feeds and {} OPRF keys", sources.feeds.len(), sources.keys.len()),
            "give one --oprf-key for every --feed, in the same order",
        ));
    }
    let secrets = feeds::secrets(sources.secrets)?;
    let trust = if sources.trust.is_empty() { None } else { Some(feeds::trust(sources.trust)?) };
    let mut pairs: Vec<Pair> = Vec::new();
    for (feed_path, key_path) in sources.feeds.iter().zip(sources.keys) {
        let key = read_key(key_path)?;
        let manifest = manifest(feed_path, &secrets, trust.as_ref(), now)?;
        agree(&manifest, &key, feed_path, key_path)?;
        let feed = FeedRef { publisher: manifest.publisher, feed: manifest.feed, epoch: manifest.epoch };
        if pairs.iter().any(|pair| pair.feed == feed) {
            return Err(Failure::usage("a feed and epoch is given twice", "give each epoch once").about(feed_path));
        }
        pairs.push(Pair { server: OprfServer::new(key), feed, expires: manifest.expires });
    }
    Ok(pairs)
}

fn manifest(path: &Path, secrets: &[RecipientSecret], trust: Option<&TrustStore>, now: Timestamp) -> Result<Manifest> {
    match trust {
        Some(trust) => Ok(feeds::load(path, secrets, trust, now)?.manifest().clone()),
        // Nothing of it is believed that the key file does not say too, but for its end.
        None => feeds::read(path, secrets)?.manifest_unverified().about(path),
    }
}

fn agree(manifest: &Manifest, key: &OprfKey, feed_path: &Path, key_path: &Path) -> Result<()> {
    let TokenScheme::Blind { public_key, .. } = &manifest.tokens else {
        return Err(Failure::new(ErrorKind::UnsupportedTokens, "not a blind feed: there is nothing to ask")
            .help("publish it with --protect blind")
            .about(feed_path));
    };
    let wrong = |what: &str, kind| {
        let message = format!("the key is for another {what} than {}", feed_path.display());
        Err(Failure::new(kind, message)
            .help("give each feed's own OPRF key, in the order of the feeds")
            .about(key_path))
    };
    if *key.publisher() != manifest.publisher {
        return wrong("publisher", ErrorKind::BadKey);
    }
    if key.feed() != manifest.feed {
        return wrong("feed", ErrorKind::BadKey);
    }
    if key.epoch() != manifest.epoch {
        return wrong("epoch", ErrorKind::WrongEpoch);
    }
    if *key.public_key() != *public_key {
        return wrong("public key", ErrorKind::BadKey);
    }
    Ok(())
}
