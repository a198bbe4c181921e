//! TLS in front of a server of plain HTTP, one request a connection.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Sandbox;

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// With the notice that nothing more comes.
    Told,
    /// After so many bytes of the answer, without a word: as who cuts the line would.
    CutAfter(usize),
}

/// Serves what is at `plain`, an address of this machine, under NAME.pem and NAME.tls; the port.
pub fn in_front_of(sandbox: &Sandbox, name: &str, plain: &str, end: End) -> u16 {
    let chain = CertificateDer::pem_file_iter(sandbox.path(&format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(sandbox.path(&format!("{name}.tls"))).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(chain.map(Result::unwrap).collect(), key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = plain.trim_start_matches("http://").to_owned();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (config, plain) = (Arc::clone(&config), plain.clone());
            thread::spawn(move || relay(stream.unwrap(), config, &plain, end));
        }
    });
    port
}

/// `None` where the client does not go on: it does not trust the certificate, for example.
fn relay(stream: TcpStream, config: Arc<ServerConfig>, plain: &str, end: End) -> Option<()> {
    let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tls.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let mut server = TcpStream::connect(plain).unwrap();
    server.write_all(&request).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    match end {
        End::Told => {
            tls.write_all(&answer).ok()?;
            tls.conn.send_close_notify();
        }
        End::CutAfter(length) => tls.write_all(&answer[..length.min(answer.len())]).ok()?,
    }
    tls.flush().ok()
}
