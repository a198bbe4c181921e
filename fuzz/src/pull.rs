//! Stores of feeds and review logs: indexes, state texts, logs and their heads.

use bisik::{
    ErrorKind, FeedIndex, FixedEntropy, LogEvent, LogHead, LogReader, LogRecord, LogTail, Plan, SourceState,
    StoredFeed, Timestamp,
};

use super::files::{NOW, world};

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

/// An index, and the plans for whoever holds whatever version: every chain leads from there to the newest.
pub fn feed_index(data: &[u8]) {
    let Ok(index) = FeedIndex::parse(data) else { return };
    assert_eq!(FeedIndex::parse(index.to_text().as_bytes()).unwrap(), index);
    for feed in &index.feeds {
        assert!(!feed.file.contains(['/', '\\', '%', '?', '#']) && !feed.file.starts_with('.'));
        assert_eq!(feed.plan(None), Plan::Snapshot);
        for held in feed.deltas.iter().map(|delta| delta.from).chain([feed.version, feed.version.saturating_add(1)]) {
            match feed.plan(Some(held)) {
                Plan::Deltas(deltas) => {
                    let mut version = held;
                    for at in deltas {
                        assert_eq!(feed.deltas[at].from, version);
                        version = feed.deltas[at].to;
                    }
                    assert_eq!(version, feed.version);
                }
                Plan::Nothing => assert_eq!(held, feed.version),
                Plan::Older => assert!(held > feed.version),
                Plan::Snapshot => assert!(held < feed.version),
            }
        }
    }
}

/// Both state texts.
pub fn store_state(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(stored) = StoredFeed::parse(text) {
        assert_eq!(StoredFeed::parse(&stored.to_text()).unwrap(), stored);
        assert!(!stored.file.contains(['/', '\\']) && !stored.file.starts_with('.'));
    }
    if let Ok(mut state) = SourceState::parse(text) {
        assert_eq!(SourceState::parse(&state.to_text()).unwrap(), state);
        state.failed(ErrorKind::Truncated, text, now());
        state.validators(Some(text), Some(text));
        assert_eq!(SourceState::parse(&state.to_text()).unwrap(), state);
    }
}

/// A log, whole and in pieces: the same entries and the same fault.
pub fn review_log(data: &[u8]) {
    let read = |length: usize| {
        let (mut reader, mut entries) = (LogReader::new(), Vec::new());
        let fault = data
            .chunks(length.max(1))
            .try_for_each(|piece| reader.read(piece, |entry| entries.push(entry.clone())))
            .and_then(|()| reader.finish().map(|_| ()))
            .err()
            .map(|error| (error.kind(), error.position()));
        (entries, fault)
    };
    let whole = read(data.len());
    assert_eq!(read(7), whole);
    let (entries, fault) = whole;
    assert!(entries.iter().zip(1..).all(|(entry, number)| entry.number == number));
    if let Some((_, position)) = fault {
        assert_eq!(position, Some(entries.len() as u64 + 1));
    }
}

/// The body of a head that the centre signs.
pub fn log_head(data: &[u8]) {
    let world = world();
    if data.is_empty() || data.len() > 1 << 16 {
        return;
    }
    assert!(LogHead::read(data, world.trust(), now()).is_err(), "an unsigned head was taken");
    let block = world.forger().block(8, 8, data, None);
    if let Ok(head) = LogHead::read(&block, world.trust(), now()) {
        assert!(head.entries > 0);
        let mut reader = LogReader::new();
        head.expect(&mut reader);
        assert_eq!(reader.finish().unwrap_err().kind(), ErrorKind::LogCut);
    }
}

/// Seeds that are made, by target.
pub fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let id = bisik::KeyId::from_bytes(world().forger().key_id());
    let index = format!(
        "{{\"bisik_index\":1,\"feeds\":[{{\"publisher\":\"{id}\",\"feed\":\"f\",\"version\":3,\"file\":\"f.bisik\",\"length\":900,\
         \"deltas\":[{{\"from\":1,\"to\":2,\"file\":\"2.delta\",\"length\":9}},{{\"from\":2,\"to\":3,\"file\":\"3.delta\",\"length\":9}}]}}]}}"
    );
    let stored = format!(
        "{{\"bisik_stored\":1,\"seen\":{{\"publisher\":\"{id}\",\"feed\":\"f\",\"epoch\":1,\"version\":2,\"digest\":\"{id}\",\"issued\":5,\
         \"generation\":0}},\"publisher_name\":\"Centre\",\"expires\":9,\"count\":7,\"file\":\"f.v2.1.bisik\",\"length\":64,\
         \"sealed\":true,\"stored\":6,\"source\":\"https://feeds.example/f\",\"change\":1}}"
    );
    let mut state = SourceState::new("https://feeds.example/f", now());
    state.validators(Some("\"tag\""), Some("Fri, 15 Jan 2027 08:00:00 GMT"));
    state.failed(ErrorKind::Truncated, "cut", now());
    let (mut tail, mut log) = LogTail::begin(now(), &mut FixedEntropy::new(9)).unwrap();
    log += &tail.append(&LogRecord::new(LogEvent::Pull, now()).of(&id, "f", 2).count("entries", 7)).unwrap();
    log += &tail.append(&LogRecord::new(LogEvent::Trust, now()).count("added", 1)).unwrap();
    let head = format!(
        "{{\"publisher\":\"{id}\",\"log\":\"{}\",\"entries\":3,\"hash\":\"{id}\",\"time\":5}}",
        "0a".repeat(16)
    );
    let torn = log.as_bytes()[..log.len() - 9].to_vec();
    vec![
        ("feed_index", vec![index.into_bytes()]),
        ("store_state", vec![stored.into_bytes(), state.to_text().into_bytes()]),
        ("review_log", vec![log.into_bytes(), torn]),
        ("log_head", vec![head.into_bytes()]),
    ]
}
