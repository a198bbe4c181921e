//! `bisik rotate` and `bisik revoke`: what a publisher's roots sign.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use bisik::{ErrorKind, KeyId, Revocation, Rotation, SigningFile, SigningKey};

use super::Outcome;
use crate::args::{Revoke, Rotate};
use crate::console::Console;
use crate::failure::{About, Failure, Result};
use crate::feeds;
use crate::files::{Access, NewFile};
use crate::units::{parse_key_id, plural};

/// Signs a rotation to the keys of a card.
pub(super) fn rotate(args: &Rotate, console: &mut Console) -> Result<Outcome> {
    let card = feeds::card(&args.card)?;
    let roots = roots(&args.root)?;
    let sequence = card.sequence;
    let rotation = Rotation { card, issued: console.now()?, reset_versions: args.reset_versions };
    let statement = rotation.sign(&keys(&roots)).about(&args.card)?;
    write(&args.out, &statement)?;
    written(args.out.as_path(), &format!("rotation {sequence}"), roots.len(), console);
    Ok(Outcome::Done)
}

/// Signs a revocation.
pub(super) fn revoke(args: &Revoke, console: &mut Console) -> Result<Outcome> {
    let card = feeds::card(&args.card)?;
    let publisher = card
        .publisher_id()
        .ok_or_else(|| Failure::new(ErrorKind::BadKey, "the card names no publisher").about(&args.card))?;
    let roots = roots(&args.root)?;
    let mut revoked: Vec<KeyId> = args.key.iter().map(|id| parse_key_id(id)).collect::<bisik::Result<_>>()?;
    if revoked.is_empty() {
        revoked = card.verifying_keys.iter().map(|key| key.key_id()).collect();
    }
    let sequence = args.sequence.unwrap_or(card.sequence + 1);
    let revocation = Revocation { publisher, sequence, issued: console.now()?, keys: revoked };
    let statement = revocation.sign(&keys(&roots))?;
    write(&args.out, &statement)?;
    written(args.out.as_path(), &format!("revocation {sequence}"), roots.len(), console);
    Ok(Outcome::Done)
}

fn roots(paths: &[PathBuf]) -> Result<Vec<SigningFile>> {
    paths.iter().map(|path| feeds::signing_file(path)).collect()
}

fn keys(roots: &[SigningFile]) -> Vec<&SigningKey> {
    roots.iter().map(|root| &root.key).collect()
}

fn write(path: &Path, statement: &[u8]) -> Result<()> {
    let mut file = NewFile::create(path, Access::Usual)?;
    file.write_all(statement).about(path)?;
    file.commit()
}

fn written(path: &Path, what: &str, roots: usize, console: &mut Console) {
    let good = console.style.good;
    let path = path.display().to_string();
    let path = crate::escape::terminal(&path);
    let roots = plural(roots as u64, "root", "roots");
    console
        .note(format_args!("{good}written{good:#}   {path}: {what}, signed by {roots}; readers: bisik trust update"));
}
