//! TLS 1.3 by rustls, with ring's primitives.

use std::path::Path;
use std::sync::Arc;

use bisik::ErrorKind;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use crate::failure::{Failure, Result};
use crate::pem::{certificates, private_key, unfit};

/// Which files make up the server's identity, and who signs those of its clients.
pub(super) struct Files<'a> {
    pub(super) certificate: &'a Path,
    pub(super) key: &'a Path,
    pub(super) client_ca: Option<&'a Path>,
}

/// Reads the files.
pub(super) fn server(files: &Files<'_>) -> Result<Arc<ServerConfig>> {
    let chain = certificates(files.certificate)?;
    let key = private_key(files.key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))?;
    let builder = match files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unfit(path, &error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| unfit(path, &error.to_string()))?)
        }
    };
    let mut config =
        builder.with_single_cert(chain, key).map_err(|error| unfit(files.certificate, &error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Every connection shows its certificate anew.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
