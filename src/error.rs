//! One error for the whole library.
//!
//! An [`Error`] says what went wrong ([`ErrorKind`]), in words that name the rule and never the value, where
//! (`position`: a byte offset or an item index, each kind says which), and what lies behind it (`source`).
//! [`ErrorKind`] is the one table of codes: C statuses, Python exceptions and the JSON output all come from it.
//! The table is append-only; numbers have gaps so that relatives stay together.

use std::fmt;

/// What every fallible call of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// An error: a kind, a message, and perhaps a position and a cause.
///
/// Neither `Debug` nor `Display` ever shows an identifier or a key.
///
/// ```
/// use bisik::{ErrorKind, Identifier, Kind, ParseOptions};
///
/// let error = Identifier::parse(Kind::Phone, "9123 4567", &ParseOptions::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::MissingRegion);
/// assert!(!error.to_string().contains("9123"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{}", Shown(self))]
pub struct Error {
    kind: ErrorKind,
    message: &'static str,
    position: Option<u64>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with a message of its own. The message must not hold input.
    #[must_use]
    pub const fn new(kind: ErrorKind, message: &'static str) -> Self {
        Self { kind, message, position: None, source: None }
    }

    /// The same error, with the byte offset or item index at which it was found.
    #[must_use]
    pub fn at(mut self, position: u64) -> Self {
        self.position = Some(position);
        self
    }

    /// The same error, found in a part of what is read that begins at `start`; without a position of its own, at the beginning.
    #[must_use]
    pub(crate) fn within(self, start: u64) -> Self {
        let position = start.saturating_add(self.position.unwrap_or_default());
        self.at(position)
    }

    /// The same error, caused by `source`, whose text must not hold input either.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The kind: what a program decides by.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong, more exactly than the kind says it.
    #[must_use]
    pub const fn message(&self) -> &'static str {
        self.message
    }

    /// Where: a byte offset in files and messages, an item index in batches; see the kind.
    #[must_use]
    pub const fn position(&self) -> Option<u64> {
        self.position
    }

    /// What a person can do next.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        self.kind.advice()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, kind.summary())
    }
}

struct Shown<'a>(&'a Error);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message)?;
        match self.0.position {
            Some(position) => write!(f, " (at {position})"),
            None => Ok(()),
        }
    }
}

