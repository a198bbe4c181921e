//! The field of p = 2²⁵⁵ − 19, eight elements side by side: `x = Σ lᵢ · 2^(52 i)`, five limbs of eight lanes each.
//!
//! IFMA multiplies the low 52 bits of two words and adds the low or the high half of the product to a third word. So with
//! limbs of 52 bits both halves land on a limb of their own, and what stands above bit 52 of a factor is ignored: a limb
//! may be carried without being masked. Everything here rests on these bounds, which debug builds check:
//!
//! ```text
//! Fe     what can be multiplied   limbs 0…3 count by their low 52 bits alone; limb 4 < 2⁵⁰
//! Loose  what can be added        |limb| ≤ 2⁵⁸, signed; a product has 0 ≤ limb < 11 · 2⁵², twice a product 22 · 2⁵²
//! ```
//!
//! There is no branch and no address that depends on an element.

use core::arch::x86_64::{
    __m256i, __m512i, __mmask8, _mm256_extract_epi64, _mm512_add_epi64, _mm512_and_si512, _mm512_castsi512_si256,
    _mm512_cmpeq_epi64_mask, _mm512_extracti64x4_epi64, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_mov_epi64, _mm512_mask_sub_epi64, _mm512_or_si512, _mm512_set_epi64, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_slli_epi64, _mm512_srai_epi64, _mm512_srli_epi64, _mm512_sub_epi64,
    _mm512_ternarylogic_epi64, _mm512_test_epi64_mask,
};

use zeroize::Zeroize;

/// Eight words.
pub(super) type Words = __m512i;
/// A bit a lane.
pub(super) type Lanes = __mmask8;

/// 2²⁶⁰ mod p: what limb 5 counts in limb 0.
const FOLD: i64 = 608;
const LOW_52: i64 = (1 << 52) - 1;
const LOW_47: i64 = (1 << 47) - 1;

/// Eight elements, ready to be multiplied.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Fe([Words; 5]);

/// Eight sums of products, ready to be added, and to be carried into an [`Fe`].
#[derive(Clone, Copy)]
pub(super) struct Loose([Words; 5]);

/// A constant as four words, the lowest first.
pub(super) struct Constant(pub(super) [u64; 4]);

/// Eight words, the first in the lowest lane.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn words(from: [u64; 8]) -> Words {
    let [a, b, c, d, e, f, g, h] = from.map(u64::cast_signed);
    _mm512_set_epi64(h, g, f, e, d, c, b, a)
}

/// The eight words, the lowest lane first.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn unpack(from: Words) -> [u64; 8] {
    let four = |half: __m256i| {
        [
            _mm256_extract_epi64::<0>(half),
            _mm256_extract_epi64::<1>(half),
            _mm256_extract_epi64::<2>(half),
            _mm256_extract_epi64::<3>(half),
        ]
    };
    let [a, b, c, d] = four(_mm512_castsi512_si256(from));
    let [e, f, g, h] = four(_mm512_extracti64x4_epi64::<1>(from));
    [a, b, c, d, e, f, g, h].map(i64::cast_unsigned)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn all(word: i64) -> Words {
    _mm512_set1_epi64(word)
}

impl Fe {
    /// The same element in every lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn constant(constant: &Constant) -> Self {
        Self::from_words(constant.0.map(|word| all(word.cast_signed())))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn small(number: u32) -> Self {
        let zero = _mm512_setzero_si512();
        Self([all(i64::from(number)), zero, zero, zero, zero])
    }

