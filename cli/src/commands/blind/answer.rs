//! `bisik blind answer`: answers a request file, with the budgets that the server uses.

use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bisik::{BlindRequest, Error, ErrorKind, Exhausted, OsEntropy, Timestamp};

use crate::args::BlindAnswer;
use crate::budget::{Budgets, Charge, Charged, Refusal, Store};
use crate::clients::{Client, Clients};
use crate::commands::Outcome;
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result};
use crate::files::{Access, NewFile, read_whole, refuse_same};
use crate::oprf::{Pair, Sources, pairs};
use crate::units::{plural, show_count, show_time};

/// The longest request file that is read, in bytes.
const MAX_FILE: u64 = 1 << 34;

/// Charges every request, then answers them.
pub(super) fn run(args: &BlindAnswer, console: &mut Console) -> Result<Outcome> {
    let mut read: Vec<&Path> = vec![&args.request, &args.clients];
    read.extend(args.feed.iter().chain(&args.oprf_key).chain(&args.trust).chain(&args.key).map(|path| path.as_path()));
    refuse_same(&args.out, &read)?;
    let now = console.now()?;
    let sources = Sources { feeds: &args.feed, keys: &args.oprf_key, trust: &args.trust, secrets: &args.key };
    let pairs = pairs(&sources, now)?;
    let clients = Clients::read(&args.clients)?;
    let bytes = read_whole(&args.request, MAX_FILE)?;
    let requests = requests(&bytes, &clients, &pairs).about(&args.request)?;
    let mut store = Store::open(&args.state_dir)?;
    let entered: Vec<_> = pairs.iter().map(|pair| (pair.feed.clone(), pair.expires)).collect();
    store.serve(&entered, now)?;
    let budgets = Budgets::start(store, 1)?;
    charge(&requests, &budgets, now, console)?;
    drop(budgets);
    let answers = evaluate(&requests)?;
    let mut file = NewFile::create(&args.out, Access::Usual)?;
    for answer in &answers {
        file.write_all(answer).about(&args.out)?;
    }
    file.commit()?;
    let good = console.style.good;
    let out = args.out.display().to_string();
    let out = escape::terminal(&out);
    console.note(format_args!("{good}written{good:#}   {out}: {}", plural(answers.len() as u64, "answer", "answers")));
    Ok(Outcome::Done)
}

/// A request, who sent it, and what answers it.
struct Asked<'a> {
    request: BlindRequest,
    client: &'a Client,
    pair: &'a Pair,
}

/// Every request of the file, each from a known client for a feed at hand; nothing is charged before all are read.
fn requests<'a>(bytes: &[u8], clients: &'a Clients, pairs: &'a [Pair]) -> bisik::Result<Vec<Asked<'a>>> {
    let mut requests = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let (request, length) = BlindRequest::read(rest, &|id| clients.get(id).map(|client| client.key))?;
        at += length;
        let client = clients.get(&request.client()).ok_or_else(|| Error::from(ErrorKind::UnknownClient))?;
        let pair = pairs.iter().find(|pair| pair.server.check(&request).is_ok());
        let pair = match pair {
            Some(pair) => pair,
            // The last one says whether the feed or the epoch is another.
            None => {
                let judged = pairs.iter().filter_map(|pair| pair.server.check(&request).err());
                let error = judged.max_by_key(|error| error.kind() == ErrorKind::WrongEpoch);
                return Err(error.unwrap_or_else(|| ErrorKind::WrongFeed.into()));
            }
        };
        requests.push(Asked { request, client, pair });
    }
    if requests.is_empty() {
        return Err(Error::new(ErrorKind::BadMessage, "the file holds no request"));
    }
    Ok(requests)
}

/// Charges all requests, in order. What was charged before a refusal stays charged, and is free the next time.
fn charge(requests: &[Asked<'_>], budgets: &Budgets, now: Timestamp, console: &mut Console) -> Result<()> {
    for (number, asked) in requests.iter().enumerate() {
        let order = Charge {
            feed: asked.pair.feed.clone(),
            client: asked.request.client(),
            digest: asked.request.digest(),
            count: asked.request.count(),
            budget: asked.client.budget,
            limit: asked.pair.server.key().limit(),
            now,
        };
        let (label, warn) = (console.style.label, console.style.warn);
        let name = escape::terminal(&asked.client.name).into_owned();
        let count = plural(asked.request.count(), "evaluation", "evaluations");
        match budgets.charge_and_wait(order) {
            Ok(Charged::Again) => console.note(format_args!("{label}repeated{label:#}  {name}: {count}, free")),
            Ok(Charged::New { today, alarms, .. }) => {
                console.note(format_args!("{label}charged{label:#}   {name}: {count}, {} today", show_count(today)));
                for alarm in alarms {
                    console.note(format_args!("{warn}ALARM:{warn:#}    {name}: {alarm}"));
                }
            }
            Err(refusal) => return Err(refused(&refusal, number, requests.len())),
        }
    }
    Ok(())
}

fn refused(refusal: &Refusal, done: usize, of: usize) -> Failure {
    let so_far = if done > 0 {
        format!("; {done} of {of} requests are charged and will be free when the same file is answered again")
    } else {
        String::new()
    };
    match refusal {
        Refusal::Exhausted(exhausted) => {
            let help = match exhausted {
                Exhausted::Today { retry_at, .. } => format!("again from {}{so_far}", show_time(*retry_at)),
                _ => format!("raise the client's budget in the file of clients{so_far}"),
            };
            Failure::from(Error::from(*exhausted)).help(help)
        }
        Refusal::KeyExhausted => Error::from(ErrorKind::KeyExhausted).into(),
        Refusal::Store(what) => Failure::new(ErrorKind::Io, what.clone()),
    }
}

/// All answers, in the order of the requests, on all cores.
fn evaluate(requests: &[Asked<'_>]) -> bisik::Result<Vec<Vec<u8>>> {
    let answers: Vec<Mutex<Option<bisik::Result<Vec<u8>>>>> = requests.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((asked, place)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            requests.get(at).zip(answers.get(at))
        } {
            let answer = asked.pair.server.blind_evaluate(&asked.request, &mut OsEntropy);
            if let Ok(mut place) = place.lock() {
                *place = Some(answer);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from).min(requests.len()) {
            scope.spawn(work);
        }
    });
    let missing = || Err(Error::new(ErrorKind::Panic, "an evaluation did not end"));
    answers.into_iter().map(|answer| answer.into_inner().ok().flatten().unwrap_or_else(missing)).collect()
}
