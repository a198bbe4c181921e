//! What a refused request is told: a status, and a small JSON object without a word of the request in it.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use bisik::{Error, ErrorKind, Exhausted, Timestamp};
use serde_json::json;

use crate::budget::Refusal;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) status: StatusCode,
    /// The kind's stable name, also in logs and metrics.
    pub(super) kind: &'static str,
    message: &'static str,
    /// Seconds.
    retry_after: Option<u64>,
}

/// Seconds after which a full server may be asked again.
const SOON: u64 = 1;

impl Trouble {
    const fn new(status: StatusCode, kind: &'static str, message: &'static str) -> Self {
        Self { status, kind, message, retry_after: None }
    }

    pub(super) const fn busy() -> Self {
        let mut trouble = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many requests at once");
        trouble.retry_after = Some(SOON);
        trouble
    }

    pub(super) const fn no_credential() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unknown-client", "no client has this token or certificate")
    }

    pub(super) const fn other_signer() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "untrusted",
            "the request is not signed by the client whose token or certificate came with it",
        )
    }

    pub(super) const fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "limit-exceeded", "the body is longer than a request can be")
    }

    pub(super) const fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the request did not come in time")
    }

    pub(super) const fn broken_body() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "truncated", "the request's body broke off")
    }

    pub(super) const fn wrong_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad-message", "the body must be application/octet-stream")
    }

    pub(super) const fn trailing() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "trailing-bytes", "bytes are left over behind the request")
    }

    pub(super) const fn no_such_feed() -> Self {
        Self::new(StatusCode::NOT_FOUND, "wrong-feed", "this feed is not served here")
    }

    pub(super) const fn no_such_epoch() -> Self {
        Self::new(StatusCode::CONFLICT, "wrong-epoch", "this epoch of the feed is not served; fetch the newest feed")
    }

    pub(super) const fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address")
    }

    pub(super) const fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "this address wants another method")
    }

    pub(super) const fn local_only() -> Self {
        Self::new(StatusCode::FORBIDDEN, "local-only", "metrics are shown on the server's own machine alone")
    }

    pub(super) const fn not_sealed() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "not-sealed",
            "sightings are sealed to the desk: send what bisik sight wrote",
        )
    }

    /// A client that sent too many files today.
    pub(super) const fn too_many_today(seconds: u64) -> Self {
        let mut trouble =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "limit-exceeded", "too many files of sightings in one day");
        trouble.retry_after = Some(seconds);
        trouble
    }

    pub(super) const fn inbox_full() -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "too-many-entries", "the desk has not taken its files away")
    }

    pub(super) const fn defect() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "io", "the server failed; the request may be sent again")
    }

    /// A request that cannot be read, or cannot be evaluated.
    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Untrusted | ErrorKind::UnknownClient => Self::other_signer(),
            ErrorKind::BadSignature => {
                Self::new(StatusCode::FORBIDDEN, "bad-signature", "the signature does not fit the request")
            }
            ErrorKind::NoRandomness | ErrorKind::Io | ErrorKind::Panic => Self::defect(),
            kind => Self::new(StatusCode::BAD_REQUEST, kind.name(), kind.summary()),
        }
    }

    /// A charge that was not made.
    pub(super) fn refused(refusal: &Refusal, now: Timestamp) -> Self {
        let exhausted = |status, message| Self::new(status, ErrorKind::BudgetExhausted.name(), message);
        match refusal {
            Refusal::Exhausted(Exhausted::Today { retry_at, .. }) => {
                let mut trouble =
                    exhausted(StatusCode::TOO_MANY_REQUESTS, "the day's budget does not cover this request");
                trouble.retry_after = Some(retry_at.since(now).max(1));
                trouble
            }
            Refusal::Exhausted(Exhausted::Batch { .. }) => {
                exhausted(StatusCode::FORBIDDEN, "more elements than this client may send in one request")
            }
            Refusal::Exhausted(_) => exhausted(StatusCode::FORBIDDEN, "the budget does not cover this request"),
            Refusal::KeyExhausted => {
                Self::new(StatusCode::FORBIDDEN, ErrorKind::KeyExhausted.name(), ErrorKind::KeyExhausted.summary())
            }
            Refusal::Store(_) => Self::defect(),
        }
    }

    /// The answer.
    pub(super) fn response(&self) -> Response<Body> {
        let body = json!({ "error": { "kind": self.kind, "message": self.message } }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_and_kind_stands_in_the_openapi_document() {
        let document = include_str!("../../../docs/openapi.yaml");
        let now = Timestamp::from_seconds(0).unwrap();
        let refused = |refusal| Trouble::refused(&refusal, now);
        let all = [
            Trouble::busy(),
            Trouble::no_credential(),
            Trouble::other_signer(),
            Trouble::too_large(),
            Trouble::too_slow(),
            Trouble::broken_body(),
            Trouble::wrong_type(),
            Trouble::trailing(),
            Trouble::no_such_feed(),
            Trouble::no_such_epoch(),
            Trouble::local_only(),
            Trouble::not_sealed(),
            Trouble::too_many_today(1),
            Trouble::inbox_full(),
            Trouble::no_such_page(),
            Trouble::defect(),
            Trouble::of(&ErrorKind::BadSignature.into()),
            Trouble::of(&ErrorKind::TooManyElements.into()),
            Trouble::of(&ErrorKind::BadElement.into()),
            refused(Refusal::Exhausted(Exhausted::Today { left: 0, retry_at: now })),
            refused(Refusal::Exhausted(Exhausted::Total { left: 0 })),
            refused(Refusal::KeyExhausted),
        ];
        for trouble in all {
            let status = format!("\"{}\":", trouble.status.as_u16());
            assert!(document.contains(&status), "{status}");
            assert!(document.contains(&format!("`{}`", trouble.kind)), "{}", trouble.kind);
            assert_eq!(trouble.retry_after.is_some(), matches!(trouble.status.as_u16(), 429 | 503));
        }
    }
}
