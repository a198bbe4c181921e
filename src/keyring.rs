//! The small text files that hold keys: public cards and signing files (`docs/format.md` §2).

use zeroize::Zeroizing;

use crate::codec::hex;
use crate::codec::json::{self, is_plain_text};
use crate::crypto::age::{Recipient, RecipientSecret};
use crate::crypto::sign::{KeyId, SigningKey, VerifyingKey};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};

const MAX_FILE: usize = 1 << 16;
const MAX_KEYS: usize = 8;
/// The longest name in characters.
pub(crate) const MAX_NAME: usize = 128;

/// What a party gives to those it shares with: its name, the keys it signs with, and where to seal things to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What the party calls itself.
    pub name: String,
    /// The publisher id, where the keys on the card do not give it: since a rotation.
    pub publisher: Option<KeyId>,
    /// The keys that say which keys sign; they sign no feeds.
    pub roots: Vec<VerifyingKey>,
    /// How many of the roots must sign a rotation or revocation; 0 without roots.
    pub threshold: u8,
    /// The number of the last rotation or revocation that the card takes into account.
    pub sequence: u64,
    /// The keys it signs with.
    pub verifying_keys: Vec<VerifyingKey>,
    /// Its recipients.
    pub recipients: Vec<Recipient>,
}

impl Card {
    /// Reads a card.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`], [`ErrorKind::InvalidName`] or [`ErrorKind::LimitExceeded`]; the position is the line, from 1.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = KeyLines::read(text)?;
        if lines.signing.take().is_some() {
            return Err(Error::new(ErrorKind::BadKey, "a public card must not hold a secret key"));
        }
        if !lines.former.is_empty() {
            return Err(Error::new(ErrorKind::BadKey, "only a signing file has former keys"));
        }
        let card = Self {
            name: lines.name,
            publisher: lines.publisher,
            roots: lines.roots,
            threshold: lines.threshold.unwrap_or_default(),
            sequence: lines.sequence.unwrap_or_default(),
            verifying_keys: lines.verifying,
            recipients: lines.recipients,
        };
        card.check()?;
        Ok(card)
    }

    /// Checks that keys, roots and threshold go together.
    pub(crate) fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        if self.verifying_keys.is_empty() || self.verifying_keys.len() > MAX_KEYS {
            return Err(Error::new(ErrorKind::BadKey, "a card holds 1 to 8 ed25519 keys"));
        }
        check_key_sets(&self.roots, self.threshold, &self.verifying_keys)
    }

    /// The card as a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("# bisik public card: give it to those you share with\nname: {}\n", self.name);
        if let Some(id) = &self.publisher {
            text.push_str(&format!("publisher: {id}\n"));
        }
        for root in &self.roots {
            text.push_str(&format!("root: {root}\n"));
        }
        if self.threshold > 0 {
            text.push_str(&format!("threshold: {}\n", self.threshold));
        }
        if self.sequence > 0 {
            text.push_str(&format!("sequence: {}\n", self.sequence));
        }
        for key in &self.verifying_keys {
            text.push_str(&format!("{key}\n"));
        }
        for recipient in &self.recipients {
            text.push_str(&format!("{recipient}\n"));
        }
        text
    }

    /// The publisher id: the one that the card names, else the key id of the first root, else of the first verifying key.
    #[must_use]
    pub fn publisher_id(&self) -> Option<KeyId> {
        self.publisher.or_else(|| self.roots.first().or(self.verifying_keys.first()).map(VerifyingKey::key_id))
    }
}

/// What a publisher keeps: its name, its signing key, and the recipients that its own sealed feeds stay readable by.
#[derive(Debug)]
pub struct SigningFile {
    /// What the publisher calls itself.
    pub name: String,
    /// The publisher id, where the key does not give it: with roots, or since a rotation.
    pub publisher: Option<KeyId>,
    /// The key that signs.
    pub key: SigningKey,
    /// The publisher's earlier keys, with which versions before this one may be signed.
    pub former: Vec<VerifyingKey>,
    /// The publisher's own recipients.
    pub recipients: Vec<Recipient>,
}

