//! The named fields of a data record, however it was written, and the row they make.

use std::borrow::Cow;

use bisik::{Claim, Error, ErrorKind, Kind, ParseOptions, Timestamp};

use super::{Item, Place, Row, Spec};
use crate::units::parse_time;

/// The longest value that is carried; the core refuses longer ones unread.
pub(super) const MAX_VALUE: usize = 8_192;

/// The names of the claim's fields, as columns of input and output.
pub(super) const CLAIM_FIELDS: [&str; 7] =
    ["category", "confidence", "first_seen", "last_seen", "expires", "reference", "note"];

/// How much of a claim is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Claims {
    /// Nothing: the row is looked up.
    #[default]
    None,
    /// Only whether the entry has expired: the feed carries no records.
    Expiry(Timestamp),
    /// All of it.
    All(Timestamp),
}

/// The fields that a record may have; all text, none empty.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) kind: Option<Cow<'a, str>>,
    pub(super) value: Option<Cow<'a, str>>,
    pub(super) country: Option<Cow<'a, str>>,
    pub(super) bank: Option<Cow<'a, str>>,
    pub(super) region: Option<Cow<'a, str>>,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) claim: [Option<Cow<'a, str>>; CLAIM_FIELDS.len()],
}

/// Makes a row of fields, or refuses it.
pub(super) fn row(fields: Fields<'_>, place: Place, spec: &Spec) -> Item {
    let mut kind = None;
    match try_row(fields, place, spec, &mut kind) {
        Ok(row) => Item::Row(Box::new(row)),
        Err(error) => Item::refused(place, kind, error),
    }
}

fn try_row(fields: Fields<'_>, place: Place, spec: &Spec, known: &mut Option<Kind>) -> Result<Row, Error> {
    let kind = kind_of(fields.kind.as_deref(), spec)?;
    *known = Some(kind);
    let value = fields.value.ok_or(Error::from(ErrorKind::Empty))?;
    if value.len() > MAX_VALUE {
        return Err(Error::from(ErrorKind::TooLong).at(MAX_VALUE as u64));
    }
    let claim = claim_of(&fields.claim, spec.claims)?;
    let options = options_of(fields.region.as_deref(), fields.country.as_deref(), fields.bank.as_deref(), spec);
    let id = fields.id.map(Cow::into_owned);
    Ok(Row { place, kind, value: value.into_owned(), options, id, claim, cells: None })
}

/// `--column` with `--kind` says what the column holds; otherwise the row's own kind comes first.
fn kind_of(field: Option<&str>, spec: &Spec) -> Result<Kind, Error> {
    match (field, spec.kind) {
        (_, Some(kind)) if spec.column.is_some() => Ok(kind),
        (Some(name), _) => name.trim().to_ascii_lowercase().parse(),
        (None, Some(kind)) => Ok(kind),
        (None, None) => Err(Error::new(ErrorKind::UnknownKind, "the row names no kind")),
    }
}

fn options_of(
    region: Option<&str>,
    country: Option<&str>,
    bank: Option<&str>,
    spec: &Spec,
) -> Option<Box<ParseOptions>> {
    if region.is_none() && country.is_none() && bank.is_none() {
        return None;
    }
    let mut options = spec.options.clone();
    if let Some(region) = region {
        options.region = Some(region.trim().to_ascii_uppercase());
    }
    if country.is_some() || bank.is_some() {
        options.country = country.map(|country| country.trim().to_ascii_uppercase());
    }
    if let Some(bank) = bank {
        options.bank = Some(bank_code(bank));
    }
    Some(Box::new(options))
}

/// The first 8 characters of a BIC, which are the bank's; a longer code names a branch too.
pub(crate) fn bank_code(bic: &str) -> String {
    let bic = bic.trim().to_ascii_uppercase();
    match (bic.len(), bic.get(..8)) {
        (11, Some(bank)) => bank.to_owned(),
        _ => bic,
    }
}

fn claim_of(fields: &[Option<Cow<'_, str>>; CLAIM_FIELDS.len()], claims: Claims) -> Result<Claim, Error> {
    let [category, confidence, first_seen, last_seen, expires, reference, note] = fields;
    let (now, all) = match claims {
        Claims::None => return Ok(Claim::default()),
        Claims::Expiry(now) => (now, false),
        Claims::All(now) => (now, true),
    };
    let time = |field: &Option<Cow<'_, str>>| field.as_deref().map(parse_time).transpose();
    let expires = time(expires)?;
    if expires.is_some_and(|at| at <= now) {
        return Err(Error::new(ErrorKind::InvalidClaim, "the entry has already expired"));
    }
    if !all {
        return Ok(Claim::default());
    }
    let text = |field: &Option<Cow<'_, str>>| field.as_deref().map(|text| text.trim().to_owned());
    let confidence = match confidence.as_deref().map(str::trim) {
        None => None,
        Some(digits) => match digits.parse::<u8>() {
            Ok(percent) if percent <= 100 && digits.bytes().all(|b| b.is_ascii_digit()) => Some(percent),
            _ => return Err(Error::new(ErrorKind::InvalidClaim, "confidence is a whole number from 0 to 100")),
        },
    };
    Ok(Claim {
        category: text(category),
        confidence,
        first_seen: time(first_seen)?,
        last_seen: time(last_seen)?,
        expires,
        reference: text(reference),
        note: text(note),
    })
}
