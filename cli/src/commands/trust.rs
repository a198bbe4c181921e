//! `bisik trust`: whom one trusts, and for what.

use std::path::Path;

use bisik::{Card, ErrorKind, KeyId, LogEvent, LogRecord, Scope, Timestamp, TrustStore, TrustedPublisher, Updated};

use super::Outcome;
use crate::args::{
    Decisions, Logging, Trust, TrustAction, TrustAdd, TrustRemove, TrustRevoke, TrustRotate, TrustSet, TrustShow,
    TrustUpdate,
};
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result};
use crate::feeds;
use crate::files::{Access, NewFile, lock_folder};
use crate::memory::read;
use crate::report::{self, Line};
use crate::review;
use crate::units::{parse_key_id, plural};

/// The longest rotation or revocation.
const MAX_STATEMENT: u64 = 2 << 20;

/// Does one thing to a store.
pub(super) fn run(args: &Trust, console: &mut Console) -> Result<Outcome> {
    let log = Kept { logging: &args.logging, now: console.now()? };
    match &args.action {
        TrustAction::Add(args) => add(args, &log, console),
        TrustAction::Show(args) => show(args, console),
        TrustAction::Set(args) => set(args, &log, console),
        TrustAction::Remove(args) => remove(args, &log, console),
        TrustAction::Update(args) => update(args, &log, console),
        TrustAction::Rotate(args) => rotate(args, &log, console),
        TrustAction::Revoke(args) => revoke(args, &log, console),
    }?;
    Ok(Outcome::Done)
}

/// Where changes are written down.
struct Kept<'a> {
    logging: &'a Logging,
    now: Timestamp,
}

/// What was changed, in a word, and of whom.
type Done = (KeyId, &'static str);

/// Changes a store: read, changed and put back whole while no other bisik does so.
fn change(
    path: &Path,
    may_be_new: bool,
    log: &Kept<'_>,
    change: impl FnOnce(&mut TrustStore) -> Result<Done>,
) -> Result<Done> {
    let _lock = lock_folder(path.parent().unwrap_or(Path::new("")))?;
    let mut store = match read(path)? {
        Some(_) => feeds::trust_store(path)?,
        None if may_be_new => TrustStore::new(),
        None => {
            return Err(Failure::new(ErrorKind::Io, "there is no such store")
                .help("bisik trust add makes one")
                .about(path));
        }
    };
    let done = change(&mut store)?;
    let record = || {
        let mut record = LogRecord::new(LogEvent::Trust, log.now).count(done.1, 1);
        record.publisher = Some(done.0);
        record.count("publishers", store.publishers().len() as u64)
    };
    review::note(log.logging, record, log.now)?;
    let mut file = NewFile::create(path, Access::Owner)?;
    std::io::Write::write_all(&mut file, store.to_text().as_bytes()).about(path)?;
    file.commit()?;
    Ok(done)
}

fn add(args: &TrustAdd, log: &Kept<'_>, console: &mut Console) -> Result<()> {
    let card = feeds::card(&args.card)?;
    let id = card.publisher_id().ok_or_else(|| Failure::new(ErrorKind::BadKey, "a card without a key"))?;
    change(&args.store, true, log, |store| {
        let feeds: Vec<&str> = args.feed.iter().map(String::as_str).collect();
        let added = if feeds.is_empty() { store.add_card(&card) } else { store.add_card_for(&card, &feeds) };
        added.about(&args.card)?;
        decide(store, &id, &args.decisions)?;
        Ok((id, "added"))
    })?;
    told(&format!("trusted   {} as {id}", args.decisions.name.as_deref().unwrap_or(&card.name)), console);
    Ok(())
}

/// What was said; what was not said stays.
fn decide(store: &mut TrustStore, id: &KeyId, decisions: &Decisions) -> Result<()> {
    if let Some(name) = &decisions.name {
        store.set_name(id, name)?;
    }
    if let Some(weight) = decisions.weight {
        store.set_weight(id, weight)?;
    }
    let old =
        store.publishers().iter().find(|known| known.id == *id).map(|known| known.scope.clone()).unwrap_or_default();
    let given = |new: Vec<String>, old: Vec<String>| if new.is_empty() { old } else { new };
    let scope = Scope {
        kinds: given(decisions.kind.iter().map(|kind| kind.name().to_owned()).collect(), old.kinds),
        suffixes: given(decisions.suffix.clone(), old.suffixes),
        calling_codes: given(decisions.calling_code.clone(), old.calling_codes),
    };
    Ok(store.set_scope(id, scope)?)
}

fn show(args: &TrustShow, console: &mut Console) -> Result<()> {
    let store = feeds::trust(std::slice::from_ref(&args.store))?;
    if args.json {
        return console.line(format_args!("{}", store.to_text().trim_end()));
    }
    for (at, publisher) in store.publishers().iter().enumerate() {
        if at > 0 {
            console.line(format_args!(""))?;
        }
        let style = console.out_style;
        report::print_lines(&mut console.out, &lines(publisher), style).map_err(|error| Failure::stream(&error))?;
    }
    let count = plural(store.publishers().len() as u64, "publisher", "publishers");
    told(&format!("{count} trusted"), console);
    Ok(())
}

fn lines(known: &TrustedPublisher) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![
        ("name", known.name.clone()),
        ("publisher id", known.id.to_string()),
        ("weight", known.weight.to_string()),
    ];
    let listed = |items: &[String]| if items.is_empty() { "any".to_owned() } else { items.join(", ") };
    lines.push(("kinds", listed(&known.scope.kinds)));
    if !known.scope.suffixes.is_empty() {
        lines.push(("suffixes", listed(&known.scope.suffixes)));
    }
    if !known.scope.calling_codes.is_empty() {
        lines.push(("calling codes", listed(&known.scope.calling_codes)));
    }
    for key in &known.keys {
        let feeds = key.feeds.as_ref().map_or_else(|| "any feed".to_owned(), |feeds| feeds.join(", "));
        lines.push(("key", format!("{} signs {feeds}", key.key.key_id())));
    }
    lines.extend(known.revoked.iter().map(|id| ("revoked", id.to_string())));
    lines.extend(known.roots.iter().map(|root| ("root", root.key_id().to_string())));
    if known.threshold > 0 {
        lines.push(("threshold", format!("{} of {}", known.threshold, known.roots.len())));
        lines.push(("sequence", known.sequence.to_string()));
    }
    lines
}