impl SigningFile {
    /// Reads a signing file.
    ///
    /// # Errors
    /// As [`Card::parse`].
    pub fn parse(text: &str) -> Result<Self> {
        let lines = KeyLines::read(text)?;
        if !lines.roots.is_empty() || lines.threshold.is_some() || lines.sequence.is_some() {
            return Err(Error::new(ErrorKind::BadKey, "roots stand on a card, not in a signing file"));
        }
        match (lines.signing, lines.verifying.is_empty()) {
            (Some(key), true) => Ok(Self {
                name: lines.name,
                publisher: lines.publisher,
                key,
                former: lines.former,
                recipients: lines.recipients,
            }),
            (Some(_), false) => Err(Error::new(ErrorKind::BadKey, "a signing file holds no verifying keys")),
            (None, _) => Err(Error::new(ErrorKind::BadKey, "a signing file holds one BISIK-SIGNING-KEY-1 line")),
        }
    }

    /// The file's text: a secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let secret = self.key.to_text();
        let mut text = Zeroizing::new(String::with_capacity(
            640 + self.name.len() + 96 * (self.recipients.len() + self.former.len()),
        ));
        text.push_str("# bisik signing file: secret, never leaves the publisher\nname: ");
        text.push_str(&self.name);
        text.push('\n');
        if let Some(id) = &self.publisher {
            text.push_str("publisher: ");
            text.push_str(&id.to_string());
            text.push('\n');
        }
        text.push_str(&secret);
        text.push('\n');
        for key in &self.former {
            text.push_str("former: ");
            text.push_str(&key.to_string());
            text.push('\n');
        }
        for recipient in &self.recipients {
            text.push_str(&recipient.to_string());
            text.push('\n');
        }
        text
    }

    /// The publisher id: the one that the file names, else the key's own.
    #[must_use]
    pub fn publisher_id(&self) -> KeyId {
        self.publisher.unwrap_or_else(|| self.key.verifying_key().key_id())
    }

    /// The public card that goes with it, without roots: the publisher's card names those.
    #[must_use]
    pub fn card(&self) -> Card {
        Card {
            name: self.name.clone(),
            publisher: self.publisher,
            roots: Vec::new(),
            threshold: 0,
            sequence: 0,
            verifying_keys: vec![self.key.verifying_key()],
            recipients: self.recipients.clone(),
        }
    }
}

/// A new party's keys: one that signs, one that opens.
#[derive(Debug)]
pub struct KeySet {
    /// The signing file.
    pub signing: SigningFile,
    /// The recipient secret, an age identity.
    pub recipient: RecipientSecret,
}

impl KeySet {
    /// Fresh keys for a party.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] for a name that is empty, longer than 128 characters or not plain text;
    /// [`ErrorKind::NoRandomness`].
    pub fn generate(name: &str, entropy: &mut dyn Entropy) -> Result<Self> {
        check_name(name)?;
        let recipient = RecipientSecret::generate(entropy)?;
        let key = SigningKey::generate(entropy)?;
        let recipients = vec![recipient.recipient().clone()];
        let signing = SigningFile { name: name.to_owned(), publisher: None, key, former: Vec::new(), recipients };
        Ok(Self { signing, recipient })
    }

    /// The public card.
    #[must_use]
    pub fn card(&self) -> Card {
        self.signing.card()
    }
}

/// A party's name: 1 to 128 characters of plain text, not padded with white space.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let count = name.chars().count();
    if count == 0 || count > MAX_NAME || name.trim() != name || !is_plain_text(name) {
        return Err(Error::new(ErrorKind::InvalidName, "a name has 1 to 128 characters and no control characters"));
    }
    Ok(())
}

/// Checks that roots, threshold and the keys that sign go together.
pub(crate) fn check_key_sets(roots: &[VerifyingKey], threshold: u8, keys: &[VerifyingKey]) -> Result<()> {
    if roots.len() > MAX_KEYS || keys.len() > MAX_KEYS || twice(roots) || twice(keys) {
        return Err(Error::new(ErrorKind::BadKey, "a key stands twice, or there are more than 8"));
    }
    if usize::from(threshold) > roots.len() || (threshold == 0) != roots.is_empty() {
        return Err(Error::new(ErrorKind::BadKey, "the threshold is 1 to the number of roots"));
    }
    if roots.iter().any(|root| keys.contains(root)) {
        return Err(Error::new(ErrorKind::BadKey, "a root key signs no feeds"));
    }
    Ok(())
}

/// Whether a key stands twice.
fn twice(keys: &[VerifyingKey]) -> bool {
    keys.iter().enumerate().any(|(place, key)| keys.iter().skip(place + 1).any(|other| other == key))
}

