//! Telephone numbers: E.164 as libphonenumber reads them (`docs/canonical.md` §3).
//!
//! The library gets digits alone: what else stands in a number is judged here first, because libphonenumber
//! guesses (letters, extensions, text around the number) where this form refuses.

use std::borrow::Cow;

use rlibphonenumber::{CountryCodeSource, NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, Region};

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::phone_plan::{self, Dialled, Parts};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, text};

/// libphonenumber's own bound on text.
const MAX_TEXT: usize = 250;
/// The longest international prefix, 15 digits of E.164, and room for a trunk prefix.
const MAX_DIGITS: usize = 32;

pub(super) fn canonical(text: &str, options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let number = match Dialled::read(text) {
        Some(dialled) => {
            if let Some(parts) = dialled.parts(options.region.as_deref()) {
                if parts.is_assigned() {
                    let canonical = parts.text();
                    trace.note("E.164 of an assigned range", || canonical.clone());
                    return Ok(canonical);
                }
                if is_valid(&parts) {
                    let canonical = parts.text();
                    trace.note("E.164 of a valid number", || canonical.clone());
                    return Ok(canonical);
                }
            }
            dialled.number()
        }
        None => any_text(text, trace)?,
    };
    trace.note("digits", || number.clone());
    let home = if number.starts_with('+') { None } else { Some(Home::of(options)?) };
    let canonical = reading(&number, home, options)?;
    if canonical == number || is_settled(&number, &canonical, home, options) {
        Ok(canonical)
    } else {
        settled(canonical, options)
    }
}

/// Whether the text is its own canonical form, under any options.
pub(super) fn is_canonical(text: &str) -> bool {
    phone_plan::is_assigned(text)
}

/// Whether the library finds these parts valid, and must read the digits so.
fn is_valid(parts: &Parts<'_>) -> bool {
    parts.clear().is_some_and(|(country_code, national_number)| {
        PHONE_NUMBER_UTIL.is_valid_number(&PhoneNumber { country_code, national_number, ..PhoneNumber::default() })
    })
}

/// The digits and their plus in text as people write it; [`Dialled`] reads most of it in less time.
fn any_text(text: &str, trace: &mut Trace) -> Result<String> {
    let text = text::nfkc(text);
    trace.note("NFKC", || text.clone().into_owned());
    let text = bare(&text);
    trace.note("drop tel: or the WhatsApp server", || text.clone().into_owned());
    digits(&text)
}

/// What the digits are, by one look.
fn reading(number: &str, home: Option<Home>, options: &ParseOptions) -> Result<String> {
    match home {
        Some(home) => national(number, home, options),
        None => Readings::default().with(read(number, None)).decide(options),
    }
}

/// Whether `canonical`, read again, must be read as itself.
///
/// True for the states of [`phone_plan`], whose trunk prefix is one digit or none. Elsewhere where nothing was dropped
/// and the region is the one whose plan the library takes for the country code: it then does the same again.
fn is_settled(number: &str, canonical: &str, home: Option<Home>, options: &ParseOptions) -> bool {
    let (Some(home), Some(name)) = (home, options.region.as_deref()) else { return false };
    if phone_plan::is_settled(name, number, canonical) {
        return true;
    }
    let Some(code) = canonical.strip_prefix('+').and_then(|rest| rest.strip_suffix(number)) else { return false };
    code.parse() == Ok(home.code) && PHONE_NUMBER_UTIL.get_region_for_country_code(home.code) == Some(home.region)
}

/// The number without `tel:` or, for a WhatsApp id, with `+` in place of its server.
fn bare(text: &str) -> Cow<'_, str> {
    for server in ["@s.whatsapp.net", "@c.us"] {
        if let Some(user) = text.strip_suffix(server) {
            return Cow::Owned(format!("+{}", user.strip_prefix('+').unwrap_or(user)));
        }
    }
    Cow::Borrowed(text::strip_prefix_ignore_case(text, "tel:").unwrap_or(text).trim())
}

