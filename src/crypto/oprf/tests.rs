use super::*;
use crate::codec::hex;
use crate::entropy::FixedEntropy;

/// Gives out prepared bytes, then fails.
struct Script(Vec<u8>);

impl Script {
    /// Scalars as the 64 bytes whose remainder they are.
    fn scalars(scalars: &[Vec<u8>]) -> Self {
        Self(scalars.iter().flat_map(|scalar| [scalar.as_slice(), &[0; 32]].concat()).collect())
    }
}

impl Entropy for Script {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        if self.0.len() < bytes.len() {
            return Err(ErrorKind::NoRandomness.into());
        }
        let rest = self.0.split_off(bytes.len());
        bytes.copy_from_slice(&std::mem::replace(&mut self.0, rest));
        Ok(())
    }
}

fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../tests/vectors/oprf.json")).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A value of a vector: texts joined by commas.
fn list(value: &serde_json::Value) -> Vec<Vec<u8>> {
    value.as_str().unwrap().split(',').map(unhex).collect()
}

fn elements(value: &serde_json::Value) -> Vec<Element> {
    list(value).iter().map(|bytes| bytes.as_slice().try_into().unwrap()).collect()
}

fn key(seed: u64) -> ServerKey {
    ServerKey::generate(&mut FixedEntropy::new(seed)).unwrap()
}

/// Inputs of the lengths that occur, and others.
fn inputs(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| {
            let mut input = vec![0; n % 200];
            FixedEntropy::new(n as u64).fill(&mut input).unwrap();
            input.extend_from_slice(&n.to_le_bytes());
            input
        })
        .collect()
}

#[test]
fn the_vectors_of_the_rfc_hold_to_the_byte() {
    let mut count = 0;
    for mode in vectors()["voprf"].as_array().unwrap() {
        let key = ServerKey::from_bytes(&unhex(mode["skSm"].as_str().unwrap()).try_into().unwrap()).unwrap();
        assert_eq!(hex::encode(key.public_key().as_bytes()), mode["pkSm"]);
        for vector in mode["vectors"].as_array().unwrap() {
            let inputs = list(&vector["Input"]);
            let (blinding, sent) = Blinding::new(&inputs, 0, &mut Script::scalars(&list(&vector["Blind"]))).unwrap();
            assert_eq!(sent, elements(&vector["BlindedElement"]));
            let mut evaluated = Vec::new();
            let nonce = list(&vector["Proof"]["r"]);
            let proof = key.blind_evaluate(&sent, &mut Script::scalars(&nonce), &mut evaluated).unwrap();
            assert_eq!(evaluated, elements(&vector["EvaluationElement"]));
            assert_eq!(proof.as_slice(), unhex(vector["Proof"]["proof"].as_str().unwrap()));
            let outputs = blinding.finalize(&inputs, &sent, &evaluated, &proof, key.public_key()).unwrap();
            let expected = list(&vector["Output"]);
            assert!(outputs.iter().zip(&expected).all(|(output, expected)| output.as_slice() == expected));
            let mut direct = Vec::new();
            key.evaluate_many(&inputs, &mut direct).unwrap();
            assert_eq!(direct, outputs);
            count += inputs.len();
        }
    }
    assert_eq!(count, 3);
}

/// T5.
#[test]
fn what_is_no_element_is_refused_on_both_sides() {
    let key = key(1);
    let good = RistrettoPoint::mul_base(&Scalar::ONE).compress().to_bytes();
    let inputs = [b"a".to_vec(), b"b".to_vec()];
    let vectors = vectors();
    let bad = vectors["bad_encodings"].as_array().unwrap();
    assert_eq!(bad.len(), 21);
    for case in bad {
        let element: Element = unhex(case["hex"].as_str().unwrap()).try_into().unwrap();
        let mut out = Vec::new();
        let error = key.blind_evaluate(&[good, element], &mut FixedEntropy::new(2), &mut out).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadElement, Some(1)), "{case}");
        assert!(out.is_empty());
        assert!(PublicKey::from_bytes(&element).is_err(), "{case}");
        let (blinding, sent) = Blinding::new(&inputs, 0, &mut FixedEntropy::new(3)).unwrap();
        let error = blinding.finalize(&inputs, &sent, &[good, element], &[0; 64], key.public_key()).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadElement, Some(1)), "{case}");
    }
}

