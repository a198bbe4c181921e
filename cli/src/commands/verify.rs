//! `bisik verify`: who signed a feed, and whether it is whole and current.

use serde_json::json;

use super::Outcome;
use crate::args::Verify;
use crate::console::Console;
use crate::escape;
use crate::failure::{Result, needs};
use crate::feeds;
use crate::memory::Memory;
use crate::units::{show_hex, show_time};

/// Verifies, and prints one line.
pub(super) fn run(args: &Verify, console: &mut Console) -> Result<Outcome> {
    if args.opening.trust.is_empty() {
        return Err(needs("verify", "needs the card of a publisher you trust: --trust CARD"));
    }
    let secrets = feeds::secrets(&args.opening.key)?;
    let trust = feeds::trust(&args.opening.trust)?;
    let now = console.now()?;
    let feed = feeds::load(&args.feed, &secrets, &trust, now)?;
    let memory = Memory::open(args.opening.state.as_deref(), &args.opening.trust)?;
    memory.observe(&feed, now).map_err(|failure| failure.about(&args.feed))?;
    memory.note(console);
    let manifest = feed.manifest();
    if args.json {
        let object = json!({
            "verified": true,
            "publisher": feed.publisher_name(),
            "feed": manifest.feed,
            "version": manifest.version,
            "epoch": manifest.epoch,
            "issued": show_time(manifest.issued),
            "expires": show_time(manifest.expires),
            "digest": show_hex(feed.digest()),
            "sealed": feed.sealed(),
        });
        console.line(format_args!("{object}"))?;
        return Ok(Outcome::Done);
    }
    let good = console.out_style.good;
    let publisher = escape::terminal(feed.publisher_name());
    console.line(format_args!(
        "{good}verified{good:#} {} version {} by {publisher}, valid until {}, digest {}",
        escape::terminal(&manifest.feed),
        manifest.version,
        show_time(manifest.expires),
        show_hex(feed.digest()),
    ))?;
    Ok(Outcome::Done)
}
