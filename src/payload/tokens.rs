//! The exact set: sorted 16-byte tokens, and what is built over them on load. It is never read from a feed, only from what this
//! machine prepared for itself.
//!
//! ```text
//! bucket(token) = its leading bits                  2 to 4 tokens share one on average
//! starts[b]     = position of the first token whose bucket is at least b                   LE32
//! signs[b]      = OR over the tokens of b of 1 << t[8] | 1 << t[9] | 1 << t[10] | 1 << t[11], each modulo 64      LE64
//! ```
//!
//! A token whose bits are not all in its bucket's sign is not listed: most look-ups end after this one word.

// floor 0
mod parts;

use crate::codec::shared::Shared;
use crate::crypto::mac::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{self, Executor};
use crate::payload::tokens::parts::{PART, Part, bucket, buckets, parts, sign};
use crate::simd::ahead;
use crate::token::{self, TOKEN_LENGTH, Token};

/// Where tokens lie, and which are surely absent. At most 6 bytes for a token.
pub(crate) struct TokenIndex {
    starts: Column<4>,
    signs: Column<8>,
    shift: u32,
}

/// Numbers of `N` bytes each: built here, or a part of a file.
enum Column<const N: usize> {
    Built(Vec<[u8; N]>),
    Prepared(Shared),
}

impl<const N: usize> Column<N> {
    fn as_slice(&self) -> &[[u8; N]] {
        match self {
            Self::Built(numbers) => numbers,
            Self::Prepared(bytes) => bytes.as_ref().as_chunks().0,
        }
    }
}

/// The index's numbers at hand. They may be any: a place that they name is looked for, not relied upon.
#[derive(Clone, Copy)]
struct Tables<'a> {
    starts: &'a [[u8; 4]],
    signs: &'a [[u8; 8]],
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

/// The section's bytes as tokens.
pub(crate) fn tokens(section: &[u8]) -> &[Token] {
    section.as_chunks::<TOKEN_LENGTH>().0
}

impl TokenIndex {
    /// Checks that a section holds `count` strictly rising tokens, and builds the index, in parts side by side. Positions in errors
    /// are token numbers.
    pub(crate) fn build(section: &[u8], count: u64, executor: &dyn Executor) -> Result<Self> {
        let tokens = tokens(section);
        if !section.len().is_multiple_of(TOKEN_LENGTH) || tokens.len() as u64 != count {
            return Err(Error::new(ErrorKind::Malformed, "the token section does not hold the manifest's count"));
        }
        if tokens.len() > u32::MAX as usize {
            return Err(ErrorKind::TooManyEntries.into());
        }
        let buckets = buckets(tokens.len());
        let shift = 64 - buckets.ilog2();
        let mut starts = vec![[0; 4]; buckets + 1];
        let mut signs = vec![[0; 8]; buckets];
        let most = if executor.width() > 1 { PART } else { usize::MAX };
        let parts = parts(tokens, shift, most, &mut starts, &mut signs);
        let disorder = executor::map(executor, parts, Part::index)?.into_iter().flatten().next();
        if let Some(position) = disorder {
            return Err(Error::from(ErrorKind::NotSorted).at(position));
        }
        if let Some(end) = starts.last_mut() {
            *end = (tokens.len() as u32).to_le_bytes();
        }
        Ok(Self { starts: Column::Built(starts), signs: Column::Built(signs), shift })
    }

    /// The lengths in bytes of what [`columns`](Self::columns) gives for so many tokens.
    pub(crate) fn lengths(count: u64) -> Result<[usize; 2]> {
        let count = u32::try_from(count).map_err(|_| Error::from(ErrorKind::TooManyEntries))?;
        let buckets = buckets(count as usize);
        Ok([4 * (buckets + 1), 8 * buckets])
    }

    /// Starts and signs, to be taken over by [`prepared`](Self::prepared).
    pub(crate) fn columns(&self) -> [&[u8]; 2] {
        let tables = self.tables();
        [tables.starts.as_flattened(), tables.signs.as_flattened()]
    }

    /// The index of `count` tokens that were checked when it was built. It is not looked at: a wrong one finds nothing or other
    /// tokens than it should.
    pub(crate) fn prepared(count: u64, [starts, signs]: [Shared; 2]) -> Result<Self> {
        let lengths = Self::lengths(count)?;
        if [starts.as_ref().len(), signs.as_ref().len()] != lengths {
            return Err(Error::new(ErrorKind::Malformed, "the index does not have the length for its tokens"));
        }
        let shift = 64 - buckets(count as usize).ilog2();
        Ok(Self { starts: Column::Prepared(starts), signs: Column::Prepared(signs), shift })
    }

