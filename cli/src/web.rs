//! Fetching a file over HTTP(S): only if it changed, going on where an earlier attempt stopped, bounded in length and time.
//!
//! Nothing that a server says is believed but where to go on and whether to ask again; what it gives is verified by others.

use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bisik::{ErrorKind, SourceState};
use bisik_store::{Partial, Resume};
use ureq::http::{HeaderMap, Response};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};
use url::Url;
use zeroize::Zeroizing;

use crate::args::Fetching;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::remote::{bearer, is_local, roots};

/// How many times a server may send elsewhere.
const REDIRECTS: u32 = 5;
/// How often a fetch that came further each time goes on after a break.
const AGAIN: u32 = 4;
/// The most that is read of a body at once.
const PIECE: usize = 1 << 16;

/// What fetches.
pub(crate) struct Web {
    agent: Agent,
    authorization: Option<Zeroizing<String>>,
    /// Where the token may be sent.
    origins: Vec<url::Origin>,
    limit: u64,
    whole: Duration,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// What the store has is still what the server gives.
    NotModified,
    /// The partial file is whole.
    Whole {
        /// What names this content.
        etag: Option<String>,
        /// When it changed.
        modified: Option<String>,
    },
}

impl Web {
    /// Reads the credentials; connects to nothing yet. `sources` are the addresses that were named.
    pub(crate) fn new(args: &Fetching, sources: &[Url]) -> Result<Self> {
        let authorization = args.token_file.as_deref().map(bearer).transpose()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
        // Without an https address nobody needs the system's authorities.
        let tls = if sources.is_empty() { tls } else { tls.root_certs(roots(args.ca.as_deref())?) };
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(args.connect_time)))
            .timeout_resolve(Some(Duration::from_secs(args.connect_time)))
            .timeout_per_read(Some(Duration::from_secs(args.idle_time)))
            .timeout_per_write(Some(Duration::from_secs(args.idle_time)))
            .timeout_recv_response(Some(Duration::from_secs(args.idle_time)));
        let local = sources.iter().all(|url| url.host_str().is_some_and(is_local));
        let config = if local { config.proxy(None) } else { config };
        let origins = sources.iter().map(Url::origin).collect();
        let whole = Duration::from_secs(args.max_time);
        Ok(Self { agent: config.build().new_agent(), authorization, origins, limit: args.max_size, whole })
    }

    /// Fetches what is at an address into the partial file, unless `known` is still what is there.
    ///
    /// On an error the partial file holds what can be gone on from, or nothing.
    pub(crate) fn fetch(
        &self,
        url: &Url,
        known: Option<&SourceState>,
        partial: &mut Partial,
        progress: &Progress,
    ) -> Result<Got> {
        let deadline = Instant::now() + self.whole;
        let mut breaks = 0;
        loop {
            let before = partial.length();
            let result = self.attempt(url, known, partial, deadline, progress);
            let Err(failure) = result else { return result };
            let went_on = partial.length() != before && partial.resume().is_some();
            let may_pass = matches!(failure.kind(), ErrorKind::Truncated | ErrorKind::Unreachable);
            if !(may_pass && went_on && breaks < AGAIN && Instant::now() < deadline) {
                if partial.resume().is_none() || failure.kind() == ErrorKind::LimitExceeded {
                    partial.restart(None)?;
                }
                return Err(failure);
            }
            breaks += 1;
        }
    }

    fn attempt(
        &self,
        url: &Url,
        known: Option<&SourceState>,
        partial: &mut Partial,
        deadline: Instant,
        progress: &Progress,
    ) -> Result<Got> {
        let resume = partial.resume();
        let response = self.ask(url, known, resume.as_ref(), deadline)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (etag, modified) = (header("etag").map(str::to_owned), header("last-modified").map(str::to_owned));
        match (status, &resume, known) {
            (304, None, Some(_)) => return Ok(Got::NotModified),
            (200, _, _) => partial.restart(validator(&headers).as_deref())?,
            (206, Some(resume), _) => {
                let same = validator(&headers).is_none_or(|named| named == resume.validator);
                if !same || range_start(header("content-range")) != Some(resume.offset) {
                    partial.restart(None)?;
                    return Err(bad_answer(url, "it goes on at another place, or with other content"));
                }
            }
            (416, Some(_), _) => {
                // What is there is not a beginning of what the server has now.
                partial.restart(None)?;
                return self.attempt(url, known, partial, deadline, progress);
            }
            _ => return Err(refused(url, status)),
        }
        if header("content-encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
            return Err(bad_answer(url, "it is compressed, which was not asked for"));
        }
        let length = header("content-length").and_then(|length| length.parse::<u64>().ok());
        let end = length.map(|length| length.saturating_add(partial.length()));
        if end.is_some_and(|end| end > self.limit) {
            return Err(self.too_long(url));
        }
        progress.begin(name(url), end);
        self.body(url, response, partial, deadline, progress)?;
        match end {
            Some(end) if partial.length() < end => Err(cut(url)),
            _ => Ok(Got::Whole { etag, modified }),
        }
    }

    /// Reads a body to its end.
    fn body(
        &self,
        url: &Url,
        response: Response<Body>,
        partial: &mut Partial,
        deadline: Instant,
        progress: &Progress,
    ) -> Result<()> {
        let mut reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut piece = vec![0; PIECE];
        loop {
            let count = match reader.read(&mut piece) {
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(url, &error)),
            };
            if count == 0 {
                return Ok(());
            }
            match partial.append(piece.get(..count).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::LimitExceeded => return Err(self.too_long(url)),
                appended => appended?,
            }
            progress.at(partial.length());
            if Instant::now() >= deadline {
                return Err(slow(url));
            }
        }
    }

    /// Sends the request, and follows where the server sends.
    fn ask(
        &self,
        first: &Url,
        known: Option<&SourceState>,
        resume: Option<&Resume>,
        deadline: Instant,
    ) -> Result<Response<Body>> {
        let mut url = first.clone();
        for _ in 0..=REDIRECTS {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(slow(first));
            }
            let mut call = self.agent.get(url.as_str()).config().timeout_per_call(Some(left)).build();
            call = call.header("accept-encoding", "identity");
            if let Some(authorization) = self.authorization.as_ref().filter(|_| self.may_have_token(&url)) {
                call = call.header("authorization", authorization.as_str());
            }
            if let Some(resume) = resume {
                call = call.header("range", format!("bytes={}-", resume.offset));
                call = call.header("if-range", resume.validator.as_str());
            } else if let Some(known) = known {
                if let Some(etag) = &known.etag {
                    call = call.header("if-none-match", etag.as_str());
                }
                if let Some(modified) = &known.modified {
                    call = call.header("if-modified-since", modified.as_str());
                }
            }
            let response = call.call().map_err(|error| unreachable(first, &error))?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            url = next(first, &url, &response)?;
        }
        Err(bad_redirect(first, "it sends elsewhere more than 5 times"))
    }

    fn may_have_token(&self, url: &Url) -> bool {
        let secret = url.scheme() == "https" || url.host_str().is_some_and(is_local);
        secret && self.origins.contains(&url.origin())
    }

    fn too_long(&self, url: &Url) -> Failure {
        Failure::new(ErrorKind::LimitExceeded, format!("{}: more than {} bytes", shown(url), self.limit))
            .help("raise --max-size only if you expect such a size")
    }
}

