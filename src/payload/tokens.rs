//! The exact set: sorted 16-byte tokens, and what is built over them on load. Neither is ever read from a file.
//!
//! ```text
//! bucket(token) = its leading bits                  2 to 4 tokens share one on average
//! starts[b]     = position of the first token whose bucket is at least b                   u32
//! signs[b]      = OR over the tokens of b of 1 << t[8] | 1 << t[9] | 1 << t[10] | 1 << t[11], each modulo 64      u64
//! ```
//!
//! A token whose bits are not all in its bucket's sign is not listed: most look-ups end after this one word.

use crate::crypto::mac::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::simd::ahead;
use crate::token::{self, TOKEN_LENGTH, Token};

/// How many tokens share a bucket at most, on average.
const PER_BUCKET: usize = 4;

/// Where tokens lie, and which are surely absent. At most 6 bytes for a token.
pub(crate) struct TokenIndex {
    starts: Vec<u32>,
    signs: Vec<u64>,
    shift: u32,
}

/// A digest that its bucket's sign admits.
#[derive(Clone, Copy, Default)]
pub(crate) struct Candidate {
    /// Its place among the digests.
    number: u32,
    /// Its bucket; once located, the first token of that.
    start: u32,
    /// The token after the bucket's last.
    end: u32,
}

/// A look-up of many digests, a group after the other. What a group must read is asked for one step before: its signs, then where
/// the buckets of its candidates lie, then their tokens.
pub(crate) struct Search<'a> {
    index: &'a TokenIndex,
    tokens: &'a [Token],
    candidates: &'a mut Vec<Candidate>,
    /// How many digests had their signs asked for, and tested.
    asked: usize,
    tested: usize,
    /// How many candidates had their tokens asked for.
    located: usize,
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
        let mut signs = vec![0; buckets];
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
            if let Some(sign_of_bucket) = signs.get_mut(bucket) {
                *sign_of_bucket |= sign(token);
            }
        }
        starts.resize(buckets + 1, tokens.len() as u32);
        Ok(Self { starts, signs, shift })
    }

    /// The position of `token` among `tokens`, which are the ones the index was built from.
    pub(crate) fn find(&self, tokens: &[Token], token: &Token) -> Option<usize> {
        let bucket = bucket(token, self.shift);
        let start = *self.starts.get(bucket)? as usize;
        let end = *self.starts.get(bucket + 1)? as usize;
        let found = tokens.get(start..end)?.binary_search(token).ok()?;
        Some(start + found)
    }

    /// Begins a look-up among `tokens`, which are the ones the index was built from. `candidates` is scratch space.
    pub(crate) fn search<'a>(&'a self, tokens: &'a [Token], candidates: &'a mut Vec<Candidate>) -> Search<'a> {
        candidates.clear();
        Search { index: self, tokens, candidates, asked: 0, tested: 0, located: 0 }
    }

    fn bucket(&self, digest: &Digest) -> usize {
        bucket(&token::token(digest), self.shift)
    }

    fn sign_of(&self, digest: &Digest) -> Option<&u64> {
        self.signs.get(self.bucket(digest))
    }

    fn may_hold(&self, digest: &Digest) -> bool {
        let wanted = sign(&token::token(digest));
        self.sign_of(digest).is_some_and(|sign| sign & wanted == wanted)
    }
}

impl Search<'_> {
    /// Goes on to `digests`: those of the steps before and another group.
    pub(crate) fn step(&mut self, digests: &[Digest]) {
        for digest in digests.get(self.asked..).unwrap_or_default() {
            self.index.sign_of(digest).into_iter().for_each(ahead);
        }
        self.locate();
        self.test(digests, self.asked);
        self.asked = digests.len();
    }

    /// Calls `each` with the number and position of every digest whose token is listed, by rising number. `digests` are those of
    /// the last step.
    pub(crate) fn finish(mut self, digests: &[Digest], each: &mut dyn FnMut(usize, usize)) {
        self.test(digests, digests.len());
        self.locate();
        for candidate in &*self.candidates {
            let number = candidate.number as usize;
            let Some(token) = digests.get(number).map(token::token) else { continue };
            let bucket = self.tokens.get(candidate.start as usize..candidate.end as usize).unwrap_or_default();
            if let Some(place) = bucket.iter().position(|listed| *listed == token) {
                each(number, candidate.start as usize + place);
            }
        }
    }

    /// Tests the signs of the digests up to `end`. Those that pass become candidates.
    fn test(&mut self, digests: &[Digest], end: usize) {
        let before = self.candidates.len();
        let digests = digests.get(self.tested..end).unwrap_or_default();
        // Written whether it passes or not: nobody could foresee the branch.
        self.candidates.resize(before + digests.len(), Candidate::default());
        let mut count = before;
        for (number, digest) in (self.tested as u32..).zip(digests) {
            if let Some(candidate) = self.candidates.get_mut(count) {
                *candidate = Candidate { number, start: self.index.bucket(digest) as u32, end: 0 };
            }
            count += usize::from(self.index.may_hold(digest));
        }
        self.candidates.truncate(count);
        self.tested = end;
        for candidate in self.candidates.get(before..).unwrap_or_default() {
            self.index.starts.get(candidate.start as usize).into_iter().for_each(ahead);
        }
    }

    /// Finds the buckets of the candidates.
    fn locate(&mut self) {
        for candidate in self.candidates.get_mut(self.located..).unwrap_or_default() {
            let starts = self.index.starts.get(candidate.start as usize..).unwrap_or_default();
            if let Some(&[start, end]) = starts.first_chunk() {
                (candidate.start, candidate.end) = (start, end);
                self.tokens.get(start as usize).into_iter().for_each(ahead);
                self.tokens.get((end as usize).wrapping_sub(1)).into_iter().for_each(ahead);
            }
        }
        self.located = self.candidates.len();
    }
}

