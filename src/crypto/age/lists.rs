//! Files of recipients and of secrets: one a line, with empty lines and `#` comments between them.

use crate::crypto::age::header::MAX_STANZAS;
use crate::crypto::age::keys::{Recipient, RecipientSecret};
use crate::error::{Error, ErrorKind, Result};

impl Recipient {
    /// Reads a recipients file: `age1…` lines, empty lines and lines that begin with `#`.
    ///
    /// Positions of errors are line numbers, from 1.
    ///
    /// # Errors
    /// Those of reading one recipient; [`ErrorKind::TooManyRecipients`] over 1,024; [`ErrorKind::BadKey`] without a
    /// position if there is none.
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        parse(text, str::parse)
    }
}

impl RecipientSecret {
    /// Reads an age identity file: `AGE-SECRET-KEY-1…` lines, empty lines and lines that begin with `#`.
    ///
    /// Positions of errors are line numbers, from 1.
    ///
    /// # Errors
    /// Those of [`RecipientSecret::from_text`]; [`ErrorKind::TooManyRecipients`] over 1,024; [`ErrorKind::BadKey`]
    /// without a position if there is none.
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        parse(text, Self::from_text)
    }
}

fn parse<T>(text: &str, one: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let mut keys = Vec::new();
    for (number, line) in (1_u64..).zip(text.lines()) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if keys.len() == MAX_STANZAS {
            return Err(Error::from(ErrorKind::TooManyRecipients).at(number));
        }
        keys.push(one(line).map_err(|error| error.at(number))?);
    }
    if keys.is_empty() { Err(Error::new(ErrorKind::BadKey, "the file holds no key")) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::FixedEntropy;

    fn texts(count: usize) -> Vec<(String, String)> {
        let mut entropy = FixedEntropy::new(3);
        let mut make = || RecipientSecret::generate(&mut entropy).unwrap();
        (0..count)
            .map(|_| make())
            .map(|secret| (secret.recipient().to_string(), secret.to_text().to_string()))
            .collect()
    }

    #[test]
    fn comments_blank_lines_and_line_ends_of_windows_are_passed_over() {
        let keys = texts(2);
        let list = format!("# members\n\n{}\r\n  # more\n\t{}  ", keys[0].0, keys[1].0);
        let read = Recipient::parse_list(&list).unwrap();
        assert_eq!(read.iter().map(ToString::to_string).collect::<Vec<_>>(), [keys[0].0.as_str(), keys[1].0.as_str()]);
        let identity = format!("# created: 2026-11-23\n# public key: {}\n{}\n", keys[0].0, keys[0].1);
        let read = RecipientSecret::parse_list(&identity).unwrap();
        assert_eq!((read.len(), read[0].recipient().to_string()), (1, keys[0].0.clone()));
    }

    #[test]
    fn errors_name_the_line_and_not_the_text() {
        let keys = texts(1);
        let error = Recipient::parse_list(&format!("{}\n#\nage1nonsense\n", keys[0].0)).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadKey, Some(3)));
        let error = Recipient::parse_list("\nage1pq1xyz").unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::UnsupportedRecipient, Some(2)));
        let error = RecipientSecret::parse_list(&format!("{}X", keys[0].1)).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadKey, Some(1)));
        assert!(!format!("{error:?} {error}").contains(&keys[0].1[20..30]));
    }

    #[test]
    fn a_file_without_keys_is_an_error() {
        for text in ["", "\n\n", "# nothing\n"] {
            assert_eq!(Recipient::parse_list(text).unwrap_err().kind(), ErrorKind::BadKey);
            assert_eq!(RecipientSecret::parse_list(text).unwrap_err().kind(), ErrorKind::BadKey);
        }
    }

    #[test]
    fn more_recipients_than_a_header_holds_are_refused_at_their_line() {
        let line = format!("{}\n", texts(1)[0].0);
        assert_eq!(Recipient::parse_list(&line.repeat(1_024)).unwrap().len(), 1_024);
        let error = Recipient::parse_list(&line.repeat(1_025)).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::TooManyRecipients, Some(1_025)));
    }
}