fn round(seed: u64, count: usize, padding: usize) -> (ServerKey, Vec<Vec<u8>>, Blinding, Vec<Element>) {
    let inputs = inputs(count);
    let (blinding, sent) = Blinding::new(&inputs, padding, &mut FixedEntropy::new(seed)).unwrap();
    (key(seed + 1), inputs, blinding, sent)
}

#[test]
fn both_ways_to_an_output_agree_with_another_implementation() {
    use voprf::{Ristretto255, VoprfServer};

    let key = key(7);
    let other = VoprfServer::<Ristretto255>::new_with_key(key.to_bytes().as_slice()).unwrap();
    let inputs = inputs(10_000);
    let mut outputs = Vec::new();
    key.evaluate_many(&inputs, &mut outputs).unwrap();
    for (input, output) in inputs.iter().zip(&outputs) {
        assert_eq!(other.evaluate(input).unwrap()[..], output[..]);
    }
    let (blinding, sent) = Blinding::new(&inputs, 3, &mut FixedEntropy::new(8)).unwrap();
    let mut evaluated = Vec::new();
    let proof = key.blind_evaluate(&sent, &mut FixedEntropy::new(9), &mut evaluated).unwrap();
    assert_eq!(blinding.finalize(&inputs, &sent, &evaluated, &proof, key.public_key()).unwrap(), outputs);
}

#[test]
fn another_implementation_answers_our_client_and_asks_our_server() {
    use voprf::{BlindedElement, EvaluationElement, Proof as OtherProof, Ristretto255, VoprfClient, VoprfServer};

    let key = key(11);
    let other = VoprfServer::<Ristretto255>::new_with_key(key.to_bytes().as_slice()).unwrap();
    let mut rng = rand_core::OsRng;
    let inputs = inputs(33);
    let mut outputs = Vec::new();
    key.evaluate_many(&inputs, &mut outputs).unwrap();

    let (blinding, sent) = Blinding::new(&inputs, 31, &mut FixedEntropy::new(12)).unwrap();
    let blinded: Vec<_> =
        sent.iter().map(|element| BlindedElement::<Ristretto255>::deserialize(element).unwrap()).collect();
    let result = other.batch_blind_evaluate(&mut rng, &blinded).unwrap();
    let evaluated: Vec<Element> =
        result.messages.iter().map(|element| element.serialize()[..].try_into().unwrap()).collect();
    let proof: Proof = result.proof.serialize()[..].try_into().unwrap();
    assert_eq!(blinding.finalize(&inputs, &sent, &evaluated, &proof, key.public_key()).unwrap(), outputs);

    let asked: Vec<_> =
        inputs.iter().map(|input| VoprfClient::<Ristretto255>::blind(input, &mut rng).unwrap()).collect();
    let sent: Vec<Element> = asked.iter().map(|asked| asked.message.serialize()[..].try_into().unwrap()).collect();
    let mut evaluated = Vec::new();
    let proof = key.blind_evaluate(&sent, &mut FixedEntropy::new(13), &mut evaluated).unwrap();
    let states: Vec<_> = asked.into_iter().map(|asked| asked.state).collect();
    let messages: Vec<_> =
        evaluated.iter().map(|element| EvaluationElement::<Ristretto255>::deserialize(element).unwrap()).collect();
    let proof = OtherProof::<Ristretto255>::deserialize(&proof).unwrap();
    let theirs = VoprfClient::batch_finalize(&inputs, &states, &messages, &proof, other.get_public_key()).unwrap();
    for (output, theirs) in outputs.iter().zip(theirs) {
        assert_eq!(theirs.unwrap()[..], output[..]);
    }
}

