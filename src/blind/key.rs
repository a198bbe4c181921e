//! The OPRF key of one feed and one epoch, and its file.
//!
//! A key serves exactly one feed and one epoch, because the server cannot see what a blinded element is for.

use zeroize::Zeroizing;

use crate::codec::hex;
use crate::crypto::oprf::ServerKey;
use crate::crypto::sign::KeyId;
use crate::crypto::text;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::check_feed_id;
use crate::token::{BlindTokenizer, Ids};

const HRP: &str = "BISIK-OPRF-KEY-";
const MAX_FILE: usize = 1 << 16;

/// How many evaluations a key may do, unless its file says otherwise: 2^32.
///
/// Each evaluation tells its asker a little of the key: with Q of them, log2(Q) / 2 bits (RFC 9497 §7.2.3).
pub const DEFAULT_LIMIT: u64 = 1 << 32;

/// The secret key of a blind feed in one epoch. Wiped when dropped; `Debug` shows nothing of it.
///
/// Whoever holds it can list the feed, at the cost to reverse of a salted one. It lives where the feed is served, with a
/// copy in a safe, and is destroyed when the epoch has gone.
#[derive(Clone)]
pub struct OprfKey {
    publisher: KeyId,
    feed: String,
    epoch: u32,
    limit: u64,
    key: ServerKey,
}