/// The leading bits of a token.
fn bucket(token: &Token, shift: u32) -> usize {
    let [a, b, c, d, e, f, g, h, ..] = *token;
    u64::from_be_bytes([a, b, c, d, e, f, g, h]).checked_shr(shift).unwrap_or(0) as usize
}

/// Four bits of 64, by the ninth to twelfth byte of a token.
fn sign(token: &Token) -> u64 {
    let [.., a, b, c, d, _, _, _, _] = *token;
    [a, b, c, d].into_iter().fold(0, |sign, byte| sign | 1 << (byte % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twins::{Random, inputs};

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
            for (_, token) in &absent {
                assert_eq!(index.find(&listed, token), None);
            }
            // All together, in an order of its own.
            let digests: Vec<Digest> = (all.iter().rev())
                .map(|token| {
                    let mut digest = Digest::default();
                    digest[..TOKEN_LENGTH].copy_from_slice(token);
                    digest
                })
                .collect();
            let mut found = vec![None; digests.len()];
            let one_by_one: Vec<_> = all.iter().rev().map(|token| index.find(&listed, token)).collect();
            let mut scratch = Vec::new();
            for group in [1, 16, 100, digests.len()] {
                let mut search = index.search(&listed, &mut scratch);
                let mut end = 0;
                while end < digests.len() {
                    end = digests.len().min(end + group);
                    search.step(&digests[..end]);
                }
                found.fill(None);
                let mut before = None;
                search.finish(&digests, &mut |number, position| {
                    assert!(before < Some(number));
                    before = Some(number);
                    found[number] = Some(position);
                });
                assert_eq!(found, one_by_one);
                assert_eq!(found.iter().flatten().count(), count);
            }
        }
    }

    /// Half of what is asked is listed; much of the rest shares the leading bits of what is, or all but its last byte.
    #[test]
    fn twin_searches_of_groups_and_of_single_tokens() {
        let mut random = Random::new(2);
        let mut left = inputs(50_000);
        while left > 0 {
            let mut listed: Vec<Token> = (0..1 + random.below(20_000)).map(|_| random.bytes()).collect();
            listed.sort_unstable();
            listed.dedup();
            let index = TokenIndex::build(listed.as_flattened(), listed.len() as u64).unwrap();
            let count = left.min(100_000);
            let mut digests: Vec<Digest> = Vec::with_capacity(count);
            for _ in 0..count {
                let mut digest: Digest = random.bytes();
                let token = listed[random.below(listed.len())];
                let same = [0, 8, 15, TOKEN_LENGTH, TOKEN_LENGTH][random.below(5)];
                digest[..same].copy_from_slice(&token[..same]);
                digests.push(digest);
            }
            let mut found = vec![None; count];
            let mut scratch = Vec::new();
            let mut search = index.search(&listed, &mut scratch);
            let mut end = 0;
            while end < count {
                end = count.min(end + 1 + random.below(40));
                search.step(&digests[..end]);
            }
            search.finish(&digests, &mut |number, position| found[number] = Some(position));
            for (digest, found) in digests.iter().zip(found) {
                assert_eq!(found, index.find(&listed, &token::token(digest)));
                assert_eq!(found, listed.binary_search(&token::token(digest)).ok());
            }
            left -= count;
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

    /// Otherwise every look-up would read tokens.
    #[test]
    fn signs_turn_nearly_all_strangers_away() {
        let all = sample(110_000);
        let (absent, listed): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(n, _)| n % 11 == 0);
        let listed: Vec<Token> = listed.into_iter().map(|(_, token)| *token).collect();
        let index = TokenIndex::build(listed.as_flattened(), listed.len() as u64).unwrap();
        let digest = |token: &Token| {
            let mut digest = Digest::default();
            digest[..TOKEN_LENGTH].copy_from_slice(token);
            digest
        };
        assert!(listed.iter().all(|token| index.may_hold(&digest(token))));
        let kept = absent.iter().filter(|(_, token)| index.may_hold(&digest(token))).count();
        assert!(kept * 50 < absent.len(), "{kept} of {}", absent.len());
    }

    #[test]
    fn the_index_takes_at_most_six_bytes_a_token() {
        for count in [4_096, 4_099, 8_191, 16_383, 16_384] {
            let listed = sample(count);
            let index = TokenIndex::build(listed.as_flattened(), count as u64).unwrap();
            let bytes = index.starts.capacity() * 4 + index.signs.capacity() * 8;
            assert!(bytes <= 6 * count + 64, "{bytes} bytes for {count}");
        }
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