    /// From four words a lane, all 256 bits of them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn from_words([a, b, c, d]: [Words; 4]) -> Self {
        let low = |word| _mm512_and_si512(word, all(LOW_52));
        Self([
            low(a),
            low(_mm512_or_si512(_mm512_srli_epi64::<52>(a), _mm512_slli_epi64::<12>(b))),
            low(_mm512_or_si512(_mm512_srli_epi64::<40>(b), _mm512_slli_epi64::<24>(c))),
            low(_mm512_or_si512(_mm512_srli_epi64::<28>(c), _mm512_slli_epi64::<36>(d))),
            _mm512_srli_epi64::<16>(d),
        ])
    }

    /// The one canonical form, four words a lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn to_words(self) -> [Words; 4] {
        let [a, b, c, d, e] = self.canonical();
        [
            _mm512_or_si512(a, _mm512_slli_epi64::<52>(b)),
            _mm512_or_si512(_mm512_srli_epi64::<12>(b), _mm512_slli_epi64::<40>(c)),
            _mm512_or_si512(_mm512_srli_epi64::<24>(c), _mm512_slli_epi64::<28>(d)),
            _mm512_or_si512(_mm512_srli_epi64::<36>(d), _mm512_slli_epi64::<16>(e)),
        ]
    }

    /// The limbs of the number below p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn canonical(self) -> [Words; 5] {
        self.check();
        // Limb 4 < 2⁵⁰: at most 7 times 2²⁵⁵ comes off the top; then limb 4 ≤ 2⁴⁷ and the number is below 2p.
        let mut l = self.loose().0;
        let fold = |l: &mut [Words; 5], times: Words| {
            l[0] = _mm512_madd52lo_epu64(l[0], times, all(19));
            for limb in 0..4 {
                l[limb + 1] = _mm512_add_epi64(l[limb + 1], _mm512_srli_epi64::<52>(l[limb]));
                l[limb] = _mm512_and_si512(l[limb], all(LOW_52));
            }
        };
        let top = _mm512_srli_epi64::<47>(l[4]);
        l[4] = _mm512_and_si512(l[4], all(LOW_47));
        fold(&mut l, top);
        // Whether it is p or more: whether adding 19 reaches 2²⁵⁵.
        let mut carry = all(19);
        for limb in &l[..4] {
            carry = _mm512_srli_epi64::<52>(_mm512_add_epi64(*limb, carry));
        }
        let once = _mm512_srli_epi64::<47>(_mm512_add_epi64(l[4], carry));
        fold(&mut l, once);
        l[4] = _mm512_and_si512(l[4], all(LOW_47));
        l
    }

    /// The lanes whose four words are the canonical form of this element.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn is_written(self, words: [Words; 4]) -> Lanes {
        let mut same = Lanes::MAX;
        for (mine, word) in self.to_words().into_iter().zip(words) {
            same &= _mm512_cmpeq_epi64_mask(mine, word);
        }
        same
    }

    /// The lanes whose canonical form is odd: "negative" in RFC 9496.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn is_negative(self) -> Lanes {
        _mm512_test_epi64_mask(self.canonical()[0], all(1))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn is_zero(self) -> Lanes {
        let [a, b, c, d, e] = self.canonical();
        let any = _mm512_or_si512(_mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d)), e);
        _mm512_cmpeq_epi64_mask(any, _mm512_setzero_si512())
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn equals(self, other: &Self) -> Lanes {
        self.loose().minus(&other.loose()).carry().is_zero()
    }

    /// Takes over `other` in the lanes of `lanes`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn assign(&mut self, lanes: Lanes, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = _mm512_mask_mov_epi64(*mine, lanes, theirs);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn negate(self) -> Self {
        self.loose().negate(Lanes::MAX).carry()
    }

    /// Negated in the lanes of `lanes`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn negate_in(self, lanes: Lanes) -> Self {
        self.loose().negate(lanes).carry()
    }

    /// The one of ±x that is not negative.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn absolute(self) -> Self {
        self.negate_in(self.is_negative())
    }

    /// Without what stands above bit 52.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn loose(self) -> Loose {
        let [a, b, c, d, e] = self.0;
        let low = |word| _mm512_and_si512(word, all(LOW_52));
        Loose([low(a), low(b), low(c), low(d), e])
    }

    /// The product.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn times(&self, other: &Self) -> Fe {
        self.product(other).carry_positive()
    }

    /// The product, not yet carried.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn product(&self, other: &Self) -> Loose {
        self.check();
        other.check();
        let mut z = [_mm512_setzero_si512(); 10];
        for (i, a) in self.0.into_iter().enumerate() {
            for (j, b) in other.0.into_iter().enumerate() {
                z[i + j] = _mm512_madd52lo_epu64(z[i + j], a, b);
                z[i + j + 1] = _mm512_madd52hi_epu64(z[i + j + 1], a, b);
            }
        }
        fold(z)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn squared(&self) -> Fe {
        self.square().carry_positive()
    }

    /// The square, not yet carried.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn square(&self) -> Loose {
        self.check();
        let l = self.0;
        let mut z = [_mm512_setzero_si512(); 10];
        for i in 0..5 {
            for j in i + 1..5 {
                z[i + j] = _mm512_madd52lo_epu64(z[i + j], l[i], l[j]);
                z[i + j + 1] = _mm512_madd52hi_epu64(z[i + j + 1], l[i], l[j]);
            }
        }
        for word in &mut z[1..9] {
            *word = _mm512_add_epi64(*word, *word);
        }
        for i in 0..5 {
            z[2 * i] = _mm512_madd52lo_epu64(z[2 * i], l[i], l[i]);
            z[2 * i + 1] = _mm512_madd52hi_epu64(z[2 * i + 1], l[i], l[i]);
        }
        fold(z)
    }

    /// In debug builds: limb 4 is below 2⁵⁰.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn check(self) {
        if cfg!(debug_assertions) {
            debug_assert!(unpack(self.0[4]).iter().all(|limb| *limb < 1 << 50), "limb 4 of a factor");
        }
    }
}

