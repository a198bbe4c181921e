//! Identifiers: a kind and its canonical value, canonical by construction.
//!
//! One file a kind; each has `canonical(text, options, trace) -> Result<String>`, given text that [`text::clean`]
//! has already stripped, and `is_canonical(text) -> bool`, which sees at a glance what `canonical` would give back as
//! it is. The forms are specified in `docs/canonical.md`.

// floor 1
mod kind;
// floor 1
mod trace;
// floor 2
mod ascii;
// floor 2
mod banks;
// floor 2
mod country;
// floor 2
mod labels;
// floor 2
mod text;
// floor 2
mod phone_plan;
// floor 2
mod safe_browsing;
// floor 3
mod account;
// floor 3
mod domain;
// floor 3
mod handle;
// floor 3
mod hash;
// floor 3
mod iban;
// floor 3
mod iccid;
// floor 3
mod imei;
// floor 3
mod imsi;
// floor 3
mod ip;
// floor 3
mod phone;
// floor 3
mod registration;
// floor 3
mod sender_id;
// floor 3
pub(crate) mod wallet;
// floor 4
mod email;
// floor 4
mod proxy;
// floor 4
mod url;
// floor 5
mod mailbox;
// floor 5
pub(crate) mod links;
// floor 6
mod expand;
// floor 6
mod forms;
// floor 7
mod expressions;
// floor 8
mod detect;
// floor 8
mod lookalike;

pub(crate) use domain::is_public_suffix;
pub(crate) use expressions::{expressions_as_is, expressions_of};
pub(crate) use ip::Network;
pub(crate) use safe_browsing::split_host;

pub use detect::Sureness;
pub use expressions::{Expression, Matched};
pub use kind::Kind;
pub use trace::Step;

use crate::error::{Error, ErrorKind, Result};
use trace::Trace;

// floor 0
/// The longest raw value that is looked at, in bytes; longer ones are refused unread.
pub(crate) const MAX_RAW_LENGTH: usize = 8_192;

// floor 0
/// What the parser must be told because it never guesses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseOptions {
    /// The region of national numbers, ISO 3166-1 alpha-2 in upper case. Without it they are refused.
    pub region: Option<String>,
    /// Admits possible phone numbers that no plan assigns: spoofed caller ids.
    pub allow_unassigned: bool,
    /// The bank of bare account numbers: first 8 characters of the BIC.
    pub bank: Option<String>,
    /// The country of bare account numbers, where it is not the BIC's own.
    pub country: Option<String>,
}

// floor 4
/// A kind and its canonical value.
///
/// There is no other way to make one than [`Identifier::parse`], so equal things are equal bytes.
/// `Debug` shows the kind alone.
///
/// ```
/// use bisik::{Identifier, Kind, ParseOptions};
///
/// let options = ParseOptions::default();
/// let a = Identifier::parse(Kind::Domain, "WWW.Example.COM.", &options)?;
/// assert_eq!(a.canonical(), "www.example.com");
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier {
    kind: Kind,
    canonical: String,
}

impl Identifier {
    /// Parses a raw value of a known kind into its canonical form, or says why there is none.
    ///
    /// Idempotent: a canonical value parses to itself under the same options.
    ///
    /// # Errors
    /// The 100 block of [`ErrorKind`]; the position is a byte offset in the cleaned value where one can be named.
    pub fn parse(kind: Kind, raw: &str, options: &ParseOptions) -> Result<Self> {
        Self::trace(kind, raw, options, &mut Trace::off())
    }

    /// Like [`parse`](Self::parse), with each step from the raw value to the canonical one.
    ///
    /// The steps hold the value: they are for the person who gave it, never for a log.
    pub fn explain(kind: Kind, raw: &str, options: &ParseOptions) -> (Result<Self>, Vec<Step>) {
        let mut trace = Trace::on();
        let result = Self::trace(kind, raw, options, &mut trace);
        (result, trace.into_steps())
    }

    fn trace(kind: Kind, raw: &str, options: &ParseOptions, trace: &mut Trace) -> Result<Self> {
        if raw.len() > MAX_RAW_LENGTH {
            return Err(Error::from(ErrorKind::TooLong).at(MAX_RAW_LENGTH as u64));
        }
        let text = text::clean(kind, raw, trace);
        if text.is_empty() {
            return Err(ErrorKind::Empty.into());
        }
        let canonical = if forms::is_canonical(kind, &text) {
            text.into_owned()
        } else {
            forms::canonical(kind, raw, &text, options, trace)?
        };
        // Percent-escapes make a URL longer; what is canonical must parse again.
        if canonical.len() > MAX_RAW_LENGTH {
            return Err(Error::from(ErrorKind::TooLong).at(MAX_RAW_LENGTH as u64));
        }
        trace.note("canonical form", || canonical.clone());
        Ok(Self { kind, canonical })
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The canonical text.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identifier({}, ..)", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_what_is_read_and_written() {
        let parse = |raw: &str| {
            let found = Identifier::parse(Kind::Url, raw, &ParseOptions::default());
            found.map(|found| found.canonical().len()).map_err(|error| (error.kind(), error.position()))
        };
        let too_long = Err((ErrorKind::TooLong, Some(8_192)));
        let start = "http://a.example/";
        let raw = |quotes: usize, plain: usize| format!("{start}{}{}", "\"".repeat(quotes), "a".repeat(plain));
        assert_eq!(parse(&raw(0, 8_192 - start.len())), Ok(8_192));
        assert_eq!(parse(&raw(0, 8_193 - start.len())), too_long);
        // A quotation mark grows to three bytes.
        assert_eq!(parse(&raw(2_725, 0)), Ok(8_192));
        assert_eq!(parse(&raw(2_725, 1)), too_long);
    }

    #[test]
    fn each_step_is_told_to_whoever_asks() {
        let (found, steps) = Identifier::explain(Kind::Domain, " *.EVIL[.]example ", &ParseOptions::default());
        assert_eq!(found.unwrap().canonical(), "evil.example");
        let after: Vec<_> = steps.iter().map(|step| step.after.as_str()).collect();
        assert_eq!(after, ["*.EVIL[.]example", "*.EVIL.example", "EVIL.example", "evil.example"]);
        let (found, steps) = Identifier::explain(Kind::Domain, "evil.example", &ParseOptions::default());
        assert!(found.is_ok());
        assert_eq!(steps.iter().map(|step| step.after.as_str()).collect::<Vec<_>>(), ["evil.example"]);
        assert!(Identifier::explain(Kind::Domain, " ", &ParseOptions::default()).0.is_err());
    }
}
