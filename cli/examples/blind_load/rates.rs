//! Evaluations a second and latencies, 64 clients at a time, in batches of 1 and of 1,000.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::server::{Client, Place};

const CLIENTS: usize = 64;

/// `seconds` a batch size.
pub(crate) fn run(place: &Place, seconds: u64) -> Outcome {
    place.prepare(1_000, CLIENTS)?;
    let server = place.serve(&[])?;
    let clients = (0..CLIENTS).map(|n| place.client(n, &server.url)).collect::<Outcome<Vec<Client>>>()?;
    for batch in [1_u64, 1_000] {
        // As many requests as can be answered in the time, made before the clock starts.
        let each = if batch == 1 { 80 * seconds } else { seconds };
        let requests = prepare(&clients, batch, each)?;
        let latencies = Mutex::new(Vec::new());
        let (began, cpu) = (Instant::now(), server.cpu()?);
        let end = began + Duration::from_secs(seconds);
        thread::scope(|scope| {
            let workers: Vec<_> = clients
                .iter()
                .zip(&requests)
                .map(|(client, requests)| scope.spawn(|| one(client, requests, end, &latencies)))
                .collect();
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a client stopped")?)
        })?;
        let (took, cpu) = (began.elapsed().as_secs_f64(), server.cpu()? - cpu);
        let mut latencies = latencies.into_inner()?;
        latencies.sort_unstable();
        let answered = latencies.len() as f64;
        let at =
            |share: f64| latencies.get((answered * share) as usize).copied().unwrap_or_default().as_secs_f64() * 1e3;
        println!("batches of {batch}, {CLIENTS} clients at a time");
        println!("requests: {answered} in {took:.1} s");
        println!("evaluations a second: {:.0}", answered * batch as f64 / took);
        println!("evaluations a second of server processor time: {:.0}", answered * batch as f64 / cpu);
        println!("p50: {:.1} ms", at(0.5));
        println!("p99: {:.1} ms", at(0.99));
        println!("memory: {} bytes", server.memory()?);
    }
    Ok(())
}

fn prepare(clients: &[Client], batch: u64, each: u64) -> Outcome<Vec<Vec<Vec<u8>>>> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let make = |(number, client): (usize, &Client)| {
        let first = number as u64 * each * batch;
        (0..each)
            .map(|n| Ok(client.request(first + n * batch..first + (n + 1) * batch)?.concat()))
            .collect::<Outcome<Vec<_>>>()
    };
    thread::scope(|scope| {
        let numbered: Vec<_> = clients.iter().enumerate().collect();
        let workers: Vec<_> = numbered
            .chunks(clients.len().div_ceil(cores))
            .map(|chunk| {
                let chunk = chunk.to_vec();
                scope.spawn(move || chunk.into_iter().map(make).collect::<Outcome<Vec<_>>>())
            })
            .collect();
        let mut requests = Vec::new();
        for worker in workers {
            requests.extend(worker.join().map_err(|_| "preparing stopped")??);
        }
        Ok(requests)
    })
}

fn one(client: &Client, requests: &[Vec<u8>], end: Instant, latencies: &Mutex<Vec<Duration>>) -> Outcome {
    let mut own = Vec::new();
    for request in requests {
        if Instant::now() > end {
            break;
        }
        let sent = Instant::now();
        let (status, length) = client.send(request)?;
        if status != 200 || length < 150 {
            return Err(format!("status {status}").into());
        }
        own.push(sent.elapsed());
    }
    latencies.lock().map_err(|_| "poisoned")?.extend(own);
    Ok(())
}
