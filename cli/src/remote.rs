//! Asking a blind server, and sending sightings, over HTTPS.
//!
//! A request that got no answer is sent again, byte for byte: the server answers the same bytes again free of charge, and keeps
//! the same sightings once.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bisik::ErrorKind;
use serde::Deserialize;
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

use crate::args::{Asking, Sending};
use crate::failure::{Failure, Result};
use crate::files::{read_public, read_secret};
use crate::pem::unfit;
use crate::units::show_seconds;

/// The longest answer: 16,384 elements, and a head with ids, digest and proof.
const MAX_ANSWER: u64 = 16_384 * 32 + 4_096;
/// How often a request without an answer is sent again.
const AGAIN: u32 = 5;
/// Before it is sent again for the first time; doubled each time.
const PAUSE: Duration = Duration::from_millis(200);
/// How long in all one request waits because the server said so.
const PATIENCE: Duration = Duration::from_secs(120);
/// The least of these pauses: a server that says "at once" for ever is left, too.
const LEAST: Duration = Duration::from_secs(1);

/// A blind server.
pub(crate) struct Remote {
    agent: Agent,
    url: String,
    authorization: Option<Zeroizing<String>>,
}

/// What a server says of a refused request.
#[derive(Deserialize)]
struct Refused {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    kind: String,
}

/// What a client shows a server, and what it believes of the server's certificate.
#[derive(Clone, Copy)]
struct Credentials<'a> {
    token_file: Option<&'a Path>,
    tls_cert: Option<&'a Path>,
    tls_key: Option<&'a Path>,
    ca: Option<&'a Path>,
}

impl Remote {
    /// A server of blind queries. Reads the credentials; connects to nothing yet.
    pub(crate) fn asking(url: &str, asking: &Asking) -> Result<Self> {
        let Asking { token_file, tls_cert, tls_key, ca, .. } = asking;
        let credentials = Credentials {
            token_file: token_file.as_deref(),
            tls_cert: tls_cert.as_deref(),
            tls_key: tls_key.as_deref(),
            ca: ca.as_deref(),
        };
        Self::new("--blind", url, "v1/blind", credentials)
    }

    /// A server that takes sightings for a desk. Reads the credentials; connects to nothing yet.
    pub(crate) fn sending(url: &str, sending: &Sending) -> Result<Self> {
        let Sending { token_file, tls_cert, tls_key, ca, .. } = sending;
        let credentials = Credentials {
            token_file: token_file.as_deref(),
            tls_cert: tls_cert.as_deref(),
            tls_key: tls_key.as_deref(),
            ca: ca.as_deref(),
        };
        Self::new("--send", url, "v1/sightings", credentials)
    }

    fn new(option: &str, url: &str, page: &str, asking: Credentials<'_>) -> Result<Self> {
        let (url, local) = address(option, url, page)?;
        let authorization = asking.token_file.map(bearer).transpose()?;
        let mut config = Agent::config_builder()
            .tls_config(tls(asking)?)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_send_body(Some(Duration::from_secs(60)))
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .timeout_recv_body(Some(Duration::from_secs(60)));
        if local {
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().new_agent(), url, authorization })
    }

    /// The answer to one request.
    pub(crate) fn ask(&self, request: &[u8]) -> Result<Vec<u8>> {
        let mut waited = Duration::ZERO;
        let mut failures = 0;
        loop {
            let response = match self.send(request) {
                Ok(response) => response,
                Err(error) if failures < AGAIN && may_pass(&error) => {
                    thread::sleep(PAUSE * 2_u32.pow(failures));
                    failures += 1;
                    continue;
                }
                Err(error) => return Err(self.unreachable(&error)),
            };
            let (status, wait) = (response.status().as_u16(), retry_after(&response));
            match body(response) {
                Ok(answer) if status == 200 => return Ok(answer),
                Ok(told) => match pause(status, wait, waited) {
                    Some(wait) => {
                        thread::sleep(wait);
                        waited += wait;
                    }
                    None => return Err(self.refused(status, &told, wait)),
                },
                // The connection broke within the answer.
                Err(error) if failures < AGAIN && may_pass(&error) => {
                    thread::sleep(PAUSE * 2_u32.pow(failures));
                    failures += 1;
                }
                Err(error) => return Err(self.unreachable(&error)),
            }
        }
    }

    fn send(&self, request: &[u8]) -> std::result::Result<Response<Body>, ureq::Error> {
        let mut call = self.agent.post(&self.url).header("content-type", "application/octet-stream");
        if let Some(authorization) = &self.authorization {
            call = call.header("authorization", authorization.as_str());
        }
        call.send(request)
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        Failure::new(ErrorKind::Io, format!("{}: {error}", self.url))
            .help("check the address, --ca and your certificate; what was answered so far stays paid")
    }

    fn refused(&self, status: u16, told: &[u8], wait: Option<Duration>) -> Failure {
        // A stranger's words are not repeated, only which of the known kinds it is.
        let name = serde_json::from_slice::<Refused>(told).map(|refused| refused.error.kind).unwrap_or_default();
        let kind = ErrorKind::ALL.iter().copied().find(|kind| kind.name() == name);
        let what = match (kind, status) {
            (Some(ErrorKind::Busy) | None, 503) => "the server has too much to do",
            (Some(kind), _) => kind.summary(),
            (None, _) => "no reason that this program knows",
        };
        let failure = Failure::new(kind.unwrap_or(ErrorKind::Io), format!("{} answered {status}: {what}", self.url));
        match wait {
            Some(wait) => failure.help(format!("ask again in {}", show_seconds(wait.as_secs_f64()))),
            None if status == 401 => failure.help("check --token-file and --tls-cert with the server's operator"),
            None => failure,
        }
    }
}

