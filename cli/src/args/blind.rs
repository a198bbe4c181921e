//! The command line of blind mode: the server, its clients, the three files, and what `match` and `check` need to ask.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{Feeds, Format, Logging, Reading};

/// Answer blind queries over HTTPS, within each client's budget.
///
/// Feeds and their OPRF keys are given in pairs: the first --feed with the first --oprf-key, and so on; two epochs of one
/// feed may overlap so. Every charge is on the disk before its answer leaves. SIGHUP reads the clients and certificates again;
/// SIGTERM and SIGINT finish what was begun.
#[derive(Args)]
#[command(after_help = "\
Examples:
  bisik serve --feed phones.bisik --oprf-key phones.oprf --clients clients.toml --state-dir state \\
      --listen 127.0.0.1:8443 --tls-cert server.pem --tls-key server.key --key centre.key
  bisik serve --feed e1.bisik --oprf-key e1.oprf --feed e2.bisik --oprf-key e2.oprf \\
      --clients clients.toml --state-dir state --listen 127.0.0.1:8443 --plain")]
pub(crate) struct Serve {
    /// A blind feed that is served. Repeat for more.
    #[arg(long, required_unless_present = "sightings_dir", value_name = "FEED", value_hint = ValueHint::FilePath)]
    pub(crate) feed: Vec<PathBuf>,
    /// Its OPRF key, FEED.oprf. Repeat for more, in the order of the feeds.
    #[arg(long, required_unless_present = "sightings_dir", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) oprf_key: Vec<PathBuf>,
    /// Who may ask, and how much; made by `bisik client add`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) clients: PathBuf,
    /// Where the budgets are kept; made if it is missing.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state_dir: PathBuf,
    /// Address and port; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// The server's certificate and those above it, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key", value_hint = ValueHint::FilePath)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM, mode 0600.
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub(crate) tls_key: Option<PathBuf>,
    /// Demand of every connection a certificate that this authority signed, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub(crate) client_ca: Option<PathBuf>,
    /// Serve without TLS; on a loopback address alone.
    #[arg(long, conflicts_with = "tls_cert")]
    pub(crate) plain: bool,
    /// Card of the feeds' publisher: their signatures and times are checked. Repeat for more.
    #[arg(long, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// A recipient key that opens sealed feeds. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// Also take sightings for a desk, from the same clients, and keep them in this folder as they came, sealed. The desk's key has no
    /// place on this machine: take the files to where it is, and open them with `bisik sightings`.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) sightings_dir: Option<PathBuf>,
    /// Threads that evaluate; one a core unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Requests that may be in the house at once; one more is answered with 503.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) queue: u16,
    /// Open connections; one more closes the oldest on which no client has shown itself.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_connections: u16,
    /// Seconds that a request's body, or its head, or the taking of an answer may last, and a connection be idle.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) timeout: u16,
    /// Append the start of the server to this review log (`bisik log`).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) review_log: Option<PathBuf>,
    /// How the log on standard error is written.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,
}

/// How a log is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Who may ask a blind server.
#[derive(Args)]
pub(crate) struct ClientCommand {
    #[command(subcommand)]
    pub(crate) action: ClientAction,
    #[command(flatten)]
    pub(crate) logging: Logging,
}

#[derive(Subcommand)]
pub(crate) enum ClientAction {
    Add(ClientAdd),
    List(ClientList),
    Remove(ClientRemove),
}

/// Admit a client, and print its bearer token: once, on standard output.
///
/// Only the token's SHA-256 is stored. A running server reads the file again on SIGHUP.
#[derive(Args)]
#[command(after_help = "\
Examples:
  bisik client add --clients clients.toml --pub bank.pub --per-day 20000 > bank.token
  bisik client add --clients clients.toml --pub telco.pub --cert telco-tls.pem --no-token")]
pub(crate) struct ClientAdd {
    /// The file of clients; made if it is missing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) clients: PathBuf,
    /// The client's card, PREFIX.pub.
    #[arg(long = "pub", value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) card: PathBuf,
    /// What logs call it, instead of the card's name.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Evaluations a day (UTC), padding included.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) per_day: u64,
    /// Evaluations in all epochs that have not expired; without it there is no such end.
    #[arg(long, value_name = "N")]
    pub(crate) total: Option<u64>,
    /// Evaluations a request, at most 16384.
    #[arg(long, value_name = "N", default_value_t = 16_384, value_parser = clap::value_parser!(u64).range(1..=16_384))]
    pub(crate) batch: u64,
    /// The client's TLS certificate in PEM: it must be shown. For servers with --client-ca.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cert: Option<PathBuf>,
    /// Make no token: the client shows its certificate, or sends files alone.
    #[arg(long)]
    pub(crate) no_token: bool,
}

