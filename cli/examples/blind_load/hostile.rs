//! Thousands of connections that mean harm, and a member who is served all the while.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::server::Place;

/// Silent connections that are held at a time: more than the server keeps open.
const HELD: usize = 700;

/// `count` connections.
pub(crate) fn run(place: &Place, count: u64) -> Outcome {
    place.prepare(100, 1)?;
    let server = place.serve(&["--timeout", "5"])?;
    let client = place.client(0, &server.url)?;
    let (before, began) = (server.memory()?, Instant::now());
    let done = AtomicBool::new(false);
    let latencies = thread::scope(|scope| {
        // A new connection for every request: it must find a place among the others.
        let member = scope.spawn(|| {
            let mut latencies: Vec<Duration> = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let fresh = place.client(0, &server.url)?;
                let request = client.request(std::iter::once(latencies.len() as u64))?.concat();
                let sent = Instant::now();
                let (status, _) = fresh.send(&request)?;
                if status != 200 {
                    return Err(format!("status {status} among hostile connections").into());
                }
                latencies.push(sent.elapsed());
                thread::sleep(Duration::from_millis(20));
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(latencies)
        });
        let outcome = attack(place, server.address(), count);
        done.store(true, Ordering::Relaxed);
        let latencies = member.join().map_err(|_| "the member stopped")??;
        outcome?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(latencies)
    })?;
    let mut latencies = latencies;
    latencies.sort_unstable();
    let at = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!("hostile connections: {count} in {:.1} s", began.elapsed().as_secs_f64());
    println!("a member's requests meanwhile: {}, all answered", latencies.len());
    println!("p50: {:.1} ms", at(0.5).as_secs_f64() * 1e3);
    println!("p99: {:.1} ms", at(0.99).as_secs_f64() * 1e3);
    println!("memory: {before} bytes before, {} after", server.memory()?);
    let (status, _) = client.send(&client.request(1_000..1_001)?.concat())?;
    if status == 200 { Ok(()) } else { Err(format!("status {status} at the end").into()) }
}

fn attack(place: &Place, address: &str, count: u64) -> Outcome {
    let url = format!("https://{address}/v1/blind");
    let agent = place.agent()?;
    let mut held = Vec::new();
    for n in 0..count {
        match n % 6 {
            // Within TLS: a stranger with a body, a head over all measure, noise in the place of a token.
            0 if n.is_multiple_of(12) => {
                _ = agent.post(&url).header("content-type", "application/octet-stream").send(&[7; 60_000])
            }
            0 => _ = agent.get(&url).header("x-long", "a".repeat(60_000)).call(),
            kind => {
                let Ok(mut stream) = TcpStream::connect(address) else {
                    thread::sleep(Duration::from_millis(5));
                    continue;
                };
                stream.set_read_timeout(Some(Duration::from_millis(200)))?;
                // The server may close first; that is its good right.
                _ = match kind {
                    1 => Ok(()),
                    2 => stream.write_all(&[0x16, 0x03, 0x01, 0x02]),
                    3 => stream
                        .write_all(b"POST /v1/blind HTTP/1.1\r\n\r\n")
                        .and_then(|()| stream.read(&mut [0; 64]).map(|_| ())),
                    4 => stream.write_all(&[0xff; 20_000]),
                    _ => continue,
                };
                held.push(stream);
                if held.len() > HELD {
                    held.drain(..HELD / 7);
                }
            }
        }
    }
    Ok(())
}