/// The lines of either file.
struct KeyLines {
    name: String,
    publisher: Option<KeyId>,
    roots: Vec<VerifyingKey>,
    threshold: Option<u8>,
    sequence: Option<u64>,
    former: Vec<VerifyingKey>,
    signing: Option<SigningKey>,
    verifying: Vec<VerifyingKey>,
    recipients: Vec<Recipient>,
}

impl KeyLines {
    fn read(text: &str) -> Result<Self> {
        if text.len() > MAX_FILE {
            return Err(Error::new(ErrorKind::LimitExceeded, "a key file has at most 64 KiB"));
        }
        let mut name = None;
        let (mut publisher, mut threshold, mut sequence) = (None, None, None);
        let (mut roots, mut former) = (Vec::new(), Vec::new());
        let (mut signing, mut verifying, mut recipients) = (None, Vec::new(), Vec::new());
        for (number, line) in (1_u64..).zip(text.lines()) {
            let line = line.trim_end();
            let wrong = |kind, message| Error::new(kind, message).at(number);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(given) = line.strip_prefix("name:") {
                let given = given.trim();
                check_name(given).map_err(|error| error.at(number))?;
                if name.replace(given.to_owned()).is_some() {
                    return Err(wrong(ErrorKind::DuplicateName, "a second name"));
                }
            } else if let Some(given) = line.strip_prefix("publisher:") {
                let id = hex::decode(given.trim()).map_err(|error| error.at(number))?;
                if publisher.replace(KeyId::from_bytes(id)).is_some() {
                    return Err(wrong(ErrorKind::DuplicateName, "a second publisher id"));
                }
            } else if let Some(given) = line.strip_prefix("threshold:") {
                let given = given.trim().parse().map_err(|_| wrong(ErrorKind::BadKey, "a threshold is 1 to 8"))?;
                if threshold.replace(given).is_some() || given == 0 {
                    return Err(wrong(ErrorKind::BadKey, "a threshold of zero, or a second one"));
                }
            } else if let Some(given) = line.strip_prefix("sequence:") {
                let given: u64 = given.trim().parse().map_err(|_| wrong(ErrorKind::BadKey, "not a number"))?;
                if sequence.replace(given).is_some() || given == 0 || given > json::MAX_INTEGER {
                    return Err(wrong(ErrorKind::BadKey, "a sequence of zero, too high, or a second one"));
                }
            } else if let Some((keys, given)) = line
                .strip_prefix("root:")
                .map(|given| (&mut roots, given))
                .or_else(|| line.strip_prefix("former:").map(|given| (&mut former, given)))
            {
                let key: VerifyingKey = given.trim().parse().map_err(|error: Error| error.at(number))?;
                if keys.contains(&key) || keys.len() == MAX_KEYS {
                    return Err(wrong(ErrorKind::BadKey, "a key stands twice, or there are more than 8"));
                }
                keys.push(key);
            } else if line.starts_with("ed25519") {
                let key: VerifyingKey = line.parse().map_err(|error: Error| error.at(number))?;
                if verifying.contains(&key) || verifying.len() == MAX_KEYS {
                    return Err(wrong(ErrorKind::BadKey, "a key stands twice, or there are more than 8"));
                }
                verifying.push(key);
            } else if line.starts_with("age1") {
                let recipient: Recipient = line.parse().map_err(|error: Error| error.at(number))?;
                if recipients.contains(&recipient) || recipients.len() == MAX_KEYS {
                    return Err(wrong(ErrorKind::BadKey, "a recipient stands twice, or there are more than 8"));
                }
                recipients.push(recipient);
            } else if line.starts_with("BISIK-SIGNING-KEY-") {
                let key = SigningKey::from_text(line).map_err(|error| error.at(number))?;
                if signing.replace(key).is_some() {
                    return Err(wrong(ErrorKind::BadKey, "a second signing key"));
                }
            } else {
                return Err(wrong(ErrorKind::BadKey, "the line is not a name or a key of a known type"));
            }
        }
        let name = name.ok_or_else(|| Error::new(ErrorKind::InvalidName, "the name: line is missing"))?;
        Ok(Self { name, publisher, roots, threshold, sequence, former, signing, verifying, recipients })
    }
}

#[cfg(test)]
mod tests;
