//! `bisik demo`: three parties, made-up data, the real commands.

mod data;
mod stage;

use std::fs;
use std::path::Path;
use std::time::Duration;

use bisik::ErrorKind;

use super::Outcome;
use crate::args::Demo;
use crate::console::Console;
use crate::failure::{About, Failure, Result};
use crate::files::{Access, write_new};
use crate::units::{show_count, show_seconds};
use stage::Stage;

/// Marks a folder as the demo's own, whose files may be replaced.
const MARKER: &str = ".bisik-demo";

/// What the steps write besides the data.
const WRITTEN: [&str; 24] = [
    "centre.sign",
    "centre.sign.used",
    "centre.key",
    "centre.pub",
    "bank.sign",
    "bank.key",
    "bank.pub",
    "telco.sign",
    "telco.key",
    "telco.pub",
    "scams.bisik",
    "phones-open.bisik",
    "refused.csv",
    "payments-checked.csv",
    "recovered.csv",
    "nothing.csv",
    "phones-blind.bisik",
    "phones-blind.oprf",
    "clients.toml",
    "budgets/budgets.redb",
    "calls.req",
    "calls.state",
    "calls.ans",
    "tries.req",
];

/// Numbers that mobile phones in Singapore can have (libphonenumber's pattern, counted).
const SINGAPORE_MOBILES: f64 = 18_900_000.0;

/// Prepares the folder and plays.
pub(super) fn run(args: &Demo, console: &mut Console) -> Result<Outcome> {
    prepare(&args.out)?;
    std::env::set_current_dir(&args.out).about(&args.out)?;
    let folder = args.out.display().to_string();
    let mut stage = Stage::new(console);
    let played = play(&mut stage, &folder);
    stage.finish()?;
    played.map(|()| Outcome::Done)
}

/// Makes the folder and its data. Only files of an earlier demo are replaced.
fn prepare(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).about(folder)?;
    let marker = folder.join(MARKER);
    let ours = data::FILES.iter().map(|(name, _)| *name).chain(WRITTEN);
    let own_folder = fs::symlink_metadata(&marker).is_ok();
    for name in ours {
        let path = folder.join(name);
        if fs::symlink_metadata(&path).is_err() {
            continue;
        }
        if !own_folder {
            return Err(Failure::new(ErrorKind::AlreadyExists, "the file is not the demo's and is not overwritten")
                .help("choose an empty folder with --out")
                .about(&path));
        }
        fs::remove_file(&path).about(&path)?;
    }
    if !own_folder {
        write_new(
            &marker,
            b"Made by `bisik demo`. Its files are made up, and the next demo replaces them.\n",
            Access::Usual,
        )?;
    }
    for (name, content) in data::FILES {
        write_new(&folder.join(name), content().as_bytes(), Access::Usual)?;
    }
    Ok(())
}

fn play(stage: &mut Stage<'_>, folder: &str) -> Result<()> {
    stage.title("bisik: find scams that others know of, without passing lists around")?;
    stage.say(
        "An anti-scam centre knows numbers, accounts, names, links and wallets that scammers use. A bank and a telephone \
         company want to know which of them they see. The centre must not hand its list to everybody, and the members \
         must not tell anyone about their customers. The three are played here with made-up data and the real commands; \
         you can type each of them yourself.",
    )?;
    stage.show_only(&format!("cd {folder}"))?;
    keys(stage)?;
    publish(stage)?;
    inspect(stage)?;
    bank(stage)?;
    telco(stage)?;
    let took = enumerate_open(stage)?;
    enumerate_sealed(stage, took)?;
    ask_blind(stage)?;
    enumerate_blind(stage)?;
    stage.heading("What to remember")?;
    stage.say(
        "A feed protects against those who cannot open it, never against those who can: whoever can test values can try \
         them all, and the table of step 3 says at what cost. So kinds with few possible values go out sealed to \
         members, or better blind, and bisik refuses to publish them open unless each kind is accepted by name.",
    )?;
    stage.say(
        "Members match on their own machines, or ask without showing what: the centre never learns what they looked up. A hit names its publisher and its \
         reason; it calls for a look, and is no verdict.",
    )?;
    stage.say(&format!("The files are in {folder}. Every command explains itself: bisik --help, bisik publish --help."))
}

