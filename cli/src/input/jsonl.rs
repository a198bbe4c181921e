//! JSON Lines: one object a line, with the names that CSV columns have.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};

use bisik::{Error, ErrorKind};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::fields::{self, CLAIM_FIELDS, Fields};
use super::lines::{Line, Lines};
use super::{Item, Place, Spec};

/// The rows of a JSON Lines file.
pub(super) struct Rows {
    lines: Lines,
    spec: Spec,
    row: u64,
    spare: Vec<u8>,
}

impl Rows {
    pub(super) fn new(source: Box<dyn Read>, spec: &Spec) -> Self {
        Self { lines: Lines::new(source), spec: spec.clone(), row: 0, spare: Vec::new() }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        loop {
            let Some((line, content)) = self.lines.next(std::mem::take(&mut self.spare))? else { return Ok(None) };
            let Line::Whole(bytes) = content else {
                self.row += 1;
                let place = Place { row: self.row, line };
                return Ok(Some(Item::refused(place, None, ErrorKind::TooLong.into())));
            };
            if bytes.trim_ascii().is_empty() {
                self.spare = bytes;
                continue;
            }
            self.row += 1;
            let place = Place { row: self.row, line };
            let item = match parse(&bytes, &self.spec) {
                Ok(fields) => fields::row(fields, place, &self.spec),
                Err(error) => Item::refused(place, None, error),
            };
            self.spare = bytes;
            return Ok(Some(item));
        }
    }

    pub(super) fn consumed(&self) -> u64 {
        self.lines.consumed()
    }
}

fn parse<'a>(bytes: &'a [u8], spec: &Spec) -> Result<Fields<'a>, Error> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::from(ErrorKind::InvalidUtf8).at(error.valid_up_to() as u64))?;
    let mut json = serde_json::Deserializer::from_str(text);
    // serde's messages quote the input, so they stop here; the position says enough.
    let fields = json.deserialize_map(Reading { spec }).and_then(|fields| json.end().map(|()| fields));
    fields.map_err(|error| {
        let column = u64::try_from(error.column()).unwrap_or(0);
        Error::new(ErrorKind::InvalidRow, "not a JSON object with text fields, each named once").at(column)
    })
}

struct Reading<'s> {
    spec: &'s Spec,
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
        let mut fields = Fields::default();
        let value_name = self.spec.column.as_deref().unwrap_or("value");
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            let is_id = self.spec.id.as_deref() == Some(&*name);
            let slot = if name == value_name {
                Some(&mut fields.value)
            } else {
                match &*name {
                    "kind" => Some(&mut fields.kind),
                    "country" => Some(&mut fields.country),
                    "bank" => Some(&mut fields.bank),
                    "region" => Some(&mut fields.region),
                    other => {
                        CLAIM_FIELDS.iter().position(|&field| field == other).and_then(|at| fields.claim.get_mut(at))
                    }
                }
            };
            match slot {
                Some(slot) => {
                    // Account numbers as JSON numbers have lost their zeros, so a value must be text.
                    let scalar: Scalar<'de> = map.next_value()?;
                    if slot.is_some() || (scalar.is_number && name == value_name) {
                        return Err(serde::de::Error::custom("twice, or not text"));
                    }
                    let text = scalar.text.filter(|text| !text.is_empty());
                    if is_id {
                        fields.id.clone_from(&text);
                    }
                    *slot = text;
                }
                None if is_id => {
                    let scalar: Scalar<'de> = map.next_value()?;
                    fields.id = scalar.text;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

/// A string, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A string, a whole number or null.
struct Scalar<'a> {
    text: Option<Cow<'a, str>>,
    is_number: bool,
}

impl<'de> serde::Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar { text: Some(Cow::Borrowed(text)), is_number: false })
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar { text: Some(Cow::Owned(text.to_owned())), is_number: false })
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar { text: Some(Cow::Owned(number.to_string())), is_number: true })
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar { text: Some(Cow::Owned(number.to_string())), is_number: true })
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar { text: None, is_number: false })
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}
