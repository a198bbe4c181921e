//! The table of kinds. Numbers are part of every token: append-only, never used again.

use std::str::FromStr;

use crate::error::{Error, ErrorKind};

macro_rules! kinds {
    ($($number:literal $name:ident $text:literal $form:literal $enumerable:literal $doc:literal;)*) => {
        /// What sort of identifier a value is. The kind is part of what is hashed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = $doc] $name = $number,)*
        }

        impl Kind {
            /// All kinds, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The number in frames and manifests.
            #[must_use]
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The name in CSV columns, JSON and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What the kind holds, in a few words.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }

            /// The version of the canonical form (`docs/canonical.md`) that this program writes, 1..=255.
            #[must_use]
            pub const fn form_version(self) -> u8 {
                match self { $(Self::$name => $form,)* }
            }

            /// Whether an open salted feed of this kind is refused unless accepted by name (`docs/format.md` §12).
            #[must_use]
            pub const fn is_enumerable(self) -> bool {
                match self { $(Self::$name => $enumerable,)* }
            }

            /// The kind with this number, if this version knows it.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }

        impl FromStr for Kind {
            type Err = Error;

            fn from_str(name: &str) -> Result<Self, Error> {
                match name { $($text => Ok(Self::$name),)* _ => Err(ErrorKind::UnknownKind.into()) }
            }
        }
    };
}

kinds! {
    1 Phone "phone" 1 true "telephone number, E.164";
    2 Email "email" 1 true "e-mail address";
    3 Domain "domain" 1 false "host or domain name";
    4 Url "url" 1 false "web address";
    5 Ip "ip" 1 false "IPv4 or IPv6 address or network";
    6 Account "account" 1 true "bank account: country, bank and number";
    7 Iban "iban" 1 true "international bank account number";
    8 Proxy "proxy" 1 true "payment proxy: PayNow, PromptPay, DuitNow, QRIS and others";
    9 Wallet "wallet" 1 true "cryptocurrency address";
    10 SenderId "sender-id" 1 false "alphanumeric SMS sender or short code";
    11 Imei "imei" 1 true "mobile equipment identity";
    12 Imsi "imsi" 1 true "mobile subscriber identity";
    13 Iccid "iccid" 1 true "SIM card number";
    14 Handle "handle" 1 true "account at a messaging or social platform";
    15 Registration "registration" 1 false "company registration number";
    16 Hash "hash" 1 false "file hash: SHA-256, SHA-1 or MD5";
    17 Mailbox "mailbox" 1 true "e-mail mailbox after its provider's dot and tag rules";
}

/// The data behind the phone form. Checked against the lock file by `tests/canonical.rs`.
const PHONE_DATA: &str = "libphonenumber 9.0.42";
/// The data behind host names: the Public Suffix List as crate `psl` ships it, and Unicode for UTS 46.
const NAME_DATA: &str = "psl 2.1.247, unicode 18.0.0";
/// The tables of banks: `src/identifier/banks.rs`.
const BANK_DATA: &str = "banks 2026-11-23";

impl Kind {
    /// The version of the data that the canonical form or the expressions of this kind depend on; empty if none.
    ///
    /// It travels in the manifest. Unlike [`form_version`](Self::form_version) it may differ between the two ends:
    /// it says why a number or name that one of them takes is refused by the other.
    #[must_use]
    pub const fn data_version(self) -> &'static str {
        match self {
            Self::Phone => PHONE_DATA,
            Self::Email | Self::Domain | Self::Url | Self::Mailbox => NAME_DATA,
            Self::Account | Self::Proxy => BANK_DATA,
            _ => "",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
