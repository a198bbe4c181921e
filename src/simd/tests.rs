//! The kernel next to `curve25519-dalek`, which it stands in for.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;

use super::{Kernel, Points};
use crate::entropy::{Entropy, FixedEntropy};
use crate::simd::coding;
use crate::simd::field::Fe;
use crate::simd::point::{D, Extended};
use crate::simd::root::sqrt_ratio;

/// Runs a test where the machine has the instructions, and says so where it has not.
fn with_kernel(test: impl FnOnce(Kernel)) {
    match Kernel::detect() {
        Some(kernel) => test(kernel),
        None => println!("this machine has no AVX-512 IFMA: nothing to compare"),
    }
}

fn random<const N: usize>(count: usize, seed: u64) -> Vec<[u8; N]> {
    let mut bytes = vec![[0; N]; count];
    FixedEntropy::new(seed).fill(bytes.as_flattened_mut()).unwrap();
    bytes
}

fn scalars(count: usize, seed: u64) -> Vec<Scalar> {
    random::<64>(count, seed).iter().map(Scalar::from_bytes_mod_order_wide).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    unhex(text).try_into().unwrap()
}

fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("../../tests/vectors/ristretto.json")).unwrap()
}

/// The multiples 0 to 15 of the generator.
fn multiples() -> Vec<[u8; 32]> {
    vectors()["multiples"].as_array().unwrap().iter().map(|text| array(text.as_str().unwrap())).collect()
}

/// What dalek makes of twice the points.
fn doubled(points: &[RistrettoPoint]) -> Vec<[u8; 32]> {
    points.iter().map(|point| (point + point).compress().to_bytes()).collect()
}

fn encode_doubled(points: &Points) -> Vec<[u8; 32]> {
    let mut out = vec![[0xee; 32]];
    points.encode_doubled(&mut out);
    assert_eq!(out.remove(0), [0xee; 32]);
    out
}

/// The points of dalek with these encodings.
fn plain(encodings: &[[u8; 32]]) -> Vec<RistrettoPoint> {
    encodings.iter().map(|bytes| CompressedRistretto(*bytes).decompress().unwrap()).collect()
}

/// Maps, encodes, decodes, multiplies and sums `count` random elements on both ways.
fn agree(kernel: Kernel, count: usize, seed: u64) {
    let uniform = random::<64>(count, seed);
    let theirs: Vec<_> = uniform.iter().map(RistrettoPoint::from_uniform_bytes).collect();
    let ours = Points::map(kernel, &uniform);
    let encodings = encode_doubled(&ours);
    assert_eq!(encodings, doubled(&theirs));
    assert_eq!(encode_doubled(&ours.double()), doubled(&plain(&encodings)));

    let decoded = Points::decode(kernel, &encodings).unwrap_or_else(|number| panic!("{number} of {count}"));
    let theirs = plain(&encodings);
    assert_eq!((decoded.len(), encode_doubled(&decoded)), (count, doubled(&theirs)));

    let own = scalars(count, seed + 1);
    let expected: Vec<_> = theirs.iter().zip(&own).map(|(point, scalar)| point * scalar).collect();
    let product = decoded.multiply_each(own.iter().map(Scalar::as_bytes));
    assert_eq!(encode_doubled(&product), doubled(&expected));
    let one = own.last().copied().unwrap_or_default();
    let expected: Vec<_> = theirs.iter().map(|point| point * one).collect();
    assert_eq!(encode_doubled(&decoded.multiply_all(one.as_bytes())), doubled(&expected));

    let sum: RistrettoPoint = plain(&decoded.weighted_sums(own.iter().map(Scalar::as_bytes))).iter().sum();
    let expected: RistrettoPoint = theirs.iter().zip(&own).map(|(point, scalar)| point * scalar).sum();
    assert_eq!(sum, expected + expected);
}