/// The header with the bearer token in a file.
pub(crate) fn bearer(path: &Path) -> Result<Zeroizing<String>> {
    let token = read_secret(path)?;
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(unfit(path, "a token is one line without blanks"));
    }
    Ok(Zeroizing::new(format!("Bearer {token}")))
}

/// Whether a host is this machine.
pub(crate) fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || bare.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// The address of requests under a server's URL, and whether it is this machine. Plain HTTP leaves it nowhere.
fn address(option: &str, url: &str, page: &str) -> Result<(String, bool)> {
    let wrong = |what: &str| Failure::usage(format!("{option}: {what}"), "write https://host:port");
    let uri: Uri = url.parse().map_err(|_| wrong("not an address"))?;
    let host = uri.host().ok_or_else(|| wrong("names no host"))?;
    let local = is_local(host);
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if local => {}
        Some("http") => return Err(wrong("http:// would show your token to the network")),
        _ => return Err(wrong("not an https:// address")),
    }
    if uri.query().is_some() {
        return Err(wrong("has a query"));
    }
    Ok((format!("{}/{page}", url.trim_end_matches('/')), local))
}

fn tls(asking: Credentials<'_>) -> Result<TlsConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut builder = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).root_certs(roots(asking.ca)?);
    if let (Some(certificate), Some(key)) = (asking.tls_cert, asking.tls_key) {
        let text = read_secret(key)?;
        let private = PrivateKey::from_pem(text.as_bytes()).map_err(|_| unfit(key, "holds no private key in PEM"))?;
        builder = builder.client_cert(Some(ClientCert::new_with_certs(&pem(certificate)?, private)));
    }
    Ok(builder.build())
}

/// The authorities in a file, else the machine's own.
pub(crate) fn roots(ca: Option<&Path>) -> Result<RootCerts> {
    let certificates = match ca {
        Some(path) => pem(path)?,
        // The machine's own decision whom to trust; certificates that it cannot read are left out, as it does itself.
        None => {
            let found = rustls_native_certs::load_native_certs();
            found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
        }
    };
    Ok(RootCerts::from(certificates))
}

fn pem(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let text = read_public(path)?;
    let mut certificates = Vec::new();
    for item in parse_pem(text.as_bytes()) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(unfit(path, "not PEM")),
        }
    }
    if certificates.is_empty() { Err(unfit(path, "holds no certificate in PEM")) } else { Ok(certificates) }
}

/// Whether the same request may have an answer the next time. A certificate that does not fit stays so.
fn may_pass(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Io(error) => !error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()),
        ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_) => true,
        _ => false,
    }
}

/// How long to wait before a refused request is sent again; `None` if that is not asked for, or longer than anybody waits.
fn pause(status: u16, asked: Option<Duration>, waited: Duration) -> Option<Duration> {
    let pause = asked.filter(|_| matches!(status, 429 | 503))?.max(LEAST);
    (waited.saturating_add(pause) <= PATIENCE).then_some(pause)
}

fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let text = response.headers().get("retry-after")?.to_str().ok()?;
    text.parse::<u64>().ok().map(Duration::from_secs)
}

fn body(response: Response<Body>) -> std::result::Result<Vec<u8>, ureq::Error> {
    response.into_body().into_with_config().limit(MAX_ANSWER).read_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_pause_a_server_asks_for_the_client_gives_up() {
        for asked in [0, 1, 7, 119, 120, 121, u64::MAX] {
            let (mut waited, mut times) = (Duration::ZERO, 0);
            while let Some(pause) = pause(429, Some(Duration::from_secs(asked)), waited) {
                (waited, times) = (waited + pause, times + 1);
                assert!(times <= 120, "asked for {asked} s it never gives up");
            }
            assert_eq!(times, 120_u64.checked_div(asked.max(1)).unwrap(), "{asked}");
        }
        let second = Some(Duration::from_secs(1));
        assert_eq!(pause(503, second, Duration::ZERO), second);
        assert_eq!(pause(403, second, Duration::ZERO), None);
        assert_eq!(pause(429, None, Duration::ZERO), None);
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in [
            "https://oprf.example:8443",
            "https://oprf.example/bisik/",
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert!(address("--blind", good, "v1/blind").is_ok(), "{good}");
        }
        for bad in [
            "http://oprf.example",
            "http://127.0.0.1.example",
            "ftp://127.0.0.1",
            "oprf.example",
            "",
            "https://",
            "https://a/?q",
            "http://localhost.example",
            "http://10.0.0.1",
        ] {
            assert!(address("--blind", bad, "v1/blind").is_err(), "{bad}");
        }
        assert_eq!(
            address("--blind", "https://oprf.example/bisik/", "v1/blind").unwrap(),
            ("https://oprf.example/bisik/v1/blind".to_owned(), false)
        );
    }
}
