//! The labels of a host name, found once: where its dots are is all that its parents and its public suffix need.
//!
//! ```text
//! b in [lo, hi]   <=>   bit 7 of (b + 0x80 - lo) & !(b + 0x7f - hi)          for b below 0x80, eight bytes of a word at once
//! ```
//!
//! Names of up to 64 bytes have their dots in one word; longer ones are scanned, and tests compare the two ways.

use psl::{List, Psl};

/// The longest name whose dots fit a word.
const WORD: usize = 64;

/// A host name, not ending in a dot, and where its dots are.
#[derive(Clone, Copy)]
pub(super) struct Name<'a> {
    text: &'a str,
    /// Bit i stands for byte i; `None` for a long name.
    dots: Option<u64>,
}

/// What a glance at a name tells.
pub(super) enum Glance<'a> {
    /// It is canonical.
    Canonical(Name<'a>),
    /// It is not, or has a single label.
    Other,
    /// One must look closely.
    Open,
}

impl<'a> Name<'a> {
    /// The dots of any name.
    pub(super) fn new(text: &'a str) -> Self {
        let dots = if text.len() <= WORD { Some(marks(text.as_bytes()).dots) } else { None };
        Self { text, dots }
    }

    /// What a glance tells of a name: canonical are two or more labels of `a-z 0-9 - _`, neither A-label nor a number at the end.
    pub(super) fn at_a_glance(text: &'a str) -> Glance<'a> {
        let bytes = text.as_bytes();
        if bytes.len() > WORD {
            return Glance::Open;
        }
        let Marks { dots, hyphens, others } = marks(bytes);
        // A name of one label; or an empty label, at either end or inside.
        let last = 1_u64.checked_shl((bytes.len() as u32).wrapping_sub(1)).unwrap_or(0);
        let empty = dots & (dots >> 1 | last | 1);
        if others || dots == 0 || empty != 0 {
            return Glance::Other;
        }
        // An A-label has two hyphens side by side, and a number a digit first.
        let top = bytes.get(WORD - dots.leading_zeros() as usize);
        if hyphens & hyphens >> 1 != 0 || top.is_none_or(u8::is_ascii_digit) {
            return Glance::Open;
        }
        Glance::Canonical(Self { text, dots: Some(dots) })
    }

    /// How many labels there are.
    fn count(&self) -> usize {
        let dots = match self.dots {
            Some(dots) => dots.count_ones() as usize,
            None => self.text.bytes().filter(|&byte| byte == b'.').count(),
        };
        dots + 1
    }

    /// Whether an explicit rule of the Public Suffix List, ICANN or private section, names this host itself.
    pub(super) fn is_public_suffix(&self) -> bool {
        let suffix = List.find(self.labels());
        suffix.typ.is_some() && suffix.len == self.text.len()
    }

    /// The registrable domain: one label more than the public suffix, or the last two labels where no rule is known.
    ///
    /// `None` for a public suffix itself and for a single label.
    pub(super) fn registrable(&self) -> Option<&'a str> {
        let suffix = List.find(self.labels()).len;
        if suffix == 0 {
            return None;
        }
        // The dot before the suffix, and a label before that.
        let end = self.text.len().checked_sub(suffix + 1).filter(|&end| end > 0)?;
        self.text.get(self.label_start(end)..)
    }

    /// The registrable domain of a host that has it among its parents; `None` for the others, of which most need no look into the
    /// list.
    pub(super) fn topmost_parent(&self) -> Option<&'a str> {
        if self.count() > 2 { self.registrable() } else { None }
    }

    /// Calls `each` with the host and its parents, from the longest down to `last`, its registrable domain; with the host alone
    /// if there is none.
    pub(super) fn for_each_parent(&self, last: Option<&str>, each: &mut (impl FnMut(&'a str) + ?Sized)) {
        each(self.text);
        let Some(last) = last else { return };
        let last = self.text.len().saturating_sub(last.len());
        let mut dots = self.dots.unwrap_or(0);
        let mut start = 0;
        while start < last {
            let dot = match self.dots {
                Some(_) if dots == 0 => return,
                Some(_) => dots.trailing_zeros() as usize,
                None => match self.text.as_bytes().iter().skip(start).position(|&byte| byte == b'.') {
                    Some(place) => start + place,
                    None => return,
                },
            };
            dots &= dots.wrapping_sub(1);
            start = dot + 1;
            each(self.text.get(start..).unwrap_or_default());
        }
    }

    /// The labels, the last one first.
    fn labels(&self) -> Labels<'a> {
        Labels { name: *self, end: Some(self.text.len()) }
    }

    /// Where the label that ends before `end` begins.
    fn label_start(&self, end: usize) -> usize {
        match self.dots {
            Some(dots) => {
                let before = dots & 1_u64.checked_shl(end as u32).unwrap_or(0).wrapping_sub(1);
                WORD - before.leading_zeros() as usize
            }
            None => {
                let before = self.text.as_bytes().get(..end).unwrap_or_default();
                before.iter().rposition(|&byte| byte == b'.').map_or(0, |dot| dot + 1)
            }
        }
    }
}

/// From the last label to the first.
struct Labels<'a> {
    name: Name<'a>,
    end: Option<usize>,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.end?;
        let start = self.name.label_start(end);
        self.end = start.checked_sub(1);
        self.name.text.as_bytes().get(start..end)
    }
}