macro_rules! kinds {
    ($($number:literal $name:ident, $text:literal, $summary:literal, $advice:literal;)*) => {
        /// Every kind of error, with its number.
        ///
        /// Numbers never change and are never used again. They are the C status codes; `name` is the text in
        /// JSON output and rejects files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum ErrorKind {
            $(#[doc = $summary] $name = $number,)*
        }

        impl ErrorKind {
            /// All kinds, by rising number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable number.
            #[must_use]
            pub const fn code(self) -> u16 {
                self as u16
            }

            /// The stable name, in words joined by hyphens.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary,)* }
            }

            /// What a person can do next.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }

            /// The kind with this number, if there is one.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    // 100: identifiers. Position: byte offset in the value, where one can be named.
    100 Empty, "empty", "nothing is left of the value after trimming", "give a value, or remove the row";
    101 TooLong, "too-long", "the value is longer than its kind can be", "check that the column holds single values";
    102 InvalidUtf8, "invalid-utf8", "the bytes are not UTF-8", "convert the file to UTF-8";
    103 InvalidCharacter, "invalid-character", "a character cannot stand in this kind", "correct the value";
    104 InvalidSyntax, "invalid-syntax", "the value does not have the form of its kind", "correct the value, or choose another kind";
    105 BadChecksum, "bad-checksum", "the check digits do not match: a typing error", "compare with the source";
    106 MissingRegion, "missing-region", "a national number needs a region", "give --region, a region column, or the number with + and country code";
    107 UnknownRegion, "unknown-region", "the region is not a known two-letter code", "use ISO 3166 codes such as SG or MY";
    108 NotValid, "not-valid", "no such number is assigned in the numbering plan", "correct it, or pass --allow-unassigned for spoofed caller ids";
    109 HasLetters, "has-letters", "a phone number with letters", "write the digits";
    110 HasExtension, "has-extension", "a phone number with an extension", "remove the extension";
    111 UnknownKind, "unknown-kind", "no kind of this name", "see `bisik canon --help` for the kinds";
    112 KindUnsupported, "kind-unsupported", "the kind has its number but this version has no canonical form for it", "use a newer version";
    113 PublicSuffix, "public-suffix", "a public suffix: everything under it would match", "name the registrable domain or host";
    114 UnknownBank, "unknown-bank", "the bank code is not 8 letters and digits (BIC)", "use the first 8 characters of the bank's BIC";
    115 WrongLength, "wrong-length", "the number of characters does not fit the kind", "correct the value";
    116 NationalId, "national-id", "national identity numbers are refused", "publish another identifier of the case";
    117 UnsupportedScheme, "unsupported-scheme", "only http and https URLs have a canonical form here", "use the kind that fits, or the host as a domain";
    118 MixedCase, "mixed-case", "upper and lower case disagree with the address's checksum", "compare with the source";
    119 MissingCountry, "missing-country", "an account needs country and bank", "write CC:BANK:NUMBER or give the columns country and bank";

    // 200: publication. Position: item index.
    200 Guarded, "guarded", "on the guard list: acting on it would hurt bystanders", "remove the row";
    201 Enumerable, "enumerable", "an open salted feed of this kind can be read by anyone", "seal it to its members, or accept it by name";
    202 NothingAccepted, "nothing-accepted", "no row was accepted", "see the rejects file";
    203 RecordTooLong, "record-too-long", "the claim does not fit the largest record", "shorten the note or reference";
    204 CombinationNotAllowed, "combination-not-allowed", "these choices do not go together", "see the table in docs/format.md";
    205 InvalidClaim, "invalid-claim", "a field of the claim is not valid", "correct the field";
    206 TooManyEntries, "too-many-entries", "more entries than the format can hold", "split the feed";
    207 RateUnreachable, "rate-unreachable", "no filter of this set reaches the rate", "ask for a higher rate, or publish exact tokens";
    208 InvalidName, "invalid-name", "a name or id has characters that it may not have", "use 1 to 64 of a-z, 0-9 and hyphen for ids";
    209 ValidityTooLong, "validity-too-long", "a feed is valid for at most 30 days", "shorten --valid";
    210 EpochTooOld, "epoch-too-old", "an epoch lasts at most 90 days", "start a new epoch with --new-epoch";
    211 PreviousMismatch, "previous-mismatch", "the previous feed is not of this publisher and feed id", "name the right previous feed";
    212 MissingColumn, "missing-column", "the table lacks a column", "name it with --column, or correct the header";
    213 InvalidRow, "invalid-row", "the row cannot be read", "correct the row";
    214 NotListed, "not-listed", "the previous version does not list it", "see `bisik check` for what is listed";

    // 300: files. Position: byte offset.
    300 NotAFeed, "not-a-feed", "the file does not begin like a feed", "check that this is the right file";
    301 UnsupportedVersion, "unsupported-version", "written in a format version this program does not know", "use a newer program";
    302 Truncated, "truncated", "the file ends too early", "fetch it again";
    303 TrailingBytes, "trailing-bytes", "bytes are left over", "fetch the file again";
    304 LimitExceeded, "limit-exceeded", "a size is over its limit", "raise the limit only if you expect such a size";
    305 Malformed, "malformed", "a field has a value that it cannot have", "fetch the file again";
    306 NotZero, "not-zero", "padding that must be zero is not", "fetch the file again";
    307 BadManifest, "bad-manifest", "the manifest is not what the format says", "tell the publisher";
    308 DuplicateName, "duplicate-name", "a name stands twice in one JSON object", "tell the publisher";
    309 HashMismatch, "hash-mismatch", "a section is not the one that was signed", "fetch the file again";
    310 UnsupportedSection, "unsupported-section", "a required section has a type this program does not know", "use a newer program";
    311 MustUnderstand, "must-understand", "the feed needs an extension this program does not know", "use a newer program";
    312 UnsupportedTokens, "unsupported-token-scheme", "the token scheme is not supported here", "use a newer program";
    313 BadDescriptor, "bad-descriptor", "the filter's description is impossible", "tell the publisher";
    314 NotSorted, "not-sorted", "entries are not in strictly rising order", "tell the publisher";
    315 WrongPadding, "wrong-padding", "the file does not have its padded length", "fetch it again";
    316 Sealed, "sealed", "the file is sealed", "give your key with --key";
    317 NotSealed, "not-sealed", "the file is not sealed", "open it without a key";
    318 UnsupportedAlgorithm, "unsupported-algorithm", "an algorithm this program does not know", "use a newer program";
    319 LocalSeal, "local-seal", "not prepared by this machine, or altered since", "prepare it again with `bisik prepare`";

    // 400: signatures, trust, time.
    400 Untrusted, "untrusted", "no trusted key signed this", "give the publisher's card with --trust, if you trust it";
    401 BadSignature, "bad-signature", "the signature does not fit the content", "fetch the file again; if it stays, tell the publisher";
    402 NotAuthorised, "not-authorised", "the key may not sign for this feed", "ask the publisher which feeds the key signs";
    403 BadKey, "bad-key", "the key is not one of its type", "check the file";
    404 Revoked, "revoked", "the key was revoked", "get the publisher's new card";
    405 ThresholdNotMet, "threshold-not-met", "too few of the required signatures", "get the complete file";
    406 NotConfirmed, "not-confirmed", "a person has to confirm this", "compare the key id with the publisher by another way, then --confirm it";
    410 Rollback, "rollback", "an older version than the one already seen", "fetch the newest";
    411 Equivocation, "equivocation", "two different feeds with one version number", "keep both files and tell the publisher";
    412 ClockWentBack, "clock-went-back", "the clock is behind the newest signed time", "set the clock";
    413 Expired, "expired", "the feed has expired", "fetch a newer version";
    414 NotYetValid, "not-yet-valid", "the feed was issued in the future", "set the clock";
    415 SnapshotNeeded, "snapshot-needed", "no delta leads there", "fetch the snapshot";
    416 BaseMismatch, "base-mismatch", "the delta is for another feed or version", "fetch the snapshot";
    417 OutOfScope, "out-of-scope", "more than the publisher may publish", "tell the publisher, or let it publish this in your trust store";

    // 500: keys, envelopes, records.
    500 NotForRecipient, "not-for-recipient", "the publisher did not address this file to your key", "ask the publisher; do not use forwarded copies";
    501 NoMatchingKey, "no-matching-key", "none of the keys opens the file", "give the key that the file was sealed to";
    502 CannotOpen, "cannot-open", "the envelope does not open", "fetch the file again";
    503 RecordUnreadable, "record-unreadable", "the record does not open", "tell the publisher";
    504 NoRandomness, "no-randomness", "the generator of random bytes failed", "try again; check the host";
    505 UnsupportedRecipient, "unsupported-recipient", "a recipient of a type this program does not know", "use an age1… X25519 recipient";
    506 TooManyRecipients, "too-many-recipients", "more recipients than the format holds", "split the members into groups";
    507 BadHeader, "bad-header", "the envelope's header is not as age v1 writes it", "fetch the file again";

    // 600: blind mode.
    600 BadProof, "bad-proof", "the server's proof does not hold", "stop: the server did not use its published key";
    601 BadElement, "bad-element", "a group element that must not be", "stop: the other side is faulty";
    602 KeyExhausted, "key-exhausted", "the OPRF key reached its limit", "start a new epoch";
    603 BudgetExhausted, "budget-exhausted", "the budget is used up", "wait until it is renewed";
    604 WrongEpoch, "wrong-epoch", "another epoch than the feed's", "fetch the newest feed";
    605 CountMismatch, "count-mismatch", "another number of elements than asked for", "stop: the other side is faulty";
    606 TooManyElements, "too-many-elements", "more elements than one message holds", "split the batch";
    607 StateConsumed, "state-consumed", "this state was used before", "prepare a new request";
    608 UnknownClient, "unknown-client", "the server does not know this client", "register the client's card";
    609 BadMessage, "bad-message", "the message is not as the protocol says", "check both versions";
    610 WrongFeed, "wrong-feed", "another feed than the key's", "send the request to the feed's own server";
    611 BlindQueryNeeded, "blind-query-needed", "a blind feed is not matched without its server", "use --blind URL, or `bisik blind request`";
    612 AnswerMissing, "answer-missing", "a request has no answer yet", "get the answer to every request";
    613 OprfKeyMismatch, "oprf-key-mismatch", "the OPRF key is of another feed, epoch or public key", "name the key file of this feed and epoch";

    // 700: sightings, retractions, logs.
    700 WrongDesk, "wrong-desk", "addressed to another desk", "send it to the desk that the feed names";
    701 Replayed, "replayed", "seen before", "nothing: it was counted once";
    702 BrokenChain, "broken-chain", "the log was altered", "compare with a copy";
    710 NoDesk, "no-desk", "the feed names no key of a desk to seal sightings to", "call the contact that bisik inspect shows, and ask the publisher to name its desk's key";
    711 Stale, "stale", "older than the desk still counts", "tell the desk by another way";
    712 Copied, "copied", "another member sent this sighting first", "ask both members";
    713 SameDay, "same-day", "the member told of this hit on this day before", "nothing: it was counted once; give a day's amounts as one sum";
    720 TornTail, "torn-tail", "the last line is incomplete: a crash while it was written", "mend it with `bisik log mend`; what stands before it is whole";
    721 LogCut, "log-cut", "the log is shorter than its signed head says", "compare with a copy";

    // 800: matching.
    800 FormMismatch, "form-mismatch", "the feed uses another canonical form of this kind", "use the program version that the feed names";
    801 BadPolicy, "bad-policy", "the policy cannot be read", "correct the line";

    // 900: the host.
    900 Io, "io", "the system could not read or write", "check the path, the space and the permissions";
    901 Permissions, "permissions", "others can read this key file", "chmod 600 the file";
    902 AlreadyExists, "already-exists", "the file exists and is not overwritten", "choose another name";
    903 NullArgument, "null-argument", "a pointer that must not be null is null", "pass a valid pointer";
    904 InvalidArgument, "invalid-argument", "an argument has a value that it cannot have", "correct the call";
    905 Panic, "panic", "a defect in bisik", "report it; the process is intact";
    906 TooManyHits, "too-many-hits", "the caller's array is too small", "call again with a larger array";
    907 Unreachable, "unreachable", "the server gave no answer", "check the address and the network; the next pull tries again";
    908 TimedOut, "timed-out", "the server is too slow", "try again; raise the time limit if the feed is large";
    909 BadAnswer, "bad-answer", "the server's answer is not one to this question", "tell whoever runs the server";
    910 BadRedirect, "bad-redirect", "the server sends elsewhere than one may follow", "give the final address, if you trust it";
    911 Busy, "busy", "another program is changing the store", "wait until it has ended";
    912 NotAStore, "not-a-store", "the folder is no store of feeds", "make one with `bisik pull … --into DIR`";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_names_are_unique() {
        for pair in ErrorKind::ALL.windows(2) {
            assert!(pair[0].code() < pair[1].code());
        }
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn a_code_leads_back_to_its_kind() {
        for &kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(ErrorKind::from_code(0), None);
    }

    #[test]
    fn display_shows_message_and_position() {
        let error = Error::new(ErrorKind::Truncated, "the header is cut").at(17);
        assert_eq!(error.to_string(), "the header is cut (at 17)");
    }
}
