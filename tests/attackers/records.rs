//! T8: records of values that can be guessed. T22: a second value with the token of a victim.

use std::collections::HashMap;

use bisik::{ErrorKind, Kind};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};

use super::common::forge::{Forger, Parts};
use super::common::{Plan, centre, claim, kind_of, open, plain, trusting};
use super::{Attacker, frame};

const SIZE: usize = 128;

/// Opens a record as the format says, without the commitment: all that an attacker needs.
fn opened(secret: &[u8], token: &[u8], ids: &[u8], record: &[u8]) -> Option<Vec<u8>> {
    let material = [secret, &record[..16], token, ids].concat();
    let mut okm = [0; 64];
    blake3::Hasher::new_derive_key("bisik 2026 v1 record").update(&material).finalize_xof().fill(&mut okm);
    let mut text = record[48..record.len() - 16].to_vec();
    let tag = Tag::from(<[u8; 16]>::try_from(&record[record.len() - 16..]).unwrap());
    ChaCha20Poly1305::new(okm[..32].try_into().unwrap())
        .decrypt_inout_detached(&Nonce::from([0; 12]), b"", text.as_mut_slice().into(), &tag)
        .ok()
        .map(|()| text)
}

fn number(n: usize) -> String {
    format!("+65912{n:05}")
}

/// The attacker has tokens and records (a reader's stolen cache, say) and tries every number of a block, with every secret that
/// follows from the number or the token alone. With the feed key the same loop reads all of them.
#[test]
fn a_dictionary_opens_no_record_without_the_feed_key_and_all_of_them_with_it() {
    let keys = centre();
    let listed: Vec<String> = (0..20).map(|n| number(n * 97)).collect();
    let mut entries = plain(Kind::Phone, &listed.iter().map(String::as_str).collect::<Vec<_>>());
    entries.iter_mut().for_each(|(_, _, said)| *said = claim());
    let file = Plan::new(&keys, "phones").records().open(&entries);
    let mut parts = Parts::of(&file);
    let size = parts.manifest["record_size"].as_u64().unwrap() as usize;
    assert!(size >= SIZE);
    let (tokens, records) = (parts.section(2).clone(), parts.section(5).clone());
    let stored: Vec<(&[u8], &[u8])> = tokens.chunks(16).zip(records.chunks(size)).collect();
    let insider = Attacker::inside(&file, "phones");

    let (mut found, mut read) = (0, 0);
    let by_token: HashMap<&[u8], &[u8]> = stored.iter().copied().collect();
    for candidate in (0..2_000).map(number) {
        let frame = frame(1, &candidate);
        // Message-locked: from the value alone, or from what lies open beside the record.
        let alone = *blake3::hash(candidate.as_bytes()).as_bytes();
        let unkeyed = blake3::derive_key("bisik 2026 v1 token key", &frame);
        for (token, record) in stored.iter().take(4) {
            for secret in [&alone[..16], &alone[..], &unkeyed[16..], token, &[0; 16]] {
                found += usize::from(opened(secret, token, &insider.ids, record).is_some());
            }
        }
        let digest = insider.digest(&frame);
        if let Some(record) = by_token.get(&digest[..16]) {
            let text = opened(&digest[16..], &digest[..16], &insider.ids, record).unwrap();
            assert!(text.windows(6).any(|word| word == b"case-1"));
            // The token in the place of the secret is not enough even for whoever knows which record it is.
            assert!(opened(&digest[..16], &digest[..16], &insider.ids, record).is_none());
            read += 1;
        }
    }
    assert_eq!((found, read), (0, listed.len()));
}

/// A publisher or member with the key looks for a number whose token begins as its victim's does. Against two bytes it takes a
/// moment, and every byte more takes 256 times as long: so tokens have sixteen, and a feed of shorter ones is refused.
#[test]
fn a_victim_is_framed_where_tokens_are_short_and_not_where_they_are_whole() {
    let keys = centre();
    let file = Plan::new(&keys, "phones").open(&plain(Kind::Phone, &["+6591234567"]));
    let insider = Attacker::inside(&file, "phones");
    let key = insider.derive("bisik 2026 v1 token key", &[]);
    let victim = insider.digest(&frame(1, "+6591234567"));
    let (mut short, mut whole) = (0, 0);
    for n in 0..400_000 {
        let tried = blake3::keyed_hash(&key, &frame(1, &format!("+6580{n:06}")));
        short += usize::from(tried.as_bytes()[..2] == victim[..2]);
        whole += usize::from(tried.as_bytes()[..16] == victim[..16]);
    }
    assert!((1..=20).contains(&short), "{short} numbers frame the victim, 6 expected");
    assert_eq!(whole, 0);

    // There is no way to ask for fewer bytes, and a feed made so by hand is refused although it is signed.
    let mut parts = Parts::of(&file);
    for length in [8, 12, 15, 17, 32] {
        *parts.section(2) = vec![7; length];
        let short = Forger::new(&keys.signing).feed(&parts);
        assert_eq!(kind_of(open(&short, &trusting(&[keys.card()]))), Some(ErrorKind::Malformed), "{length}");
    }
    *parts.section(2) = vec![7; 16];
    open(&Forger::new(&keys.signing).feed(&parts), &trusting(&[keys.card()])).unwrap();
}