/// What the bytes of a text are.
struct Marks {
    dots: u64,
    hyphens: u64,
    /// Whether any byte is none of `a-z 0-9 - _ .`
    others: bool,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The marks of up to 64 bytes.
fn marks(bytes: &[u8]) -> Marks {
    let mut marks = Marks { dots: 0, hyphens: 0, others: false };
    let mut all_fine = HIGH;
    let mut at = 0;
    let mut add = |chunk: &[u8; 8], at: usize| {
        let word = u64::from_le_bytes(*chunk);
        // Bytes from 0x80 would carry: they are seen for themselves, and kept out of the sums.
        let low = word & !HIGH;
        let at_least = |least: u8| low.wrapping_add(ONES * u64::from(0x80 - least));
        let is_not = |byte: u8| (low ^ (ONES * u64::from(byte))).wrapping_add(!HIGH);
        let (not_dot, not_hyphen) = (is_not(b'.'), is_not(b'-'));
        let letter = at_least(b'a') & !at_least(b'z' + 1);
        let hyphen_to_nine = at_least(b'-') & !at_least(b'9' + 1) & is_not(b'/');
        all_fine &= (letter | hyphen_to_nine | !is_not(b'_')) & !word;
        marks.dots |= gather(!(not_dot | word)) << at;
        marks.hyphens |= gather(!(not_hyphen | word)) << at;
    };
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks.iter().take(WORD / 8) {
        add(chunk, at);
        at += 8;
    }
    if !rest.is_empty() && at < WORD {
        match bytes.last_chunk::<8>() {
            // Again the last bytes of the chunk before, where they are what they were.
            Some(chunk) => add(chunk, bytes.len() - 8),
            None => {
                let mut chunk = [b'a'; 8];
                chunk.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                add(&chunk, 0);
            }
        }
    }
    marks.others = all_fine != HIGH;
    marks
}

/// The high bits of eight bytes, side by side.
fn gather(word: u64) -> u64 {
    ((word & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name whose dots are scanned for.
    fn plain(text: &str) -> Name<'_> {
        Name { text, dots: None }
    }

    fn parents<'a>(name: &Name<'a>) -> Vec<&'a str> {
        let mut all = Vec::new();
        name.for_each_parent(name.topmost_parent(), &mut |parent| all.push(parent));
        all
    }

    #[test]
    fn every_byte_at_every_place_is_seen_for_what_it_is() {
        for length in 1..=WORD {
            for place in 0..length {
                for byte in 0..=255_u8 {
                    let mut bytes = vec![b'a'; length];
                    bytes[place] = byte;
                    let Marks { dots, hyphens, others } = marks(&bytes);
                    let bit = 1_u64 << place;
                    assert_eq!(dots, if byte == b'.' { bit } else { 0 }, "{byte} at {place} of {length}");
                    assert_eq!(hyphens, if byte == b'-' { bit } else { 0 }, "{byte} at {place} of {length}");
                    let fine = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
                    assert_eq!(others, !fine, "{byte} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn twin_labels_from_a_word_and_from_a_scan() {
        const PIECES: [&str; 22] = [
            ".",
            ".",
            ".",
            "a",
            "example",
            "com",
            "co.uk",
            "uk",
            "sg",
            "com.sg",
            "github.io",
            "io",
            "ck",
            "www.ck",
            "kawasaki.jp",
            "city.kawasaki.jp",
            "é",
            "-",
            "..",
            "0",
            "blogspot.com",
            "a-label-that-is-rather-long",
        ];
        let mut state = 11_u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        };
        let (mut short, mut known) = (0, 0);
        for _ in 0..crate::twins::inputs(100_000) {
            let mut text = String::new();
            for _ in 0..=below(9) {
                text.push_str(PIECES[below(PIECES.len())]);
            }
            if text.ends_with('.') {
                continue;
            }
            let (name, scanned) = (Name::new(&text), plain(&text));
            short += u32::from(name.dots.is_some());
            assert_eq!(name.count(), scanned.count(), "{text}");
            assert_eq!(name.labels().collect::<Vec<_>>(), scanned.labels().collect::<Vec<_>>(), "{text}");
            assert_eq!(
                scanned.labels().collect::<Vec<_>>(),
                text.as_bytes().rsplit(|&byte| byte == b'.').collect::<Vec<_>>()
            );
            // A label and its dot more than the suffix that the list finds.
            let suffix = List.find(scanned.labels()).len;
            let above = text.len().checked_sub(suffix + 1).filter(|&end| end > 0).map(|end| &text[..end]);
            let label = above.map(|above| above.rsplit('.').next().unwrap().len());
            let expected = label.map(|label| &text[text.len() - suffix - 1 - label..]);
            assert_eq!((name.registrable(), scanned.registrable()), (expected, expected), "{text}");
            assert_eq!(name.is_public_suffix(), scanned.is_public_suffix(), "{text}");
            known += u32::from(name.is_public_suffix());
            let found = parents(&name);
            assert_eq!(found, parents(&scanned), "{text}");
            assert_eq!(found.last().copied(), name.topmost_parent().or(Some(&text)), "{text}");
        }
        assert!(short > 30_000 && known > 300, "{short} {known}");
    }
}
