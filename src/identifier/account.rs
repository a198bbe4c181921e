//! Bank accounts: `CC:BANK8:NUMBER` (`docs/canonical.md`, account).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::banks::{self, Rule};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii, country};

/// Digits of an account number; the upper bound is that of an IBAN's text.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=34;

/// Digits of a branch code that stands apart.
const BRANCH: usize = 3;

/// Reads `CC:BANK:NUMBER`, `CC:BANK:BRANCH:NUMBER` where the bank is known to number its branches, or a bare number
/// with the bank in `options`.
///
/// # Errors
/// `MissingCountry`, `UnknownRegion`, `UnknownBank`, `WrongLength`, `NotValid` (only zeros), `InvalidCharacter`,
/// `InvalidSyntax`.
pub(super) fn canonical(text: &str, options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?;
    let parts: Vec<&str> = text.splitn(5, ':').collect();
    let (country, bank, branch, number) = match *parts.as_slice() {
        [number] => {
            let bank = bank8(options.bank.as_deref().ok_or(ErrorKind::MissingCountry)?)?;
            let country = country::parse(options.country.as_deref().or(bank.get(4..6)).unwrap_or_default())?;
            (country, bank, None, number)
        }
        [country, bank, number] => (country::parse(country)?, bank8(bank)?, None, number),
        [country, bank, branch, number] => (country::parse(country)?, bank8(bank)?, Some(branch), number),
        [_, _] => return Err(ErrorKind::MissingCountry.into()),
        _ => return Err(Error::new(ErrorKind::InvalidSyntax, "an account is written CC:BANK:NUMBER")),
    };
    let number = ascii::digits(number, &mut Trace::off())?;
    trace.note("country and the first 8 characters of the BIC in upper case, the number without separators", || {
        format!("{country}:{bank}:{number}")
    });
    if number.is_empty() {
        return Err(ErrorKind::Empty.into());
    }
    let branch = branch.map(branch_digits).transpose()?;
    let number = by_bank(banks::rule(&country, &bank), branch.as_deref(), number)?;
    trace.note("the bank's own rule, where one is published (table of banks)", || format!("{country}:{bank}:{number}"));
    if !DIGITS.contains(&number.len()) {
        return Err(Error::new(ErrorKind::WrongLength, "an account number has 4 to 34 digits"));
    }
    if number.bytes().all(|byte| byte == b'0') {
        return Err(Error::new(ErrorKind::NotValid, "an account number of zeros alone is a placeholder"));
    }
    Ok(format!("{country}:{bank}:{number}"))
}

/// Whether the text is its own canonical form, under any options.
pub(super) fn is_canonical(text: &str) -> bool {
    let parts = text.split_once(':').and_then(|(country, rest)| Some((country, rest.split_once(':')?)));
    let Some((country, (bank, number))) = parts else { return false };
    country::is_known(country)
        && bank.len() == 8
        && bank.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && bank.get(4..6).is_some_and(country::is_known)
        && DIGITS.contains(&number.len())
        && ascii::is_digits(number)
        && number.bytes().any(|byte| byte != b'0')
        && match banks::rule(country, bank) {
            Some(Rule::Pad(digits) | Rule::AtLeast(digits)) => number.len() >= digits,
            Some(Rule::BranchInside(lengths)) => !lengths.contains(&number.len()),
            Some(Rule::BranchApart) | None => true,
        }
}

fn branch_digits(text: &str) -> Result<String> {
    let branch = ascii::digits(text, &mut Trace::off())?;
    if branch.len() == BRANCH {
        Ok(branch)
    } else {
        Err(Error::new(ErrorKind::WrongLength, "a branch code that stands apart has 3 digits"))
    }
}

/// The number as the customer sees it, by what is published about the bank.
fn by_bank(rule: Option<Rule>, branch: Option<&str>, number: String) -> Result<String> {
    let without_branch = |lengths: &[usize]| lengths.contains(&number.len());
    match (rule, branch) {
        (Some(Rule::BranchInside(lengths)), Some(branch)) if without_branch(lengths) => Ok(format!("{branch}{number}")),
        (Some(Rule::BranchInside(lengths)), Some(branch))
            if number.starts_with(branch) && lengths.contains(&(number.len() - BRANCH)) =>
        {
            Ok(number)
        }
        (Some(Rule::BranchInside(_)), Some(_)) => {
            Err(Error::new(ErrorKind::WrongLength, "branch and number together have another length at this bank"))
        }
        (Some(Rule::BranchInside(lengths)), None) if without_branch(lengths) => {
            Err(Error::new(ErrorKind::WrongLength, "the branch is missing: write its 3 digits before the number"))
        }
        (Some(Rule::BranchApart), _) | (_, None) if !is_short(rule, &number) => Ok(match rule {
            Some(Rule::Pad(digits)) => format!("{number:0>digits$}"),
            _ => number,
        }),
        (_, None) => {
            Err(Error::new(ErrorKind::WrongLength, "numbers of this bank have more digits: zeros may be lost"))
        }
        (_, Some(_)) => Err(Error::new(ErrorKind::InvalidSyntax, "no rule for branch codes of this bank is known")),
    }
}

