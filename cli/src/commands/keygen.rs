//! `bisik keygen`: the keys of a publisher or member.

use std::fs;
use std::path::PathBuf;

use bisik::{Card, ErrorKind, KeySet, OsEntropy, SigningFile};

use zeroize::Zeroizing;

use super::Outcome;
use crate::args::Keygen;
use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};
use crate::feeds;
use crate::files::{Access, with_ending, write_new};

/// Makes keys and writes them; either all three files or none.
pub(super) fn run(args: &Keygen, console: &mut Console) -> Result<Outcome> {
    let mut targets: Vec<PathBuf> = [".sign", ".key", ".pub"].map(|ending| with_ending(&args.out, ending)).into();
    targets.extend((1..=args.roots.unwrap_or_default()).map(|root| with_ending(&args.out, &format!(".root{root}"))));
    for target in &targets {
        if fs::symlink_metadata(target).is_ok() {
            return Err(Failure::new(ErrorKind::AlreadyExists, "the file exists and is not overwritten").about(target));
        }
    }
    let mut keys = KeySet::generate(&args.name, &mut OsEntropy)?;
    let roots = roots(args)?;
    let card = card(args, &mut keys, &roots)?;
    let mut identity = Zeroizing::new(String::with_capacity(256));
    identity.push_str("# bisik recipient key, an age identity: secret\n# public: ");
    identity.push_str(&keys.recipient.recipient().to_string());
    identity.push('\n');
    identity.push_str(&keys.recipient.to_text());
    identity.push('\n');
    let mut written: Vec<&PathBuf> = Vec::new();
    let mut texts = vec![
        (keys.signing.to_text(), Access::Owner),
        (identity, Access::Owner),
        (Zeroizing::new(card.to_text()), Access::Usual),
    ];
    texts.extend(roots.iter().map(|root| (root.to_text(), Access::Owner)));
    for (target, (text, access)) in targets.iter().zip(texts) {
        if let Err(failure) = write_new(target, text.as_bytes(), access) {
            // These were made a moment ago by this very call.
            written.iter().for_each(|path| _ = fs::remove_file(path));
            return Err(failure);
        }
        written.push(target);
    }
    let (label, dim) = (console.out_style.label, console.out_style.dim);
    let what =
        ["signs your feeds: keep it secret", "opens feeds sealed to you: keep it secret", "your card: hand it out"];
    let what = what.into_iter().chain(std::iter::repeat("says which keys sign: keep it secret, offline, apart"));
    let widest = targets.iter().map(|target| target.display().to_string().chars().count()).max().unwrap_or(0);
    for (target, what) in targets.iter().zip(what) {
        let name = target.display().to_string();
        let name = escape::terminal(&name);
        let width = widest - name.chars().count().min(widest);
        console.line(format_args!("{label}{name}{label:#}{:width$}  {dim}{what}{dim:#}", ""))?;
    }
    Ok(Outcome::Done)
}

/// Fresh root keys, each in a signing file of its own.
fn roots(args: &Keygen) -> Result<Vec<SigningFile>> {
    let count = args.roots.unwrap_or_default();
    let root = |number| {
        let name = format!("{} (root {number})", args.name);
        KeySet::generate(&name, &mut OsEntropy).map(|mut keys| {
            keys.signing.recipients.clear();
            keys.signing
        })
    };
    Ok((1..=count).map(root).collect::<bisik::Result<_>>()?)
}

/// The card, and with it the publisher id that the signing file names.
fn card(args: &Keygen, keys: &mut KeySet, roots: &[SigningFile]) -> Result<Card> {
    let mut card = keys.card();
    if let Some(path) = &args.successor_of {
        let old = feeds::card(path)?;
        card.publisher = old.publisher_id();
        card.sequence = old.sequence + 1;
        (card.roots, card.threshold) = (old.roots, old.threshold);
        keys.signing.former = old.verifying_keys;
        keys.signing.publisher = card.publisher;
    }
    if let Some(count) = args.roots {
        card.roots = roots.iter().map(|root| root.key.verifying_key()).collect();
        card.threshold = args.threshold.unwrap_or(count / 2 + 1);
        keys.signing.publisher = card.publisher_id();
    }
    // What is handed out is what others can read.
    Ok(Card::parse(&card.to_text())?)
}
