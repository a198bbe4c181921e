//! Ristretto (RFC 9496): from bytes to points and back, eight elements at a time.

use zeroize::Zeroizing;

use crate::simd::field::{Constant, Fe, Lanes, Words, unpack, words};
use crate::simd::point::{Completed, D, Extended};
use crate::simd::root::{I, invert, sqrt_ratio};

/// 1 − d²
const ONE_MINUS_D_SQ: Constant =
    Constant([0xe27c_09c1_945f_c176, 0x2c81_a138_cd5e_350f, 0x9994_abdd_be70_dfe4, 0x0290_72a8_b2b3_e0d7]);
/// (d − 1)²
const D_MINUS_ONE_SQ: Constant =
    Constant([0x31ad_5aaa_44ed_4d20, 0xd29e_4a2c_b01e_1999, 0x4cdc_d32f_529b_4eeb, 0x5968_b37a_f66c_2241]);
/// √(a d − 1) with a = −1
const SQRT_AD_MINUS_ONE: Constant =
    Constant([0x7e97_f6a0_497b_2e1b, 0xaf9d_8e0c_1b78_54bd, 0x0f3c_fcc9_31f5_d1fd, 0x3769_31bf_2b83_48ac]);
/// 1 / √(a − d)
const INVSQRT_A_MINUS_D: Constant =
    Constant([0x99c8_fdaa_805d_40ea, 0x9d2f_1617_5a41_72be, 0x16c2_7b91_fe01_d840, 0x786c_8905_cfaf_fca2]);

/// Eight strings of 32 bytes as four vectors of words.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn load(bytes: [&[u8; 32]; 8]) -> [Words; 4] {
    let rows = bytes.map(|bytes| {
        let (words, _) = bytes.as_chunks::<8>();
        [0, 1, 2, 3].map(|word| u64::from_le_bytes(words[word]))
    });
    let column = |word: usize| words(rows.map(|row| row[word]));
    [column(0), column(1), column(2), column(3)]
}

/// Sixteen points from their encodings (RFC 9496 §4.3.1), and the lanes that are none, or the identity.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn decode(bytes: &[[&[u8; 32]; 8]; 2]) -> ([Extended; 2], [Lanes; 2]) {
    let one = Fe::small(1);
    let d = Fe::constant(&D);
    let start = |bytes: &[&[u8; 32]; 8]| {
        let written = load(*bytes);
        let s = Fe::from_words(written);
        let refused = !s.is_written(written) | s.is_negative();
        let square = s.squared();
        let u1 = one.loose().minus(&square.loose()).carry();
        let u2 = one.loose().plus(&square.loose()).carry();
        let u2_sq = u2.squared();
        let v = d.product(&u1.squared()).negate(Lanes::MAX).minus(&u2_sq.loose()).carry();
        (s, refused, u1, u2, v, v.times(&u2_sq))
    };
    let starts = [start(&bytes[0]), start(&bytes[1])];
    let (squares, roots) = sqrt_ratio(&[one; 2], &[starts[0].5, starts[1].5]);
    let finish = |n: usize| {
        let (s, refused, u1, u2, v, _) = starts[n];
        let den_x = roots[n].times(&u2);
        let den_y = roots[n].times(&den_x).times(&v);
        let x = s.product(&den_x).twice().carry_positive().absolute();
        let y = u1.times(&den_y);
        let t = x.times(&y);
        // Only the identity has s = 0.
        (Extended { x, y, z: one, t }, refused | !squares[n] | t.is_negative() | y.is_zero() | s.is_zero())
    };
    let [(first, refused_first), (second, refused_second)] = [finish(0), finish(1)];
    ([first, second], [refused_first, refused_second])
}

