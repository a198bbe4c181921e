//! Arguments of the way from a hit to the publisher's desk.

use std::path::PathBuf;

use bisik::{Currency, SightingAction, Timestamp};
use clap::{Args, ValueHint};

use super::{Format, Logging, Opening, Reading};

/// Whom members turn to.
#[derive(Args)]
pub(crate) struct Contacting {
    /// A person or role that members can ask for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) contact_name: Option<String>,
    /// Where members call or write: a telephone number, an address.
    #[arg(long, value_name = "TEXT")]
    pub(crate) desk: Option<String>,
    /// When somebody answers there, with the time zone.
    #[arg(long, value_name = "TEXT")]
    pub(crate) hours: Option<String>,
    /// The desk's card (.pub) or a file with its age1… line: members seal sightings to it. Without any of these four, the contact of
    /// the version before is kept.
    #[arg(long, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) desk_card: Option<PathBuf>,
}

/// How a server is reached.
#[derive(Args)]
pub(crate) struct Sending {
    /// Send the files to this server: https://…, or http://… on this machine.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) send: Option<String>,
    /// The file with your bearer token, mode 0600.
    #[arg(long, value_name = "FILE", requires = "send", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// Your TLS certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key", requires = "send", value_hint = ValueHint::FilePath)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM, mode 0600.
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub(crate) tls_key: Option<PathBuf>,
    /// Trust these authorities for the server's certificate, in PEM, instead of the system's.
    #[arg(long, value_name = "FILE", requires = "send", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
}

/// Tell a publisher's desk what you hit, and what you did about it.
///
/// Writes a file, signed by you and sealed to the desk that the feed names, which only the desk can open. It holds hit ids, never
/// values or tokens: the publisher turns them back into entries of its own list. It tells the publisher that you met these
/// entries, when, and what you state here. Files all have one length.
#[derive(Args)]
#[command(after_help = "\
INPUT is what `match --format jsonl` printed, or the file of `match --remember`: JSON Lines with `hit_id`. A line may also say \
`action`, `amount` (text, such as \"1250.50\"), `currency`, `case` (your reference) and `time`; these come before the \
options. Lines of other feeds and epochs are left out and counted. Lines of one hit on one day become one sighting: amounts are \
added, and of several actions the first of frozen, reported, declined, none is told. More than 500 sightings make several \
files: FILE, FILE.2 and on.

Examples:
  bisik sight acted.jsonl --action declined --feed scams.bisik --trust centre.pub --key bank.key \\
      --sign bank.sign --seal-out today.sighting
  bisik sight --hit 0123456789abcdef0123456789abcdef --action frozen --amount 1250.50 --currency SGD \\
      --reference CASE-17 --feed scams.bisik --trust centre.pub --key bank.key --sign bank.sign \\
      --send https://desk.example:8443 --token-file bank.token")]
pub(crate) struct Sight {
    /// Files of hits; `-` is standard input.
    #[arg(value_name = "INPUT", required_unless_present = "hit", value_hint = ValueHint::FilePath)]
    pub(crate) inputs: Vec<PathBuf>,
    /// A hit id: 32 digits of 0-9 and a-f. Repeat for more.
    #[arg(long, value_name = "HIT", value_parser = hit_id)]
    pub(crate) hit: Vec<[u8; 16]>,
    /// What you did: frozen, reported, declined or none.
    #[arg(long, value_name = "ACTION", value_parser = action)]
    pub(crate) action: Option<SightingAction>,
    /// What is at stake for each hit, such as 1250.50: the day's sum, as far as you know it.
    #[arg(long, value_name = "AMOUNT", requires = "currency")]
    pub(crate) amount: Option<String>,
    /// The amount's currency (ISO 4217), such as SGD.
    #[arg(long, value_name = "CODE", value_parser = currency)]
    pub(crate) currency: Option<Currency>,
    /// Your own case number, which the desk can ask you about: at most 64 bytes.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reference: Option<String>,
    /// When the hits were met, where a line does not say it; now unless said otherwise.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) time: Option<Timestamp>,
    /// The feed that had the hits, in the newest version you have. It may have expired.
    #[arg(long, value_name = "FEED", value_hint = ValueHint::FilePath)]
    pub(crate) feed: PathBuf,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Your signing key, PREFIX.sign: the desk knows your card.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sign: PathBuf,
    /// The file to write, for the desk alone.
    #[arg(long, value_name = "FILE", required_unless_present = "send", value_hint = ValueHint::FilePath)]
    pub(crate) seal_out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sending: Sending,
    #[command(flatten)]
    pub(crate) logging: Logging,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// As publisher's desk: open sightings, count each once, and show whom to call first.
///
/// What counts is kept in the state, on the disk before it is shown: so the list is the same however often the command runs, and
/// grows with what members tell. Sightings count for 37 days. Without OPEN the list of what is known is shown.
#[derive(Args)]
#[command(after_help = "\
The score is recency + members + amount, 0 to 100. Recency: 40 if the newest sighting is under a day old, 30 under 3 days, 20 under \
7, 10 under 14. Members: 10 for each that told of the entry, at most 40. Amount: 20 for sums in the upper third of their currency, \
10 in the middle third, 5 in the lower.

Examples:
  bisik sightings inbox/ --feed scams.bisik --trust centre.pub --members members.trust --key desk.key \\
      --list list.csv --state desk.state
  bisik sightings --feed scams.bisik --trust centre.pub --key desk.key --list list.csv --state desk.state --json")]
pub(crate) struct Sightings {
    /// Files that members sealed to the desk, or folders of them.
    #[arg(value_name = "OPEN", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    /// Your feed, in its newest version; also older ones, which are then checked against, and those of earlier epochs, to join
    /// their sightings. They may have expired. Repeat for more.
    #[arg(long, required = true, value_name = "FEED", value_hint = ValueHint::FilePath)]
    pub(crate) feed: Vec<PathBuf>,
    /// Your own card, with which the feeds are verified.
    #[arg(long, required = true, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// Card of a member, or a store of them as `bisik trust add` makes it. Repeat for more.
    #[arg(long, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) members: Vec<PathBuf>,
    /// The desk's recipient key, and yours if the feeds are sealed. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// The OPRF key of a blind feed, to join its sightings. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) oprf_key: Vec<PathBuf>,
    /// Your own list, as `publish` reads it: hit ids are turned back into its rows. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) list: Vec<PathBuf>,
    /// The column of the list that is shown as `id`.
    #[arg(long, value_name = "NAME")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) logging: Logging,
    /// Where the desk keeps what it counted, readable by you alone; made if it is missing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: PathBuf,
    /// Write what was refused or not counted as CSV: file,sighting,member,hit_id,reason.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rejects: Option<PathBuf>,
    /// How the list is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Print one JSON object, with what was refused or not counted.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Print the listed values too.
    #[arg(long)]
    pub(crate) show_values: bool,
}

fn hit_id(text: &str) -> Result<[u8; 16], String> {
    crate::units::parse_hex(text).ok_or_else(|| "a hit id is 32 digits of 0-9 and a-f".to_owned())
}

fn action(name: &str) -> Result<SightingAction, String> {
    name.parse().map_err(|error: bisik::Error| error.message().to_owned())
}

fn currency(code: &str) -> Result<Currency, String> {
    code.parse().map_err(|error: bisik::Error| error.message().to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    crate::units::parse_time(text).map_err(|error| error.message().to_owned())
}
