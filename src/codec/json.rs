//! The strict JSON of signed texts (`docs/format.md` §5.2): what two readers cannot read differently.
//!
//! One object, UTF-8, at most 1 MiB, depth 8, 4,096 values, no name twice at any depth, no floats, integers 0..2^53 − 1,
//! no control or bidirectional characters in strings. `serde_json` does the parsing; this file only forbids.

use std::cell::Cell;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};

pub(crate) const MAX_LENGTH: usize = 1 << 20;
const MAX_DEPTH: usize = 8;
/// Bounds the memory that 1 MiB of text can take: an object with one name takes hundreds of bytes.
const MAX_VALUES: usize = 4_096;
pub(crate) const MAX_INTEGER: u64 = (1 << 53) - 1;

const FLOAT: &str = "only integers from 0 to 2^53 - 1";
const DEPTH: &str = "nested deeper than 8";
const NULL: &str = "null has no meaning in signed JSON";
const TWICE: &str = "a name stands twice";
const MANY: &str = "more than 4,096 values";
const CONTROL: &str = "a control or bidirectional character in a string";

/// Parses one strict object into `T`, whose own `deny_unknown_fields` refuses unknown names.
///
/// What `T` writes must be what was read: derived readers also take an array where an object belongs.
pub(crate) fn parse<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T> {
    if bytes.len() > MAX_LENGTH {
        return Err(Error::new(ErrorKind::LimitExceeded, "signed JSON longer than 1 MiB").at(MAX_LENGTH as u64));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorKind::BadManifest, "signed JSON is not UTF-8").at(error.valid_up_to() as u64)
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let left = Cell::new(MAX_VALUES);
    let value =
        Strict { depth: 0, left: &left }.deserialize(&mut deserializer).map_err(|error| refused(text, &error))?;
    deserializer.end().map_err(|error| refused(text, &error))?;
    if !value.is_object() {
        return Err(Error::new(ErrorKind::BadManifest, "signed JSON must be one object").at(0));
    }
    // Positions are lost in the second step, names are not secret: but the error's own text may hold values.
    let wrong = || Error::new(ErrorKind::BadManifest, "a name is missing, unknown or of the wrong type");
    let parsed = T::deserialize(&value).map_err(|_| wrong())?;
    let written = serde_json::to_value(&parsed).map_err(|_| wrong())?;
    if says(&value, &written) { Ok(parsed) } else { Err(wrong()) }
}

/// Whether `read` says all that `written` says, in the same form. It may hold names whose value is the default one.
fn says(read: &Value, written: &Value) -> bool {
    match (read, written) {
        (Value::Object(read), Value::Object(written)) => {
            written.iter().all(|(name, value)| read.get(name).is_some_and(|read| says(read, value)))
        }
        (Value::Array(read), Value::Array(written)) => {
            read.len() == written.len() && read.iter().zip(written).all(|(read, written)| says(read, written))
        }
        (read, written) => read == written,
    }
}

/// A value as one line of JSON, with the line's end.
pub(crate) fn line(value: &impl Serialize) -> String {
    // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

/// Whether a string may stand in signed JSON and on a terminal.
pub(crate) fn is_plain_text(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
    })
}

