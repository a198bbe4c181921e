//! Arguments of what happens to feeds and trust over time.

use std::path::PathBuf;

use bisik::{Kind, RetractionReason};
use clap::{Args, Subcommand, ValueHint};

use super::{Logging, Opening, Reading, kinds};

/// Bring a feed up to date with the deltas that its publisher made.
///
/// Each delta leads from one version to a later one. The result is byte for byte the unsealed snapshot, and is verified like any
/// other feed before it is written. If a feed or delta came sealed, the result is readable by you alone (mode 0600), but
/// it is no longer sealed.
#[derive(Args)]
#[command(
    after_help = "Example:\n  bisik apply v1.bisik v2.delta v3.delta --out v3.bisik --trust centre.pub --key bank.key"
)]
pub(crate) struct Apply {
    /// The version that you have. It may have expired.
    #[arg(value_name = "BASE", value_hint = ValueHint::FilePath)]
    pub(crate) base: PathBuf,
    /// The deltas, in order.
    #[arg(required = true, value_name = "DELTA", value_hint = ValueHint::FilePath)]
    pub(crate) deltas: Vec<PathBuf>,
    /// The feed to write, in place of any older file of that name; it may be BASE.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) opening: Opening,
    #[command(flatten)]
    pub(crate) logging: Logging,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Compare two versions of a feed, or read a proof: has a publisher signed two different feeds under one number?
///
/// Members who compare what each of them got find out whether their publisher tells them different things. Exits 0 if the
/// two do not contradict each other, 1 if they do.
#[derive(Args)]
#[command(after_help = "Examples:\n  bisik compare mine.bisik theirs.bisik --trust centre.pub --key bank.key\n  \
    bisik compare equivocation.proof --trust centre.pub")]
pub(crate) struct Compare {
    /// Two feeds, or one file of proof.
    #[arg(required = true, num_args = 1..=2, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Write both signed manifests as proof if they contradict each other.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) proof: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Decide whom you trust, and for what.
///
/// A trust store is a file of your own. Give it to other commands with --trust, in place of cards; beside it (STORE.seen) they
/// remember which versions they have seen, and refuse older ones.
#[derive(Args)]
pub(crate) struct Trust {
    #[command(subcommand)]
    pub(crate) action: TrustAction,
    #[command(flatten)]
    pub(crate) logging: Logging,
}

#[derive(Subcommand)]
pub(crate) enum TrustAction {
    Add(TrustAdd),
    Show(TrustShow),
    Set(TrustSet),
    Remove(TrustRemove),
    Update(TrustUpdate),
    Rotate(TrustRotate),
    Revoke(TrustRevoke),
}

/// What a reader decides about a publisher.
#[derive(Args)]
pub(crate) struct Decisions {
    /// Your own name for the publisher.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What its word counts for in policies, 0 to 1000.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) weight: Option<u32>,
    /// It may publish this kind. Repeat for more; without it every kind.
    #[arg(long, value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub(crate) kind: Vec<Kind>,
    /// It may list domain names, web and e-mail addresses that end in this, such as sg or com.my. Repeat for more.
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) suffix: Vec<String>,
    /// It may list telephone numbers with this calling code, such as 65. Repeat for more.
    #[arg(long, value_name = "CODE")]
    pub(crate) calling_code: Vec<String>,
}

/// Trust the publisher of a card. Makes the store if there is none.
#[derive(Args)]
#[command(
    after_help = "Example:\n  bisik trust add my.trust centre.pub --feed scams --kind phone --calling-code 65 --weight 2"
)]
pub(crate) struct TrustAdd {
    /// Your trust store.
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub(crate) store: PathBuf,
    /// The publisher's card.
    #[arg(value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) card: PathBuf,
    /// Its keys may sign this feed only. Repeat for more; without it any feed of this publisher.
    #[arg(long, value_name = "ID")]
    pub(crate) feed: Vec<String>,
    #[command(flatten)]
    pub(crate) decisions: Decisions,
}