/// T4.
#[test]
fn a_server_that_does_otherwise_is_found_out() {
    let answer = |key: &ServerKey, sent: &[Element]| {
        let mut evaluated = Vec::new();
        let proof = key.blind_evaluate(sent, &mut FixedEntropy::new(22), &mut evaluated).unwrap();
        (evaluated, proof)
    };
    let refused = |evaluated: &[Element], proof: &Proof, public: &PublicKey| {
        let (_, inputs, blinding, sent) = round(20, 5, 3);
        blinding.finalize(&inputs, &sent, evaluated, proof, public).unwrap_err().kind()
    };
    let (key, inputs, blinding, sent) = round(20, 5, 3);
    let (evaluated, proof) = answer(&key, &sent);
    assert_eq!(blinding.finalize(&inputs, &sent, &evaluated, &proof, key.public_key()).unwrap().len(), 5);

    let other = ServerKey::generate(&mut FixedEntropy::new(23)).unwrap();
    let (otherwise, other_proof) = answer(&other, &sent);
    assert_eq!(refused(&otherwise, &other_proof, key.public_key()), ErrorKind::BadProof);
    assert_eq!(refused(&otherwise, &proof, key.public_key()), ErrorKind::BadProof);
    assert_eq!(refused(&evaluated, &other_proof, key.public_key()), ErrorKind::BadProof);
    assert_eq!(refused(&evaluated, &proof, other.public_key()), ErrorKind::BadProof);

    let mut swapped = evaluated.clone();
    swapped.swap(0, 1);
    assert_eq!(refused(&swapped, &proof, key.public_key()), ErrorKind::BadProof);
    let mut one_other = evaluated.clone();
    one_other[7] = otherwise[7];
    assert_eq!(refused(&one_other, &proof, key.public_key()), ErrorKind::BadProof);

    let (_, _, _, another_batch) = round(24, 5, 3);
    let (_, proof_of_another) = answer(&key, &another_batch);
    assert_eq!(refused(&evaluated, &proof_of_another, key.public_key()), ErrorKind::BadProof);

    for bit in 0..512 {
        let mut flipped = proof;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(refused(&evaluated, &flipped, key.public_key()), ErrorKind::BadProof, "{bit}");
    }
    for count in [4, 7, 9] {
        let mut others = evaluated.clone();
        others.resize(count, evaluated[0]);
        assert_eq!(refused(&others, &proof, key.public_key()), ErrorKind::CountMismatch);
    }
}

/// T5.
#[test]
fn two_blinds_of_one_input_differ_and_no_randomness_is_an_error() {
    let inputs = [b"same", b"same"];
    let (blinding, sent) = Blinding::new(&inputs, 0, &mut FixedEntropy::new(30)).unwrap();
    assert_ne!(sent[0], sent[1]);
    let blinds: Vec<_> = blinding.blinds().collect();
    assert_ne!(*blinds[0], *blinds[1]);
    assert_eq!(Blinding::new(&inputs, 0, &mut Script(vec![1; 100])).err().unwrap().kind(), ErrorKind::NoRandomness);
    assert_eq!(Blinding::new(&inputs, 1, &mut Script(vec![1; 128])).err().unwrap().kind(), ErrorKind::NoRandomness);
    let key = key(31);
    let error = key.blind_evaluate(&sent, &mut Script(Vec::new()), &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRandomness);
    // A generator of zeros gives no zero blind: it is asked again.
    let mut zeros_first = Script([vec![0; 64], vec![2; 128]].concat());
    let (blinding, _) = Blinding::new(&inputs, 0, &mut zeros_first).unwrap();
    assert!(blinding.blinds().all(|blind| *blind != [0; 32]));
}

#[test]
fn kept_blinds_finish_what_was_begun() {
    let (key, inputs, blinding, sent) = round(40, 3, 1);
    let blinds: Vec<[u8; 32]> = blinding.blinds().map(|blind| *blind).collect();
    let mut evaluated = Vec::new();
    let proof = key.blind_evaluate(&sent, &mut FixedEntropy::new(41), &mut evaluated).unwrap();
    let outputs = blinding.finalize(&inputs, &sent, &evaluated, &proof, key.public_key()).unwrap();
    let again = Blinding::restore(&blinds, &sent).unwrap();
    assert_eq!(again.finalize(&inputs, &sent, &evaluated, &proof, key.public_key()).unwrap(), outputs);
    assert_eq!(Blinding::restore(&[[0; 32]], &sent).err().unwrap().kind(), ErrorKind::BadMessage);
    assert_eq!(Blinding::restore(&[[0xff; 32]], &sent).err().unwrap().kind(), ErrorKind::BadMessage);
    assert_eq!(Blinding::restore(&blinds, &sent[..2]).err().unwrap().kind(), ErrorKind::CountMismatch);
}

