//! The exact set: sorted 16-byte tokens, and the index built over them on load.

use crate::error::{Error, ErrorKind, Result};
use crate::token::{TOKEN_LENGTH, Token};

/// How many tokens share a bucket of the index, on average.
const PER_BUCKET: usize = 4;

/// Where the tokens with a given beginning lie: `starts[p]` is the position of the first token whose leading bits are at
/// least `p`. Never read from a file. One `u32` for four tokens.
pub(crate) struct TokenIndex {
    starts: Vec<u32>,
    shift: u32,
}

/// The section's bytes as tokens.
pub(crate) fn tokens(section: &[u8]) -> &[Token] {
    section.as_chunks::<TOKEN_LENGTH>().0
}

impl TokenIndex {
    /// Checks that a section holds `count` strictly rising tokens, and builds the index. Positions in errors are token numbers.
    pub(crate) fn build(section: &[u8], count: u64) -> Result<Self> {
        let tokens = tokens(section);
        if !section.len().is_multiple_of(TOKEN_LENGTH) || tokens.len() as u64 != count {
            return Err(Error::new(ErrorKind::Malformed, "the token section does not hold the manifest's count"));
        }
        if tokens.len() > u32::MAX as usize {
            return Err(ErrorKind::TooManyEntries.into());
        }
        let buckets = (tokens.len() / PER_BUCKET).max(1).next_power_of_two();
        let shift = 64 - buckets.ilog2();
        let mut starts = Vec::with_capacity(buckets + 1);
        let mut before: Option<&Token> = None;
        for (position, token) in (0_u32..).zip(tokens) {
            if before.is_some_and(|before| before >= token) {
                return Err(Error::from(ErrorKind::NotSorted).at(u64::from(position)));
            }
            before = Some(token);
            let bucket = bucket(token, shift);
            while starts.len() <= bucket {
                starts.push(position);
            }
        }
        starts.resize(buckets + 1, tokens.len() as u32);
        Ok(Self { starts, shift })
    }

    /// The position of `token` among `tokens`, which are the ones the index was built from.
    pub(crate) fn find(&self, tokens: &[Token], token: &Token) -> Option<usize> {
        let bucket = bucket(token, self.shift);
        let start = *self.starts.get(bucket)? as usize;
        let end = *self.starts.get(bucket + 1)? as usize;
        let found = tokens.get(start..end)?.binary_search(token).ok()?;
        Some(start + found)
    }
}

/// The leading bits of a token.
fn bucket(token: &Token, shift: u32) -> usize {
    let [a, b, c, d, e, f, g, h, ..] = *token;
    u64::from_be_bytes([a, b, c, d, e, f, g, h]).checked_shr(shift).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(count: usize) -> Vec<Token> {
        let mut tokens: Vec<Token> =
            (0..count).map(|n| crate::token::token(blake3::hash(&n.to_le_bytes()).as_bytes())).collect();
        tokens.sort_unstable();
        tokens
    }

    #[test]
    fn finds_each_token_and_no_other() {
        for count in [0, 1, 2, 3, 5, 100, 4_099] {
            let all = sample(count + 1_000);
            let (listed, absent): (Vec<_>, Vec<_>) =
                all.iter().enumerate().partition(|(n, _)| n * count / all.len() != (n + 1) * count / all.len());
            let listed: Vec<Token> = listed.into_iter().map(|(_, token)| *token).collect();
            assert_eq!(listed.len(), count);
            let index = TokenIndex::build(listed.as_flattened(), count as u64).unwrap();
            for (position, token) in listed.iter().enumerate() {
                assert_eq!(index.find(&listed, token), Some(position));
            }
            for (_, token) in absent {
                assert_eq!(index.find(&listed, token), None);
            }
        }
    }

    #[test]
    fn tokens_at_both_ends_of_the_space_are_found() {
        let listed: Vec<Token> = vec![[0; 16], [0x7f; 16], [0xff; 16]];
        let index = TokenIndex::build(listed.as_flattened(), 3).unwrap();
        assert_eq!(index.find(&listed, &[0; 16]), Some(0));
        assert_eq!(index.find(&listed, &[0xff; 16]), Some(2));
        assert_eq!(index.find(&listed, &[0xfe; 16]), None);
    }

    #[test]
    fn disorder_and_wrong_counts_are_refused() {
        let mut listed = sample(10);
        assert!(TokenIndex::build(listed.as_flattened(), 9).is_err());
        assert!(TokenIndex::build(&listed.as_flattened()[..150], 10).is_err());
        listed[4] = listed[3];
        let error = TokenIndex::build(listed.as_flattened(), 10).err().unwrap();
        assert_eq!((error.kind(), error.position()), (ErrorKind::NotSorted, Some(4)));
    }
}
