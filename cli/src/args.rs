//! The command line: every flag and its help.

mod blind;
mod life;
mod sight;
mod store;

use std::path::PathBuf;

use bisik::Kind;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use self::life::{
    Apply, Compare, Decisions, Retractions, Revoke, Rotate, Trust, TrustAction, TrustAdd, TrustRemove, TrustRevoke,
    TrustRotate, TrustSet, TrustShow, TrustUpdate, Withdraw,
};
pub(crate) use self::sight::{Contacting, Sending, Sight, Sightings};
pub(crate) use self::store::{
    Fetching, Index, LogAction, LogCommand, LogHeadArgs, LogMend, LogReport, LogVerify, Logging, Prepare, Pull, Status,
};
use crate::units::{parse_duration, parse_rate, parse_size};
pub(crate) use blind::{
    Asking, BlindAction, BlindAnswer, BlindAsk, BlindCommand, BlindFinish, ClientAction, ClientAdd, ClientCommand,
    ClientList, ClientRemove, LogFormat, Protect, Protecting, Serve, Supposing,
};

/// Share scam indicators without sharing the list, and match against them.
#[derive(Parser)]
#[command(name = "bisik", version, max_term_width = 100, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Believe that it is this time, in seconds since 1970; for reproducible tests.
    #[arg(long, global = true, hide = true, value_name = "SECONDS")]
    pub(crate) now: Option<u64>,
}

const AFTER: &str = "\
A first look:
  bisik demo

Results go to standard output, progress and summaries to standard error.

Exit codes: match and check give 0 with a hit, 1 without, 2 on error. pull gives 1 if some feeds are not current and 2 if none is, prepare likewise, status 1 if \
something is wrong with a feed. The others give 0 or 2.