fn keys(stage: &mut Stage<'_>) -> Result<()> {
    stage.heading("Each party makes its keys, once")?;
    stage.say("The .pub card is handed out, for example on a web page. The other two files stay at home.")?;
    stage.run("bisik keygen --name 'Demo Centre' --out centre", 0)?;
    stage.run("bisik keygen --name 'Demo Bank' --out bank", 0)?;
    stage.run("bisik keygen --name 'Demo Telco' --out telco", 0)?;
    Ok(())
}

fn publish(stage: &mut Stage<'_>) -> Result<()> {
    stage.heading("The centre publishes its list")?;
    stage.say(
        "indicators.csv holds phone numbers, accounts, domains, links and wallets. First the centre forgets to say who may \
         read the feed:",
    )?;
    stage.run("bisik publish indicators.csv --sign centre.sign --feed scams --out scams.bisik --records", 2)?;
    stage.say(
        "Refused, and nothing was written: an open feed can be tested by anyone, and a country's phone numbers can all be tried within seconds. So the centre \
         seals the feed to its two members. The claims about each entry travel as records, which open only on a hit.",
    )?;
    stage.run(
        "bisik publish indicators.csv --sign centre.sign --feed scams --out scams.bisik --records --seal-to bank.pub \
         --seal-to telco.pub --tlp amber --purpose 'stop scam payments and calls' --rejects refused.csv",
        0,
    )?;
    stage.say(
        "The refused rows would have hurt bystanders (a government site, a whole public suffix, the emergency number) or \
         matched nothing (typing errors). Everything else is in the feed, signed by the centre.",
    )
}

fn inspect(stage: &mut Stage<'_>) -> Result<()> {
    stage.heading("The bank looks at the feed before it uses it")?;
    stage.say(
        "The bank trusts the centre's card and opens the feed with its own key. What a data-protection officer asks (who can \
         reverse this, and at what cost) stands below; the figures are the reader's own, not the publisher's:",
    )?;
    stage.run("bisik inspect scams.bisik --trust centre.pub --key bank.key", 0)?;
    Ok(())
}

fn bank(stage: &mut Stage<'_>) -> Result<()> {
    stage.heading("The bank matches its payments and reported links")?;
    stage.say(
        "Matching happens inside the bank; nothing leaves it, and the centre does not learn what was looked up. First 60 \
         payments:",
    )?;
    stage.run(
        "bisik match payments.csv --column payee --kind account --id payment --feed scams.bisik --trust centre.pub \
         --key bank.key --annotate payments-checked.csv",
        0,
    )?;
    stage.say(
        "Hits are shown by payment number, without the account. The same payments with the hits beside them are in \
         payments-checked.csv. Now links from text messages:",
    )?;
    stage.run(
        "bisik match sms-links.csv --column link --kind url --id report --feed scams.bisik --trust centre.pub --key bank.key \
         --show-values",
        0,
    )?;
    stage.say(
        "A listed domain is hit by any host under it, a listed link only by itself and what lies under it: another file on \
         the same sharing host is no hit. One link is refused, because it is no web address.",
    )
}

fn telco(stage: &mut Stage<'_>) -> Result<()> {
    stage.heading("The telephone company matches calls")?;
    stage.say(
        "Its switches write numbers without country code, so the region is given. Programs read the hits as CSV or JSON \
         Lines; a caller that is no number is refused, not guessed at.",
    )?;
    stage.run(
        "bisik match calls.csv --column caller --kind phone --region SG --id call --feed scams.bisik --trust centre.pub \
         --key telco.key --format jsonl",
        0,
    )?;
    stage.say("One value is checked the same way. Exit code 1 means: not listed.")?;
    stage.run("bisik check shop.example --kind domain --feed scams.bisik --trust centre.pub --key telco.key", 1)?;
    Ok(())
}

