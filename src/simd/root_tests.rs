use super::*;
use crate::entropy::{Entropy, FixedEntropy};
use crate::simd::coding::load;
use crate::simd::field::unpack;

fn unhex(value: &serde_json::Value) -> [u8; 32] {
    let text = value.as_str().unwrap();
    core::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn element(bytes: [[u8; 32]; 8]) -> Fe {
    Fe::from_words(load(bytes.each_ref()))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn vectors_and_random_roots() {
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../../tests/vectors/ristretto.json")).unwrap();
    let cases = vectors["sqrt_ratio"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    // Each vector in a lane of its own; two lanes hold the last again.
    let column = |name: &str| core::array::from_fn(|lane| unhex(&cases[lane.min(5)][name]));
    let (u, v) = (element(column("u")), element(column("v")));
    let (squares, roots) = sqrt_ratio(&[v, u], &[u, v]);
    assert_eq!(squares[1], (0..8).map(|lane| u8::from(cases[lane.min(5)]["was_square"] == true) << lane).sum::<u8>());
    assert_eq!(roots[1].equals(&element(column("root"))), Lanes::MAX);
    assert_eq!(roots[1].is_negative(), 0);

    let i = Fe::constant(&I);
    assert_eq!(i.squared().equals(&Fe::small(1).negate()), Lanes::MAX);
    let (mut found, one) = (0, Fe::small(1));
    for seed in 0..40 {
        let mut bytes = [[0; 32]; 16];
        FixedEntropy::new(seed).fill(bytes.as_flattened_mut()).unwrap();
        let [u, v] = *bytes.as_chunks::<8>().0 else { panic!() };
        let (u, v) = (element(u), element(v));
        assert_eq!(v.times(&invert(&v)).equals(&one), Lanes::MAX);
        let ([square], [root]) = sqrt_ratio(&[u], &[v]);
        let mut expected = u.times(&i);
        expected.assign(square, &u);
        assert_eq!(root.squared().times(&v).equals(&expected), Lanes::MAX);
        assert_eq!(unpack(root.to_words()[0]).map(|word| word & 1), [0; 8]);
        found += square.count_ones();
    }
    assert!((120..200).contains(&found), "about half are squares: {found}");
    assert_eq!(invert(&Fe::small(0)).is_zero(), Lanes::MAX);
}

#[test]
fn roots_and_inverses_are_those_of_the_rfc() {
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma") {
        // SAFETY: the instructions have just been found.
        unsafe { vectors_and_random_roots() }
    } else {
        println!("this machine has no AVX-512 IFMA: nothing to compare");
    }
}