    fn tables(&self) -> Tables<'_> {
        Tables { starts: self.starts.as_slice(), signs: self.signs.as_slice(), shift: self.shift }
    }

    /// The position of `token` among `tokens`, which are the ones the index was built from.
    pub(crate) fn find(&self, tokens: &[Token], token: &Token) -> Option<usize> {
        let (start, end) = self.tables().place(bucket(token, self.shift))?;
        let found = tokens.get(start as usize..end as usize)?.binary_search(token).ok()?;
        Some(start as usize + found)
    }

    /// Asks memory for the signs of digests. This and each step below ask for what the next one reads.
    pub(crate) fn ask(&self, digests: &[Digest]) {
        let tables = self.tables();
        for digest in digests {
            tables.sign_of(digest).into_iter().for_each(ahead);
        }
    }

    /// Finds the digests that their signs admit, and asks for where their buckets lie.
    pub(crate) fn sift(&self, digests: &[Digest], candidates: &mut Vec<Candidate>) {
        let tables = self.tables();
        // Written whether it passes or not: nobody could foresee the branch.
        candidates.clear();
        candidates.resize(digests.len(), Candidate::default());
        let mut count = 0;
        for (number, digest) in (0_u32..).zip(digests) {
            if let Some(candidate) = candidates.get_mut(count) {
                *candidate = Candidate { number, start: tables.bucket(digest) as u32, end: 0 };
            }
            count += usize::from(tables.may_hold(digest));
        }
        candidates.truncate(count);
        for candidate in candidates {
            tables.starts.get(candidate.start as usize).into_iter().for_each(ahead);
        }
    }

    /// Finds the buckets of candidates, and asks for their tokens.
    pub(crate) fn locate(&self, tokens: &[Token], candidates: &mut [Candidate]) {
        let tables = self.tables();
        for candidate in candidates {
            if let Some((start, end)) = tables.place(candidate.start as usize) {
                (candidate.start, candidate.end) = (start, end);
                tokens.get(start as usize).into_iter().for_each(ahead);
                tokens.get((end as usize).wrapping_sub(1)).into_iter().for_each(ahead);
            }
        }
    }

    /// Calls `each` with the number and position of every digest whose token is listed, by rising number. The candidates were
    /// found among these digests and tokens.
    pub(crate) fn settle(
        tokens: &[Token],
        digests: &[Digest],
        candidates: &[Candidate],
        each: &mut dyn FnMut(usize, usize),
    ) {
        for candidate in candidates {
            let number = candidate.number as usize;
            let Some(token) = digests.get(number).map(token::token) else { continue };
            let bucket = tokens.get(candidate.start as usize..candidate.end as usize).unwrap_or_default();
            if let Some(place) = bucket.iter().position(|listed| *listed == token) {
                each(number, candidate.start as usize + place);
            }
        }
    }
}

