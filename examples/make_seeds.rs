//! Writes the fuzz seeds that are made rather than found into `fuzz/corpus`: `cargo run --example make_seeds`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a chore fails by panicking")]

use std::path::Path;

#[allow(dead_code, reason = "the seeds alone are wanted here, not the targets")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

fn main() {
    let world = targets::files::world();
    for (place, (open, sealed)) in world.feeds.iter().zip(&world.sealed).enumerate() {
        put("feed_open", &format!("feed-{place}"), open);
        put("feed_read", &format!("open-{place}"), open);
        put("feed_read", &format!("sealed-{place}"), sealed);
    }
    for (name, seeds) in targets::files::seeds()
        .into_iter()
        .chain(targets::blind::seeds())
        .chain(targets::life::seeds())
        .chain(targets::sighting::seeds())
        .chain(targets::pull::seeds())
    {
        for (number, seed) in seeds.iter().enumerate() {
            put(name, &format!("made-{number}"), seed);
        }
    }
}

fn put(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join("corpus").join(target);
    std::fs::create_dir_all(&folder).expect("the tree can be written to");
    std::fs::write(folder.join(name), bytes).expect("the tree can be written to");
}