/// Ten limbs into five: limb 5 + k counts 608 in limb k.
///
/// Each limb is a sum of at most nine halves of products, so below 9 · 2⁵²; limb 9 is a single high half, below
/// 2^(50 + 50 − 52), with what limb 8 carries. The result is below 9 · 2⁵² + 2⁵² + 608 + 608 · 39 < 11 · 2⁵².
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn fold(mut z: [Words; 10]) -> Loose {
    for limb in 5..9 {
        z[limb + 1] = _mm512_add_epi64(z[limb + 1], _mm512_srli_epi64::<52>(z[limb]));
    }
    let times = all(FOLD);
    let above = _mm512_madd52hi_epu64(_mm512_setzero_si512(), z[9], times);
    let mut folded = [z[0], z[1], z[2], z[3], z[4]];
    for limb in 0..5 {
        folded[limb] = _mm512_madd52lo_epu64(folded[limb], z[limb + 5], times);
    }
    for limb in 1..5 {
        folded[limb] = _mm512_madd52hi_epu64(folded[limb], z[limb + 4], times);
    }
    folded[0] = _mm512_madd52lo_epu64(folded[0], above, times);
    Loose(folded)
}

impl Loose {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sum = self.0;
        for (mine, theirs) in sum.iter_mut().zip(other.0) {
            *mine = _mm512_add_epi64(*mine, theirs);
        }
        Self(sum)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn minus(&self, other: &Self) -> Self {
        let mut difference = self.0;
        for (mine, theirs) in difference.iter_mut().zip(other.0) {
            *mine = _mm512_sub_epi64(*mine, theirs);
        }
        Self(difference)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn twice(&self) -> Self {
        self.plus(self)
    }

    /// Negated in the lanes of `lanes`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn negate(mut self, lanes: Lanes) -> Self {
        for limb in &mut self.0 {
            *limb = _mm512_mask_sub_epi64(*limb, lanes, _mm512_setzero_si512(), *limb);
        }
        self
    }

    /// Carries signed limbs. Adding (2¹¹ + 1) · p first keeps the whole number from falling below zero:
    /// limb 4 + 2⁵⁸ ≥ 0, its low 47 bits go on with 2⁴⁷, and what limb 3 carries into them is at most 2⁶ + 1 below zero.
    /// So 2⁴⁶ < limb 4 < 2⁴⁹ afterwards.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn carry(self) -> Fe {
        self.check(-(1 << 58));
        let [mut a, b, c, d, e] = self.0;
        let e = _mm512_add_epi64(e, all(1 << 58));
        a = _mm512_sub_epi64(a, all(19 * ((1 << 11) + 1)));
        a = _mm512_madd52lo_epu64(a, _mm512_srli_epi64::<47>(e), all(19));
        // (e AND low) OR 2⁴⁷
        let e = _mm512_ternarylogic_epi64::<0xea>(e, all(LOW_47), all(1 << 47));
        let b = _mm512_add_epi64(b, _mm512_srai_epi64::<52>(a));
        let c = _mm512_add_epi64(c, _mm512_srai_epi64::<52>(b));
        let d = _mm512_add_epi64(d, _mm512_srai_epi64::<52>(c));
        let e = _mm512_add_epi64(e, _mm512_srai_epi64::<52>(d));
        Fe([a, b, c, d, e])
    }

    /// Carries limbs that are not below zero: limb 4 < 2⁴⁷ + 2⁶ afterwards.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn carry_positive(self) -> Fe {
        self.check(0);
        let [a, b, c, d, e] = self.0;
        let a = _mm512_madd52lo_epu64(a, _mm512_srli_epi64::<47>(e), all(19));
        let e = _mm512_and_si512(e, all(LOW_47));
        let b = _mm512_add_epi64(b, _mm512_srli_epi64::<52>(a));
        let c = _mm512_add_epi64(c, _mm512_srli_epi64::<52>(b));
        let d = _mm512_add_epi64(d, _mm512_srli_epi64::<52>(c));
        let e = _mm512_add_epi64(e, _mm512_srli_epi64::<52>(d));
        Fe([a, b, c, d, e])
    }

    /// In debug builds: every limb is between `least` and 2⁵⁸.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn check(self, least: i64) {
        if cfg!(debug_assertions) {
            for limb in self.0 {
                let fits = |limb: &u64| (least..=1 << 58).contains(&limb.cast_signed());
                debug_assert!(unpack(limb).iter().all(fits), "a limb of a sum");
            }
        }
    }
}

#[cfg(test)]
#[path = "field_tests.rs"]
mod tests;