/// Show whom a store trusts.
#[derive(Args)]
pub(crate) struct TrustShow {
    /// Your trust store, or a card.
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub(crate) store: PathBuf,
    /// Print the store's own text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Change what you decided about a publisher: lists given here take the place of the old ones.
#[derive(Args)]
pub(crate) struct TrustSet {
    /// Your trust store.
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub(crate) store: PathBuf,
    /// The publisher's id, as `trust show` shows it.
    #[arg(value_name = "PUBLISHER")]
    pub(crate) publisher: String,
    #[command(flatten)]
    pub(crate) decisions: Decisions,
}

/// Trust a publisher no more.
#[derive(Args)]
pub(crate) struct TrustRemove {
    /// Your trust store.
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub(crate) store: PathBuf,
    /// The publisher's id, as `trust show` shows it.
    #[arg(value_name = "PUBLISHER")]
    pub(crate) publisher: String,
}

/// Take a rotation or revocation in that a publisher's roots signed.
#[derive(Args)]
pub(crate) struct TrustUpdate {
    /// Your trust store.
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub(crate) store: PathBuf,
    /// What the publisher's roots signed (`bisik rotate`, `bisik revoke`).
    #[arg(value_name = "STATEMENT", value_hint = ValueHint::FilePath)]
    pub(crate) statement: PathBuf,
}

/// Take new keys of a publisher without roots over, after you compared the key id with the publisher.
#[derive(Args)]
pub(crate) struct TrustRotate {
    /// Your trust store.
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub(crate) store: PathBuf,
    /// The publisher's id, as `trust show` shows it.
    #[arg(value_name = "PUBLISHER")]
    pub(crate) publisher: String,
    /// The publisher's new card.
    #[arg(value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) card: PathBuf,
    /// The id of the card's first key (its first root if it has roots), as the publisher told you by telephone or in person.
    #[arg(long, value_name = "KEYID")]
    pub(crate) confirm: Option<String>,
    /// Forget which versions were seen of this publisher: only if a thief signed too high a number.
    #[arg(long)]
    pub(crate) reset_versions: bool,
}

/// Refuse a key of a publisher without roots from now on.
#[derive(Args)]
pub(crate) struct TrustRevoke {
    /// Your trust store.
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub(crate) store: PathBuf,
    /// The publisher's id, as `trust show` shows it.
    #[arg(value_name = "PUBLISHER")]
    pub(crate) publisher: String,
    /// The key's id.
    #[arg(long, value_name = "KEYID")]
    pub(crate) confirm: Option<String>,
}

/// As publisher: tell your readers, signed by your roots, that other keys sign from now on.
///
/// Roots of the old set and of the new one must sign, as many of each as its threshold says. Readers take the statement in with `bisik trust
/// update`.
#[derive(Args)]
#[command(after_help = "Example, after `bisik keygen --successor-of centre.pub --name Centre --out centre2`:\n  \
    bisik rotate centre2.pub --root centre.root1 --root centre.root3 --out centre.rotation")]
pub(crate) struct Rotate {
    /// Your new card, with roots and a higher sequence number than the last one.
    #[arg(value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) card: PathBuf,
    /// A root key. Repeat for each that signs.
    #[arg(long, required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) root: Vec<PathBuf>,
    /// Have readers forget, once, which versions they have seen: if a thief signed too high a number.
    #[arg(long)]
    pub(crate) reset_versions: bool,
    /// The statement to write.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
}

/// As publisher: tell your readers, signed by your roots, to refuse keys from now on.
#[derive(Args)]
#[command(
    after_help = "Example:\n  bisik revoke centre.pub --key KEYID --root centre.root1 --root centre.root3 --out centre.revocation"
)]
pub(crate) struct Revoke {
    /// Your card: it names you; the statement's number is one higher than the card's, unless --sequence says otherwise.
    #[arg(value_name = "CARD", value_hint = ValueHint::FilePath)]
    pub(crate) card: PathBuf,
    /// The id of a key to refuse; without it every key on the card. Repeat for more.
    #[arg(long, value_name = "KEYID")]
    pub(crate) key: Vec<String>,
    /// The number of the statement: higher than any of your rotations and revocations before.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) sequence: Option<u64>,
    /// A root key. Repeat for each that signs.
    #[arg(long, required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) root: Vec<PathBuf>,
    /// The statement to write.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
}

