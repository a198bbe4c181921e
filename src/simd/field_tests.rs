//! The field next to a twin that knows nothing of limbs, at the bounds that the module states.

use super::*;
use crate::entropy::{Entropy, FixedEntropy};

/// A number below p, the lowest word first.
type Number = [u64; 4];

const P: Number = [u64::MAX - 18, u64::MAX, u64::MAX, u64::MAX >> 1];

fn below_p(number: Number) -> Number {
    let mut rest = number;
    while rest.iter().rev().ge(P.iter().rev()) {
        let mut borrow = false;
        for (word, p) in rest.iter_mut().zip(P) {
            let (first, one) = word.overflowing_sub(p);
            let (second, two) = first.overflowing_sub(u64::from(borrow));
            (*word, borrow) = (second, one | two);
        }
    }
    rest
}

/// `words + 38 · 2²⁵⁶ · above`, until nothing is above.
fn fold_256(mut words: Number, mut above: u128) -> Number {
    while above > 0 {
        above *= 38;
        for word in &mut words {
            above += u128::from(*word);
            *word = above as u64;
            above >>= 64;
        }
    }
    below_p(words)
}

fn multiply(a: Number, b: Number) -> Number {
    let mut wide = [0_u64; 8];
    for (i, a) in a.into_iter().enumerate() {
        let mut carry = 0_u128;
        for (j, b) in b.into_iter().enumerate() {
            carry += u128::from(wide[i + j]) + u128::from(a) * u128::from(b);
            wide[i + j] = carry as u64;
            carry >>= 64;
        }
        wide[i + 4] = carry as u64;
    }
    let mut low = [0; 4];
    let mut carry = 0_u128;
    for (word, (low_word, high)) in low.iter_mut().zip(wide[..4].iter().zip(&wide[4..])) {
        carry += u128::from(*low_word) + 38 * u128::from(*high);
        *word = carry as u64;
        carry >>= 64;
    }
    fold_256(low, carry)
}

fn add(a: Number, b: Number) -> Number {
    let mut sum = a;
    let mut carry = 0_u128;
    for (word, b) in sum.iter_mut().zip(b) {
        carry += u128::from(*word) + u128::from(b);
        *word = carry as u64;
        carry >>= 64;
    }
    fold_256(sum, carry)
}

fn negative(a: Number) -> Number {
    multiply(a, below_p([P[0] - 1, P[1], P[2], P[3]]))
}

/// Σ lᵢ · 2^(52 i)
fn value(limbs: [i64; 5]) -> Number {
    limbs.into_iter().rev().fold([0; 4], |sum, limb| {
        let size = [limb.unsigned_abs(), 0, 0, 0];
        add(multiply(sum, [1 << 52, 0, 0, 0]), if limb < 0 { negative(size) } else { size })
    })
}

