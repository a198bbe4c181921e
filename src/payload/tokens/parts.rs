//! Buckets of tokens, and the index of neighbouring ones. Sorted tokens fall into parts that share no bucket, so that each part is
//! indexed without the others.

use crate::token::Token;

/// How many tokens share a bucket at most, on average.
const PER_BUCKET: usize = 4;
/// How many tokens are indexed at once, where there are several threads: a millisecond's work.
pub(super) const PART: usize = 1 << 18;

/// Neighbouring tokens, and the buckets that no others are in.
pub(super) struct Part<'a> {
    tokens: &'a [Token],
    /// The token before the first.
    before: Option<&'a Token>,
    /// The first one's position.
    position: u32,
    /// The first bucket.
    bucket: usize,
    starts: &'a mut [[u8; 4]],
    signs: &'a mut [[u8; 8]],
    shift: u32,
}

/// Cuts sorted tokens into parts of `most` and a few, none of them within a bucket. Those of unsorted tokens have no sense, but lose
/// no token.
pub(super) fn parts<'a>(
    mut tokens: &'a [Token],
    shift: u32,
    most: usize,
    mut starts: &'a mut [[u8; 4]],
    mut signs: &'a mut [[u8; 8]],
) -> Vec<Part<'a>> {
    let (mut parts, mut before, mut position, mut first) = (Vec::new(), None, 0_u32, 0);
    while !tokens.is_empty() {
        let same = |last: &Token| {
            let rest = tokens.get(most..).unwrap_or_default();
            rest.iter().take_while(|token| bucket(token, shift) == bucket(last, shift)).count()
        };
        let behind = most.checked_sub(1).and_then(|last| tokens.get(last)).map_or(0, same);
        let (part, rest) = tokens.split_at(tokens.len().min(most.saturating_add(behind)));
        let end = rest.first().map_or(first + signs.len(), |token| bucket(token, shift));
        let length = end.saturating_sub(first).min(signs.len()).min(starts.len());
        let (part_starts, rest_starts) = std::mem::take(&mut starts).split_at_mut(length);
        let (part_signs, rest_signs) = std::mem::take(&mut signs).split_at_mut(length);
        parts.push(Part {
            tokens: part,
            before,
            position,
            bucket: first,
            starts: part_starts,
            signs: part_signs,
            shift,
        });
        (tokens, starts, signs) = (rest, rest_starts, rest_signs);
        before = part.last();
        position += part.len() as u32;
        first += length;
    }
    parts
}

impl Part<'_> {
    /// Writes starts and signs; returns the position of the first token that does not come after the one before it.
    pub(super) fn index(self) -> Option<u64> {
        let Self { tokens, before, position: first, bucket: lowest, starts, signs, shift } = self;
        let mut before = before.map(order);
        for (position, token) in (first..).zip(tokens) {
            let (value, place) = (order(token), bucket(token, shift).wrapping_sub(lowest));
            if before >= Some(value) {
                return Some(u64::from(position));
            }
            before = Some(value);
            // Where the next bucket begins as far as this token goes: the last one of a bucket says it.
            if let Some(next) = starts.get_mut(place.wrapping_add(1)) {
                *next = (position + 1).to_le_bytes();
            }
            if let Some(sign_of_bucket) = signs.get_mut(place) {
                *sign_of_bucket = (u64::from_le_bytes(*sign_of_bucket) | sign(token)).to_le_bytes();
            }
        }
        // Empty buckets begin where the next one does.
        starts.iter_mut().fold(first, |highest, start| {
            let highest = highest.max(u32::from_le_bytes(*start));
            *start = highest.to_le_bytes();
            highest
        });
        None
    }
}

/// Tokens in the order of their bytes.
const fn order(token: &Token) -> u128 {
    u128::from_be_bytes(*token)
}

/// How many buckets there are for so many tokens.
pub(super) fn buckets(tokens: usize) -> usize {
    (tokens / PER_BUCKET).max(1).next_power_of_two()
}

/// The leading bits of a token.
pub(super) fn bucket(token: &Token, shift: u32) -> usize {
    let [a, b, c, d, e, f, g, h, ..] = *token;
    u64::from_be_bytes([a, b, c, d, e, f, g, h]).checked_shr(shift).unwrap_or(0) as usize
}

/// Four bits of 64, by the ninth to twelfth byte of a token.
pub(super) fn sign(token: &Token) -> u64 {
    let [.., a, b, c, d, _, _, _, _] = *token;
    [a, b, c, d].into_iter().fold(0, |sign, byte| sign | 1 << (byte % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts, signs and the first fault, however the tokens are cut.
    fn indexed(tokens: &[Token], most: usize) -> (Vec<[u8; 4]>, Vec<[u8; 8]>, Option<u64>) {
        let buckets = buckets(tokens.len());
        let shift = 64 - buckets.ilog2();
        let (mut starts, mut signs) = (vec![[0; 4]; buckets + 1], vec![[0; 8]; buckets]);
        let parts = parts(tokens, shift, most, &mut starts, &mut signs);
        assert_eq!(parts.iter().map(|part| part.tokens.len()).sum::<usize>(), tokens.len());
        let fault = parts.into_iter().filter_map(Part::index).next();
        (starts, signs, fault)
    }

    #[test]
    fn the_cuts_do_not_show() {
        for count in [1, 2, 5, 100, 3_000] {
            let mut tokens: Vec<Token> =
                (0_u32..count).map(|n| crate::token::token(blake3::hash(&n.to_le_bytes()).as_bytes())).collect();
            // Some buckets hold many, most of them none.
            tokens.iter_mut().step_by(3).for_each(|token| token[..6].fill(9));
            tokens.sort_unstable();
            let whole = indexed(&tokens, usize::MAX);
            assert_eq!(whole.2, None);
            for most in [1, 2, 3, 7, 64, 1_000] {
                assert_eq!(indexed(&tokens, most), whole, "{count} {most}");
            }
            for place in [1, count as usize / 2, count as usize - 1].into_iter().filter(|&place| place > 0 && count > 1)
            {
                let mut wrong = tokens.clone();
                wrong.swap(place - 1, place);
                let mut twice = tokens.clone();
                twice[place] = twice[place - 1];
                for most in [1, 2, 3, 7, 64, 1_000, usize::MAX] {
                    assert_eq!(indexed(&wrong, most).2, Some(place as u64), "{count} {most}");
                    assert_eq!(indexed(&twice, most).2, Some(place as u64), "{count} {most}");
                }
            }
        }
    }

    #[test]
    fn tokens_in_no_order_are_lost_in_no_part() {
        let mut tokens: Vec<Token> = (0_u32..2_000)
            .map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes())
            .map(|hash| crate::token::token(&hash))
            .collect();
        for most in [1, 10, 999, usize::MAX] {
            let first = tokens.windows(2).position(|pair| pair[0] >= pair[1]).map(|at| at as u64 + 1);
            assert_eq!(indexed(&tokens, most).2, first);
            tokens.rotate_left(7);
        }
        tokens.sort_unstable();
        tokens.reverse();
        assert_eq!(indexed(&tokens, 10).2, Some(1));
    }
}