fn set(args: &TrustSet, log: &Kept<'_>, console: &mut Console) -> Result<()> {
    let id = parse_key_id(&args.publisher)?;
    change(&args.store, false, log, |store| decide(store, &id, &args.decisions).map(|()| (id, "changed")))?;
    told(&format!("changed   {id}"), console);
    Ok(())
}

fn remove(args: &TrustRemove, log: &Kept<'_>, console: &mut Console) -> Result<()> {
    let id = parse_key_id(&args.publisher)?;
    change(&args.store, false, log, |store| Ok(store.remove(&id).map(|()| (id, "removed"))?))?;
    told(&format!("removed   {id}"), console);
    Ok(())
}

fn update(args: &TrustUpdate, log: &Kept<'_>, console: &mut Console) -> Result<()> {
    let now = console.now()?;
    let mut statement = Vec::new();
    let file = std::fs::File::open(&args.statement).about(&args.statement)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, MAX_STATEMENT), &mut statement).about(&args.statement)?;
    let (id, what) = change(&args.store, false, log, |store| {
        let updated = store.update(&statement, now).map_err(|error| explained(error).about(&args.statement))?;
        Ok(match updated {
            Updated::Rotated(id) => (id, "rotated"),
            Updated::Revoked(id) => (id, "revoked"),
        })
    })?;
    if what == "rotated" {
        told(&format!("rotated   {id} has other keys now"), console);
    } else {
        told(&format!("revoked   keys of {id}"), console);
    }
    Ok(())
}

fn explained(error: bisik::Error) -> Failure {
    let help = match error.kind() {
        ErrorKind::NotConfirmed => {
            "compare the new key id with the publisher by telephone, then: bisik trust rotate --confirm KEYID"
        }
        ErrorKind::Rollback => "it was taken in already, or a later one was",
        _ => error.advice(),
    };
    Failure::from(error).help(help)
}

fn rotate(args: &TrustRotate, log: &Kept<'_>, console: &mut Console) -> Result<()> {
    let id = parse_key_id(&args.publisher)?;
    let card = feeds::card(&args.card)?;
    let confirmed = confirmed(args.confirm.as_deref(), &card)?;
    change(&args.store, false, log, |store| {
        store.rotate_confirmed(&id, &card, &confirmed, args.reset_versions).about(&args.card)?;
        Ok((id, "rotated"))
    })?;
    told(&format!("rotated   {id} has other keys now"), console);
    Ok(())
}

/// The id that a person confirmed; without one, which one to compare.
fn confirmed(given: Option<&str>, card: &Card) -> Result<KeyId> {
    let Some(given) = given else {
        let id = card.roots.first().or(card.verifying_keys.first()).map(|key| key.key_id().to_string());
        let help = format!(
            "ask the publisher by telephone or in person for the key id; if it is {}, give it with --confirm",
            id.unwrap_or_default()
        );
        return Err(Failure::from(bisik::Error::from(ErrorKind::NotConfirmed)).help(help));
    };
    Ok(parse_key_id(given)?)
}

fn revoke(args: &TrustRevoke, log: &Kept<'_>, console: &mut Console) -> Result<()> {
    let id = parse_key_id(&args.publisher)?;
    let Some(key) = &args.confirm else {
        let help = "name the key to refuse with --confirm KEYID; bisik trust show lists them";
        return Err(Failure::from(bisik::Error::from(ErrorKind::NotConfirmed)).help(help));
    };
    let key = parse_key_id(key)?;
    change(&args.store, false, log, |store| Ok(store.revoke_confirmed(&id, &key).map(|()| (id, "revoked"))?))?;
    told(&format!("revoked   {key}"), console);
    Ok(())
}

fn told(text: &str, console: &mut Console) {
    console.note(format_args!("{}", escape::terminal(text)));
}
