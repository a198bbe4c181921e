//! `bisik serve`: blind evaluations over HTTPS, each charged before it is given; and a desk's letter box for sightings.

mod inbox;
mod listen;
mod logs;
mod metrics;
mod reply;
mod routes;
mod shared;
mod threads;
mod tls;
mod work;

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use bisik::{ErrorKind, LogEvent, LogRecord, OsEntropy, Timestamp};
use bisik_store::LogFile;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::args::Serve;
use crate::budget::{Budgets, Store};
use crate::clients::Clients;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::oprf::{Sources, pairs};
use inbox::Inbox;
use listen::Door;
use shared::{Clock, Limits, Served, Shared};

/// Serves until it is told to stop.
pub(crate) fn run(args: &Serve, fixed: Option<Timestamp>, console: &mut Console) -> Result<()> {
    let clock = Clock::new(fixed);
    let config = configuration(args)?;
    let sources = Sources { feeds: &args.feed, keys: &args.oprf_key, trust: &args.trust, secrets: &args.key };
    let pairs = pairs(&sources, clock.now())?;
    let clients = Clients::read(&args.clients)?;
    let mut store = Store::open(&args.state_dir)?;
    let entered: Vec<_> = pairs.iter().map(|pair| (pair.feed.clone(), pair.expires)).collect();
    store.serve(&entered, clock.now())?;
    if let Some(path) = &args.review_log {
        let records: Vec<LogRecord> = pairs
            .iter()
            .map(|pair| {
                let mut record =
                    LogRecord::new(LogEvent::Serve, clock.now()).count("clients", clients.all().len() as u64);
                (record.publisher, record.feed) = (Some(pair.feed.publisher), Some(pair.feed.feed.clone()));
                record.count("epoch", pair.feed.epoch.into())
            })
            .collect();
        LogFile::new(path).append(&records, clock.now(), &mut OsEntropy)?;
    }
    logs::start(args.log);
    if store.fresh() {
        warn!("the state is new: every budget begins at zero");
    }
    let budgets = Budgets::start(store, usize::from(args.queue))?;
    let feeds = pairs.into_iter().map(|pair| Served { feed: pair.feed, server: pair.server }).collect();
    let cores = available_parallelism().map_or(1, usize::from);
    let threads = args.threads.map_or(cores, usize::from);
    let patience = Duration::from_secs(args.timeout.into());
    let limits = Limits { threads, places: args.queue.into(), patience };
    let inbox = args.sightings_dir.as_deref().map(Inbox::open).transpose()?;
    let shared = Arc::new(Shared::new(feeds, clients, budgets, inbox, clock, limits));
    let runtime = threads::start(threads)?;
    let ended = runtime.block_on(serve(args, config, Arc::clone(&shared), console));
    // An evaluation that outlived the drain holds nothing that must be kept.
    runtime.shutdown_background();
    // The last owner lets the budget writer finish.
    drop(shared);
    ended
}

/// The TLS configuration, or `None` for plain HTTP on this machine.
fn configuration(args: &Serve) -> Result<Option<Arc<ServerConfig>>> {
    match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            tls::server(&tls::Files { certificate, key, client_ca: args.client_ca.as_deref() }).map(Some)
        }
        _ if args.plain && args.listen.ip().is_loopback() => Ok(None),
        _ if args.plain => {
            Err(Failure::usage("--plain is for loopback addresses alone", "give --tls-cert and --tls-key"))
        }
        _ => Err(Failure::usage(
            "the server has no certificate",
            "give --tls-cert and --tls-key, or --plain on a loopback address",
        )),
    }
}

async fn serve(
    args: &Serve,
    config: Option<Arc<ServerConfig>>,
    shared: Arc<Shared>,
    console: &mut Console,
) -> Result<()> {
    let failed = |error: std::io::Error| Failure::new(ErrorKind::Io, format!("{}: {error}", args.listen));
    let listener = TcpListener::bind(args.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let scheme = if config.is_some() { "https" } else { "http" };
    for served in &shared.feeds {
        let (feed, epoch, limit) = (&served.feed.feed, served.feed.epoch, served.server.key().limit());
        info!(publisher = served.feed.publisher.to_string(), feed, epoch, limit, "feed");
    }
    info!(address = address.to_string(), scheme, clients = shared.clients().all().len(), "listening");
    console.line(format_args!("listening on {scheme}://{address}"))?;
    console.finish()?;
    let (stop, stopped) = watch::channel(false);
    let (new_config, newest) = watch::channel(config);
    let door = Door { listener, tls: newest, most: args.max_connections.into(), stop: stopped };
    let serving = listen::serve(door, routes::router(Arc::clone(&shared)), Arc::clone(&shared));
    let signals = signals(args, &shared, &new_config, &stop);
    tokio::select! {
        () = serving => {}
        result = signals => return result,
    }
    info!("stopped");
    Ok(())
}

/// Reloads on SIGHUP; stops on SIGTERM and SIGINT, and returns at the second of them.
#[cfg(unix)]
async fn signals(
    args: &Serve,
    shared: &Shared,
    config: &watch::Sender<Option<Arc<ServerConfig>>>,
    stop: &watch::Sender<bool>,
) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Failure::new(ErrorKind::Io, error.to_string()));
    let mut hangup = listen(SignalKind::hangup())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                reload(args, shared, config);
                continue;
            }
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if stop.send_replace(true) {
            return Ok(());
        }
    }
}

/// Stops on Ctrl-C, and returns at the second.
#[cfg(not(unix))]
async fn signals(
    _: &Serve,
    _: &Shared,
    _: &watch::Sender<Option<Arc<ServerConfig>>>,
    stop: &watch::Sender<bool>,
) -> Result<()> {
    loop {
        tokio::signal::ctrl_c().await.map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))?;
        if stop.send_replace(true) {
            return Ok(());
        }
    }
}

/// Reads clients and certificates again. What cannot be read stays as it was.
#[cfg(unix)]
fn reload(args: &Serve, shared: &Shared, config: &watch::Sender<Option<Arc<ServerConfig>>>) {
    match Clients::read(&args.clients) {
        Ok(clients) => {
            info!(clients = clients.all().len(), "clients were read again");
            shared.set_clients(clients);
        }
        Err(failure) => error!(why = failure.line(), "the clients stay as they were"),
    }
    match configuration(args) {
        Ok(new) => _ = config.send_replace(new),
        Err(failure) => error!(why = failure.line(), "the certificates stay as they were"),
    }
}