#[test]
fn keys_are_canonical_scalars_other_than_zero() {
    let key = key(50);
    let again = ServerKey::from_bytes(&key.to_bytes()).unwrap();
    assert!(again.public_key() == key.public_key());
    let order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    for bytes in [[0; 32], [0xff; 32], order.try_into().unwrap()] {
        assert_eq!(ServerKey::from_bytes(&bytes).err().unwrap().kind(), ErrorKind::BadKey);
    }
}

#[test]
fn an_empty_batch_and_the_largest_are_no_special_cases() {
    let key = key(60);
    let (blinding, sent) = Blinding::new::<&[u8]>(&[], 0, &mut FixedEntropy::new(61)).unwrap();
    let mut evaluated = Vec::new();
    let proof = key.blind_evaluate(&sent, &mut FixedEntropy::new(62), &mut evaluated).unwrap();
    assert!(blinding.finalize::<&[u8]>(&[], &sent, &evaluated, &proof, key.public_key()).unwrap().is_empty());
    let inputs = vec![[1_u8]; MAX_ELEMENTS];
    assert_eq!(Blinding::new(&inputs, 1, &mut FixedEntropy::new(63)).err().unwrap().kind(), ErrorKind::TooManyElements);
    let many = vec![sent.first().copied().unwrap_or_default(); MAX_ELEMENTS + 1];
    let error = key.blind_evaluate(&many, &mut FixedEntropy::new(64), &mut evaluated).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyElements);
}

/// Every test above once more on the plain way, which is the only one of most machines.
mod plain {
    use crate::crypto::oprf::points::plainly;

    macro_rules! again {
        ($($name:ident)*) => {
            const AGAIN: &[&str] = &[$(stringify!($name)),*];
            $(
                #[test]
                fn $name() {
                    plainly(super::$name);
                }
            )*
        };
    }

    again! {
        the_vectors_of_the_rfc_hold_to_the_byte
        what_is_no_element_is_refused_on_both_sides
        both_ways_to_an_output_agree_with_another_implementation
        another_implementation_answers_our_client_and_asks_our_server
        a_server_that_does_otherwise_is_found_out
        two_blinds_of_one_input_differ_and_no_randomness_is_an_error
        kept_blinds_finish_what_was_begun
        keys_are_canonical_scalars_other_than_zero
        an_empty_batch_and_the_largest_are_no_special_cases
    }

    #[test]
    fn no_test_of_this_file_is_left_out() {
        let text = include_str!("tests.rs");
        let (before, _) = text.split_once("mod plain {").unwrap();
        assert_eq!(before.matches("#[test]").count(), AGAIN.len());
    }
}

/// With the same randomness both ways give the same bytes at every step, and each finishes what the other began.
#[test]
fn both_ways_give_the_same_bytes() {
    let ask = |count, padding| {
        let (key, inputs, blinding, sent) = round(70, count, padding);
        let mut evaluated = Vec::new();
        let proof = key.blind_evaluate(&sent, &mut FixedEntropy::new(71), &mut evaluated).unwrap();
        let mut direct = Vec::new();
        key.evaluate_many(&inputs, &mut direct).unwrap();
        (blinding, (key.public, inputs, sent, evaluated, proof, direct))
    };
    for (count, padding) in [(0, 0), (1, 0), (7, 2), (8, 8), (9, 55), (300, 212)] {
        let (here, bytes) = ask(count, padding);
        let (there, plain_bytes) = points::plainly(|| ask(count, padding));
        assert!(bytes == plain_bytes, "{count} + {padding}");
        let (public, inputs, sent, evaluated, proof, direct) = bytes;
        let blinds: Vec<_> = there.blinds().map(|blind| *blind).collect();
        let kept = Blinding::restore(&blinds, &sent).unwrap();
        assert_eq!(kept.finalize(&inputs, &sent, &evaluated, &proof, &public).unwrap(), direct);
        let plain = points::plainly(|| there.finalize(&inputs, &sent, &evaluated, &proof, &public).unwrap());
        assert_eq!(plain, direct);
        assert_eq!(here.finalize(&inputs, &sent, &evaluated, &proof, &public).unwrap(), direct);
    }
}
