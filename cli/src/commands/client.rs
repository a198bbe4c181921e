//! `bisik client`: who may ask a blind server.

use std::path::Path;

use bisik::{Card, ErrorKind, KeyId, LogEvent, LogRecord, VerifyingKey};
use serde_json::json;

use super::Outcome;
use crate::args::{ClientAction, ClientAdd, ClientCommand, ClientList, ClientRemove, Logging};
use crate::budget::{Usage, usage};
use crate::clients::{Client, Clients, NewClient, add, new_token, remove, sha256};
use crate::console::Console;
use crate::failure::{About, Failure, Result};
use crate::files::read_public;
use crate::output::{Align, Grid};
use crate::pem::certificates;
use crate::review;
use crate::units::show_count;

/// Adds, lists or removes.
pub(super) fn run(args: &ClientCommand, console: &mut Console) -> Result<Outcome> {
    let logging = &args.logging;
    match &args.action {
        ClientAction::Add(args) => admit(args, logging, console),
        ClientAction::List(args) => list(args, console),
        ClientAction::Remove(args) => strike(args, logging, console),
    }
}

/// A card's name and signing key.
fn card(path: &Path) -> Result<(String, VerifyingKey)> {
    let card = Card::parse(&read_public(path)?).about(path)?;
    match card.verifying_keys.first() {
        Some(key) => Ok((card.name, *key)),
        None => Err(Failure::new(ErrorKind::BadKey, "the card has no signing key").about(path)),
    }
}

fn admit(args: &ClientAdd, logging: &Logging, console: &mut Console) -> Result<Outcome> {
    let (card_name, key) = card(&args.card)?;
    let name = args.name.as_deref().unwrap_or(&card_name);
    let certificate = match &args.cert {
        None => None,
        Some(path) => certificates(path)?.first().map(|certificate| sha256(certificate)),
    };
    let token = if args.no_token { None } else { Some(new_token()?) };
    let new = NewClient {
        name,
        key,
        token: token.as_ref().map(|token| sha256(token.as_bytes())),
        certificate,
        per_day: args.per_day,
        total: args.total,
        batch: args.batch,
    };
    let now = console.now()?;
    let record = || {
        let record = LogRecord::new(LogEvent::Budget, now).count("added", 1).count("per-day", args.per_day);
        args.total.map_or(record.clone(), |total| record.count("in-all", total))
    };
    add(&args.clients, &new, || review::note(logging, record, now))?;
    let (good, dim) = (console.style.good, console.style.dim);
    let total = args.total.map(|total| format!(", {} in all", show_count(total))).unwrap_or_default();
    let name = crate::escape::terminal(name).into_owned();
    console.note(format_args!(
        "{good}admitted{good:#}  {name}: {} evaluations a day{total}, {} a request",
        show_count(args.per_day),
        show_count(args.batch)
    ));
    match token {
        Some(token) => {
            console.note(format_args!(
                "{dim}The token follows, this once: only its hash is kept. Give it to the client over a safe way.{dim:#}"
            ));
            console.line(format_args!("{}", token.as_str()))?;
        }
        None if args.cert.is_none() => console.note(format_args!(
            "{dim}Without token and certificate it can be answered through files, not over the network.{dim:#}"
        )),
        None => {}
    }
    console.note(format_args!("{dim}A running server reads the file again on SIGHUP.{dim:#}"));
    Ok(Outcome::Done)
}

fn strike(args: &ClientRemove, logging: &Logging, console: &mut Console) -> Result<Outcome> {
    let (_, key) = card(&args.card)?;
    let now = console.now()?;
    let record = || LogRecord::new(LogEvent::Budget, now).count("removed", 1);
    let name = remove(&args.clients, &key.key_id(), || review::note(logging, record, now))?;
    let (good, dim) = (console.style.good, console.style.dim);
    let name = crate::escape::terminal(&name).into_owned();
    console.note(format_args!("{good}removed{good:#}   {name}"));
    console.note(format_args!(
        "{dim}A running server reads the file again on SIGHUP. What the client learned in this epoch it keeps: begin a new one.{dim:#}"
    ));
    Ok(Outcome::Done)
}

fn list(args: &ClientList, console: &mut Console) -> Result<Outcome> {
    let clients = Clients::read(&args.clients)?;
    let used = match &args.state_dir {
        Some(folder) => Some(usage(folder, console.now()?)?),
        None => None,
    };
    let of = |id: &KeyId| -> Vec<&Usage> { used.iter().flatten().filter(|row| row.client == *id).collect() };
    if args.json {
        for client in clients.all() {
            console.line(format_args!("{}", object(client, used.is_some().then(|| of(&client.key.key_id())))))?;
        }
        return Ok(Outcome::Done);
    }
    let mut header = vec![
        ("client", Align::Free),
        ("token", Align::Left),
        ("certificate", Align::Left),
        ("a day", Align::Right),
        ("in all", Align::Right),
        ("a request", Align::Right),
    ];
    if used.is_some() {
        header.extend([("feed", Align::Left), ("used today", Align::Right), ("used in all", Align::Right)]);
    }
    let mut grid = Grid::new(&header);
    for client in clients.all() {
        let yes = |there: bool| if there { "yes" } else { "no" }.to_owned();
        let budget = &client.budget;
        let row = vec![
            client.name.clone(),
            yes(client.token.is_some()),
            yes(client.certificate.is_some()),
            budget.per_day.map_or_else(|| "no end".to_owned(), show_count),
            budget.total.map_or_else(|| "no end".to_owned(), show_count),
            show_count(budget.batch),
        ];
        if used.is_none() {
            grid.row(row);
            continue;
        }
        let rows = of(&client.key.key_id());
        if rows.is_empty() {
            grid.row([row.clone(), vec![String::new(), "0".to_owned(), "0".to_owned()]].concat());
        }
        for usage in rows {
            let used = vec![usage.feed.clone(), show_count(usage.today), show_count(usage.total)];
            grid.row([row.clone(), used].concat());
        }
    }
    let (width, style) = (console.width, console.out_style);
    grid.print(&mut console.out, width, style).map_err(|error| Failure::stream(&error))?;
    Ok(Outcome::Done)
}

fn object(client: &Client, used: Option<Vec<&Usage>>) -> serde_json::Value {
    let used = used.map(|rows| {
        let rows = rows.iter().map(|row| {
            json!({
                "publisher": row.publisher.to_string(),
                "feed": row.feed,
                "today": row.today,
                "total": row.total,
            })
        });
        rows.collect::<Vec<_>>()
    });
    json!({
        "name": client.name,
        "key": client.key.to_string(),
        "token": client.token.is_some(),
        "certificate": client.certificate.map(|digest| digest.to_string()),
        "per_day": client.budget.per_day,
        "total": client.budget.total,
        "batch": client.budget.batch,
        "used": used,
    })
}
