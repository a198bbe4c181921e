//! Sums in the text format of Prometheus. They name no client: who asked how much is in the logs and the budgets.
//!
//! Written by hand: a dozen counters and one histogram need no registry.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::budget::FeedRef;

/// Upper ends of the histogram's buckets, in milliseconds.
const BUCKETS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/// What is counted.
#[derive(Default)]
pub(super) struct Metrics {
    outcomes: Mutex<BTreeMap<&'static str, u64>>,
    sightings: Mutex<BTreeMap<&'static str, u64>>,
    feeds: Vec<Served>,
    buckets: [AtomicU64; BUCKETS.len()],
    answered: AtomicU64,
    microseconds: AtomicU64,
    pub(super) connections: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) evicted: AtomicU64,
    pub(super) alarms: AtomicU64,
}

struct Served {
    labels: String,
    evaluations: AtomicU64,
    repeated: AtomicU64,
}

impl Metrics {
    /// Counters for these feeds.
    pub(super) fn new<'f>(feeds: impl Iterator<Item = &'f FeedRef>) -> Self {
        let served = feeds.map(|feed| Served {
            // Feed ids are letters, digits and hyphens: nothing to escape.
            labels: format!("publisher=\"{}\",feed=\"{}\",epoch=\"{}\"", feed.publisher, feed.feed, feed.epoch),
            evaluations: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
        });
        Self { feeds: served.collect(), ..Self::default() }
    }

    /// A request ended: `answered`, `repeated`, or the kind of its refusal.
    pub(super) fn outcome(&self, outcome: &'static str) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        *outcomes.entry(outcome).or_default() += 1;
    }

    /// A file of sightings was sent: `kept`, `repeated`, or the kind of its refusal.
    pub(super) fn sighting(&self, outcome: &'static str) {
        let mut outcomes = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        *outcomes.entry(outcome).or_default() += 1;
    }

    /// A request was answered.
    pub(super) fn answered(&self, feed: usize, count: u64, free: bool, took: Duration) {
        if let Some(served) = self.feeds.get(feed) {
            let counter = if free { &served.repeated } else { &served.evaluations };
            counter.fetch_add(count, Ordering::Relaxed);
        }
        let milliseconds = took.as_secs_f64() * 1e3;
        for (bucket, end) in self.buckets.iter().zip(BUCKETS) {
            if milliseconds <= end as f64 {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The page. `in_house` is how many requests are being read, wait or are evaluated.
    pub(super) fn page(&self, in_house: usize) -> String {
        let mut page = String::with_capacity(4_096);
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        head(&mut page, "bisik_requests_total", "counter", "Blind requests by how they ended.");
        for (outcome, count) in self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            _ = writeln!(page, "bisik_requests_total{{outcome=\"{outcome}\"}} {count}");
        }
        head(&mut page, "bisik_sightings_total", "counter", "Files of sightings by how they ended.");
        for (outcome, count) in self.sightings.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            _ = writeln!(page, "bisik_sightings_total{{outcome=\"{outcome}\"}} {count}");
        }
        head(
            &mut page,
            "bisik_evaluations_total",
            "counter",
            "Evaluations since the start, charged to a budget or not.",
        );
        for feed in &self.feeds {
            let (labels, charged, free) = (&feed.labels, read(&feed.evaluations), read(&feed.repeated));
            _ = writeln!(page, "bisik_evaluations_total{{{labels},charged=\"yes\"}} {charged}");
            _ = writeln!(page, "bisik_evaluations_total{{{labels},charged=\"no\"}} {free}");
        }
        head(&mut page, "bisik_request_seconds", "histogram", "From a request's head to its answer.");
        for (bucket, end) in self.buckets.iter().zip(BUCKETS) {
            _ = writeln!(page, "bisik_request_seconds_bucket{{le=\"{}\"}} {}", end as f64 / 1e3, read(bucket));
        }
        let answered = read(&self.answered);
        _ = writeln!(page, "bisik_request_seconds_bucket{{le=\"+Inf\"}} {answered}");
        _ = writeln!(page, "bisik_request_seconds_sum {}", read(&self.microseconds) as f64 / 1e6);
        _ = writeln!(page, "bisik_request_seconds_count {answered}");
        let plain = [
            ("bisik_requests_in_house", "gauge", "Requests that are read, wait or are evaluated.", in_house as u64),
            ("bisik_connections", "gauge", "Open connections.", read(&self.connections)),
            ("bisik_connections_total", "counter", "Connections accepted.", read(&self.accepted)),
            ("bisik_connections_evicted_total", "counter", "Connections closed to make room.", read(&self.evicted)),
            ("bisik_alarms_total", "counter", "Alarms in the log.", read(&self.alarms)),
        ];
        for (name, kind, help, value) in plain {
            head(&mut page, name, kind, help);
            _ = writeln!(page, "{name} {value}");
        }
        page
    }
}

fn head(page: &mut String, name: &str, kind: &str, help: &str) {
    _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