An error is one line `error: …` and one line `help: …` on standard error; with --json also one object \
{\"error\": {\"kind\", \"code\", \"message\", \"position\", \"file\", \"help\"}} on standard output.";

#[derive(Subcommand)]
pub(crate) enum Command {
    Keygen(Keygen),
    Publish(Publish),
    Pull(Pull),
    Status(Status),
    Prepare(Prepare),
    Index(Index),
    Log(LogCommand),
    Apply(Apply),
    Withdraw(Withdraw),
    Retractions(Retractions),
    Sight(Sight),
    Sightings(Sightings),
    Inspect(Inspect),
    Verify(Verify),
    Match(Match),
    Check(Check),
    Compare(Compare),
    Trust(Trust),
    Rotate(Rotate),
    Revoke(Revoke),
    Canon(Canon),
    Serve(Serve),
    Client(ClientCommand),
    Blind(BlindCommand),
    Demo(Demo),
    Completions(Completions),
    Man(Man),
}

impl Command {
    /// Whether errors are wanted as JSON too.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Publish(args) => args.json,
            Self::Pull(args) => args.json,
            Self::Status(args) => args.json,
            Self::Log(LogCommand { action: LogAction::Verify(args) }) => args.json,
            Self::Apply(args) => args.json,
            Self::Withdraw(args) => args.json,
            Self::Retractions(args) => args.json,
            Self::Sight(args) => args.json,
            Self::Sightings(args) => args.json,
            Self::Inspect(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Check(args) => args.json,
            Self::Compare(args) => args.json,
            Self::Canon(args) => args.json,
            Self::Client(ClientCommand { action: ClientAction::List(args), .. }) => args.json,
            Self::Keygen(_)
            | Self::Prepare(_)
            | Self::Index(_)
            | Self::Log(_)
            | Self::Trust(_)
            | Self::Rotate(_)
            | Self::Revoke(_)
            | Self::Match(_)
            | Self::Serve(_)
            | Self::Client(_)
            | Self::Blind(_)
            | Self::Demo(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

/// Make the keys of a publisher or member.
///
/// Writes PREFIX.sign (signs feeds; secret), PREFIX.key (opens sealed feeds; secret, an age identity file) and
/// PREFIX.pub (the card to hand out). Secrets get mode 0600. Nothing is ever overwritten.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik keygen --name 'Anti-Scam Centre' --out centre")]
pub(crate) struct Keygen {
    /// The name that others see on the card.
    #[arg(long)]
    pub(crate) name: String,
    /// Beginning of the file names.
    #[arg(long, value_name = "PREFIX", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    /// Also make so many root keys, PREFIX.root1 and on: to be kept offline, apart from each other. They sign no feeds; they say
    /// which keys do.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) roots: Option<u8>,
    /// How many of the roots must sign; more than half of them unless said otherwise.
    #[arg(long, value_name = "NUMBER", requires = "roots", value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) threshold: Option<u8>,
    /// The keys take the place of those on this card of yours: the publisher id stays.
    #[arg(long, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) successor_of: Option<PathBuf>,
}

/// Turn a list of indicators into a signed, protected feed.
#[derive(Args)]
#[command(after_help = "\
Input is CSV with a header, JSON Lines with the same names, or with --kind a plain list (one value a line, # comments) \
or any CSV with --column. The columns are kind and value, and optionally category, confidence (0 to 100), first_seen, \
last_seen, expires, reference, note, country, bank and region. Times are ISO 8601, in UTC unless they say otherwise, \
or seconds since 1970.

A row's own kind and region come before --kind and --region; with --column, --kind holds for every row. Refused are \
lines over 1 MiB and entries that have already expired.

Examples:
  bisik publish list.csv --sign centre.sign --feed scams --out scams.bisik \\
      --records --seal-to bank.pub --seal-to telco.pub
  bisik publish new.csv --sign centre.sign --feed scams --out v2.bisik \\
      --previous scams.bisik --key centre.key --seal-to bank.pub
  bisik publish phones.csv --sign centre.sign --feed phones --out phones.bisik \\
      --protect blind --oprf-key phones.oprf --seal-to bank.pub
  bisik publish names.txt --kind domain --sign centre.sign --feed names \\
      --out names.bisik --rejects refused.csv")]
pub(crate) struct Publish {
    /// Files of indicators; `-` is standard input.
    #[arg(required = true, value_name = "INPUT", value_hint = ValueHint::FilePath)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Your signing key, PREFIX.sign.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sign: PathBuf,
    /// Where to note which versions were signed, so that none is signed twice; SIGN.used unless said otherwise.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
    /// The feed's id: 1 to 64 of a-z, 0-9 and hyphen.
    #[arg(long, value_name = "ID")]
    pub(crate) feed: String,
    /// The feed to write, in place of any older file of that name.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    /// The version before: this one gets the next number, the same feed key and its digest. It may have expired.
    #[arg(long, value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub(crate) previous: Option<PathBuf>,
    /// Your recipient key, PREFIX.key, if the previous version is sealed.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// With --previous: keep what it lists, and add INPUT to it. Records, if any, keep their length.
    #[arg(long, requires = "previous", conflicts_with_all = ["new_epoch", "set", "records"])]
    pub(crate) add: bool,
    /// Also write what leads from the previous version to this one, for those who have it.
    #[arg(long, value_name = "FILE", requires = "previous", value_hint = ValueHint::FilePath)]
    pub(crate) delta: Option<PathBuf>,
    /// With --previous: begin a new epoch with a fresh feed key, for example after a member left.
    #[arg(long, requires = "previous")]
    pub(crate) new_epoch: bool,
    #[command(flatten)]
    pub(crate) protecting: Protecting,
    /// How the set is stored.
    #[arg(long, value_enum, default_value_t = Set::Tokens)]
    pub(crate) set: Set,
    /// Carry each claim (category, confidence, times, reference, note), readable only on a hit. Exact tokens only.
    #[arg(long)]
    pub(crate) records: bool,
    /// Seal to a member: a card (.pub) or a file of age1… lines. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) seal_to: Vec<PathBuf>,
    /// For bloom and fuse: the false-positive rate to stay under, exact to 1e-15.
    #[arg(long, value_name = "RATE", value_parser = parse_rate, default_value = "1e-9")]
    pub(crate) fpr: u64,
    /// How long the feed is valid: s, m, h or d; at most 30d.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "7d")]
    pub(crate) valid: u64,
    /// With whom it may be shared (TLP 2.0).
    #[arg(long, value_enum)]
    pub(crate) tlp: Option<Tlp>,
    /// What the feed is for, in a sentence.
    #[arg(long, value_name = "TEXT")]
    pub(crate) purpose: Option<String>,
    #[command(flatten)]
    pub(crate) contacting: Contacting,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Values that must never be listed or acted upon, such as your own numbers: files as INPUT is. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) guard: Vec<PathBuf>,
    /// How much memory entries may take, 17 bytes each: such as 64M; 1G unless said otherwise. More of them wait as tokens in a file
    /// without a name beside --out. Filters, records, --add and --delta are made in memory, whatever it takes.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, conflicts_with_all = ["records", "add", "delta"])]
    pub(crate) memory: Option<u64>,
    /// Write refused rows as CSV: row,kind,reason,line,input. Never the values.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rejects: Option<PathBuf>,
    /// Publish nothing if any row is refused.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Accept by name that anyone with the open file can list all values of this kind. Repeat for more.
    #[arg(long, value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub(crate) accept_enumeration: Vec<Kind>,
    #[command(flatten)]
    pub(crate) logging: Logging,
    /// Do everything but write the feed. A rejects file is still written.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the summary as one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show what a feed is, what it protects and what it does not.
///
/// Without --trust only sizes, the format version and key ids are shown: the rest is not to be believed yet.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  bisik inspect scams.bisik\n  bisik inspect scams.bisik --trust centre.pub --key bank.key"
)]
pub(crate) struct Inspect {
    /// The feed.
    #[arg(value_name = "FEED", value_hint = ValueHint::FilePath)]
    pub(crate) feed: PathBuf,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Show the manifest even without --trust, each line marked `unverified`.
    #[arg(long, conflicts_with = "trust")]
    pub(crate) unverified: bool,
    #[command(flatten)]
    pub(crate) supposing: Supposing,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check a feed's signature, hashes and time; print who signed it.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik verify scams.bisik --trust centre.pub --key bank.key")]
pub(crate) struct Verify {
    /// The feed.
    #[arg(value_name = "FEED", value_hint = ValueHint::FilePath)]
    pub(crate) feed: PathBuf,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Find which of your own rows are listed in feeds.
///
/// Every feed and key is checked before any input is read. Exits 0 with a hit, 1 without, 2 on error.
#[derive(Args)]
#[command(after_help = "\
Input is read as `publish` reads it. A look-up gives at most one hit a feed, the most specific. Hits in csv and jsonl \
carry input, row, id, kind, certainty, false_positive_rate, matched, matched_kind, feed, version, publisher, expires, \
hit_id, record (none, opened or unreadable) and the record's fields; the raw value and the listed expression only with \
--show-values.

Examples:
  bisik match payments.csv --column payee --kind account --id payment \\
      --feed scams.bisik --trust centre.pub
  bisik match links.txt --kind url --format jsonl \\
      --feed a.bisik --feed b.bisik --trust a.pub --trust b.pub
  bisik match calls.csv --kind phone --column caller --region SG \\
      --feed scams.bisik --trust centre.pub --key bank.key
  bisik match calls.csv --kind phone --column caller --region SG \\
      --feed phones.bisik --trust centre.pub --key bank.key \\
      --blind https://oprf.example:8443 --sign bank.sign --token-file bank.token")]
pub(crate) struct Match {
    /// Files of your own rows; `-` is standard input.
    #[arg(required = true, value_name = "INPUT", value_hint = ValueHint::FilePath)]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) feeds: Feeds,
    #[command(flatten)]
    pub(crate) asking: Asking,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// The column that is repeated as `id` in every hit.
    #[arg(long, value_name = "NAME")]
    pub(crate) id: Option<String>,
    /// The bank of account numbers that name none: the first 8 characters of its BIC.
    #[arg(long, value_name = "BIC8")]
    pub(crate) bank: Option<String>,
    /// Keep the ids of hits in this file, readable by you alone, for `bisik retractions` to tell if they are withdrawn.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) remember: Option<PathBuf>,
    /// How many threads look rows up; as many as the machine has unless said otherwise. Results and their order are the same.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) threads: Option<u16>,
    /// How hits are printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Write the one CSV input again with hit columns added, and verdicts if there is a policy. Readable by you alone: it holds your values.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) annotate: Option<PathBuf>,
    /// Write refused rows as CSV: row,kind,reason,line,input. Never the values.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rejects: Option<PathBuf>,
    /// Print raw values and the listed expressions with the hits.
    #[arg(long)]
    pub(crate) show_values: bool,
}

/// Look one value up.
///
/// Exits 0 with a hit, 1 without, 2 on error. Arguments can be seen by other users of the machine: give `-` to read
/// the value from standard input.
#[derive(Args)]
#[command(after_help = "\
Examples:
  bisik check https://login.example.com/verify --kind url \\
      --feed scams.bisik --trust centre.pub
  bisik check --kind phone --feed scams.bisik --trust centre.pub --key bank.key -- \\
      '+65 8123 4567'")]
pub(crate) struct Check {
    /// The value; `-` reads one line of standard input.
    #[arg(value_name = "VALUE", allow_hyphen_values = false)]
    pub(crate) value: String,
    /// What the value is.
    #[arg(long, value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub(crate) kind: Kind,
    #[command(flatten)]
    pub(crate) feeds: Feeds,
    #[command(flatten)]
    pub(crate) asking: Asking,
    /// The region of a national phone number, such as SG.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The bank of an account number that names none: the first 8 characters of its BIC.
    #[arg(long, value_name = "BIC8")]
    pub(crate) bank: Option<String>,
    /// Admit phone numbers that are possible but not assigned, such as spoofed caller ids.
    #[arg(long)]
    pub(crate) allow_unassigned: bool,
    /// Keep the id of a hit in this file, readable by you alone, for `bisik retractions` to tell if it is withdrawn.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) remember: Option<PathBuf>,
    /// Print one JSON object a hit.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the canonical form of values: what two parties must agree on before anything can match.
///
/// Exits 0 even when some are refused.
#[derive(Args)]
#[command(after_help = "\
Kinds: phone, email, domain, url, ip, account, iban, proxy, wallet, sender-id, imei, imsi, iccid, handle, \
registration, hash, mailbox.

Examples:
  bisik canon phone '9123 4567' --region SG --explain
  bisik canon domain 'WWW.Example.COM.' 'bücher.example'
  bisik canon url --json - < urls.txt
  bisik canon --detect 'wa.me/6591234567' '4111 1111'")]
pub(crate) struct Canon {
    /// What the values are, then the values; `-` reads one a line from standard input. With --detect, values alone.
    #[arg(required = true, value_names = ["KIND", "VALUE"])]
    pub(crate) words: Vec<String>,
    /// Guess what each value is, and say how sure it is.
    #[arg(long, conflicts_with = "explain")]
    pub(crate) detect: bool,
    /// The region of national phone numbers, such as SG.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The bank of account numbers that name none: the first 8 characters of its BIC.
    #[arg(long, value_name = "BIC8")]
    pub(crate) bank: Option<String>,
    /// Admit phone numbers that are possible but not assigned, such as spoofed caller ids.
    #[arg(long)]
    pub(crate) allow_unassigned: bool,
    /// Show each step.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print one JSON object a value, in order, with `kind` and `canonical` or `error`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Play an anti-scam centre, a bank and a telephone company with made-up data.
#[derive(Args)]
pub(crate) struct Demo {
    /// Where its files go.
    #[arg(long, value_name = "DIR", default_value = "bisik-demo", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
}

/// Print a completion script for a shell.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik completions bash > ~/.local/share/bash-completion/completions/bisik")]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

/// Write the manual pages into a folder.
#[derive(Args)]
pub(crate) struct Man {
    /// The folder; made if it is missing.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
}

/// How rows are read.
#[derive(Args)]
pub(crate) struct Reading {
    /// The kind of rows that name none: phone, domain, url, account and others (see `bisik canon --help`).
    #[arg(long, value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub(crate) kind: Option<Kind>,
    /// The column or field that holds the value, instead of `value`.
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// The region of national phone numbers whose row names none, such as SG.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Admit phone numbers that are possible but not assigned, such as spoofed caller ids.
    #[arg(long)]
    pub(crate) allow_unassigned: bool,
}

/// How one feed is opened.
#[derive(Args)]
pub(crate) struct Opening {
    /// Card of a publisher you trust, or your trust store. Repeat for more.
    #[arg(long, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// Where to remember which versions were seen, to refuse older ones; STORE.seen beside a trust store unless said otherwise.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state: Option<PathBuf>,
    /// Your recipient key, PREFIX.key, for sealed feeds. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
}

/// Against what rows are matched.
#[derive(Args)]
pub(crate) struct Feeds {
    /// A feed. Repeat for more.
    #[arg(long, required_unless_present = "store", value_name = "FEED", value_hint = ValueHint::FilePath)]
    pub(crate) feed: Vec<PathBuf>,
    /// All feeds of a store that `bisik pull` keeps current.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) store: Option<PathBuf>,
    /// Card of a publisher you trust, or your trust store. Repeat for more.
    #[arg(long, required = true, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// Where to remember which versions were seen, to refuse older ones; STORE.seen beside a trust store unless said otherwise.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state: Option<PathBuf>,
    /// Your recipient key, PREFIX.key, for sealed feeds. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// Values that must never be listed or acted upon, such as your own numbers: files as INPUT is. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) guard: Vec<PathBuf>,
    /// Say of each row with hits whether it may be acted upon, by the rules in this file: lines such as `min_publishers = 2`,
    /// `min_weight = 3`, `min_confidence = 60`, `max_age = 90d`, `probable = review`, and the same under `[account]`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// Go on with the other feeds when one cannot be used, and say so.
    #[arg(long)]
    pub(crate) skip_bad_feeds: bool,
}

/// How a set is stored.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Set {
    /// Exact, 16 bytes an entry, may carry records.
    Tokens,
    /// Bloom filter: smaller, membership only, hits are probable.
    Bloom,
    /// Binary fuse filter: smaller still, membership only, hits are probable.
    Fuse,
}

/// Traffic Light Protocol 2.0.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Tlp {
    /// Anyone.
    Clear,
    /// The community.
    Green,
    /// Members and their clients.
    Amber,
    /// Members only.
    #[value(name = "amber+strict")]
    AmberStrict,
    /// The named persons only.
    Red,
}

/// How hits are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// With a header; cells that a spreadsheet would take for formulas begin with an apostrophe.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.name())).try_map(|name| name.parse::<Kind>())
}
