//! What blind mode costs, next to the crate `voprf`: microseconds of CPU an item, as one JSON object.
//!
//! `cargo run --release --example blind_rates -- 20000`; `benches/blind_peers.py` runs it beside OpenMined PSI.
#![allow(clippy::unwrap_used, reason = "an example fails by panicking")]

use std::time::Instant;

use bisik::{
    BlindOptions, BlindRequest, Claim, Guard, Identifier, Indicator, KeySet, Kind, Matcher, OprfKey, OprfServer,
    OsEntropy, ParseOptions, PublishOptions, Publisher, Timestamp, TrustStore, UnverifiedFeed,
};
use rand_core::OsRng;
use voprf::{Ristretto255, VoprfClient, VoprfServer};

/// Seconds that this thread has run: what other programs take does not count, where the system tells.
fn cpu(start: Instant) -> f64 {
    let ran = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = ran.and_then(|text| text.split(' ').next().and_then(|first| first.parse::<f64>().ok()));
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// Runs a phase and notes what it took an item.
fn phase<T>(rows: &mut Vec<(&'static str, f64)>, name: &'static str, count: usize, work: impl FnOnce() -> T) -> T {
    let clock = Instant::now();
    let before = cpu(clock);
    let result = work();
    rows.push((name, (cpu(clock) - before) * 1e6 / count as f64));
    result
}

fn identifier(number: usize) -> Identifier {
    Identifier::parse(Kind::Phone, &format!("+6591{number:06}"), &ParseOptions::default()).unwrap()
}

fn ours(count: usize, rows: &mut Vec<(&'static str, f64)>) {
    let entropy = &mut OsEntropy;
    let now = Timestamp::from_seconds(1_800_000_000).unwrap();
    let centre = KeySet::generate("Example Anti-Scam Centre", entropy).unwrap();
    let bank = KeySet::generate("Example Bank", entropy).unwrap();
    let key = OprfKey::generate(centre.signing.publisher_id(), "numbers", 1, entropy).unwrap();
    let identifiers: Vec<_> = (0..count).map(identifier).collect();

    let mut options = PublishOptions::new("numbers", now);
    options.blind = Some(key.clone());
    let file = phase(rows, "bisik list entry", count, || {
        let mut publisher = Publisher::new(&centre.signing, options, None, entropy).unwrap();
        for identifier in identifiers.iter().step_by(2).chain(identifiers.iter().skip(1).step_by(2)) {
            publisher.add(Indicator { identifier: identifier.clone(), claim: Claim::default() }).unwrap();
        }
        publisher.publish(entropy).unwrap().open(&[]).unwrap().to_vec()
    });
    let mut trust = TrustStore::new();
    trust.add_card(&centre.card()).unwrap();
    let feed = UnverifiedFeed::from_bytes(file).unwrap().verify(&trust, now).unwrap();
    let matcher = Matcher::new([feed], Guard::default()).unwrap();

    let unpadded = BlindOptions { pad: false };
    let prepared = phase(rows, "bisik query, member: blind", count, || {
        matcher.prepare(&identifiers, &bank.signing.key, &unpadded, now, entropy).unwrap()
    });
    let server = OprfServer::new(key);
    let known = bank.signing.key.verifying_key();
    let answers: Vec<_> = phase(rows, "bisik query, server", count, || {
        let answer = |request: &bisik::PreparedRequest| {
            let (request, _) = BlindRequest::read(&request.bytes, &|_| Some(known)).unwrap();
            server.blind_evaluate(&request, entropy).unwrap()
        };
        prepared.requests().iter().map(answer).collect()
    });
    let report = phase(rows, "bisik query, member: verify, unblind, match", count, || {
        matcher.finish(prepared, &answers, now).unwrap()
    });
    assert_eq!(report.hits.len(), count);
}

/// The bare function of the crate, with one proof for 16,384 elements; no tokens, no set, no signatures.
fn theirs(count: usize, rows: &mut Vec<(&'static str, f64)>) {
    let mut random = OsRng;
    let server = VoprfServer::<Ristretto255>::new(&mut random).unwrap();
    let inputs: Vec<_> = (0..count).map(|number| format!("+6591{number:06}").into_bytes()).collect();
    let listed: Vec<_> =
        phase(rows, "voprf list entry", count, || inputs.iter().map(|input| server.evaluate(input).unwrap()).collect());
    for (first, inputs) in inputs.chunks(16_384).enumerate() {
        let inputs = inputs.to_vec();
        let part = |name: &'static str| if first == 0 { name } else { "" };
        let asked: Vec<_> = phase(rows, part("voprf query, member: blind"), inputs.len(), || {
            inputs.iter().map(|input| VoprfClient::<Ristretto255>::blind(input, &mut random).unwrap()).collect()
        });
        let (states, messages): (Vec<_>, Vec<_>) = asked.into_iter().map(|asked| (asked.state, asked.message)).unzip();
        let result = phase(rows, part("voprf query, server"), inputs.len(), || {
            server.batch_blind_evaluate(&mut random, &messages).unwrap()
        });
        let public = server.get_public_key();
        let outputs: Vec<_> = phase(rows, part("voprf query, member: verify, unblind"), inputs.len(), || {
            VoprfClient::batch_finalize(&inputs, &states, &result.messages, &result.proof, public)
                .unwrap()
                .map(Result::unwrap)
                .collect()
        });
        assert!(outputs.iter().zip(listed.iter().skip(first * 16_384)).all(|(output, listed)| output == listed));
    }
}

fn main() {
    let count = std::env::args().nth(1).map_or(20_000, |count| count.parse().unwrap());
    let mut rows = Vec::new();
    ours(count, &mut rows);
    theirs(count, &mut rows);
    let rows: Vec<_> = rows
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, microseconds)| format!("  \"{name}\": {microseconds:.2}"))
        .collect();
    println!("{{\n{}\n}}", rows.join(",\n"));
}