/// The digits in ASCII with their leading plus, or why this is not one number in digits.
fn digits(text: &str) -> Result<String> {
    if text.len() > MAX_TEXT {
        return Err(Error::from(ErrorKind::TooLong).at(MAX_TEXT as u64));
    }
    if has_extension(text) {
        return Err(ErrorKind::HasExtension.into());
    }
    let mut number = String::with_capacity(text.len());
    for (position, c) in text.char_indices() {
        if let Some(digit) = decimal(c) {
            number.push(digit);
        } else if c == '+' {
            if number.is_empty() {
                number.push('+');
            } else if number != "+" {
                return Err(Error::new(ErrorKind::InvalidSyntax, "a plus inside the number").at(position as u64));
            }
        } else if !is_punctuation(c) {
            // U+30FC is a letter to Unicode, and a dash between digits.
            let kind = if c.is_alphabetic() { ErrorKind::HasLetters } else { ErrorKind::InvalidCharacter };
            return Err(Error::from(kind).at(position as u64));
        }
    }
    if number.len() > MAX_DIGITS {
        return Err(Error::new(ErrorKind::TooLong, "more digits than a telephone number can have"));
    }
    if number.trim_start_matches('+').is_empty() {
        return Err(Error::new(ErrorKind::InvalidSyntax, "no digits"));
    }
    Ok(number)
}

/// The ASCII digit of a decimal digit in a script of the region, after NFKC.
fn decimal(c: char) -> Option<char> {
    // First digits of Unicode blocks of ten beside ASCII: Arabic-Indic (2), Devanagari, Bengali, Tamil, Thai, Lao,
    // Myanmar (2), Khmer, Balinese, Javanese, Cham.
    const ZEROS: [u32; 12] = [0x660, 0x6F0, 0x966, 0x9E6, 0xBE6, 0xE50, 0xED0, 0x1040, 0x17E0, 0x1B50, 0xA9D0, 0xAA50];
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let code = u32::from(c);
    let zero = ZEROS.into_iter().find(|&zero| (zero..zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// What people put between digits: libphonenumber's valid punctuation after NFKC, and white space.
fn is_punctuation(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '(' | ')' | '[' | ']' | '/' | '~')
        || matches!(
            c,
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{3010}' | '\u{3011}' | '\u{2053}' | '\u{223C}'
        )
}

/// Whether the text ends in an extension: a number, a mark and at most nine digits.
fn has_extension(text: &str) -> bool {
    const MARKS: [&str; 11] = ["x", "ext", "extn", "extension", "extensión", "xtn", "#", ";ext", "int", "anexo", "доб"];
    let text = text.strip_suffix('#').unwrap_or(text);
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if !(1..=9).contains(&(text.len() - before.len())) {
        return false;
    }
    let stem = before.trim_end_matches([' ', '.', ':', '-', '=']);
    // Every mark ends in a letter or '#'.
    if !stem.ends_with(|c: char| c.is_alphabetic() || c == '#') {
        return false;
    }
    let stem = stem.to_lowercase();
    let is_number = |text: &str| !text.contains('*') && text.bytes().filter(u8::is_ascii_digit).count() >= 3;
    MARKS.iter().any(|mark| stem.strip_suffix(mark).is_some_and(is_number))
}

/// The region of national numbers, and its country code.
#[derive(Clone, Copy)]
struct Home {
    region: Region,
    code: i32,
}

impl Home {
    fn of(options: &ParseOptions) -> Result<Self> {
        let name = options.region.as_deref().ok_or(ErrorKind::MissingRegion)?;
        let region = Region::try_from(name).or_else(|_| Region::try_from(name.to_ascii_uppercase().as_str())).ok();
        let home = region.and_then(|region| {
            let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region)?;
            Some(Self { region, code })
        });
        home.ok_or_else(|| ErrorKind::UnknownRegion.into())
    }

    /// Whether the digits begin with the country code.
    fn begins(self, digits: &str) -> bool {
        let length = match self.code {
            ..10 => 1,
            10..100 => 2,
            _ => 3,
        };
        digits.get(..length).and_then(|code| code.parse().ok()) == Some(self.code)
    }
}

/// A number without a plus. What can be read in two valid ways is refused.
fn national(number: &str, home: Home, options: &ParseOptions) -> Result<String> {
    let readings = Readings::default().with(read(number, Some(home.region)));
    if let Some(rest) = number.strip_prefix("00") {
        // People write 00 for the plus even where the exchange wants another prefix.
        return readings.with(read(&format!("+{rest}"), None)).decide(options);
    }
    let at_home = matches!(&readings.valid, Distinct::One(text)
        if text.strip_prefix('+').is_some_and(|digits| home.begins(digits)));
    if !at_home && has_doubtful_prefix(number, home.region) {
        return Err(Error::new(
            ErrorKind::InvalidSyntax,
            "a carrier's international prefix or another country's trunk zero: write + and the country code",
        ));
    }
    // The region's own country code without a plus. The library strips it only from numbers invalid with it.
    if home.begins(number) {
        return readings.with(read(&format!("+{number}"), None)).decide(options);
    }
    readings.decide(options)
}

/// Whether the library read the first digits as an international prefix other than the region's one prefix.
///
/// Where the plan gives prefixes as a pattern there is no such one. Singapore's pattern includes 011 to 013 and 018,
/// which also begin Malaysian mobile numbers.
fn has_doubtful_prefix(number: &str, region: Region) -> bool {
    let source =
        PHONE_NUMBER_UTIL.parse_and_keep_raw_input(number, Some(region)).map(|read| read.country_code_source());
    source == Ok(CountryCodeSource::FromNumberWithIdd)
        && !international_prefix(region).is_some_and(|prefix| number.starts_with(&prefix))
}

/// The digits dialled from a region before a country code, where there is one way to dial.
fn international_prefix(region: Region) -> Option<String> {
    let country_code = if PHONE_NUMBER_UTIL.get_country_code_for_region(region) == Some(65) { 60 } else { 65 };
    let abroad = PhoneNumber { country_code, national_number: 31_234_567, ..PhoneNumber::default() };
    let dialled = PHONE_NUMBER_UTIL.format_out_of_country_calling_number(&abroad, region);
    let digits: String = dialled.chars().filter(char::is_ascii_digit).collect();
    let prefix = digits.strip_suffix("31234567")?.strip_suffix(country_code.to_string().as_str())?;
    if prefix.is_empty() { None } else { Some(prefix.to_owned()) }
}

/// The library's reading, if it has one.
fn read(number: &str, region: Option<Region>) -> Option<PhoneNumber> {
    PHONE_NUMBER_UTIL.parse(number, region).ok()
}

/// The distinct ways to read one input: those that are valid, and those that are merely possible.
#[derive(Default)]
struct Readings {
    valid: Distinct,
    possible: Distinct,
}

/// How many different texts there were.
#[derive(Default)]
enum Distinct {
    #[default]
    None,
    One(String),
    Several,
}

impl Distinct {
    fn add(&mut self, text: String) {
        match self {
            Self::None => *self = Self::One(text),
            Self::One(known) if *known != text => *self = Self::Several,
            Self::One(_) | Self::Several => {}
        }
    }
}

impl Readings {
    fn with(mut self, number: Option<PhoneNumber>) -> Self {
        let Some(number) = number else { return self };
        let text = e164(&number);
        let list = if PHONE_NUMBER_UTIL.is_valid_number(&number) {
            &mut self.valid
        } else if PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) == Ok(NumberLengthType::IsPossible) {
            &mut self.possible
        } else {
            return self;
        };
        list.add(text);
        self
    }

    /// The one valid reading; where there is none and the options admit it, the one possible reading.
    fn decide(self, options: &ParseOptions) -> Result<String> {
        let readings = match self.valid {
            Distinct::None if options.allow_unassigned => self.possible,
            valid => valid,
        };
        match readings {
            Distinct::One(only) => Ok(only),
            Distinct::None => Err(ErrorKind::NotValid.into()),
            Distinct::Several => Err(Error::new(
                ErrorKind::InvalidSyntax,
                "the number can be read in two ways: write + and the country code",
            )),
        }
    }
}

