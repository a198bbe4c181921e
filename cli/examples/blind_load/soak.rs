//! Many requests, each of them new, and the server's memory meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::server::{Client, Place};

const CLIENTS: usize = 8;
/// How much memory may grow between a third of the requests and their end.
const GROWTH: u64 = 24 << 20;

/// `count` requests of one element.
pub(crate) fn run(place: &Place, count: u64) -> Outcome {
    place.prepare(100, CLIENTS)?;
    let server = place.serve(&[])?;
    let clients = (0..CLIENTS).map(|n| place.client(n, &server.url)).collect::<Outcome<Vec<Client>>>()?;
    let (next, answered) = (AtomicU64::new(0), AtomicU64::new(0));
    let began = Instant::now();
    let mut samples = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = clients
            .iter()
            .map(|client| {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= count {
                            return Outcome::Ok(());
                        }
                        let (status, _) = client.send(&client.request(std::iter::once(n))?.concat())?;
                        if status != 200 {
                            return Err(format!("status {status}").into());
                        }
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            samples.push((answered.load(Ordering::Relaxed), server.memory()?));
            thread::sleep(Duration::from_millis(500));
        }
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a client stopped")?)
    })?;
    samples.push((answered.load(Ordering::Relaxed), server.memory()?));
    let at = |share: u64| samples.iter().find(|(done, _)| *done >= count * share / 10).map_or(0, |(_, memory)| *memory);
    println!("requests: {count} in {:.1} s", began.elapsed().as_secs_f64());
    for share in [1, 3, 5, 7, 10] {
        println!("memory at {share}0 %: {} bytes", at(share));
    }
    println!("state: {} bytes", std::fs::metadata(place.folder.join("state/budgets.redb"))?.len());
    let growth = at(10).saturating_sub(at(3));
    if growth > GROWTH { Err(format!("memory grew by {growth} bytes").into()) } else { Ok(()) }
}