/// Reads an address as it was given.
pub(crate) fn address(text: &str) -> Result<Url> {
    let wrong = |what: &str| Failure::usage(what, "write https://host/path");
    let mut url = Url::parse(text).map_err(|_| wrong("a SOURCE is not an address"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("a SOURCE is neither an http nor an https address"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("an address is written down: it may hold no password").help("give a token with --token-file"));
    }
    url.set_fragment(None);
    Ok(url)
}

/// The address of a file beside another.
pub(crate) fn beside(url: &Url, file: &str) -> Result<Url> {
    let mut url = url.clone();
    url.set_query(None);
    url.join(file).map_err(|_| bad_answer(&url, "its index names a file that has no address"))
}

/// Where a server sends.
fn next(first: &Url, url: &Url, response: &Response<Body>) -> Result<Url> {
    let place = response.headers().get("location").and_then(|value| value.to_str().ok());
    let next = place.and_then(|place| url.join(place).ok());
    let Some(mut next) = next.filter(|next| next.host_str().is_some()) else {
        return Err(bad_redirect(first, "it sends elsewhere and does not say where"));
    };
    match (url.scheme(), next.scheme()) {
        ("https", "http") => Err(bad_redirect(first, "it sends from https to plain http")),
        (_, "http" | "https") if next.username().is_empty() && next.password().is_none() => {
            next.set_fragment(None);
            Ok(next)
        }
        _ => Err(bad_redirect(first, "it sends to what is no plain web address")),
    }
}

/// What names the content of an answer, for a request that goes on: a strong tag, else the time.
fn validator(headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let strong = header("etag").filter(|tag| tag.starts_with('"'));
    strong.or_else(|| header("last-modified")).filter(|text| text.len() <= 256).map(str::to_owned)
}

/// Where a partial answer begins.
fn range_start(range: Option<&str>) -> Option<u64> {
    range?.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

/// The last part of an address.
fn name(url: &Url) -> String {
    url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned()
}

/// An address without what may be secret in it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    if url.query().is_some() {
        url.set_query(Some("…"));
    }
    url.to_string()
}