/// `MAP` of RFC 9496 §4.3.4, twice.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn elligator(t: &[Fe; 2]) -> [Completed; 2] {
    let one = Fe::small(1).loose();
    let (i, d) = (Fe::constant(&I), Fe::constant(&D));
    let start = |t: &Fe| {
        let r = t.squared().times(&i);
        let u = r.loose().plus(&one).carry_positive().times(&Fe::constant(&ONE_MINUS_D_SQ));
        let below = r.product(&d).plus(&one).negate(Lanes::MAX).carry();
        (r, u, below.times(&r.loose().plus(&d.loose()).carry_positive()))
    };
    let starts = [start(&t[0]), start(&t[1])];
    let (squares, roots) = sqrt_ratio(&[starts[0].1, starts[1].1], &[starts[0].2, starts[1].2]);
    let finish = |n: usize| {
        let (r, _, v) = starts[n];
        let (mut s, mut c) = (roots[n], Fe::small(1).negate());
        s.assign(!squares[n], &s.times(&t[n]).absolute().negate());
        c.assign(!squares[n], &r);
        let factor = c.times(&r.loose().minus(&one).carry());
        let n = factor.product(&Fe::constant(&D_MINUS_ONE_SQ)).minus(&v.loose()).carry();
        let square = s.squared().loose();
        // w0 w3, w2 w1, w1 w3, w0 w2
        Completed {
            e: s.product(&v).twice().carry_positive(),
            f: one.plus(&square).carry_positive(),
            g: n.times(&Fe::constant(&SQRT_AD_MINUS_ONE)),
            h: one.minus(&square).carry(),
        }
    };
    [finish(0), finish(1)]
}

/// The element that 64 uniform bytes stand for (RFC 9496 §4.3.4): of both halves, without their highest bits.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn map(uniform: [&[u8; 64]; 8]) -> Extended {
    let mut halves = uniform.map(|bytes| {
        let (halves, _) = bytes.as_chunks::<32>();
        [halves[0], halves[1]]
    });
    for half in halves.as_flattened_mut() {
        half[31] &= 0x7f;
    }
    let part = |half: usize| Fe::from_words(load(halves.each_ref().map(|halves| &halves[half])));
    let [first, second] = elligator(&[part(0), part(1)]);
    first.ready().add(&second.extended().addend(), 0).extended()
}

/// The encodings of doubled points, eight from each but the last, with one inversion for all: RFC 9496 §4.3.2 with the
/// divisions gathered. What a doubling yields has the square root in it that the encoding of any other point needs.
///
/// With `w = 1 / (EH · FG)` there are `1/Z = EH · w` and `1/T = FG · w`. If xy is negative, the point is turned by a quarter:
/// (E, F, H) becomes (H, iG, −E). Where w does not exist, the point is a turn of the identity, whose encoding is zero.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn encode(points: &[Completed], out: &mut [[u8; 32]]) {
    debug_assert_eq!(points.len(), out.len().div_ceil(8));
    let one = Fe::small(1);
    let mut product = one;
    let mut before = Zeroizing::new(Vec::with_capacity(points.len()));
    for point in points {
        let eh = point.e.times(&point.h);
        let fg = point.f.times(&point.g);
        let mut both = eh.times(&fg);
        let zero = both.is_zero();
        both.assign(zero, &one);
        before.push((product, both, eh, fg, zero));
        product = product.times(&both);
    }
    let mut inverse = invert(&product);
    let i = Fe::constant(&I);
    for ((point, (before, both, eh, fg, zero)), out) in points.iter().zip(before.iter()).zip(out.chunks_mut(8)).rev() {
        let w = inverse.times(before);
        inverse = inverse.times(both);
        let over_z = eh.times(&w);
        let over_t = fg.times(&w);
        let turned = eh.times(&over_z).is_negative();
        let (mut e, mut f, mut h) = (point.e, point.f, point.h);
        let mut magic = Fe::constant(&INVSQRT_A_MINUS_D);
        e.assign(turned, &point.h);
        h.assign(turned, &point.e.negate());
        f.assign(turned, &point.g.times(&i));
        magic.assign(turned, &i);
        let h = h.negate_in(f.times(&e).times(&over_z).is_negative());
        let difference = f.loose().minus(&h.loose()).carry();
        let mut s = difference.times(&magic.times(&h.times(&over_t))).absolute();
        s.assign(*zero, &Fe::small(0));
        let columns = s.to_words().map(|word| unpack(word));
        for (lane, out) in out.iter_mut().enumerate() {
            for (eight, column) in out.as_chunks_mut::<8>().0.iter_mut().zip(&columns) {
                *eight = column[lane].to_le_bytes();
            }
        }
    }
}