#[test]
fn the_kernel_agrees_with_dalek_on_every_count_and_on_random_elements() {
    with_kernel(|kernel| {
        for count in 0..=17 {
            agree(kernel, count, count as u64);
        }
        for count in [255, 256, 257, 600] {
            agree(kernel, count, 100 + count as u64);
        }
    });
}

/// The long form of the test above: `cargo xtask kernel`.
#[test]
#[ignore = "long without optimisation"]
fn the_kernel_agrees_with_dalek_on_a_hundred_thousand_elements() {
    with_kernel(|kernel| (0..100).for_each(|part| agree(kernel, 1_000 + part, 1_000 + part as u64)));
}

/// Scalars at the edges of their digits: small, near the order, powers of two, and what makes every digit the same.
fn edge_scalars() -> Vec<[u8; 32]> {
    let order = array::<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let below = |bytes: [u8; 32], number: u8| {
        let mut bytes = bytes;
        bytes[0] -= number;
        bytes
    };
    let mut edges = vec![below(order, 0), below(order, 1), below(order, 2), array(&("ff".repeat(31) + "7f"))];
    edges.extend((0..=16).map(|number| Scalar::from(number as u64).to_bytes()));
    edges.extend((0..255).map(|bit| {
        let mut bytes = [0; 32];
        bytes[bit / 8] = 1 << (bit % 8);
        bytes
    }));
    for digit in 0..16 {
        let mut bytes = [digit * 17; 32];
        bytes[31] &= 0x7f;
        edges.push(bytes);
    }
    edges
}

#[test]
fn edge_scalars_multiply_as_with_dalek_in_every_lane() {
    with_kernel(|kernel| {
        let edges = edge_scalars();
        assert!(edges.len() > 280);
        for start in 0..8 {
            let uniform = random::<64>(start + edges.len(), 7);
            let theirs: Vec<_> = uniform.iter().map(RistrettoPoint::from_uniform_bytes).collect();
            let mut own = vec![[9; 32]; start];
            own.iter_mut().for_each(|scalar| scalar[31] = 9);
            own.extend(&edges);
            let expected: Vec<_> =
                theirs.iter().zip(&own).map(|(point, scalar)| point * Scalar::from_bytes_mod_order(*scalar)).collect();
            let ours = Points::map(kernel, &uniform);
            assert_eq!(encode_doubled(&ours.multiply_each(own.iter())), doubled(&expected));
            let sum: RistrettoPoint = plain(&ours.weighted_sums(own.iter())).iter().sum();
            let expected: RistrettoPoint = expected.iter().sum();
            assert_eq!(sum, expected + expected);
            if start == 0 {
                for scalar in &edges {
                    let expected: Vec<_> =
                        theirs[..9].iter().map(|point| point * Scalar::from_bytes_mod_order(*scalar)).collect();
                    let nine = Points::map(kernel, &uniform[..9]);
                    assert_eq!(encode_doubled(&nine.multiply_all(scalar)), doubled(&expected));
                }
            }
        }
    });
}

/// 32-byte strings that are no element, and the identity: those of the vectors, and every way to write a field element that
/// is not canonical.
fn bad_encodings() -> Vec<[u8; 32]> {
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../../tests/vectors/oprf.json")).unwrap();
    let cases = vectors["bad_encodings"].as_array().unwrap();
    assert_eq!(cases.len(), 21);
    let mut bad: Vec<_> = cases.iter().map(|case| array(case["hex"].as_str().unwrap())).collect();
    // p … 2²⁵⁵ − 1
    bad.extend((0xed..=0xff).map(|lowest| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (lowest, 0x7f);
        bytes
    }));
    // s = 1 and s = −1, which lead to y = 0 and to nothing else that is wrong.
    for lowest in [0x01, 0xec] {
        let fill = if lowest == 0xec { 0xff } else { 0 };
        let mut bytes = [fill; 32];
        (bytes[0], bytes[31]) = (lowest, fill & 0x7f);
        bad.push(bytes);
    }
    // p − s for s that are encodings: nothing is wrong with them but that they are odd.
    bad.extend(multiples().into_iter().skip(1).map(|s| {
        let mut borrow = 0;
        core::array::from_fn(|at| {
            let p = [0xed, 0xff, 0x7f][usize::from(at > 0) + usize::from(at == 31)];
            let difference = p - i32::from(s[at]) - borrow;
            borrow = i32::from(difference < 0);
            difference.rem_euclid(256) as u8
        })
    }));
    // The top bit set over what is an encoding.
    bad.extend(multiples().into_iter().map(|mut bytes| {
        bytes[31] |= 0x80;
        bytes
    }));
    bad
}

