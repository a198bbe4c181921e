//! Powers: the inverse and the square root of a fraction, `N` vectors at a time, because one alone would wait for itself.

use crate::simd::field::{Constant, Fe, Lanes};

/// A square root of −1.
pub(super) const I: Constant =
    Constant([0xc4ee_1b27_4a0e_a0b0, 0x2f43_1806_ad2f_e478, 0x2b4d_0099_3dfb_d7a7, 0x2b83_2480_4fc1_df0b]);

/// `x^(2^count) · times`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn raise<const N: usize>(mut x: [Fe; N], count: u32, times: &[Fe; N]) -> [Fe; N] {
    for _ in 0..count {
        for x in &mut x {
            *x = x.squared();
        }
    }
    for (x, times) in x.iter_mut().zip(times) {
        *x = x.times(times);
    }
    x
}

/// `x^(2²⁵⁰ − 1)` and `x¹¹`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn power_250<const N: usize>(x: &[Fe; N]) -> ([Fe; N], [Fe; N]) {
    let mut x2 = *x;
    for x in &mut x2 {
        *x = x.squared();
    }
    let x9 = raise(x2, 2, x);
    let x11 = raise(x9, 0, &x2);
    let x_5 = raise(x11, 1, &x9);
    let x_10 = raise(x_5, 5, &x_5);
    let x_20 = raise(x_10, 10, &x_10);
    let x_40 = raise(x_20, 20, &x_20);
    let x_50 = raise(x_40, 10, &x_10);
    let x_100 = raise(x_50, 50, &x_50);
    let x_200 = raise(x_100, 100, &x_100);
    (raise(x_200, 50, &x_50), x11)
}

/// `1 / x = x^(p − 2)`, and zero for zero.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn invert(x: &Fe) -> Fe {
    let ([power], x11) = power_250(&[*x]);
    let [inverse] = raise([power], 5, &x11);
    inverse
}

/// `SQRT_RATIO_M1` of RFC 9496 §4.2: the lanes in which u / v is a square, and the root of u / v or of i · u / v that is
/// not negative.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn sqrt_ratio<const N: usize>(u: &[Fe; N], v: &[Fe; N]) -> ([Lanes; N], [Fe; N]) {
    let mut uv3 = *u;
    let mut uv7 = *u;
    for n in 0..N {
        let v3 = v[n].squared().times(&v[n]);
        uv3[n] = u[n].times(&v3);
        uv7[n] = uv3[n].times(&v3.times(&v[n]));
    }
    // x^(2²⁵² − 3) = (x^(2²⁵⁰ − 1))⁴ · x
    let powers = raise(power_250(&uv7).0, 2, &uv7);
    let i = Fe::constant(&I);
    let mut square = [0; N];
    let mut roots = powers;
    for n in 0..N {
        let root = uv3[n].times(&powers[n]);
        let check = v[n].times(&root.squared());
        let minus_u = u[n].negate();
        let flipped = check.equals(&minus_u);
        square[n] = check.equals(&u[n]) | flipped;
        roots[n] = root;
        roots[n].assign(flipped | check.equals(&minus_u.times(&i)), &root.times(&i));
        roots[n] = roots[n].absolute();
    }
    (square, roots)
}

#[cfg(test)]
#[path = "root_tests.rs"]
mod tests;
