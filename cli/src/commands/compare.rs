//! `bisik compare`: has a publisher signed two different feeds under one number?

use std::fs;
use std::io::Read as _;
use std::path::Path;

use bisik::{ErrorKind, SignedManifest, TrustStore};
use serde_json::{Value, json};

use super::Outcome;
use crate::args::Compare;
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result, needs};
use crate::feeds;
use crate::memory::replace;
use crate::report::{self, Line};
use crate::units::{show_hex, show_time};

/// The longest proof: two signed blocks.
const MAX_PROOF: u64 = 4 << 20;

/// One of the two, and its signed block.
struct Side {
    signed: SignedManifest,
    block: Vec<u8>,
}

/// Compares two versions.
pub(super) fn run(args: &Compare, console: &mut Console) -> Result<Outcome> {
    if args.opening.trust.is_empty() {
        return Err(needs("compare", "needs the card of a publisher you trust: --trust CARD"));
    }
    let trust = feeds::trust(&args.opening.trust)?;
    let (first, second) = match args.files.as_slice() {
        [proof] => read_proof(proof, &trust)?,
        [first, second, ..] => (read_feed(first, args, &trust, console)?, read_feed(second, args, &trust, console)?),
        [] => return Err(needs("compare", "needs two feeds, or a file of proof")),
    };
    let verdict = verdict(&first.signed, &second.signed);
    if let (Some(path), true) = (&args.proof, verdict == Verdict::Contradict) {
        replace(path, &[first.block.as_slice(), &second.block].concat())?;
    }
    if args.json {
        let object = json!({
            "verdict": verdict.name(),
            "first": side_json(&first.signed),
            "second": side_json(&second.signed),
            "proof": args.proof.as_ref().filter(|_| verdict == Verdict::Contradict).map(|path| path.display().to_string()),
        });
        console.line(format_args!("{object}"))?;
    } else {
        let style = console.out_style;
        for (name, side) in [("first", &first.signed), ("second", &second.signed)] {
            let lines: Vec<Line> = vec![
                (
                    name,
                    format!("{} version {}, epoch {}", side.manifest.feed, side.manifest.version, side.manifest.epoch),
                ),
                ("publisher", escape::terminal(&side.publisher_name).into_owned()),
                ("issued", show_time(side.manifest.issued)),
                ("digest", show_hex(&side.digest)),
            ];
            report::print_lines(&mut console.out, &lines, style).map_err(|error| Failure::stream(&error))?;
        }
        let paint = if verdict == Verdict::Contradict { style.error } else { style.good };
        console.line(format_args!("{paint}{}{paint:#}", verdict.sentence()))?;
    }
    Ok(if verdict == Verdict::Contradict { Outcome::NoHit } else { Outcome::Done })
}

/// How two signed manifests stand to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Same,
    Contradict,
    Chained,
    Versions,
    Unrelated,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Contradict => "equivocation",
            Self::Chained => "next-version",
            Self::Versions => "other-version",
            Self::Unrelated => "unrelated",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Same => "the same feed",
            Self::Contradict => "EQUIVOCATION: the publisher signed two different feeds under one version number",
            Self::Chained => "one is the next version of the other, and names it",
            Self::Versions => "two versions of one feed, with others between them",
            Self::Unrelated => "two different feeds: nothing to compare",
        }
    }
}

fn verdict(a: &SignedManifest, b: &SignedManifest) -> Verdict {
    if a.digest == b.digest {
        return Verdict::Same;
    }
    if a.manifest.publisher != b.manifest.publisher || a.manifest.feed != b.manifest.feed {
        return Verdict::Unrelated;
    }
    if a.manifest.version == b.manifest.version {
        return Verdict::Contradict;
    }
    let (old, new) = if a.manifest.version < b.manifest.version { (a, b) } else { (b, a) };
    if new.manifest.version == old.manifest.version + 1 {
        // A version that names another one as its predecessor: the predecessor was forked.
        return match new.manifest.previous {
            Some(previous) if previous != old.digest => Verdict::Contradict,
            _ => Verdict::Chained,
        };
    }
    Verdict::Versions
}

fn read_feed(path: &Path, args: &Compare, trust: &TrustStore, console: &Console) -> Result<Side> {
    let secrets = feeds::secrets(&args.opening.key)?;
    let feed = feeds::load_stale(path, &secrets, trust, console.now()?)?;
    let block = feed.signed_block().to_vec();
    let (signed, _) = SignedManifest::read(&block, trust).about(path)?;
    Ok(Side { signed, block })
}

fn read_proof(path: &Path, trust: &TrustStore) -> Result<(Side, Side)> {
    let mut bytes = Vec::new();
    fs::File::open(path).about(path)?.take(MAX_PROOF + 1).read_to_end(&mut bytes).about(path)?;
    if bytes.len() as u64 > MAX_PROOF {
        return Err(Failure::new(ErrorKind::LimitExceeded, "too long for a proof").about(path));
    }
    let (first, length) = SignedManifest::read(&bytes, trust).about(path)?;
    let (head, rest) = bytes.split_at(length.min(bytes.len()));
    let (second, length) = SignedManifest::read(rest, trust)
        .about(path)
        .map_err(|failure| failure.help("a proof is two signed manifests; to compare feeds, name two"))?;
    if length != rest.len() {
        return Err(Failure::new(ErrorKind::TrailingBytes, "bytes are left over behind the proof").about(path));
    }
    Ok((Side { signed: first, block: head.to_vec() }, Side { signed: second, block: rest.to_vec() }))
}

fn side_json(side: &SignedManifest) -> Value {
    json!({
        "publisher": side.publisher_name,
        "publisher_id": side.manifest.publisher.to_string(),
        "feed": side.manifest.feed,
        "version": side.manifest.version,
        "epoch": side.manifest.epoch,
        "issued": show_time(side.manifest.issued),
        "digest": show_hex(&side.digest),
        "previous": side.manifest.previous.map(|digest| show_hex(&digest)),
    })
}