fn is_short(rule: Option<Rule>, number: &str) -> bool {
    matches!(rule, Some(Rule::AtLeast(digits)) if number.len() < digits)
}

/// The first 8 characters of a BIC (ISO 9362) of 8 or 11, in upper case.
fn bank8(text: &str) -> Result<String> {
    let bic = text.trim().to_ascii_uppercase();
    let shaped = matches!(bic.len(), 8 | 11)
        && bic.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && bic.get(4..6).is_some_and(country::is_known);
    match bic.get(..8) {
        Some(bank) if shaped => Ok(bank.to_owned()),
        _ => Err(ErrorKind::UnknownBank.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, bank: Option<&str>, country: Option<&str>) -> Result<String> {
        let options = ParseOptions {
            bank: bank.map(str::to_owned),
            country: country.map(str::to_owned),
            ..ParseOptions::default()
        };
        canonical(text, &options, &mut Trace::off())
    }

    #[test]
    fn separators_go_and_zeros_stay() {
        assert_eq!(parse("SG:DBSSSGSG:001-23456-7", None, None).unwrap(), "SG:DBSSSGSG:001234567");
        assert_eq!(parse("sg : dbsssgsgxxx : 001 23456.7", None, None).unwrap(), "SG:DBSSSGSG:001234567");
    }

    #[test]
    fn a_bare_number_takes_the_country_of_the_bic_unless_told() {
        assert_eq!(parse("0012345678", Some("OCBCSGSG"), None).unwrap(), "SG:OCBCSGSG:0012345678");
        assert_eq!(parse("0012345678", Some("hsbchkhh"), Some("mo")).unwrap(), "MO:HSBCHKHH:0012345678");
    }

    #[test]
    fn lost_zeros_come_back_where_the_length_is_published() {
        assert_eq!(parse("ID:CENAIDJA:123456789", None, None).unwrap(), "ID:CENAIDJA:0123456789");
        assert_eq!(parse("ID:CENAIDJA:8008123456789012", None, None).unwrap(), "ID:CENAIDJA:8008123456789012");
        assert_eq!(parse("ID:BNINIDJA:123456789", None, None).unwrap(), "ID:BNINIDJA:123456789");
    }

    #[test]
    fn branch_and_number_of_ocbc_are_one_number() {
        for text in ["SG:OCBCSGSG:5501089550", "SG:OCBCSGSG:550:1089550", "SG:OCBCSGSG:550:5501089550"] {
            assert_eq!(parse(text, None, None).unwrap(), "SG:OCBCSGSG:5501089550");
        }
        assert_eq!(parse("SG:UOVBSGSG:030:9102031012", None, None).unwrap(), "SG:UOVBSGSG:9102031012");
    }

    #[test]
    fn nothing_is_guessed() {
        let kinds = [
            ("0012345678", None, ErrorKind::MissingCountry),
            ("DBSSSGSG:0012345678", None, ErrorKind::MissingCountry),
            ("SG:DBS:0012345678", None, ErrorKind::UnknownBank),
            ("ZZ:DBSSSGSG:0012345678", None, ErrorKind::UnknownRegion),
            ("SG:DBSSSGSG:123", None, ErrorKind::WrongLength),
            ("SG:DBSSSGSG:0000000", None, ErrorKind::NotValid),
            ("SG:DBSSSGSG:12A4567", None, ErrorKind::InvalidCharacter),
            ("SG:CITISGSG:001:12345678", None, ErrorKind::InvalidSyntax),
            ("SG:DBSSSGSG:001:0012345678:9", None, ErrorKind::InvalidSyntax),
            ("SG:OCBCSGSG:1089550", None, ErrorKind::WrongLength),
            ("SG:OCBCSGSG:55:1089550", None, ErrorKind::WrongLength),
            ("SG:OCBCSGSG:550:12345678", None, ErrorKind::WrongLength),
            ("MY:MBBEMYKL:12345678901", None, ErrorKind::WrongLength),
            ("SG:DBSSSGSG: - ", None, ErrorKind::Empty),
            ("12345678", Some("DBS"), ErrorKind::UnknownBank),
        ];
        for (text, bank, kind) in kinds {
            assert_eq!(parse(text, bank, None).unwrap_err().kind(), kind, "{text}");
        }
    }

    #[test]
    fn each_banks_rule_holds_to_the_digit() {
        let length = |text: Result<String>| text.map(|text| text.rsplit(':').next().unwrap().len());
        let written = |bank: &str, digits: usize| {
            format!("{}:{bank}:{}", &bank[4..6], "123456789".repeat(4).get(..digits).unwrap())
        };
        for (bank, least) in [
            ("ARBKMYKL", 13),
            ("BIMBMYKL", 14),
            ("BMMBMYKL", 14),
            ("CIBBMYKL", 14),
            ("HLBBMYKL", 11),
            ("MBBEMYKL", 12),
            ("MFBBMYKL", 15),
            ("PBBEMYKL", 10),
            ("PHBMMYKL", 12),
            ("RHBBMYKL", 14),
        ] {
            let short = written(bank, least - 1);
            assert_eq!(parse(&short, None, None).unwrap_err().kind(), ErrorKind::WrongLength, "{short}");
            assert_eq!(length(parse(&written(bank, least), None, None)).unwrap(), least);
            assert_eq!(length(parse(&written(bank, least + 1), None, None)).unwrap(), least + 1);
            assert!(!is_canonical(&short) && is_canonical(&written(bank, least)));
        }
        for (bank, padded) in [("BDINIDJA", 12), ("BMRIIDJA", 13), ("BRINIDJA", 15), ("CENAIDJA", 10)] {
            for (digits, expected) in [(1, padded), (padded - 1, padded), (padded, padded), (padded + 1, padded + 1)] {
                let text = written(bank, digits);
                assert_eq!(length(parse(&text, None, None)).unwrap(), expected, "{text}");
                assert_eq!(is_canonical(&text), digits >= padded, "{text}");
            }
        }
        for (bank, lengths) in [("HSBCSGSG", &[9][..]), ("OCBCSGSG", &[7, 9]), ("SBINSGSG", &[11])] {
            for digits in 4..=14 {
                let (text, bare) = (written(bank, digits), "123456789".repeat(2));
                let lacks = lengths.contains(&digits);
                assert_eq!(parse(&text, None, None).is_err(), lacks, "{text}");
                assert_eq!(is_canonical(&text), !lacks, "{text}");
                // with the branch in a part of its own
                let apart = format!("SG:{bank}:777:{}", &bare[..digits]);
                let joined = parse(&apart, None, None).map_err(|error| error.kind());
                let expected = if lacks { Ok(digits + 3) } else { Err(ErrorKind::WrongLength) };
                assert_eq!(joined.map(|text| text.len() - "SG:OCBCSGSG:".len()), expected, "{apart}");
                // with a branch that the number begins with already
                let twice = format!("SG:{bank}:123:{}", &bare[..digits]);
                let expected = match (lacks, lengths.contains(&(digits - 3))) {
                    (true, _) => Some(digits + 3),
                    (false, true) => Some(digits),
                    (false, false) => None,
                };
                assert_eq!(length(parse(&twice, None, None)).ok(), expected, "{twice}");
            }
            assert_eq!(parse(&format!("SG:{bank}:123:12"), None, None).unwrap_err().kind(), ErrorKind::WrongLength);
        }
        for bank in ["DBSSSGSG", "SCBLSG22", "UOVBSGSG"] {
            assert_eq!(length(parse(&format!("SG:{bank}:777:1234567"), None, None)).unwrap(), 7);
            assert!(is_canonical(&written(bank, 7)));
        }
    }

    #[test]
    fn a_glance_knows_the_form() {
        let (most, more) = ("1".repeat(34), "1".repeat(35));
        for (text, seen) in [
            ("SG:DBSSSGSG:1234", true),
            ("SG:DBSSSGSG:123", false),
            (&format!("SG:DBSSSGSG:{most}"), true),
            (&format!("SG:DBSSSGSG:{more}"), false),
            ("SG:DBSSSGSG:0000", false),
            ("SG:DBSSSGSG:0001", true),
            ("SG:DBSSSGSG:12a4", false),
            ("SG:DBSSSGSG:1234:5678", false),
            ("SG:SCBLSG22:1234", true),
            ("sg:DBSSSGSG:1234", false),
            ("ZZ:DBSSSGSG:1234", false),
            ("SG:dbsssgsg:1234", false),
            ("SG:DBSSSGS:1234", false),
            ("SG:DBSSSGSGX:1234", false),
            ("SG:DBSSSGSGXXX:1234", false),
            ("SG:DBSSZZSG:1234", false),
            ("SG:DBSSSG-G:1234", false),
            ("DBSSSGSG:1234", false),
            ("1234", false),
        ] {
            assert_eq!(is_canonical(text), seen, "{text}");
            if seen {
                assert_eq!(parse(text, None, None).unwrap(), text);
            } else {
                assert!(parse(text, None, None).map_or(true, |found| found != text), "{text}");
            }
        }
        for bank in ["DBSSSG-G", "DBSSSGSG1", "DBSSSGSG12", "DBSSSGSG-12", "DBSSSGSG1234", "DBSS", ""] {
            assert_eq!(parse("1234", Some(bank), None).unwrap_err().kind(), ErrorKind::UnknownBank, "{bank}");
        }
        for bank in ["DBSSSGSG", " dbsssgsg123 "] {
            assert_eq!(parse("1234", Some(bank), None).unwrap(), "SG:DBSSSGSG:1234");
        }
    }
}
