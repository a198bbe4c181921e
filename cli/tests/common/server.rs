//! A blind server as a child process, and what its clients need.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bisik::{
    BlindOptions, Card, Guard, Identifier, Kind, Matcher, OsEntropy, ParseOptions, Prepared, SigningFile, Timestamp,
    TrustStore, UnverifiedFeed,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};

use super::{NOW, Sandbox};

/// What a server is started with, besides what a test adds.
pub const USUAL: [&str; 8] =
    ["--feed", "phones.bisik", "--oprf-key", "phones.oprf", "--clients", "clients.toml", "--state-dir", "state"];
/// As [`USUAL`], without TLS.
pub const PLAIN: [&str; 1] = ["--plain"];

/// A running server. Killed when it is dropped.
pub struct Server {
    child: Child,
    pub url: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    _out: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a server for `phones.bisik` and waits until it listens.
    pub fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        Self::with(sandbox, &[&USUAL[..], arguments].concat())
    }

    /// Starts a server with these arguments and waits until it listens.
    pub fn with(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bisik"))
            .args(["--now", &NOW.to_string(), "serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(sandbox.path("."))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let shared = Arc::clone(&log);
        let reader = thread::spawn(move || {
            let mut line = String::new();
            while err.read_line(&mut line).unwrap() > 0 {
                shared.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let url = url.unwrap_or_else(|| panic!("the server does not listen: {}", log.lock().unwrap()));
        Self { child, url, log, reader: Some(reader), _out: out }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        self.url.split("//").nth(1).unwrap()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address().rsplit(':').next().unwrap().parse().unwrap()
    }

    /// What the server has logged so far.
    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log holds this text.
    #[track_caller]
    pub fn await_log(&self, text: &str) {
        let began = Instant::now();
        while !self.log().contains(text) {
            assert!(began.elapsed() < Duration::from_secs(60), "no `{text}` in {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it at once, as kill -9 does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end: the exit code and the log.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status.code(), self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A Singapore mobile number.
pub fn number(n: u64) -> String {
    format!("+65{}", 81_000_000 + n)
}

impl Sandbox {
    /// Keys, a blind feed `phones.bisik` of these numbers with its key, and the bank as a client with `bank.token`.
    pub fn with_blind_feed(numbers: impl Iterator<Item = u64>, budget: &[&str]) -> Self {
        let sandbox = Self::with_keys();
        let list: String = numbers.map(|n| format!("phone,{},case {n}\n", number(n))).collect();
        sandbox.write("phones.csv", format!("kind,value,note\n{list}"));
        sandbox.publish_blind(&[]);
        sandbox.admit("bank", budget);
        sandbox
    }

    /// Publishes `phones.csv` blind, with records.
    pub fn publish_blind(&self, more: &[&str]) {
        let usual = ["phones.csv", "--feed", "phones", "--out", "phones.bisik", "--protect", "blind"];
        let records = ["--oprf-key", "phones.oprf", "--records"];
        self.publish(&[&usual[..], &records[..], more].concat()).expect(0);
    }

    /// Admits a client, and writes its token to NAME.token.
    pub fn admit(&self, name: &str, budget: &[&str]) {
        let card = format!("{name}.pub");
        let run =
            self.run(&[&["client", "add", "--clients", "clients.toml", "--pub", &card], budget].concat()).expect(0);
        self.secret(&format!("{name}.token"), &run.out);
    }

    /// Writes a file for its owner alone.
    pub fn secret(&self, name: &str, content: &str) {
        self.write(name, content);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// `match` of a list of phone numbers against `phones.bisik`, asking this server as the bank.
    pub fn ask(&self, url: &str, more: &[&str]) -> super::Run {
        let feed = ["match", "--kind", "phone", "--feed", "phones.bisik", "--trust", "centre.pub", "--blind", url];
        self.run(&[&feed[..], &["--sign", "bank.sign", "--token-file", "bank.token"], more].concat())
    }

    /// A matcher with `phones.bisik`.
    pub fn matcher(&self) -> Matcher {
        let mut trust = TrustStore::new();
        trust.add_card(&Card::parse(&self.text("centre.pub")).unwrap()).unwrap();
        let feed = UnverifiedFeed::from_bytes(self.read("phones.bisik")).unwrap().verify(&trust, now()).unwrap();
        Matcher::new([feed], Guard::default()).unwrap()
    }

    /// A request for these numbers, signed by `name`.
    pub fn prepare(&self, matcher: &Matcher, name: &str, numbers: impl Iterator<Item = u64>) -> Prepared {
        let key = SigningFile::parse(&self.text(&format!("{name}.sign"))).unwrap().key;
        let options = ParseOptions::default();
        let numbers: Vec<_> = numbers.map(|n| Identifier::parse(Kind::Phone, &number(n), &options).unwrap()).collect();
        let blind = BlindOptions { pad: false };
        matcher.prepare(&numbers, &key, &blind, now(), &mut OsEntropy).unwrap()
    }

    /// The one request for these numbers.
    pub fn request(&self, matcher: &Matcher, name: &str, numbers: impl Iterator<Item = u64>) -> Vec<u8> {
        let prepared = self.prepare(matcher, name, numbers);
        let [request] = prepared.requests() else { panic!("not one request") };
        request.bytes.clone()
    }

    /// What the bank has used today; 0 while the store is being made.
    pub fn used_or_zero(&self) -> u64 {
        let run = self.run(&["client", "list", "--clients", "clients.toml", "--state-dir", "state", "--json"]);
        if run.code != 0 { 0 } else { run.json_lines()[0]["used"][0]["today"].as_u64().unwrap_or(0) }
    }

    /// What the bank has used today and in all.
    pub fn used(&self) -> (u64, u64) {
        let run =
            self.run(&["client", "list", "--clients", "clients.toml", "--state-dir", "state", "--json"]).expect(0);
        let rows = run.json_lines();
        let used = &rows[0]["used"][0];
        (used["today"].as_u64().unwrap_or(0), used["total"].as_u64().unwrap_or(0))
    }
}

/// The time of the tests.
pub fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

/// An answer of a server.
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The kind of an error.
    pub fn kind(&self) -> String {
        let object: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        object["error"]["kind"].as_str().unwrap().to_owned()
    }
}

/// Posts a request over plain HTTP; an error if there is no answer.
pub fn post(url: &str, token: Option<&str>, body: &[u8]) -> Result<Answer, ureq::Error> {
    post_page(url, "v1/blind", token, body)
}

/// Posts to a page of a server over plain HTTP; an error if there is no answer.
pub fn post_page(url: &str, page: &str, token: Option<&str>, body: &[u8]) -> Result<Answer, ureq::Error> {
    let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build().new_agent();
    send(&agent, &format!("{url}/{page}"), token, body)
}

/// Posts with an agent.
pub fn post_with(agent: &ureq::Agent, url: &str, token: Option<&str>, body: &[u8]) -> Result<Answer, ureq::Error> {
    send(agent, &format!("{url}/v1/blind"), token, body)
}

/// Posts to an address with an agent.
pub fn send(agent: &ureq::Agent, url: &str, token: Option<&str>, body: &[u8]) -> Result<Answer, ureq::Error> {
    let mut call = agent.post(url).header("content-type", "application/octet-stream");
    if let Some(token) = token {
        call = call.header("authorization", format!("Bearer {}", token.trim()));
    }
    let mut response = call.send(body)?;
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    let mut answer = Vec::new();
    response.body_mut().as_reader().read_to_end(&mut answer).map_err(ureq::Error::Io)?;
    Ok(Answer { status: response.status().as_u16(), retry_after, body: answer })
}

/// Gets a page as text.
pub fn get(url: &str) -> (u16, String) {
    let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build().new_agent();
    let mut response = agent.get(url).call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

/// A made-up authority that signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes the authority's own certificate.
    pub fn write(&self, sandbox: &Sandbox, name: &str) {
        sandbox.write(name, self.0.pem());
    }

    /// Writes NAME.pem and NAME.tls, a certificate for this machine and its key.
    pub fn issue(&self, sandbox: &Sandbox, name: &str) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        sandbox.write(&format!("{name}.pem"), params.signed_by(&key, &self.0).unwrap().pem());
        sandbox.secret(&format!("{name}.tls"), &key.serialize_pem());
    }
}