/// Show the clients, and with --state-dir what they have used.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik client list --clients clients.toml --state-dir state")]
pub(crate) struct ClientList {
    /// The file of clients.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) clients: PathBuf,
    /// The server's state: adds today's use and that of all epochs.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state_dir: Option<PathBuf>,
    /// Print one JSON object a client and feed.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Strike a client from the file. What it has used stays in the server's state.
#[derive(Args)]
#[command(after_help = "Example:\n  bisik client remove --clients clients.toml --pub bank.pub")]
pub(crate) struct ClientRemove {
    /// The file of clients.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) clients: PathBuf,
    /// The client's card, PREFIX.pub.
    #[arg(long = "pub", value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) card: PathBuf,
}

/// Ask blind without a network: three files between two agencies.
#[derive(Args)]
pub(crate) struct BlindCommand {
    #[command(subcommand)]
    pub(crate) action: BlindAction,
}

#[derive(Subcommand)]
pub(crate) enum BlindAction {
    Request(BlindAsk),
    Answer(BlindAnswer),
    Finish(BlindFinish),
}

/// As [`Feeds`], but `--state` is the request's.
#[derive(Args)]
pub(crate) struct AskedFeeds {
    /// A feed. Repeat for more.
    #[arg(long, required = true, value_name = "FEED", value_hint = ValueHint::FilePath)]
    feed: Vec<PathBuf>,
    /// Card of a publisher you trust, or your trust store. Repeat for more.
    #[arg(long, required = true, value_name = "CARD", value_hint = ValueHint::FilePath)]
    trust: Vec<PathBuf>,
    /// Where to remember which versions were seen, what other commands call --state; STORE.seen beside a trust store unless said otherwise.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    seen: Option<PathBuf>,
    /// Your recipient key, PREFIX.key, for sealed feeds. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key: Vec<PathBuf>,
    /// Values that must never be listed or acted upon, such as your own numbers: files as INPUT is. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    guard: Vec<PathBuf>,
}

impl AskedFeeds {
    /// The same for what all commands share.
    pub(crate) fn feeds(&self) -> Feeds {
        Feeds {
            feed: self.feed.clone(),
            store: None,
            trust: self.trust.clone(),
            state: self.seen.clone(),
            key: self.key.clone(),
            guard: self.guard.clone(),
            policy: None,
            skip_bad_feeds: false,
        }
    }
}

/// Make a request of your own rows, to be carried to the publisher.
///
/// STATE is secret and stays: without it nobody, you included, can read the answer. It holds row numbers, and raw values
/// only with --show-values.
#[derive(Args)]
#[command(after_help = "\
Example:
  bisik blind request calls.csv --column caller --kind phone --region SG --feed phones.bisik \\
      --trust centre.pub --key bank.key --sign bank.sign --out calls.req --state calls.state")]
pub(crate) struct BlindAsk {
    /// Files of your own rows; `-` is standard input.
    #[arg(required = true, value_name = "INPUT", value_hint = ValueHint::FilePath)]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) feeds: AskedFeeds,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// The column that is repeated as `id` in every hit.
    #[arg(long, value_name = "NAME")]
    pub(crate) id: Option<String>,
    /// The bank of account numbers that name none: the first 8 characters of its BIC.
    #[arg(long, value_name = "BIC8")]
    pub(crate) bank: Option<String>,
    /// Your signing key, PREFIX.sign.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sign: PathBuf,
    /// Send exact counts: cheaper, and the publisher sees them.
    #[arg(long)]
    pub(crate) no_padding: bool,
    /// The request to write.
    #[arg(long, value_name = "REQ", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    /// The secret state to write, mode 0600, never over an older file.
    #[arg(long, value_name = "STATE", value_hint = ValueHint::FilePath)]
    pub(crate) state: PathBuf,
    /// Write refused rows as CSV: row,kind,reason,line,input. Never the values.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rejects: Option<PathBuf>,
    /// Keep raw values in the state, so that `finish --show-values` can print them.
    #[arg(long)]
    pub(crate) show_values: bool,
}

/// Answer a request file, with the budgets of the server.
///
/// One process answers with a state folder at a time: stop the server first, or let it answer.
#[derive(Args)]
#[command(after_help = "\
Example:
  bisik blind answer calls.req --feed phones.bisik --oprf-key phones.oprf --key centre.key \\
      --clients clients.toml --state-dir state --out calls.ans")]
pub(crate) struct BlindAnswer {
    /// The request.
    #[arg(value_name = "REQ", value_hint = ValueHint::FilePath)]
    pub(crate) request: PathBuf,
    /// A blind feed that is answered for. Repeat for more.
    #[arg(long, required = true, value_name = "FEED", value_hint = ValueHint::FilePath)]
    pub(crate) feed: Vec<PathBuf>,
    /// Its OPRF key, FEED.oprf. Repeat for more, in the order of the feeds.
    #[arg(long, required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) oprf_key: Vec<PathBuf>,
    /// Card of the feeds' publisher: their signatures and times are checked. Repeat for more.
    #[arg(long, value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) trust: Vec<PathBuf>,
    /// A recipient key that opens sealed feeds. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// Who may ask, and how much.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) clients: PathBuf,
    /// Where the budgets are kept; made if it is missing.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state_dir: PathBuf,
    /// The answer to write.
    #[arg(long, value_name = "ANS", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
}

/// Read an answer: prints hits as `match` does, and removes the state.
///
/// Exits 0 with a hit, 1 without, 2 on error; after an error the state is still there.
#[derive(Args)]
#[command(after_help = "\
Example:
  bisik blind finish calls.ans --state calls.state --feed phones.bisik \\
      --trust centre.pub --key bank.key --format csv")]
pub(crate) struct BlindFinish {
    /// The answer.
    #[arg(value_name = "ANS", value_hint = ValueHint::FilePath)]
    pub(crate) answer: PathBuf,
    /// The state that `bisik blind request` wrote.
    #[arg(long, value_name = "STATE", value_hint = ValueHint::FilePath)]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) feeds: AskedFeeds,
    /// Say of each row with hits whether it may be acted upon, by the rules in this file: lines such as `min_publishers = 2`,
    /// `min_weight = 3`, `min_confidence = 60`, `max_age = 90d`, `probable = review`, and the same under `[account]`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// How hits are printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Print raw values and the listed expressions with the hits, if the state has them.
    #[arg(long)]
    pub(crate) show_values: bool,
}

/// Who can test values.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protect {
    /// Whoever can open the feed: a random key travels in it.
    Salted,
    /// Who asks the publisher's server, within a budget: the key stays with the publisher.
    Blind,
}