fn refused(text: &str, error: &serde_json::Error) -> Error {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let position = (before + error.column().saturating_sub(1)).min(text.len()) as u64;
    let shown = error.to_string();
    let (kind, message) = [
        (TWICE, ErrorKind::DuplicateName),
        (FLOAT, ErrorKind::BadManifest),
        (DEPTH, ErrorKind::BadManifest),
        (NULL, ErrorKind::BadManifest),
        (CONTROL, ErrorKind::BadManifest),
        (MANY, ErrorKind::LimitExceeded),
    ]
    .into_iter()
    .find(|(message, _)| shown.starts_with(message))
    .map_or((ErrorKind::BadManifest, "signed JSON does not parse"), |(message, kind)| (kind, message));
    Error::new(kind, message).at(position)
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    /// How many values may still come.
    left: &'a Cell<usize>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> std::result::Result<Self, E> {
        if self.depth == MAX_DEPTH { Err(E::custom(DEPTH)) } else { Ok(Self { depth: self.depth + 1, ..self }) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| serde::de::Error::custom(MANY))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("strict JSON")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<Value, E> {
        if value > MAX_INTEGER { Err(E::custom(FLOAT)) } else { Ok(Value::from(value)) }
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> std::result::Result<Value, E> {
        Err(E::custom(FLOAT))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> std::result::Result<Value, E> {
        Err(E::custom(FLOAT))
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<Value, E> {
        Err(E::custom(NULL))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Value, E> {
        if is_plain_text(text) { Ok(Value::String(text.to_owned())) } else { Err(E::custom(CONTROL)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if !is_plain_text(&name) {
                return Err(serde::de::Error::custom(CONTROL));
            }
            let value = entries.next_value_seed(deeper)?;
            if object.insert(name, value).is_some() {
                return Err(serde::de::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> std::result::Result<Value, ErrorKind> {
        parse::<Value>(text.as_bytes()).map_err(|error| error.kind())
    }

    #[test]
    fn admits_plain_objects() {
        assert!(verdict(r#"{"a":[1,true,"x"],"b":{"c":9007199254740991}}"#).is_ok());
    }

    #[test]
    fn refuses_what_two_readers_may_read_differently() {
        for (text, kind) in [
            (r#"{"a":1,"a":2}"#, ErrorKind::DuplicateName),
            (r#"{"a":{"b":1,"b":1}}"#, ErrorKind::DuplicateName),
            (r#"{"a":1.0}"#, ErrorKind::BadManifest),
            (r#"{"a":1e3}"#, ErrorKind::BadManifest),
            (r#"{"a":-1}"#, ErrorKind::BadManifest),
            (r#"{"a":null}"#, ErrorKind::BadManifest),
            (r#"{"a":9007199254740992}"#, ErrorKind::BadManifest),
            (r#"{"a":99999999999999999999999}"#, ErrorKind::BadManifest),
            (r#"{"a":"\u0007"}"#, ErrorKind::BadManifest),
            (r#"{"a":"\u202e"}"#, ErrorKind::BadManifest),
            (r#"{"a":[[[[[[[[1]]]]]]]]}"#, ErrorKind::BadManifest),
            ("[1]", ErrorKind::BadManifest),
            ("{} {}", ErrorKind::BadManifest),
            ("", ErrorKind::BadManifest),
        ] {
            assert_eq!(verdict(text), Err(kind), "{text}");
        }
        assert_eq!(parse::<Value>(b"{\"a\":\"\xff\"}").unwrap_err().kind(), ErrorKind::BadManifest);
        assert_eq!(parse::<Value>(&vec![b' '; MAX_LENGTH + 1]).unwrap_err().kind(), ErrorKind::LimitExceeded);
    }

    #[test]
    fn an_array_is_no_object() {
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            a: u8,
        }
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type", deny_unknown_fields)]
        enum Tagged {
            One {},
        }
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Outer {
            inner: Inner,
            tagged: Tagged,
        }
        let read = |text: &str| parse::<Outer>(text.as_bytes());
        assert!(read(r#"{"inner":{"a":1},"tagged":{"type":"One"}}"#).is_ok());
        for text in [
            r#"{"inner":[1],"tagged":{"type":"One"}}"#,
            r#"{"inner":{"a":1},"tagged":["One"]}"#,
            r#"{"inner":{"a":1},"tagged":{"type":"One","b":1}}"#,
            r#"{"inner":{"a":1},"tagged":"One"}"#,
        ] {
            assert_eq!(read(text).unwrap_err().kind(), ErrorKind::BadManifest, "{text}");
        }
    }

    #[test]
    fn an_error_says_at_which_byte_it_was_found() {
        for (text, position) in
            [(r#"{"a":x}"#, 5), ("{\n\n  \"a\": x}", 10), ("{\"é\":\n x}", 8), (r#"{"a":1"#, 5), ("", 0)]
        {
            assert_eq!(parse::<Value>(text.as_bytes()).unwrap_err().position(), Some(position), "{text:?}");
        }
    }

    #[test]
    fn values_are_counted() {
        let many = |count: usize| format!("{{\"a\":[{}]}}", vec!["0"; count].join(","));
        assert!(verdict(&many(MAX_VALUES - 2)).is_ok());
        assert_eq!(verdict(&many(MAX_VALUES - 1)), Err(ErrorKind::LimitExceeded));
        assert_eq!(verdict(&many(400_000)), Err(ErrorKind::LimitExceeded));
    }

    #[test]
    fn depth_eight_is_the_limit() {
        assert!(verdict(r#"{"a":[[[[[[[1]]]]]]]}"#).is_ok());
        assert!(verdict(r#"{"a":[[[[[[[[1]]]]]]]]}"#).is_err());
    }
}
