//! Certificates and their private keys, in PEM.

use std::path::Path;

use bisik::ErrorKind;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::failure::{Failure, Result};
use crate::files::{read_public, read_secret};

/// The certificates of a PEM file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = read_public(path)?;
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(unfit(path, "holds no certificate in PEM")),
    }
}

/// The private key of a PEM file that only its owner can read.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let text = read_secret(path)?;
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| unfit(path, "holds no private key in PEM"))
}

/// A file that does not do.
pub(crate) fn unfit(path: &Path, what: &str) -> Failure {
    Failure::new(ErrorKind::BadKey, what).about(path).help("see docs/blind.md on certificates")
}