/// How values are protected.
#[derive(Args)]
pub(crate) struct Protecting {
    /// Who can test values against the feed: all who can open it, or who asks your server within a budget.
    #[arg(long, value_enum, default_value_t = Protect::Salted)]
    pub(crate) protect: Protect,
    /// With --protect blind: the feed's OPRF key. A first version and --new-epoch make the file; then it is needed again.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) oprf_key: Option<PathBuf>,
}

/// What `inspect` supposes of the members of a blind feed.
#[derive(Args, Clone, Copy)]
pub(crate) struct Supposing {
    /// For blind feeds: suppose that a member may ask so much a day.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) per_day: u64,
    /// For blind feeds: suppose that so many members pool what they learn.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) members: u64,
}

impl Default for Supposing {
    fn default() -> Self {
        Self { per_day: 10_000, members: 1 }
    }
}

/// How blind feeds are asked.
#[derive(Args)]
pub(crate) struct Asking {
    /// Ask blind feeds at this server: https://…, or http://… on this machine.
    #[arg(long, value_name = "URL", requires = "sign", value_hint = ValueHint::Url)]
    pub(crate) blind: Option<String>,
    /// Your signing key, PREFIX.sign, for blind queries.
    #[arg(long, value_name = "FILE", requires = "blind", value_hint = ValueHint::FilePath)]
    pub(crate) sign: Option<PathBuf>,
    /// The file with your bearer token, mode 0600.
    #[arg(long, value_name = "FILE", requires = "blind", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// Your TLS certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key", requires = "blind", value_hint = ValueHint::FilePath)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM, mode 0600.
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub(crate) tls_key: Option<PathBuf>,
    /// Trust these authorities for the server's certificate, in PEM, instead of the system's.
    #[arg(long, value_name = "FILE", requires = "blind", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
    /// Send exact counts: cheaper, and the server sees them.
    #[arg(long, requires = "blind")]
    pub(crate) no_padding: bool,
}
