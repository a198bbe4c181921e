//! Rates, durations, sizes and times as people write and read them.

use bisik::{Error, ErrorKind, KeyId, Timestamp};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// One in units of 10^-15.
const ONE: u64 = 1_000_000_000_000_000;

/// A rate such as `1e-9` or `0.000001` in units of 10^-15, exactly.
pub(crate) fn parse_rate(text: &str) -> Result<u64, String> {
    let bad = || "not a rate; write one such as 1e-9 or 0.000001".to_owned();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| bad())?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let fraction_length = i32::try_from(fraction.len()).map_err(|_| bad())?;
    let mut value: u128 = digits.parse().map_err(|_| bad())?;
    let mut power = exponent.checked_sub(fraction_length).and_then(|p| p.checked_add(15)).ok_or_else(bad)?;
    while power < 0 && value != 0 {
        if !value.is_multiple_of(10) {
            return Err("finer than 1e-15, the unit of rates".to_owned());
        }
        value /= 10;
        power += 1;
    }
    while power > 0 && value < u128::from(ONE) && value != 0 {
        value *= 10;
        power -= 1;
    }
    match u64::try_from(value) {
        Ok(0) => Err("a rate of zero: publish exact tokens instead".to_owned()),
        Ok(rate) if rate < ONE => Ok(rate),
        _ => Err("a rate must be below 1".to_owned()),
    }
}

/// A rate in units of 10^-15 as `3.7e-9`, exactly.
pub(crate) fn show_rate(rate: u64) -> String {
    if rate == 0 {
        return "0".to_owned();
    }
    let digits = rate.to_string();
    // One digit stands before the point, so its place is what the exponent says.
    let exponent = digits.len() as i64 - 16;
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}e{exponent}")
}

/// A duration such as `7d`, `36h`, `90m` or `30s`, in seconds.
pub(crate) fn parse_duration(text: &str) -> Result<u64, String> {
    let bad = || "not a duration; write one such as 7d, 36h, 90m or 30s".to_owned();
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(bad()),
    };
    let number = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let seconds = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(bad)?;
    if seconds == 0 { Err("a duration of zero".to_owned()) } else { Ok(seconds) }
}

/// A size such as `500k`, `64M` or `4G`, in bytes; powers of ten.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let bad = || "not a size; write one such as 500k, 64M or 4G".to_owned();
    let (number, unit) = match text.chars().last() {
        Some('k') => (text.strip_suffix('k'), 1_000),
        Some('M') => (text.strip_suffix('M'), 1_000_000),
        Some('G') => (text.strip_suffix('G'), 1_000_000_000),
        _ => (Some(text), 1),
    };
    let number = number.filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())).ok_or_else(bad)?;
    let bytes = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(bad)?;
    if bytes == 0 { Err("a size of zero".to_owned()) } else { Ok(bytes) }
}

/// A time: ISO 8601 (a date, or a date and time; UTC unless it says otherwise) or seconds since 1970.
///
/// Eight digits are a date (`20261231`), any other run of digits is seconds.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, Error> {
    let bad =
        Error::new(ErrorKind::InvalidClaim, "not a time: write 2026-12-31, 2026-12-31T23:59:00Z or seconds since 1970");
    let text = text.trim();
    let seconds = if text.len() != 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        let seconds = text.parse::<i64>().ok();
        seconds.filter(|&s| jiff::Timestamp::from_second(s).is_ok())
    } else if let Ok(time) = text.parse::<jiff::Timestamp>() {
        Some(time.as_second())
    } else if let Ok(time) = text.parse::<DateTime>() {
        utc(time)
    } else if let Ok(date) = text.parse::<Date>() {
        utc(date.to_datetime(jiff::civil::Time::midnight()))
    } else {
        None
    };
    let Some(seconds) = seconds.and_then(|s| u64::try_from(s).ok()) else { return Err(bad) };
    Timestamp::from_seconds(seconds).map_err(|_| bad)
}

fn utc(time: DateTime) -> Option<i64> {
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
}