/// The five limbs of each lane.
#[target_feature(enable = "avx512f,avx512ifma")]
fn lanes(limbs: [Words; 5]) -> [[i64; 5]; 8] {
    let columns = limbs.map(|words| unpack(words));
    core::array::from_fn(|lane| columns.map(|column| column[lane].cast_signed()))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn limbs(lanes: [[i64; 5]; 8]) -> [Words; 5] {
    [0, 1, 2, 3, 4].map(|limb| words(lanes.map(|limbs| limbs[limb].cast_unsigned())))
}

/// The values of a factor: the low 52 bits count, and limb 4 must be below its bound.
#[target_feature(enable = "avx512f,avx512ifma")]
fn values(fe: Fe) -> [Number; 8] {
    lanes(fe.0).map(|[a, b, c, d, e]| {
        assert!((0..1 << 50).contains(&e), "limb 4: {e:x}");
        value([a & LOW_52, b & LOW_52, c & LOW_52, d & LOW_52, e])
    })
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn canonical(fe: Fe) -> [Number; 8] {
    let columns = fe.to_words().map(|words| unpack(words));
    core::array::from_fn(|lane| columns.map(|column| column[lane]))
}

/// Limbs of factors: every pattern of smallest and largest limbs, what lies around p and 2p, bits above bit 52, and random ones.
fn factors() -> Vec<[i64; 5]> {
    let top = (1 << 50) - 1;
    let mut cases: Vec<_> = (0..32)
        .map(|pattern| {
            let limb = |bit: u32, full: i64| if pattern >> bit & 1 == 1 { full } else { 0 };
            [limb(0, LOW_52), limb(1, LOW_52), limb(2, LOW_52), limb(3, LOW_52), limb(4, top)]
        })
        .collect();
    for around in -20..=20 {
        // p + around and 2p + around, written with limbs in range.
        for (limb_0, limb_4) in [((1 << 52) - 19, LOW_47), ((1 << 52) - 38, 2 * LOW_47 + 1)] {
            let low = limb_0 + around;
            cases.push(if low > LOW_52 {
                [low - (1 << 52), 0, 0, 0, limb_4 + 1]
            } else {
                [low, LOW_52, LOW_52, LOW_52, limb_4]
            });
        }
        cases.push([around.max(0), 0, 0, 0, 0]);
    }
    let mut random = [0_u8; 40];
    let mut entropy = FixedEntropy::new(1);
    for number in 0..300 {
        entropy.fill(&mut random).unwrap();
        let word = |at: usize| i64::from_le_bytes(*random[8 * at..].first_chunk().unwrap());
        let above = if number % 2 == 0 { LOW_52 } else { -1 };
        cases.push([word(0) & above, word(1) & above, word(2) & above, word(3) & above, word(4) & top]);
    }
    while cases.len() % 8 != 0 {
        cases.push([1; 5]);
    }
    cases
}

/// Limbs of sums at their bounds: every pattern of −2⁵⁸, 0 and 2⁵⁸.
fn sums() -> Vec<[i64; 5]> {
    let mut cases: Vec<_> =
        (0..243).map(|pattern| [1, 3, 9, 27, 81].map(|place: i64| ((pattern / place) % 3 - 1) << 58)).collect();
    for number in 0..61 {
        let mut random = [0_u8; 40];
        FixedEntropy::new(number).fill(&mut random).unwrap();
        cases.push([0, 8, 16, 24, 32].map(|at| i64::from_le_bytes(*random[at..].first_chunk().unwrap()) >> 5));
    }
    assert_eq!(cases.len() % 8, 0);
    cases
}

macro_rules! tests {
    ($($(#[$doc:meta])* fn $name:ident() $body:block)*) => {$(
        $(#[$doc])*
        #[test]
        fn $name() {
            #[target_feature(enable = "avx512f,avx512ifma")]
            fn body() $body
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma") {
                // SAFETY: the instructions have just been found.
                unsafe { body() }
            } else {
                println!("this machine has no AVX-512 IFMA: nothing to compare");
            }
        }
    )*};
}

tests! {
    fn products_and_squares_are_the_twins() {
        let cases = factors();
        for (number, a) in cases.as_chunks::<8>().0.iter().enumerate() {
            let fe = Fe(limbs(*a));
            let a = values(fe);
            assert_eq!(canonical(fe), a);
            let square = fe.square();
            assert!(lanes(square.0).as_flattened().iter().all(|limb| (0..11 << 52).contains(limb)));
            assert_eq!(values(square.carry_positive()), a.map(|a| multiply(a, a)));
            assert_eq!(values(square.twice().carry_positive()), a.map(|a| { let a2 = multiply(a, a); add(a2, a2) }));
            // Every vector with one of the first, which hold the bounds, and with some others.
            for other in (0..5).chain([number]).chain([5 + (7 * number) % (cases.len() / 8 - 5)]) {
                let mut other: [[i64; 5]; 8] = cases.as_chunks::<8>().0[other];
                for turn in 0..8 {
                    other.rotate_left(turn & 1);
                    let factor = Fe(limbs(other));
                    let product = fe.product(&factor);
                    assert!(lanes(product.0).as_flattened().iter().all(|limb| (0..11 << 52).contains(limb)));
                    let b = values(factor);
                    let expected: [Number; 8] = core::array::from_fn(|lane| multiply(a[lane], b[lane]));
                    assert_eq!(values(product.carry_positive()), expected);
                    assert_eq!(values(product.carry()), expected);
                    assert_eq!(canonical(fe.times(&factor)), expected);
                }
            }
        }
    }

    fn sums_at_their_bounds_are_carried_without_loss() {
        for case in sums().as_chunks::<8>().0 {
            let loose = Loose(limbs(*case));
            assert_eq!(values(loose.carry()), case.map(value));
            let lowest = lanes(loose.carry().0).map(|limbs| limbs[4]);
            assert!(lowest.iter().all(|limb| (1 << 46..1 << 49).contains(limb)));
            let positive = case.map(|limbs| limbs.map(i64::abs));
            let carried = Loose(limbs(positive)).carry_positive();
            assert_eq!(values(carried), positive.map(value));
            assert!(lanes(carried.0).iter().all(|limbs| limbs[4] < (1 << 47) + (1 << 6) + 1));
        }
    }

    fn sums_differences_and_negatives_are_the_twins() {
        let cases = factors();
        let chunks = cases.as_chunks::<8>().0;
        for (a, b) in chunks.iter().zip(chunks.iter().rev()) {
            let (x, y) = (Fe(limbs(*a)), Fe(limbs(*b)));
            let (a, b) = (values(x), values(y));
            let each = |work: &dyn Fn(Number, Number) -> Number| -> [Number; 8] {
                core::array::from_fn(|lane| work(a[lane], b[lane]))
            };
            assert_eq!(values(x.loose().plus(&y.loose()).carry_positive()), each(&add));
            assert_eq!(values(x.loose().minus(&y.loose()).carry()), each(&|a, b| add(a, negative(b))));
            assert_eq!(values(x.negate()), each(&|a, _| negative(a)));
            let some = values(x.negate_in(0b1001_0110));
            for lane in 0..8 {
                let negated = 0b1001_0110 >> lane & 1 == 1;
                assert_eq!(some[lane], if negated { negative(a[lane]) } else { a[lane] });
            }
            let mut taken = x;
            taken.assign(0b0101_1010, &y);
            let expected: [Number; 8] =
                core::array::from_fn(|lane| if 0b0101_1010 >> lane & 1 == 1 { b[lane] } else { a[lane] });
            assert_eq!(values(taken), expected);
        }
    }

    fn canonical_forms_tell_signs_zeros_and_equals() {
        let bits = |condition: &dyn Fn(usize) -> bool| -> Lanes {
            (0..8).map(|lane| Lanes::from(condition(lane)) << lane).sum()
        };
        let cases = factors();
        let mut zeros = 0;
        for (number, case) in cases.as_chunks::<8>().0.iter().enumerate() {
            let fe = Fe(limbs(*case));
            let a = values(fe);
            assert_eq!(fe.is_negative(), bits(&|lane| a[lane][0] & 1 == 1));
            assert_eq!(fe.is_zero(), bits(&|lane| a[lane] == [0; 4]));
            zeros += fe.is_zero().count_ones();
            assert!(a.iter().zip(values(fe.absolute())).all(|(a, b)| b[0] & 1 == 0 && (b == *a || b == negative(*a))));
            let other = Fe(limbs(cases.as_chunks::<8>().0[(number + 1) % (cases.len() / 8)]));
            let b = values(other);
            assert_eq!(fe.equals(&other), bits(&|lane| a[lane] == b[lane]));
            // The same number in other limbs.
            assert_eq!(fe.equals(&fe.loose().plus(&Fe::small(0).loose()).carry()), Lanes::MAX);
            assert_eq!(fe.is_written(fe.to_words()), Lanes::MAX);
        }
        assert!(zeros > 2, "0, p and 2p are among the cases");
    }

    /// All 256 bits are read, and only the one way to write a number below p is called canonical.
    fn words_go_in_and_out() {
        let mut cases = vec![[0; 4], P, [u64::MAX; 4], [0, 0, 0, 1 << 63], [u64::MAX, u64::MAX, u64::MAX, u64::MAX >> 1]];
        cases.extend((0..19).map(|low| [P[0] + low, P[1], P[2], P[3]]));
        cases.extend((1..=20).map(|below| [P[0] - below, P[1], P[2], P[3]]));
        cases.extend((0..256).map(|bit| core::array::from_fn(|word| if bit / 64 == word { 1 << (bit % 64) } else { 0 })));
        cases.resize(cases.len().next_multiple_of(8), [7; 4]);
        for case in cases.as_chunks::<8>().0 {
            let columns: [Words; 4] = [0, 1, 2, 3].map(|word| words(case.map(|number| number[word])));
            let fe = Fe::from_words(columns);
            let expected = case.map(|number| fold_256(number, 0));
            assert_eq!(canonical(fe), expected);
            let same: Lanes = (0..8).map(|lane| Lanes::from(case[lane] == expected[lane]) << lane).sum();
            assert_eq!(fe.is_written(columns), same);
        }
    }
}