impl Tables<'_> {
    fn bucket(&self, digest: &Digest) -> usize {
        bucket(&token::token(digest), self.shift)
    }

    fn sign_of(&self, digest: &Digest) -> Option<&[u8; 8]> {
        self.signs.get(self.bucket(digest))
    }

    fn may_hold(&self, digest: &Digest) -> bool {
        let wanted = sign(&token::token(digest));
        self.sign_of(digest).is_some_and(|sign| u64::from_le_bytes(*sign) & wanted == wanted)
    }

    /// Where a bucket's tokens begin and end.
    fn place(&self, bucket: usize) -> Option<(u32, u32)> {
        let [start, end] = *self.starts.get(bucket..)?.first_chunk()?;
        Some((u32::from_le_bytes(start), u32::from_le_bytes(end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::Inline;
    use crate::twins::{Random, inputs};

    fn sample(count: usize) -> Vec<Token> {
        let mut tokens: Vec<Token> =
            (0..count).map(|n| crate::token::token(blake3::hash(&n.to_le_bytes()).as_bytes())).collect();
        tokens.sort_unstable();
        tokens
    }

    /// The positions of all digests, found in steps.
    fn together(index: &TokenIndex, listed: &[Token], digests: &[Digest]) -> Vec<Option<usize>> {
        let (mut found, mut before, mut candidates) = (vec![None; digests.len()], None, Vec::new());
        index.ask(digests);
        index.sift(digests, &mut candidates);
        index.locate(listed, &mut candidates);
        TokenIndex::settle(listed, digests, &candidates, &mut |number, position| {
            assert!(before < Some(number));
            before = Some(number);
            found[number] = Some(position);
        });
        found
    }

    #[test]
    fn finds_each_token_and_no_other() {
        for count in [0, 1, 2, 3, 5, 100, 4_099] {
            let all = sample(count + 1_000);
            let (listed, absent): (Vec<_>, Vec<_>) =
                all.iter().enumerate().partition(|(n, _)| n * count / all.len() != (n + 1) * count / all.len());
            let listed: Vec<Token> = listed.into_iter().map(|(_, token)| *token).collect();
            assert_eq!(listed.len(), count);
            let index = TokenIndex::build(listed.as_flattened(), count as u64, &Inline).unwrap();
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
            let found = together(&index, &listed, &digests);
            let one_by_one: Vec<_> = all.iter().rev().map(|token| index.find(&listed, token)).collect();
            assert_eq!(found, one_by_one);
            assert_eq!(found.iter().flatten().count(), count);
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
            let index = TokenIndex::build(listed.as_flattened(), listed.len() as u64, &Inline).unwrap();
            let count = left.min(100_000);
            let mut digests: Vec<Digest> = Vec::with_capacity(count);
            for _ in 0..count {
                let mut digest: Digest = random.bytes();
                let token = listed[random.below(listed.len())];
                let same = [0, 8, 15, TOKEN_LENGTH, TOKEN_LENGTH][random.below(5)];
                digest[..same].copy_from_slice(&token[..same]);
                digests.push(digest);
            }
            let found = together(&index, &listed, &digests);
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
        let index = TokenIndex::build(listed.as_flattened(), 3, &Inline).unwrap();
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
        let index = TokenIndex::build(listed.as_flattened(), listed.len() as u64, &Inline).unwrap();
        let digest = |token: &Token| {
            let mut digest = Digest::default();
            digest[..TOKEN_LENGTH].copy_from_slice(token);
            digest
        };
        assert!(listed.iter().all(|token| index.tables().may_hold(&digest(token))));
        let kept = absent.iter().filter(|(_, token)| index.tables().may_hold(&digest(token))).count();
        assert!(kept * 50 < absent.len(), "{kept} of {}", absent.len());
    }

    #[test]
    fn the_index_takes_at_most_six_bytes_a_token() {
        for count in [4_096, 4_099, 8_191, 16_383, 16_384] {
            let listed = sample(count);
            let index = TokenIndex::build(listed.as_flattened(), count as u64, &Inline).unwrap();
            let (Column::Built(starts), Column::Built(signs)) = (&index.starts, &index.signs) else { panic!() };
            let bytes = starts.capacity() * 4 + signs.capacity() * 8;
            assert!(bytes <= 6 * count + 64, "{bytes} bytes for {count}");
        }
    }

    #[test]
    fn a_prepared_index_finds_what_the_built_one_finds() {
        for count in [0, 1, 5, 4_099] {
            let all = sample(count + 100);
            let listed: Vec<Token> =
                all.iter().enumerate().filter(|(n, _)| n % 3 != 0).map(|(_, token)| *token).collect();
            let built = TokenIndex::build(listed.as_flattened(), listed.len() as u64, &Inline).unwrap();
            let columns = built.columns();
            assert_eq!(columns.map(<[u8]>::len), TokenIndex::lengths(listed.len() as u64).unwrap());
            let columns = columns.map(|column| Shared::new(column.to_vec()));
            let prepared = TokenIndex::prepared(listed.len() as u64, columns.clone()).unwrap();
            assert!(all.iter().all(|token| prepared.find(&listed, token) == built.find(&listed, token)));
            let [starts, signs] = columns;
            assert!(TokenIndex::prepared(listed.len() as u64 + 16_000, [starts.clone(), signs.clone()]).is_err());
            assert!(TokenIndex::prepared(listed.len() as u64, [signs, starts]).is_err());
        }
        assert!(TokenIndex::lengths(u64::MAX).is_err());
    }

    /// A prepared index may have been altered after it was sealed: answers are wrong then, and nothing worse.
    #[test]
    fn an_altered_index_gives_wrong_answers_at_worst() {
        let listed = sample(1_000);
        let lengths = TokenIndex::lengths(1_000).unwrap();
        for fill in [0, 1, 0x7f, 0xff] {
            let starts: Vec<u8> = (0..lengths[0]).map(|at| fill ^ ((at * at) as u8 * u8::from(fill == 1))).collect();
            let columns = [Shared::new(starts), Shared::new(vec![0xff; lengths[1]])];
            let index = TokenIndex::prepared(1_000, columns).unwrap();
            let digests: Vec<Digest> =
                listed.iter().map(|token| std::array::from_fn(|at| *token.get(at).unwrap_or(&0))).collect();
            for (number, position) in together(&index, &listed, &digests).into_iter().enumerate() {
                assert!(position.is_none_or(|position| listed[position] == listed[number]));
            }
            for token in &listed {
                assert!(index.find(&listed, token).is_none_or(|position| listed[position] == *token));
            }
        }
    }

    #[test]
    fn disorder_and_wrong_counts_are_refused() {
        let mut listed = sample(10);
        assert!(TokenIndex::build(listed.as_flattened(), 9, &Inline).is_err());
        assert!(TokenIndex::build(&listed.as_flattened()[..150], 10, &Inline).is_err());
        listed[4] = listed[3];
        let error = TokenIndex::build(listed.as_flattened(), 10, &Inline).err().unwrap();
        assert_eq!((error.kind(), error.position()), (ErrorKind::NotSorted, Some(4)));
    }
}