#[test]
fn a_bad_encoding_is_found_in_every_lane_and_the_first_one_named() {
    with_kernel(|kernel| {
        let good: Vec<_> = random::<64>(40, 3)
            .iter()
            .map(|uniform| RistrettoPoint::from_uniform_bytes(uniform).compress().to_bytes())
            .collect();
        for bad in bad_encodings() {
            let refused = CompressedRistretto(bad).decompress().is_none() || bad == [0; 32];
            assert!(refused, "{bad:02x?}");
            for place in 0..17 {
                let mut encodings = good[..17].to_vec();
                encodings[place] = bad;
                assert_eq!(Points::decode(kernel, &encodings).err(), Some(place), "{bad:02x?}");
                encodings[16] = bad;
                assert_eq!(Points::decode(kernel, &encodings).err(), Some(place), "{bad:02x?}");
                encodings.truncate(place + 1);
                assert_eq!(Points::decode(kernel, &encodings).err(), Some(place), "{bad:02x?}");
            }
        }
        let mut late = good.clone();
        late[39] = [0xff; 32];
        assert_eq!(Points::decode(kernel, &late).err(), Some(39));
        late[33] = [0; 32];
        assert_eq!(Points::decode(kernel, &late).err(), Some(33));
    });
}

#[test]
fn any_32_bytes_are_an_element_for_both_or_for_neither() {
    with_kernel(|kernel| {
        let mut accepted = 0;
        for mut bytes in random::<32>(2_000, 4) {
            bytes[31] &= 0x7f;
            let theirs = CompressedRistretto(bytes).decompress();
            match Points::decode(kernel, &[bytes]) {
                Ok(ours) => assert_eq!(encode_doubled(&ours), doubled(&[theirs.unwrap()])),
                Err(number) => assert!(number == 0 && theirs.is_none(), "{bytes:02x?}"),
            }
            accepted += u32::from(theirs.is_some());
        }
        assert!((180..320).contains(&accepted), "about one in eight: {accepted}");
    });
}

/// What stands in the other lanes changes nothing: bad bytes, the identity, other scalars.
#[test]
fn lanes_know_nothing_of_each_other() {
    with_kernel(|kernel| {
        let uniform = random::<64>(8, 5);
        let own: Vec<_> = scalars(8, 6).iter().map(Scalar::to_bytes).collect();
        let expected = encode_doubled(&Points::map(kernel, &uniform).multiply_each(own.iter()));
        for lane in 0..8 {
            for fill in [0, 0xff, 0x55] {
                let (mut others, mut scalars) = (vec![[fill; 64]; 8], vec![[fill & 0x7f; 32]; 8]);
                (others[lane], scalars[lane]) = (uniform[lane], own[lane]);
                let ours = encode_doubled(&Points::map(kernel, &others).multiply_each(scalars.iter()));
                assert_eq!(ours[lane], expected[lane]);
            }
        }
    });
}

