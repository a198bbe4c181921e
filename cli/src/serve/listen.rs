//! Connections: accepted, bounded in number, watched, and ended in peace when the server stops.
//!
//! When all places are taken the oldest connection on which no known client has shown itself makes room, so that
//! whoever only holds connections open keeps nobody out.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::shared::{Connection, DRAIN_TIME, Shared};
use crate::clients::sha256;

/// Between two looks at whether a connection is still used.
const WATCH: Duration = Duration::from_secs(1);
/// HTTP/2 requests of one connection at a time.
const STREAMS: u32 = 16;
/// The most bytes of a head, and of the buffer for it.
const HEAD: usize = 16 << 10;

/// How connections are taken.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    /// The newest TLS configuration; `None` for plain HTTP.
    pub(super) tls: watch::Receiver<Option<Arc<ServerConfig>>>,
    pub(super) most: usize,
    /// Turns true when the server stops.
    pub(super) stop: watch::Receiver<bool>,
}

struct Open {
    number: u64,
    task: AbortHandle,
    connection: Arc<Connection>,
}

/// Serves until `stop`, then lets the connections end.
pub(super) async fn serve(door: Door, router: Router, shared: Arc<Shared>) {
    let Door { listener, tls, most, mut stop } = door;
    let mut tasks = JoinSet::new();
    let mut open: HashMap<Id, Open> = HashMap::new();
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            ended = tasks.join_next_with_id(), if !tasks.is_empty() => {
                forget(&mut open, ended);
                continue;
            }
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, for example: others must end first.
                warn!(error = error.to_string(), "a connection could not be accepted");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        while let Some(ended) = tasks.try_join_next_with_id() {
            forget(&mut open, Some(ended));
        }
        if open.len() >= most && !make_room(&mut open, &shared) {
            continue;
        }
        number += 1;
        shared.metrics.accepted.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::new(peer.ip().is_loopback()));
        let this = Arc::clone(&connection);
        let config = tls.borrow().clone();
        let task = tasks.spawn(one(stream, config, this, router.clone(), shared.patience, stop.clone()));
        open.insert(task.id(), Open { number, task, connection });
        shared.metrics.connections.store(open.len() as u64, Ordering::Relaxed);
    }
    drop(listener);
    info!(connections = tasks.len(), "stopping: no new connections");
    if timeout(DRAIN_TIME, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        warn!(connections = tasks.len(), "stopping: these connections did not end in time");
    }
}

fn forget(open: &mut HashMap<Id, Open>, ended: Option<Result<(Id, ()), tokio::task::JoinError>>) {
    let id = match ended {
        None => return,
        Some(Ok((id, ()))) => id,
        Some(Err(error)) => error.id(),
    };
    open.remove(&id);
}

/// Ends the oldest connection without a known client; whether there was one.
fn make_room(open: &mut HashMap<Id, Open>, shared: &Shared) -> bool {
    let strangers = open.iter().filter(|(_, open)| !open.connection.is_trusted());
    let Some(oldest) = strangers.min_by_key(|(_, open)| open.number).map(|(id, _)| *id) else { return false };
    if let Some(open) = open.remove(&oldest) {
        open.task.abort();
        shared.metrics.evicted.fetch_add(1, Ordering::Relaxed);
    }
    true
}

/// One connection, from its handshake to its end.
async fn one(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    connection: Arc<Connection>,
    router: Router,
    patience: Duration,
    stop: watch::Receiver<bool>,
) {
    // Small answers should not wait for more.
    _ = stream.set_nodelay(true);
    let Some(config) = tls else { return http(stream, connection, router, patience, stop).await };
    // What hostile strangers do to a handshake is no news for the log.
    let Ok(Ok(stream)) = timeout(patience, TlsAcceptor::from(config).accept(stream)).await else { return };
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    if let Some(certificate) = shown {
        _ = connection.certificate.set(sha256(certificate));
    }
    http(stream, connection, router, patience, stop).await;
}

async fn http<S>(
    stream: S,
    connection: Arc<Connection>,
    router: Router,
    patience: Duration,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(HEAD * 4);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD as u32)
        .keep_alive_interval(patience)
        .keep_alive_timeout(patience);
    let inner = TowerToHyperService::new(router);
    let known = Arc::clone(&connection);
    let service = service_fn(move |request: Request<Incoming>| {
        let busy = known.work();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Arc::clone(&known));
        let answer = inner.call(request);
        async move {
            let answer = answer.await;
            drop(busy);
            answer
        }
    });
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopping = false;
    loop {
        tokio::select! {
            _ended = serving.as_mut() => return,
            () = sleep(WATCH) => {
                if connection.is_stale(patience) {
                    return;
                }
            }
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}