fn enumerate_open(stage: &mut Stage<'_>) -> Result<Duration> {
    stage.heading("Why an open feed of phone numbers is refused")?;
    stage.say("Suppose the centre insists, and accepts by name that phone numbers can be listed by anyone:")?;
    stage.run(
        "bisik publish phones.csv --sign centre.sign --feed phones-open --out phones-open.bisik --accept-enumeration phone",
        0,
    )?;
    stage.say(&format!(
        "Now a stranger downloads the file. block.txt holds every number of one numbering block, +65 8300 0000 to \
         +65 8309 9999: {} lines. The stranger simply matches all of them:",
        show_count(data::BLOCK)
    ))?;
    let line = "bisik match block.txt --kind phone --feed phones-open.bisik --trust centre.pub --format csv --show-values > recovered.csv";
    let took = stage.run(line, 0)?;
    let recovered = lines_of(Path::new("recovered.csv"))?.saturating_sub(1);
    let rate = data::BLOCK as f64 / took.as_secs_f64().max(1e-9);
    stage.say(&format!(
        "It worked: {recovered} of the {} numbers that the centre listed in this block are now in recovered.csv, after {} at {} \
         tries a second. At this rate all 18.9 million mobile numbers of Singapore take {}; a program written for it is \
         faster still (see the table of step 3). The hash did not hide them.",
        data::LISTED_IN_BLOCK,
        show_seconds(took.as_secs_f64()),
        show_count(rate as u64),
        show_seconds(SINGAPORE_MOBILES / rate),
    ))?;
    if recovered as usize != data::LISTED_IN_BLOCK {
        return Err(Failure::new(ErrorKind::InvalidArgument, "the demo did not recover what it should")
            .help("please report it"));
    }
    Ok(took)
}

fn enumerate_sealed(stage: &mut Stage<'_>, took: Duration) -> Result<()> {
    stage.heading("The same attempt on the sealed feed")?;
    stage.say("The stranger tries the same on scams.bisik, in which the same numbers are listed:")?;
    stage.run("bisik match block.txt --kind phone --feed scams.bisik --trust centre.pub --format csv --show-values > nothing.csv", 2)?;
    stage.say(&format!(
        "It fails: without a member's key the file cannot even be opened, so there is nothing to test against. What the \
         stranger sees is all that inspect shows. (A member could still do in {} what the stranger could not: sealing \
         chooses the readers, it does not bind them.)",
        show_seconds(took.as_secs_f64())
    ))?;
    stage.run("bisik inspect scams.bisik", 0)?;
    Ok(())
}

fn ask_blind(stage: &mut Stage<'_>) -> Result<()> {
    stage.heading("Blind: the list stays closed even to members")?;
    stage.say(
        "Now the centre keeps the key that makes tokens, in phones-blind.oprf. The feed may be open: nobody can test a value \
         against it without asking the centre.",
    )?;
    stage.run(
        "bisik publish phones.csv --sign centre.sign --feed phones-blind --out phones-blind.bisik --protect blind \
         --oprf-key phones-blind.oprf",
        0,
    )?;
    stage.say(
        "The telephone company becomes a client with a budget of 100 queries a day. Queries travel over HTTPS (bisik serve, \
         and bisik match --blind) or, as here, in three files. Its request holds blinded values: the centre sees who asks and \
         how much, never what.",
    )?;
    stage.run("bisik client add --clients clients.toml --pub telco.pub --per-day 100 --no-token", 0)?;
    stage.run(
        "bisik blind request calls.csv --column caller --kind phone --region SG --id call --feed phones-blind.bisik \
         --trust centre.pub --sign telco.sign --out calls.req --state calls.state",
        0,
    )?;
    stage.run(
        "bisik blind answer calls.req --feed phones-blind.bisik --oprf-key phones-blind.oprf --clients clients.toml \
         --state-dir budgets --out calls.ans",
        0,
    )?;
    stage.run("bisik blind finish calls.ans --state calls.state --feed phones-blind.bisik --trust centre.pub", 0)?;
    Ok(())
}

fn enumerate_blind(stage: &mut Stage<'_>) -> Result<()> {
    stage.heading("The same attempt on the blind feed")?;
    stage.say("With the file alone the block cannot be tried at all:")?;
    stage.run("bisik match block.txt --kind phone --feed phones-blind.bisik --trust centre.pub", 2)?;
    stage.say("And a member who wants to list the feed by asking comes as far as its budget:")?;
    stage.run(
        "bisik blind request tries.txt --kind phone --feed phones-blind.bisik --trust centre.pub --sign telco.sign \
         --out tries.req --state calls.state",
        0,
    )?;
    stage.run(
        "bisik blind answer tries.req --feed phones-blind.bisik --oprf-key phones-blind.oprf --clients clients.toml \
         --state-dir budgets --out tries.ans",
        2,
    )?;
    stage.say(
        "tries.txt holds the first 500 numbers of the block; 64 of today's 100 queries went to the calls and their padding. \
         The charge is stored before an answer leaves, so that neither a crash nor a repeated request gives more.",
    )
}

fn lines_of(path: &Path) -> Result<u64> {
    let text = fs::read(path).about(path)?;
    Ok(text.iter().filter(|&&b| b == b'\n').count() as u64)
}
