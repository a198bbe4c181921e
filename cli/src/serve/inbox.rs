//! Sightings that members send: kept for the desk as they came. The server has no key that opens them.
//!
//! ```text
//! credential ─▶ place ─▶ body ─▶ room ─▶ file, on the disk ─▶ answer
//! ```
//!
//! A file's name is the SHA-256 of its bytes: the same bytes sent again are kept once.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::Request;
use bisik::{DAY, KeyId};
use serde_json::json;
use tracing::{error, info, warn};

use super::reply::Trouble;
use super::shared::{Connection, Shared};
use super::work::{by_hand, check_head, discard, identify, read};
use crate::clients::sha256;
use crate::failure::{About, Failure, Result};
use crate::files::{Access, NewFile};

/// The longest file that a desk opens.
const MAX_FILE: usize = 1 << 18;
/// How sealed files begin.
const AGE: &[u8] = b"age-encryption.org/v1\n";
/// The most new files of one client a day: a bank's 500 sightings make one.
const MAX_A_DAY: u64 = 1_000;
/// The most files that lie in the folder at once: 13 GB of them.
const MAX_FILES: u64 = 100_000;
const ENDING: &str = "sighting";

/// The folder of a desk.
pub(super) struct Inbox {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: u64,
    /// New files of each client, and the day that they are of.
    today: HashMap<KeyId, u64>,
    day: u64,
}

/// What became of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    New,
    Before,
}

impl Inbox {
    /// Opens the folder, and makes it if it is missing.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        bisik_store::make_folder(folder)?;
        let files = count(folder)?;
        Ok(Self { folder: folder.to_owned(), state: Mutex::new(State { files, ..State::default() }) })
    }

    /// Keeps a file, on the disk before this returns.
    fn keep(&self, client: KeyId, bytes: &[u8], day: u64) -> std::result::Result<(Kept, String), Refused> {
        let digest = sha256(bytes).to_string();
        let path = self.folder.join(format!("{digest}.{ENDING}"));
        // One at a time: the disk is the narrow place anyway, and the counts stay true.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if path.exists() {
            // It may be the rest of a time when only the folder could not be synchronised.
            bisik_store::sync_folder(&self.folder).about(&self.folder)?;
            return Ok((Kept::Before, digest));
        }
        if state.day != day {
            (state.day, state.today) = (day, HashMap::new());
        }
        if state.today.get(&client).is_some_and(|&files| files >= MAX_A_DAY) {
            return Err(Refused::Trouble(Trouble::too_many_today(DAY)));
        }
        if state.files >= MAX_FILES {
            // The desk takes files away while the server runs.
            state.files = count(&self.folder)?;
            if state.files >= MAX_FILES {
                return Err(Refused::Trouble(Trouble::inbox_full()));
            }
        }
        let mut file = NewFile::create(&path, Access::Owner)?;
        file.write_all(bytes).about(&path)?;
        file.commit()?;
        state.files += 1;
        *state.today.entry(client).or_default() += 1;
        Ok((Kept::New, digest))
    }
}

/// Why a file was not kept.
enum Refused {
    Trouble(Trouble),
    Failure(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

fn count(folder: &Path) -> Result<u64> {
    let mut files = 0;
    for entry in fs::read_dir(folder).about(folder)? {
        files += u64::from(entry.about(folder)?.path().extension().is_some_and(|ending| ending == ENDING));
    }
    Ok(files)
}

/// Takes a file in, and says in the log and the metrics how it ended.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    connection: &Connection,
    request: Request<Body>,
) -> std::result::Result<String, Trouble> {
    let began = Instant::now();
    let mut client = "(unknown)".to_owned();
    let result = attempt(shared, connection, request, &mut client).await;
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok((kept, digest)) => {
            let outcome = if kept == Kept::New { "kept" } else { "repeated" };
            shared.metrics.sighting(outcome);
            info!(client, digest, milliseconds, outcome, "sightings");
            Ok(format!("{}\n", json!({ "digest": digest, "repeated": kept == Kept::Before })))
        }
        Err(trouble) => {
            shared.metrics.sighting(trouble.kind);
            warn!(client, milliseconds, outcome = trouble.kind, status = trouble.status.as_u16(), "sightings");
            Err(trouble)
        }
    }
}

async fn attempt(
    shared: &Arc<Shared>,
    connection: &Connection,
    request: Request<Body>,
    name: &mut String,
) -> std::result::Result<(Kept, String), Trouble> {
    let Some(inbox) = shared.inbox.clone() else { return Err(Trouble::no_such_page()) };
    let (head, body) = request.into_parts();
    let client = match identify(shared, connection, &head.headers) {
        Ok(client) => client,
        Err(trouble) => {
            discard(body, MAX_FILE).await;
            return Err(trouble);
        }
    };
    name.clone_from(&client.name);
    connection.trust();
    check_head(&head.headers, MAX_FILE)?;
    let id = client.key.key_id();
    let _place = shared.place(id)?;
    let bytes: Bytes = read(body, MAX_FILE, shared.patience).await?;
    if !bytes.starts_with(AGE) {
        return Err(Trouble::not_sealed());
    }
    let day = shared.clock.now().seconds() / DAY;
    match by_hand(shared, move || inbox.keep(id, &bytes, day)).await? {
        Ok(kept) => Ok(kept),
        Err(Refused::Trouble(trouble)) => Err(trouble),
        Err(Refused::Failure(failure)) => {
            error!(what = failure.line(), "sightings could not be kept");
            Err(Trouble::defect())
        }
    }
}