/// The number once it parses to itself: a trunk prefix may stand behind another.
fn settled(canonical: String, options: &ParseOptions) -> Result<String> {
    let mut canonical = canonical;
    for _ in 0..3 {
        if phone_plan::is_assigned(&canonical) {
            return Ok(canonical);
        }
        let again = read(&canonical, None);
        if again.as_ref().is_some_and(|number| e164(number) == canonical) {
            return Ok(canonical);
        }
        canonical = Readings::default().with(again).decide(options)?;
    }
    Err(ErrorKind::NotValid.into())
}

/// `+`, country code and national number. The library's own formatting takes a tenth of all the time.
fn e164(number: &PhoneNumber) -> String {
    let mut text = String::with_capacity(MAX_DIGITS);
    text.push('+');
    push_decimal(&mut text, number.country_code.unsigned_abs().into());
    if number.italian_leading_zero() {
        text.push_str(&number.get_national_significant_number());
    } else {
        push_decimal(&mut text, number.national_number);
    }
    text
}

fn push_decimal(text: &mut String, mut number: u64) {
    let (mut digits, mut count) = ([0; 20], 0);
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        count += 1;
        if number == 0 {
            break;
        }
    }
    text.extend(digits.iter().skip(digits.len() - count).map(|&digit| char::from(digit)));
}

#[cfg(test)]
mod tests;