/// A time as ISO 8601 in UTC; as seconds where the calendar ends before it.
pub(crate) fn show_time(time: Timestamp) -> String {
    let seconds = time.seconds();
    i64::try_from(seconds)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map_or_else(|| seconds.to_string(), |t| t.to_string())
}

/// A count with commas between thousands.
pub(crate) fn show_count(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1 entry`, `2 entries`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", show_count(count), if count == 1 { one } else { many })
}

/// A number of bytes.
pub(crate) fn show_bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A large number of candidates: plainly up to a million, then as a power of ten.
pub(crate) fn show_candidates(candidates: f64) -> String {
    if candidates < 1e6 { show_count(candidates.max(0.0) as u64) } else { format!("{candidates:.2e}") }
}

/// A span of seconds in the largest unit that fits.
pub(crate) fn show_seconds(seconds: f64) -> String {
    const YEAR: f64 = 31_557_600.0;
    match seconds {
        s if s.is_nan() => "unknown".to_owned(),
        s if s < 1e-3 => "under 1 ms".to_owned(),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7_200.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} hours", s / 3_600.0),
        s if s < 2.0 * YEAR => format!("{:.1} days", s / 86_400.0),
        s if s < 1e6 * YEAR => format!("{} years", show_count((s / YEAR) as u64)),
        s => format!("{:.0e} years", s / YEAR),
    }
}

/// A key or publisher id: 64 hexadecimal digits.
pub(crate) fn parse_key_id(text: &str) -> Result<KeyId, Error> {
    let wrong = || Error::new(ErrorKind::InvalidArgument, "an id is 64 digits of 0-9 and a-f");
    parse_hex(text.trim()).map(KeyId::from_bytes).ok_or_else(wrong)
}

/// Bytes from lower-case hexadecimal of exactly their length.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())?;
    }
    Some(bytes)
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn show_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_without_floating_point() {
        assert_eq!(parse_rate("1e-9"), Ok(1_000_000));
        assert_eq!(parse_rate("0.000001"), Ok(1_000_000_000));
        assert_eq!(parse_rate("2.5E-3"), Ok(2_500_000_000_000));
        assert_eq!(parse_rate("1e-15"), Ok(1));
        assert_eq!(parse_rate("0.30"), Ok(300_000_000_000_000));
        assert_eq!(parse_rate("10e-2"), Ok(100_000_000_000_000));
        for bad in [
            "",
            "0",
            "0e5",
            "1",
            "1.0",
            "2",
            "1e-16",
            "1e-99999999999",
            "-1e-9",
            "1e",
            "e-9",
            "1e9",
            "nan",
            "1e2147483647",
            "0.1e-2147483648",
        ] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_shown_rate_reads_back() {
        for rate in [1, 1_000_000, 3_725_290, 999_999_999_999_999, 300_000_000_000_000] {
            assert_eq!(parse_rate(&show_rate(rate)), Ok(rate), "{}", show_rate(rate));
        }
        assert_eq!(show_rate(1_000_000), "1e-9");
        assert_eq!(show_rate(3_725_290), "3.72529e-9");
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("7d"), Ok(604_800));
        assert_eq!(parse_duration("90m"), Ok(5_400));
        for bad in ["", "7", "d", "0d", "-1d", "1w", "99999999999999999999d", "1.5h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_iso_or_seconds() {
        let day = parse_time("2026-12-31").unwrap();
        assert_eq!(show_time(day), "2026-12-31T00:00:00Z");
        assert_eq!(parse_time("20261231").unwrap(), day);
        assert_eq!(parse_time("2026-12-31T08:00:00+08:00").unwrap(), day);
        assert_eq!(parse_time("2026-12-31 00:00:00").unwrap(), day);
        assert_eq!(parse_time(&day.seconds().to_string()).unwrap(), day);
        for bad in ["", "yesterday", "31/12/2026", "2026-13-01", "1969-12-31", "1700000000000000", "-1"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(show_count(0), "0");
        assert_eq!(show_count(999), "999");
        assert_eq!(show_count(190_215), "190,215");
        assert_eq!(show_count(1_000_000), "1,000,000");
    }
}