impl OprfKey {
    /// A fresh key for a feed's epoch.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] for what is no feed id or epoch; [`ErrorKind::NoRandomness`].
    pub fn generate(publisher: KeyId, feed: &str, epoch: u32, entropy: &mut dyn Entropy) -> Result<Self> {
        check_feed_id(feed)?;
        if epoch == 0 {
            return Err(Error::new(ErrorKind::InvalidName, "epochs begin at 1"));
        }
        let key = ServerKey::generate(entropy)?;
        Ok(Self { publisher, feed: feed.to_owned(), epoch, limit: DEFAULT_LIMIT, key })
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`], [`ErrorKind::InvalidName`], [`ErrorKind::DuplicateName`], [`ErrorKind::LimitExceeded`]; the
    /// position is the line, from 1.
    pub fn parse(file: &str) -> Result<Self> {
        if file.len() > MAX_FILE {
            return Err(Error::new(ErrorKind::LimitExceeded, "a key file has at most 64 KiB"));
        }
        let (mut publisher, mut feed, mut epoch, mut limit, mut key) = (None, None, None, None, None);
        for (number, line) in (1_u64..).zip(file.lines()) {
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let twice = if let Some(value) = line.strip_prefix("publisher:") {
                publisher.replace(hex_id(value.trim()).map_err(|error| error.at(number))?).is_some()
            } else if let Some(value) = line.strip_prefix("feed:") {
                check_feed_id(value.trim()).map_err(|error| error.at(number))?;
                feed.replace(value.trim().to_owned()).is_some()
            } else if let Some(value) = line.strip_prefix("epoch:") {
                let wrong = || Error::new(ErrorKind::BadKey, "an epoch is 1 to 4294967295").at(number);
                epoch.replace(value.trim().parse().ok().filter(|&epoch: &u32| epoch > 0).ok_or_else(wrong)?).is_some()
            } else if let Some(value) = line.strip_prefix("limit:") {
                let wrong = || Error::new(ErrorKind::BadKey, "a limit is a number of evaluations").at(number);
                limit.replace(value.trim().parse().map_err(|_| wrong())?).is_some()
            } else if line.starts_with(HRP) {
                key.replace(secret(line).map_err(|error| error.at(number))?).is_some()
            } else if line.starts_with("BISIK-SIGNING-KEY-") || line.starts_with("AGE-SECRET-KEY-") {
                return Err(Error::new(
                    ErrorKind::BadKey,
                    "a key of another duty: an OPRF key file holds nothing else",
                )
                .at(number));
            } else {
                return Err(Error::new(ErrorKind::BadKey, "the line is none of an OPRF key file").at(number));
            };
            if twice {
                return Err(Error::new(ErrorKind::DuplicateName, "the line stands twice").at(number));
            }
        }
        let missing = || Error::new(ErrorKind::BadKey, "an OPRF key file holds publisher, feed, epoch and key");
        let (publisher, feed) = publisher.zip(feed).ok_or_else(missing)?;
        let (epoch, key) = epoch.zip(key).ok_or_else(missing)?;
        Ok(Self { publisher, feed, epoch, limit: limit.unwrap_or(DEFAULT_LIMIT), key })
    }

    /// The file's text: a secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let secret = text::encode(HRP, self.key.to_bytes().as_slice());
        let mut file = Zeroizing::new(String::with_capacity(512));
        file.push_str("# bisik OPRF key: secret, serves one feed in one epoch; destroy it when the epoch has gone\n");
        file.push_str(&format!("publisher: {}\nfeed: {}\n", self.publisher, self.feed));
        file.push_str(&format!("epoch: {}\nlimit: {}\n", self.epoch, self.limit));
        file.push_str(&secret);
        file.push('\n');
        file
    }

    /// The publisher id.
    #[must_use]
    pub const fn publisher(&self) -> &KeyId {
        &self.publisher
    }

    /// The feed id.
    #[must_use]
    pub fn feed(&self) -> &str {
        &self.feed
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// How many evaluations the key may do in its life.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// The same key with another limit.
    #[must_use]
    pub const fn with_limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// The public key, as the manifest carries it.
    #[must_use]
    pub const fn public_key(&self) -> &[u8; 32] {
        self.key.public_key().as_bytes()
    }

    /// Whether the key may do `count` evaluations more, when it has done `so_far`.
    ///
    /// # Errors
    /// [`ErrorKind::KeyExhausted`]: begin a new epoch.
    pub fn check_evaluations(&self, so_far: u64, count: u64) -> Result<()> {
        match so_far.checked_add(count) {
            Some(after) if after <= self.limit => Ok(()),
            _ => Err(ErrorKind::KeyExhausted.into()),
        }
    }

    pub(crate) const fn server_key(&self) -> &ServerKey {
        &self.key
    }

    pub(crate) fn ids(&self) -> Ids {
        Ids::new(&self.publisher, &self.feed, self.epoch)
    }

    /// Makes tokens as the publisher does.
    pub(crate) fn tokenizer(&self) -> BlindTokenizer {
        BlindTokenizer::new(self.key.clone(), self.ids())
    }
}

fn hex_id(text: &str) -> Result<KeyId> {
    hex::decode(text)
        .map(KeyId::from_bytes)
        .map_err(|_| Error::new(ErrorKind::BadKey, "a publisher id is 64 hex digits"))
}

fn secret(line: &str) -> Result<ServerKey> {
    let bytes = text::decode(HRP, line)?;
    let bytes: &[u8; 32] =
        bytes.as_slice().try_into().map_err(|_| Error::new(ErrorKind::BadKey, "an OPRF key has 32 bytes"))?;
    ServerKey::from_bytes(bytes)
}

impl std::fmt::Debug for OprfKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OprfKey").field("feed", &self.feed).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::FixedEntropy;

    fn key() -> OprfKey {
        OprfKey::generate(KeyId::from_bytes([7; 32]), "mules", 3, &mut FixedEntropy::new(1)).unwrap()
    }

    #[test]
    fn a_key_file_reads_back_and_debug_shows_no_secret() {
        let key = key().with_limit(5);
        let again = OprfKey::parse(&key.to_text()).unwrap();
        assert_eq!((again.publisher(), again.feed(), again.epoch(), again.limit()), (key.publisher(), "mules", 3, 5));
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(format!("{key:?}"), "OprfKey { feed: \"mules\", epoch: 3, .. }");
    }

    #[test]
    fn faulty_files_are_refused_by_line() {
        let text = key().to_text().to_string();
        let line = |number: usize| text.lines().nth(number - 1).unwrap().to_owned();
        for (bad, at) in [
            (text.replace("feed: mules", "feed: Mules"), Some(3)),
            (text.replace("epoch: 3", "epoch: 0"), Some(4)),
            (text.replace("limit: ", "limit: x"), Some(5)),
            (text.replace("publisher: 07", "publisher: g7"), Some(2)),
            (format!("{text}{}\n", line(6)), Some(7)),
            (format!("{text}epoch: 3\n"), Some(7)),
            (format!("{text}name: A\n"), Some(7)),
            (format!("{text}BISIK-SIGNING-KEY-1ABC\n"), Some(7)),
            (text.replace("BISIK-OPRF-KEY-1Q", "BISIK-OPRF-KEY-1P"), None),
            (text.replace(&line(6), ""), None),
            (String::new(), None),
        ] {
            if bad == text {
                continue;
            }
            let error = OprfKey::parse(&bad).unwrap_err();
            if at.is_some() {
                assert_eq!(error.position(), at, "{error}");
            }
        }
    }

    /// T6.
    #[test]
    fn a_key_ends_at_its_limit() {
        let key = key();
        key.check_evaluations(DEFAULT_LIMIT - 1, 1).unwrap();
        assert_eq!(key.check_evaluations(DEFAULT_LIMIT, 1).unwrap_err().kind(), ErrorKind::KeyExhausted);
        assert_eq!(key.check_evaluations(u64::MAX, 1).unwrap_err().kind(), ErrorKind::KeyExhausted);
    }
}
