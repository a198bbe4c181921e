//! The small text files that hold keys: public cards and signing files (`docs/format.md` §2).

use zeroize::Zeroizing;

use crate::codec::json::is_plain_text;
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
    /// The keys it signs with; the first one gives the publisher id.
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
        if lines.verifying.is_empty() {
            return Err(Error::new(ErrorKind::BadKey, "a card holds at least one ed25519 key"));
        }
        Ok(Self { name: lines.name, verifying_keys: lines.verifying, recipients: lines.recipients })
    }

    /// The card as a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("# bisik public card: give it to those you share with\nname: {}\n", self.name);
        for key in &self.verifying_keys {
            text.push_str(&format!("{key}\n"));
        }
        for recipient in &self.recipients {
            text.push_str(&format!("{recipient}\n"));
        }
        text
    }

    /// The publisher id: the key id of the first verifying key.
    #[must_use]
    pub fn publisher_id(&self) -> Option<KeyId> {
        self.verifying_keys.first().map(VerifyingKey::key_id)
    }
}

/// What a publisher keeps: its name, its signing key, and the recipients that its own sealed feeds stay readable by.
#[derive(Debug)]
pub struct SigningFile {
    /// What the publisher calls itself.
    pub name: String,
    /// The key that signs.
    pub key: SigningKey,
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
        match (lines.signing, lines.verifying.is_empty()) {
            (Some(key), true) => Ok(Self { name: lines.name, key, recipients: lines.recipients }),
            (Some(_), false) => Err(Error::new(ErrorKind::BadKey, "a signing file holds no verifying keys")),
            (None, _) => Err(Error::new(ErrorKind::BadKey, "a signing file holds one BISIK-SIGNING-KEY-1 line")),
        }
    }

    /// The file's text: a secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let secret = self.key.to_text();
        let mut text = Zeroizing::new(String::with_capacity(512 + self.name.len() + 64 * self.recipients.len()));
        text.push_str("# bisik signing file: secret, never leaves the publisher\nname: ");
        text.push_str(&self.name);
        text.push('\n');
        text.push_str(&secret);
        text.push('\n');
        for recipient in &self.recipients {
            text.push_str(&recipient.to_string());
            text.push('\n');
        }
        text
    }

    /// The publisher id: the key id of its first key.
    #[must_use]
    pub fn publisher_id(&self) -> KeyId {
        self.key.verifying_key().key_id()
    }

    /// The public card that goes with it.
    #[must_use]
    pub fn card(&self) -> Card {
        Card {
            name: self.name.clone(),
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
        let signing = SigningFile { name: name.to_owned(), key, recipients: vec![recipient.recipient().clone()] };
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

/// The lines of either file.
struct KeyLines {
    name: String,
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
        Ok(Self { name, signing, verifying, recipients })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::FixedEntropy;

    #[test]
    fn key_files_read_back() {
        let keys = KeySet::generate("Pusat Anti-Scam", &mut FixedEntropy::new(4)).unwrap();
        let again = SigningFile::parse(&keys.signing.to_text()).unwrap();
        assert_eq!(again.card(), keys.card());
        assert_eq!(Card::parse(&keys.card().to_text()).unwrap(), keys.card());
    }

    #[test]
    fn secrets_and_cards_are_not_confused() {
        let keys = KeySet::generate("A", &mut FixedEntropy::new(5)).unwrap();
        assert_eq!(Card::parse(&keys.signing.to_text()).unwrap_err().kind(), ErrorKind::BadKey);
        assert_eq!(SigningFile::parse(&keys.card().to_text()).unwrap_err().kind(), ErrorKind::BadKey);
        let secret = keys.signing.to_text();
        assert!(!secret.contains("AGE-SECRET-KEY"));
        assert!(!format!("{keys:?}").contains(secret.lines().nth(2).unwrap()));
    }

    #[test]
    fn faulty_lines_are_named() {
        let card = KeySet::generate("A", &mut FixedEntropy::new(6)).unwrap().card().to_text();
        for (bad, line) in [
            (format!("{card}something\n"), 5),
            (format!("{card}name: B\n"), 5),
            (card.replace("ed25519", "ed25518"), 3),
            (format!("{card}{}", card.lines().nth(2).unwrap()), 5),
        ] {
            assert_eq!(Card::parse(&bad).unwrap_err().position(), Some(line), "{bad}");
        }
        assert_eq!(Card::parse("").unwrap_err().kind(), ErrorKind::InvalidName);
        assert_eq!(Card::parse("name: A").unwrap_err().kind(), ErrorKind::BadKey);
    }
}