/// Take entries out of a feed in its next version, and tell those who acted upon them.
///
/// The list itself is not needed: all other entries are carried over. INPUT is read as `publish` reads it. What is listed only
/// because of a withdrawn entry (the mailbox of an e-mail address) goes with it.
#[derive(Args)]
#[command(
    after_help = "Example:\n  bisik withdraw cleared.csv --feed v7.bisik --reason cleared --sign centre.sign \\\n      \
    --key centre.key --seal-to bank.pub --out v8.bisik --delta v8.delta"
)]
pub(crate) struct Withdraw {
    /// Files of values to withdraw; `-` is standard input.
    #[arg(required = true, value_name = "INPUT", value_hint = ValueHint::FilePath)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The version to take them out of: the newest one. It may have expired.
    #[arg(long, value_name = "FEED", value_hint = ValueHint::FilePath)]
    pub(crate) feed: PathBuf,
    /// Why: error, cleared, recovered, order or other.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub(crate) reason: RetractionReason,
    /// Your signing key, PREFIX.sign.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sign: PathBuf,
    /// Where to note which versions were signed; SIGN.used unless said otherwise.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
    /// Your recipient key, PREFIX.key, if the feed is sealed.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// The OPRF key of the feed's epoch, FEED.oprf, if the feed is blind.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) oprf_key: Option<PathBuf>,
    /// The feed to write.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    /// Also write what leads from the previous version to this one.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) delta: Option<PathBuf>,
    /// Also write the retractions as a signed file of their own, for those who can no longer open the feed.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) retractions: Option<PathBuf>,
    /// Seal to a member: a card (.pub) or a file of age1… lines. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) seal_to: Vec<PathBuf>,
    /// How long the feed is valid: s, m, h or d; as long as the version before unless said otherwise.
    #[arg(long, value_name = "SPAN", value_parser = crate::units::parse_duration)]
    pub(crate) valid: Option<u64>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Go on when a value is not listed or cannot be read, and say so; without it nothing is written.
    #[arg(long)]
    pub(crate) skip_unlisted: bool,
    /// Accept by name that anyone with the open file can list all values of this kind. Repeat for more.
    #[arg(long, value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub(crate) accept_enumeration: Vec<Kind>,
    #[command(flatten)]
    pub(crate) logging: Logging,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell which of the hits that you remember were withdrawn by their publisher.
///
/// `match --remember FILE` and `check --remember FILE` keep the ids of hits, never the values. Exits 0 if any was withdrawn, 1 if none was.
#[derive(Args)]
#[command(
    after_help = "Example:\n  bisik retractions --remember acted.jsonl --feed v8.bisik --trust my.trust --key bank.key"
)]
pub(crate) struct Retractions {
    /// The file that `match --remember` wrote.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) remember: PathBuf,
    /// A newer version of a feed. Repeat for more.
    #[arg(long, value_name = "FEED", required_unless_present = "list", value_hint = ValueHint::FilePath)]
    pub(crate) feed: Vec<PathBuf>,
    /// A list of retractions that came by itself. Repeat for more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) list: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Print one JSON object for each.
    #[arg(long)]
    pub(crate) json: bool,
}

fn reason(name: &str) -> Result<RetractionReason, String> {
    name.parse().map_err(|error: bisik::Error| error.message().to_owned())
}
