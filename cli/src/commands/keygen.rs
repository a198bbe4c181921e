//! `bisik keygen`: the keys of a publisher or member.

use std::fs;
use std::path::PathBuf;

use bisik::{ErrorKind, KeySet, OsEntropy};

use zeroize::Zeroizing;

use super::Outcome;
use crate::args::Keygen;
use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};
use crate::files::{Access, with_ending, write_new};

/// Makes keys and writes them; either all three files or none.
pub(super) fn run(args: &Keygen, console: &mut Console) -> Result<Outcome> {
    let targets = [".sign", ".key", ".pub"].map(|ending| with_ending(&args.out, ending));
    for target in &targets {
        if fs::symlink_metadata(target).is_ok() {
            return Err(Failure::new(ErrorKind::AlreadyExists, "the file exists and is not overwritten").about(target));
        }
    }
    let keys = KeySet::generate(&args.name, &mut OsEntropy)?;
    let card = keys.card();
    let mut identity = Zeroizing::new(String::with_capacity(256));
    identity.push_str("# bisik recipient key, an age identity: secret\n# public: ");
    identity.push_str(&keys.recipient.recipient().to_string());
    identity.push('\n');
    identity.push_str(&keys.recipient.to_text());
    identity.push('\n');
    let mut written: Vec<&PathBuf> = Vec::new();
    let [sign, key, public] = &targets;
    let files = [
        (sign, keys.signing.to_text(), Access::Owner),
        (key, identity, Access::Owner),
        (public, card.to_text().into(), Access::Usual),
    ];
    for (target, text, access) in files {
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
    let widest = targets.iter().map(|target| target.display().to_string().chars().count()).max().unwrap_or(0);
    for (target, what) in targets.iter().zip(what) {
        let name = target.display().to_string();
        let name = escape::terminal(&name);
        let width = widest - name.chars().count().min(widest);
        console.line(format_args!("{label}{name}{label:#}{:width$}  {dim}{what}{dim:#}", ""))?;
    }
    Ok(Outcome::Done)
}
