//! A folder with keys, a feed, certificates and clients, and the server in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bisik::{
    BlindOptions, Card, Guard, Identifier, Kind, Matcher, OsEntropy, ParseOptions, SigningFile, SigningKey, Timestamp,
    TrustStore, UnverifiedFeed,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::Outcome;

/// The program under load, and where its files are.
pub(crate) struct Place {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
}

/// A phone number.
pub(crate) fn number(place: u64) -> String {
    format!("+668{:08}", place.wrapping_mul(61_803_399) % 100_000_000)
}

pub(crate) fn now() -> Outcome<Timestamp> {
    Ok(Timestamp::from_seconds(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
}

impl Place {
    /// Runs the program in the folder: its standard output.
    pub(crate) fn bisik(&self, line: &str) -> Outcome<String> {
        let output = Command::new(&self.program).args(line.split(' ')).current_dir(&self.folder).output()?;
        match output.status.code() {
            Some(0 | 1) => Ok(String::from_utf8(output.stdout)?),
            code => Err(format!("bisik {line}: {code:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }

    /// An empty folder with the keys of a centre and of `clients` clients, a feed of `entries` numbers, and certificates.
    pub(crate) fn prepare(&self, entries: u64, clients: usize) -> Outcome {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        fs::create_dir_all(&self.folder)?;
        let list: String = (0..entries).map(|place| format!("{}\n", number(place))).collect();
        fs::write(self.folder.join("list.txt"), list)?;
        self.bisik("keygen --name Centre --out centre")?;
        let publish = "publish list.txt --kind phone --sign centre.sign --feed load --out load.bisik --protect blind";
        self.bisik(&format!("{publish} --oprf-key load.oprf"))?;
        for client in 0..clients {
            self.bisik(&format!("keygen --name Client-{client} --out c{client}"))?;
            let budget = "--per-day 1000000000000";
            let token = self.bisik(&format!("client add --clients clients.toml --pub c{client}.pub {budget}"))?;
            self.secret(&format!("c{client}.token"), &token)?;
        }
        self.certificates()
    }

    fn secret(&self, name: &str, content: &str) -> Outcome {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        std::io::Write::write_all(&mut options.open(self.folder.join(name))?, content.as_bytes())?;
        Ok(())
    }

    fn certificates(&self) -> Outcome {
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        fs::write(self.folder.join("ca.pem"), authority.pem())?;
        let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        let key = KeyPair::generate()?;
        fs::write(self.folder.join("server.pem"), params.signed_by(&key, &authority)?.pem())?;
        self.secret("server.tls", &key.serialize_pem())
    }

    /// Starts the server.
    pub(crate) fn serve(&self, more: &[&str]) -> Outcome<Server> {
        let usual = "serve --feed load.bisik --oprf-key load.oprf --clients clients.toml --state-dir state \
                     --listen 127.0.0.1:0 --tls-cert server.pem --tls-key server.tls";
        let log = fs::File::create(self.folder.join("server.log"))?;
        let mut child = Command::new(&self.program)
            .args(usual.split_whitespace())
            .args(more)
            .current_dir(&self.folder)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").ok_or("the server does not listen: see server.log")?;
        Ok(Server { child, url: url.to_owned() })
    }

    /// A client of the server.
    pub(crate) fn client(&self, number: usize, url: &str) -> Outcome<Client> {
        let read = |name: String| fs::read_to_string(self.folder.join(name));
        let mut trust = TrustStore::new();
        trust.add_card(&Card::parse(&read("centre.pub".to_owned())?)?)?;
        let feed = UnverifiedFeed::from_bytes(fs::read(self.folder.join("load.bisik"))?)?.verify(&trust, now()?)?;
        Ok(Client {
            matcher: Arc::new(Matcher::new([feed], Guard::default())?),
            key: SigningFile::parse(&read(format!("c{number}.sign"))?)?.key,
            token: format!("Bearer {}", read(format!("c{number}.token"))?.trim()),
            agent: self.agent()?,
            url: format!("{url}/v1/blind"),
        })
    }

    /// An agent that believes the made-up authority.
    pub(crate) fn agent(&self) -> Outcome<Agent> {
        let mut roots: Vec<Certificate<'static>> = Vec::new();
        for item in parse_pem(&fs::read(self.folder.join("ca.pem"))?) {
            if let PemItem::Certificate(certificate) = item? {
                roots.push(certificate);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).root_certs(RootCerts::from(roots));
        Ok(Agent::config_builder().proxy(None).http_status_as_error(false).tls_config(tls.build()).build().new_agent())
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("https://")
    }

    /// Seconds of processor time so far.
    pub(crate) fn cpu(&self) -> Outcome<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).ok_or("no stat");
        Ok((ticks(11)? + ticks(12)?) / 100.0)
    }

    /// Bytes of memory in use now.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// One client.
pub(crate) struct Client {
    pub(crate) matcher: Arc<Matcher>,
    key: SigningKey,
    token: String,
    agent: Agent,
    url: String,
}

impl Client {
    /// Signed requests for these numbers.
    pub(crate) fn request(&self, numbers: impl Iterator<Item = u64>) -> Outcome<Vec<Vec<u8>>> {
        let parse = |place| Identifier::parse(Kind::Phone, &number(place), &ParseOptions::default());
        let numbers: Vec<Identifier> = numbers.map(parse).collect::<bisik::Result<_>>()?;
        let options = BlindOptions { pad: false };
        let prepared = self.matcher.prepare(&numbers, &self.key, &options, now()?, &mut OsEntropy)?;
        Ok(prepared.requests().iter().map(|request| request.bytes.clone()).collect())
    }

    /// Sends a request: the status and how long the answer is.
    pub(crate) fn send(&self, request: &[u8]) -> Outcome<(u16, usize)> {
        let call = self.agent.post(&self.url).header("content-type", "application/octet-stream");
        let mut response = call.header("authorization", &self.token).send(request)?;
        let mut answer = Vec::new();
        response.body_mut().as_reader().read_to_end(&mut answer)?;
        Ok((response.status().as_u16(), answer.len()))
    }
}
