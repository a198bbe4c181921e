//! Amounts of money: a whole number of a currency's smallest unit, never a fraction (ISO 4217).
//!
//! ```text
//! 1,250.50 SGD = 125050 (2 digits)      300,000 VND = 300000 (none)      1.250 KWD = 1250 (3 digits)
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::json;
use crate::error::{Error, ErrorKind, Result};

/// The currencies in use, by the digits that their smallest unit stands for (ISO 4217 as of 2026, without funds and metals).
const CURRENCIES: [(u32, &str); 3] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC \
         CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR \
         JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD \
         NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN \
         SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
];

/// A currency, by its three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimal digits its smallest unit stands for; `None` for a code that this version's table lacks.
    #[must_use]
    pub fn digits(&self) -> Option<u32> {
        CURRENCIES.iter().find(|(_, codes)| codes.split(' ').any(|code| code == self.code())).map(|(digits, _)| *digits)
    }

    /// Three capital letters, known or not: a sender's table may be newer.
    fn read(code: &str) -> Result<Self> {
        let letters: Option<[u8; 3]> = code.as_bytes().try_into().ok();
        letters
            .filter(|letters| letters.iter().all(u8::is_ascii_uppercase))
            .map(Self)
            .ok_or_else(|| Error::new(ErrorKind::InvalidClaim, "a currency is three capital letters, such as SGD"))
    }
}

impl FromStr for Currency {
    type Err = Error;

    /// Reads a code that is in the table.
    fn from_str(code: &str) -> Result<Self> {
        let currency = Self::read(code)?;
        match currency.digits() {
            Some(_) => Ok(currency),
            None => Err(Error::new(ErrorKind::InvalidClaim, "no currency in use has this code (ISO 4217)")),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Self::read(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// An amount of money.
///
/// ```
/// use bisik::Amount;
///
/// let amount = Amount::parse("1250.5", "SGD".parse()?)?;
/// assert_eq!((amount.minor, amount.to_string().as_str()), (125_050, "1250.50 SGD"));
/// assert!(Amount::parse("1250.505", "SGD".parse()?).is_err());
/// assert_eq!(Amount::parse("300000", "VND".parse()?)?.minor, 300_000);
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// How many of the currency's smallest unit: 1 to 2^53 − 1.
    pub minor: u64,
    /// The currency.
    pub currency: Currency,
}

impl Amount {
    /// An amount in the currency's smallest unit.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidClaim`] for nothing, and beyond 2^53 − 1.
    pub const fn new(minor: u64, currency: Currency) -> Result<Self> {
        if minor == 0 || minor > json::MAX_INTEGER {
            return Err(Error::new(ErrorKind::InvalidClaim, "an amount is 1 to 2^53 - 1 of the smallest unit"));
        }
        Ok(Self { minor, currency })
    }

    /// Reads a decimal number such as `1250.50`: digits and at most one point, no more places than the currency has.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidClaim`]; the value is not in the message.
    pub fn parse(text: &str, currency: Currency) -> Result<Self> {
        let wrong = || {
            Error::new(ErrorKind::InvalidClaim, "an amount is digits, and at most the currency's places after a point")
        };
        let digits = currency.digits().ok_or_else(wrong)? as usize;
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        let all = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || places.len() > digits || !all(whole) || !all(places) || text.ends_with('.') {
            return Err(wrong());
        }
        let minor: u64 = format!("{whole}{places:0<digits$}").parse().map_err(|_| wrong())?;
        Self::new(minor, currency)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.currency.digits() {
            None => write!(f, "{} of {}'s smallest unit", self.minor, self.currency),
            Some(0) => write!(f, "{} {}", self.minor, self.currency),
            Some(digits) => {
                let unit = 10_u64.pow(digits);
                write!(
                    f,
                    "{}.{:0width$} {}",
                    self.minor / unit,
                    self.minor % unit,
                    self.currency,
                    width = digits as usize
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_smallest_unit_and_no_further() {
        for (text, code, minor, shown) in [
            ("1", "SGD", 100, "1.00 SGD"),
            ("0.05", "MYR", 5, "0.05 MYR"),
            ("007.5", "THB", 750, "7.50 THB"),
            ("12", "JPY", 12, "12 JPY"),
            ("1.25", "KWD", 1_250, "1.250 KWD"),
            ("90071992547409.91", "IDR", json::MAX_INTEGER, "90071992547409.91 IDR"),
        ] {
            let amount = Amount::parse(text, code.parse().unwrap()).unwrap();
            assert_eq!((amount.minor, amount.to_string().as_str()), (minor, shown));
        }
        for (text, code) in [
            ("0", "SGD"),
            ("0.00", "SGD"),
            ("1.234", "SGD"),
            ("1.5", "VND"),
            ("1.", "SGD"),
            (".5", "SGD"),
            ("-1", "SGD"),
            ("1e3", "SGD"),
            ("1,000", "SGD"),
            ("", "SGD"),
            ("90071992547409.92", "SGD"),
            ("99999999999999999999999", "SGD"),
        ] {
            let error = Amount::parse(text, code.parse().unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidClaim, "{text}");
        }
    }

    #[test]
    fn currencies_are_those_of_the_table() {
        let count: usize = CURRENCIES.iter().map(|(_, codes)| codes.split(' ').count()).sum();
        let mut codes: Vec<&str> = CURRENCIES.iter().flat_map(|(_, codes)| codes.split(' ')).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((codes.len(), count), (155, 155));
        assert!(codes.iter().all(|code| code.parse::<Currency>().is_ok()));
        for bad in ["sgd", "SG", "SGDX", "SGP", "", "S€"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad}");
        }
    }
}
