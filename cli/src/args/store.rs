//! The command line of stores of feeds and of the review log.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use crate::units::{parse_duration, parse_size};

/// Keep a folder of feeds current: fetch what is newer, verify it, and only then let it take the place of the old version.
///
/// SOURCE is a feed, a folder with feeds, or the http(s) address of a feed or of an index (feeds.json, which `bisik index` makes). An index
/// also leads to deltas, which are used where they lead on from the version in the store. Whatever goes wrong, the version in the
/// store stays usable. Exits 0 if every feed is current, 1 if some are not, 2 if none is.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  bisik pull https://feeds.example/scams/ --trust my.trust --key bank.key --into feeds\n  \
    bisik pull /mnt/exchange a.bisik --trust my.trust --into feeds\n\nThen:\n  bisik status feeds\n  \
    bisik match payments.csv --store feeds --trust my.trust --key bank.key"
)]
pub(crate) struct Pull {
    /// A feed, a folder, or an address. An address that ends in / is that of a folder with an index.
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// The store; made if it is missing.
    #[arg(long, value_name = "STORE", value_hint = ValueHint::DirPath)]
    pub(crate) into: PathBuf,
    /// Card of a publisher you trust, or your trust store. Repeat for more.
    #[arg(long, required = true, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// Your recipient key, PREFIX.key, for sealed feeds. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// Prepare nothing (`bisik prepare`), however long a feed is.
    #[arg(long)]
    pub(crate) no_prepare: bool,
    #[command(flatten)]
    pub(crate) fetching: Fetching,
    /// The review log to append to; the store's own unless said otherwise.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) log: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Limits and credentials for what comes over the network.
#[derive(Args)]
pub(crate) struct Fetching {
    /// The longest file that is taken, such as 64M or 4G.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "4G")]
    pub(crate) max_size: u64,
    /// How long one file may take in all.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "10m")]
    pub(crate) max_time: u64,
    /// How long nothing may come.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "30s")]
    pub(crate) idle_time: u64,
    /// How long a connection may take to come about.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "10s")]
    pub(crate) connect_time: u64,
    /// Trust these authorities for a server's certificate, in PEM, instead of the system's.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
    /// The file with your bearer token, mode 0600; sent to the hosts of the SOURCEs alone, never over plain http.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
}

/// Show every feed of a store: version, age, expiry, size, publisher, and what is wrong.
///
/// It tells what was written down when each feed was pulled and verified, and whether the files are there; it verifies nothing anew, as
/// `match` and `check` do. Exits 0 if all is well, 1 if a feed has expired or a source fails.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik status feeds")]
pub(crate) struct Status {
    /// The store.
    #[arg(value_name = "STORE", value_hint = ValueHint::DirPath)]
    pub(crate) store: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prepare a store's feeds, so that each opens in milliseconds, however long it is.
///
/// What was verified is written down once more, decrypted, with its index, under a key of this store (local.key), to be mapped
/// instead of read; of a sealed feed, all that would tell its values stays sealed to your key. `pull` does it with feeds of 1 MiB and
/// more; this does it with the others, and where what was prepared is lost, damaged, or of another machine. It takes as much room
/// again as the feeds.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  bisik prepare feeds --trust my.trust --key bank.key\n  bisik prepare feeds --check --key bank.key"
)]
pub(crate) struct Prepare {
    /// The store.
    #[arg(value_name = "STORE", value_hint = ValueHint::DirPath)]
    pub(crate) store: PathBuf,
    /// Card of a publisher you trust, or your trust store. Repeat for more.
    #[arg(long, required_unless_present = "check", value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// Your recipient key, PREFIX.key, for sealed feeds. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// Prepare every feed again, also what looks as it should.
    #[arg(long, conflicts_with = "check")]
    pub(crate) again: bool,
    /// Write nothing: read all that was prepared, and compare it with what was written.
    #[arg(long)]
    pub(crate) check: bool,
}

/// As publisher: write an index (feeds.json) over a folder of feeds and deltas, for `bisik pull`.
///
/// Only files that verify are listed: the newest version of each feed, and the deltas.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik index public --trust centre.pub --key centre.key")]
pub(crate) struct Index {
    /// The folder: *.bisik are feeds, *.delta deltas.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// Your own card, or others whose feeds lie there. Repeat for more.
    #[arg(long, required = true, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// Your recipient key, PREFIX.key, for sealed feeds. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
}

/// Where a command writes down what it does.
#[derive(Args, Default)]
pub(crate) struct Logging {
    /// Append to this review log (`bisik log`) what is done, before it is: counts and ids of feeds, never a value.
    #[arg(long = "log", global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) review: Option<PathBuf>,
}

/// Check and read review logs.
///
/// Commands that change something append to the file that --log names, `pull` to its store's log.jsonl. Every entry is chained to the
/// ones before, so that a change shows; a signed head that somebody else keeps also shows a log that was written anew.
#[derive(Args)]
pub(crate) struct LogCommand {
    #[command(subcommand)]
    pub(crate) action: LogAction,
}

#[derive(Subcommand)]
pub(crate) enum LogAction {
    Verify(LogVerify),
    Report(LogReport),
    Head(LogHeadArgs),
    Mend(LogMend),
}

/// Check that nothing was altered, removed or moved; else name the entry.
#[derive(Args)]
#[command(after_help = "Examples:\n  bisik log verify feeds/log.jsonl\n  \
    bisik log verify centre.log --head january.head --trust centre.pub")]
pub(crate) struct LogVerify {
    /// The log.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// A signed head that was kept; the log must go on from it. Repeat for more.
    #[arg(long, value_name = "FILE", requires = "trust", value_hint = ValueHint::FilePath)]
    pub(crate) head: Vec<PathBuf>,
    /// Card of who signed the heads, or your trust store. Repeat for more.
    #[arg(long, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Sum logs up, by month and publisher; each is verified first.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik log report centre.log feeds/log.jsonl --trust my.trust --format csv")]
pub(crate) struct LogReport {
    /// The logs.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// This month alone: YYYY-MM, in UTC.
    #[arg(long, value_name = "MONTH")]
    pub(crate) month: Option<String>,
    /// Cards or your trust store, for the publishers' names. Repeat for more.
    #[arg(long, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = super::Format::Table)]
    pub(crate) format: super::Format,
}

/// Sign the log's head, for others to keep.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik log head centre.log --sign centre.sign --out january.head")]
pub(crate) struct LogHeadArgs {
    /// The log; it is verified first.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Your signing key, PREFIX.sign.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sign: PathBuf,
    /// The head to write.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
}

/// Remove a last line that a crash left incomplete; an entry tells of it.
#[derive(Args)]
pub(crate) struct LogMend {
    /// The log.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}
