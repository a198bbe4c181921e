//! The addresses of the server; docs/openapi.yaml describes them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::json;

use super::inbox;
use super::reply::Trouble;
use super::shared::{Connection, Shared};
use super::work;
use crate::units::show_hex;

/// The most elements of one request.
const MOST: u64 = 16_384;

type Known = Extension<Arc<Connection>>;

/// All addresses.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/blind", post(blind))
        .route("/v1/sightings", post(sightings))
        .route("/v1/feeds", get(feeds))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(async || Trouble::wrong_method().response())
        .fallback(async || Trouble::no_such_page().response())
        .with_state(shared)
}

async fn blind(State(shared): State<Arc<Shared>>, Extension(connection): Known, request: Request) -> Response<Body> {
    match work::answer(&shared, &connection, request).await {
        Err(trouble) => trouble.response(),
        Ok(answer) => {
            let mut response = Response::new(Body::from(answer));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
}

async fn sightings(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Known,
    request: Request,
) -> Response<Body> {
    match inbox::answer(&shared, &connection, request).await {
        Err(trouble) => trouble.response(),
        Ok(text) => page("application/json", text),
    }
}

async fn feeds(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let feeds: Vec<_> = shared
        .feeds
        .iter()
        .map(|served| {
            json!({
                "publisher": served.feed.publisher.to_string(),
                "feed": served.feed.feed,
                "epoch": served.feed.epoch,
                "public_key": show_hex(served.server.key().public_key()),
                "batch": MOST,
            })
        })
        .collect();
    page("application/json", format!("{}\n", json!({ "feeds": feeds })))
}

async fn health(State(shared): State<Arc<Shared>>) -> Response<Body> {
    if shared.ailing.load(Ordering::Relaxed) {
        let mut response =
            page("text/plain", "the budget store failed: see the log, and start the server anew\n".to_owned());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return response;
    }
    page("text/plain", "ok\n".to_owned())
}

async fn metrics(State(shared): State<Arc<Shared>>, Extension(connection): Known) -> Response<Body> {
    if !connection.local {
        return Trouble::local_only().response();
    }
    page("text/plain; version=0.0.4; charset=utf-8", shared.metrics.page(shared.in_house()))
}

fn page(content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
