//! Multiplication of eight points with eight secret scalars: signed digits to base 16, a table of the multiples 1 to 8, and
//! for every digit four doublings and one addition.
//!
//! Constant time: the whole table is read for every digit, and masks choose.

use core::arch::x86_64::{
    _mm_set_epi64x, _mm512_abs_epi64, _mm512_cmpeq_epi64_mask, _mm512_cmplt_epi64_mask, _mm512_cvtepi8_epi64,
    _mm512_set1_epi64, _mm512_setzero_si512,
};

use zeroize::Zeroizing;

use crate::simd::field::{Lanes, Words};
use crate::simd::point::{Addend, Completed, Extended};

/// Digits of scalars below 2²⁵⁵, the lowest first, a byte a lane: `s = Σ dᵢ 16ⁱ`, −8 ≤ dᵢ < 8, the highest up to 8.
pub(super) type Digits = [[u8; 8]; 64];

/// The digits of eight scalars.
pub(super) fn digits(scalars: [&[u8; 32]; 8]) -> Zeroizing<Digits> {
    let mut digits = Zeroizing::new([[0_u8; 8]; 64]);
    for (lane, scalar) in scalars.into_iter().enumerate() {
        let mut carry = 0;
        for (number, digits) in digits.iter_mut().enumerate() {
            let nibble = (scalar[number / 2] >> (4 * (number % 2))) & 15;
            let digit = nibble + carry;
            // The highest digit keeps what it has: nothing is above it.
            carry = if number < 63 { (digit + 8) >> 4 } else { 0 };
            digits[lane] = digit.wrapping_sub(carry << 4);
        }
    }
    digits
}

/// One digit a lane, as a signed word.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn widen(digits: [u8; 8]) -> Words {
    _mm512_cvtepi8_epi64(_mm_set_epi64x(0, i64::from_le_bytes(digits)))
}

/// The multiples 1 to 8.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn multiples(point: &Extended) -> [Addend; 8] {
    let ready = point.ready();
    let mut table = [point.addend(); 8];
    for number in 1..8 {
        table[number] = ready.add(&table[number - 1], 0).extended().addend();
    }
    table
}

/// A point a lane times a scalar a lane.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn multiply(point: &Extended, digits: &Digits) -> Extended {
    let table = Zeroizing::new(multiples(point));
    let mut product = Extended::identity().doubler().double();
    for digits in digits.iter().rev() {
        for _ in 0..3 {
            product = product.doubler().double();
        }
        product = add_digit(&product.doubler().double(), &table, widen(*digits));
    }
    product.extended()
}

/// Adds the multiples that the digits name.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_digit(sum: &Completed, table: &[Addend; 8], digits: Words) -> Completed {
    let (chosen, minus) = choose(table, digits);
    sum.ready().add(&chosen, minus)
}

/// The multiples that the digits name without their signs, and the lanes that have a minus.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn choose(table: &[Addend; 8], digits: Words) -> (Addend, Lanes) {
    let size = _mm512_abs_epi64(digits);
    let mut chosen = Addend::identity();
    for (number, multiple) in (1..).zip(table) {
        chosen.assign(_mm512_cmpeq_epi64_mask(size, _mm512_set1_epi64(number)), multiple);
    }
    (chosen, _mm512_cmplt_epi64_mask(digits, _mm512_setzero_si512()))
}