#[test]
fn the_identity_comes_out_as_zeros_and_leaves_the_batch_whole() {
    with_kernel(|kernel| {
        // Zero bytes are mapped to the identity, or a point that encodes as it.
        let mut uniform = random::<64>(24, 8);
        for place in [0, 5, 8, 9, 10, 11, 12, 13, 14, 15, 23] {
            uniform[place] = [0; 64];
        }
        let theirs: Vec<_> = uniform.iter().map(RistrettoPoint::from_uniform_bytes).collect();
        let ours = Points::map(kernel, &uniform);
        assert_eq!(encode_doubled(&ours), doubled(&theirs));
        assert_eq!(encode_doubled(&ours)[8..16], [[0; 32]; 8]);
        let own = scalars(24, 9);
        let expected: Vec<_> = theirs.iter().zip(&own).map(|(point, scalar)| point * scalar).collect();
        assert_eq!(encode_doubled(&ours.multiply_each(own.iter().map(Scalar::as_bytes))), doubled(&expected));
        assert_eq!(encode_doubled(&ours.multiply_all(&[0; 32])), [[0; 32]; 24]);
        assert_eq!(ours.weighted_sums([].into_iter()), [[0; 32]; 8]);
    });
}

#[test]
fn the_vectors_of_the_rfc_hold_to_the_byte() {
    with_kernel(|kernel| {
        let vectors = vectors();
        let multiples = multiples();
        assert_eq!((multiples.len(), multiples[0]), (16, [0; 32]));
        let generator = Points::decode(kernel, &[multiples[1]; 16]).unwrap_or_else(|_| panic!());
        let halves: Vec<_> = (0..16_u64).map(|number| Scalar::from(number).div_by_2()).collect();
        assert_eq!(encode_doubled(&generator.multiply_each(halves.iter().map(Scalar::as_bytes))), multiples);
        for number in 1..8 {
            let decoded = Points::decode(kernel, &multiples[number..=number]).unwrap_or_else(|_| panic!("{number}"));
            assert_eq!(encode_doubled(&decoded), [multiples[2 * number]]);
        }

        let cases = vectors["uniform"].as_array().unwrap();
        assert_eq!(cases.len(), 11);
        let uniform: Vec<_> = cases.iter().map(|case| array(case["input"].as_str().unwrap())).collect();
        let expected: Vec<_> = cases.iter().map(|case| array(case["element"].as_str().unwrap())).collect();
        let mapped = Points::map(kernel, &uniform);
        assert_eq!(encode_doubled(&mapped.multiply_all(Scalar::ONE.div_by_2().as_bytes())), expected);
    });
}

/// 2 (P + T) and 2 P are one element for each of the eight points T that eight times are the identity: the encoding of a
/// point does not depend on which of its four equals it is.
#[test]
fn points_that_differ_by_torsion_are_encoded_alike() {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn check() {
        let torsion = EIGHT_TORSION.map(|point| point.compress().to_bytes());
        let mut heights = torsion;
        heights.iter_mut().for_each(|bytes| bytes[31] &= 0x7f);
        let one = Fe::small(1);
        let y = Fe::from_words(coding::load(heights.each_ref()));
        let square = y.squared();
        let u = square.loose().minus(&one.loose()).carry();
        let v = square.times(&Fe::constant(&D)).loose().plus(&one.loose()).carry_positive();
        let ([squares], [x]) = sqrt_ratio(&[u], &[v]);
        assert_eq!(squares, 0xff);
        let signs = torsion.iter().enumerate().map(|(lane, bytes)| (bytes[31] >> 7) << lane).sum();
        let x = x.negate_in(signs);
        let torsion = Extended { x, y, z: one, t: x.times(&y) }.addend();
        for uniform in random::<64>(20, 11) {
            let point = coding::map([&uniform; 8]);
            let sum = point.ready().add(&torsion, 0).extended();
            let mut encodings = [[0xee; 32]; 8];
            coding::encode(&[sum.doubler().double()], &mut encodings);
            assert_eq!(encodings.to_vec(), doubled(&[RistrettoPoint::from_uniform_bytes(&uniform); 8]));
        }
    }
    // SAFETY: the kernel has found the instructions.
    with_kernel(|_| unsafe { check() });
}
