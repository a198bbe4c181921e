//! What the fuzz targets do with their bytes. `tests/fuzz_corpora.rs` runs the same functions over the committed corpora on
//! the stable toolchain.
//!
//! Each function panics if a promise is broken: that hostile bytes give a typed error, that what was read and written is
//! read again as the same, that canonical forms are idempotent, that nothing verifies that was not signed.
#![allow(missing_docs, unreachable_pub, reason = "shared between programs; the names of the targets say what they are")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]

pub mod blind;
#[path = "../../tests/common/envelope.rs"]
#[allow(dead_code, reason = "the promises use other parts of it")]
mod envelope;
pub mod files;
#[path = "../../tests/common/forge.rs"]
#[allow(dead_code, reason = "the promises use other parts of it")]
mod forge;
pub mod life;
pub mod pull;
pub mod sighting;
pub mod values;

/// A target's name and function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets. There is a file under `fuzz_targets` and a folder under `corpus` for each.
pub const TARGETS: &[Target] = &[
    ("blind_answer", blind::blind_answer),
    ("blind_request", blind::blind_request),
    ("blind_state", blind::blind_state),
    ("oprf_key", blind::oprf_key),
    ("card", files::card),
    ("claim", files::claim),
    ("delta_apply", files::delta_apply),
    ("delta_open", files::delta_open),
    ("feed_index", pull::feed_index),
    ("feed_open", files::feed_open),
    ("feed_read", files::feed_read),
    ("filter", files::filter),
    ("log_head", pull::log_head),
    ("manifest_json", files::manifest_json),
    ("memory", life::memory),
    ("policy", life::policy),
    ("prepared", files::prepared),
    ("recipients", files::recipients),
    ("retraction_list", life::retraction_list),
    ("review_log", pull::review_log),
    ("seal_statement", files::seal_statement),
    ("sighting", sighting::sighting),
    ("sighting_ledger", sighting::sighting_ledger),
    ("signing_file", files::signing_file),
    ("store_state", pull::store_state),
    ("trust_store", life::trust_store),
    ("trust_update", life::trust_update),
    ("canonical_account", values::account),
    ("canonical_any", values::any),
    ("canonical_domain", values::domain),
    ("canonical_email", values::email),
    ("canonical_handle", values::handle),
    ("canonical_iban", values::iban),
    ("canonical_ip", values::ip),
    ("canonical_phone", values::phone),
    ("canonical_proxy", values::proxy),
    ("canonical_registration", values::registration),
    ("canonical_url", values::url),
    ("canonical_wallet", values::wallet),
    ("expressions", values::expressions),
];

/// The function of a target.
pub fn target(name: &str) -> fn(&[u8]) {
    TARGETS.iter().find(|(known, _)| *known == name).expect("a target").1
}
