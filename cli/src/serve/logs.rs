//! The log: counters and names of clients, never an element, a token or a signature.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::args::LogFormat;

/// Sends the program's own events to standard error. What the libraries below say, which may hold headers, goes nowhere.
pub(super) fn start(format: LogFormat) {
    let own = Targets::new().with_target(env!("CARGO_BIN_NAME"), LevelFilter::INFO);
    let registry = tracing_subscriber::registry().with(own);
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false).with_target(false);
    // A second server in one process keeps the first one's log.
    _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(registry.with(layer)),
        LogFormat::Json => tracing::subscriber::set_global_default(registry.with(layer.json().flatten_event(true))),
    };
}