fn refused(url: &Url, status: u16) -> Failure {
    let kind = if status >= 500 || status == 429 { ErrorKind::Unreachable } else { ErrorKind::BadAnswer };
    let help = match status {
        401 | 403 => "check --token-file with whoever runs the server",
        404 | 410 => "check the address",
        _ => kind.advice(),
    };
    Failure::new(kind, format!("{} answered {status}", shown(url))).help(help)
}

fn unreachable(url: &Url, error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => slow(url),
        ureq::Error::Io(error) => broken(url, error),
        error => Failure::new(ErrorKind::Unreachable, format!("{}: {error}", shown(url))),
    }
}

fn broken(url: &Url, error: &std::io::Error) -> Failure {
    let timeout = error.kind() == std::io::ErrorKind::TimedOut
        || error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<ureq::Error>())
            .is_some_and(|inner| matches!(inner, ureq::Error::Timeout(_)));
    match error.kind() {
        _ if timeout => slow(url),
        std::io::ErrorKind::UnexpectedEof => cut(url),
        _ => Failure::new(ErrorKind::Unreachable, format!("{}: {error}", shown(url))),
    }
}

fn slow(url: &Url) -> Failure {
    Failure::new(ErrorKind::TimedOut, format!("{}: {}", shown(url), ErrorKind::TimedOut.summary()))
}

fn cut(url: &Url) -> Failure {
    Failure::new(ErrorKind::Truncated, format!("{}: the connection ended before the file did", shown(url)))
        .help("the next pull goes on or begins again")
}

fn bad_answer(url: &Url, what: &str) -> Failure {
    Failure::new(ErrorKind::BadAnswer, format!("{}: {what}", shown(url)))
}

fn bad_redirect(url: &Url, what: &str) -> Failure {
    Failure::new(ErrorKind::BadRedirect, format!("{}: {what}", shown(url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_no_secrets_and_are_of_the_web() {
        assert_eq!(address("https://feeds.example/a#x").unwrap().as_str(), "https://feeds.example/a");
        for bad in [
            "ftp://feeds.example/",
            "file:///etc/passwd",
            "https://u:p@feeds.example/",
            "https://u@feeds.example/",
            "https://",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
        let url = address("https://feeds.example/x/feeds.json?token=1").unwrap();
        assert_eq!(beside(&url, "a.bisik").unwrap().as_str(), "https://feeds.example/x/a.bisik");
        assert!(!shown(&url).contains("token"));
    }

    #[test]
    fn partial_answers_say_where_they_begin() {
        assert_eq!(range_start(Some("bytes 5-9/10")), Some(5));
        assert_eq!(range_start(Some("bytes 5-9/*")), Some(5));
        for bad in ["5-9/10", "bytes x-9/10", "bytes */10", ""] {
            assert_eq!(range_start(Some(bad)), None, "{bad}");
        }
    }
}
