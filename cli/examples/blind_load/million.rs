//! Many entries published blind, a tenth as many queries over HTTPS and through files, and every result checked.

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use crate::Outcome;
use crate::server::{Place, number};

/// `entries` entries.
pub(crate) fn run(place: &Place, entries: u64) -> Outcome {
    let queries = entries / 10;
    let began = Instant::now();
    place.prepare(entries, 1)?;
    println!("published {entries} entries blind, with the keys: {:.1} s", began.elapsed().as_secs_f64());
    println!("feed: {} bytes", fs::metadata(place.folder.join("load.bisik"))?.len());
    // Every other row is listed; the places are spread over the list.
    let row = |n: u64| if n.is_multiple_of(2) { n / 2 * 19 % entries } else { entries + n };
    let rows: String = (0..queries).map(|n| format!("{}\n", number(row(n)))).collect();
    fs::write(place.folder.join("rows.txt"), rows)?;
    let expected: BTreeSet<u64> = (0..queries).filter(|n| n.is_multiple_of(2)).map(|n| n + 1).collect();
    let check = |output: &str| {
        let found: BTreeSet<u64> =
            output.lines().skip(1).filter_map(|line| line.split(',').nth(1)?.parse().ok()).collect();
        if found == expected { Ok(()) } else { Err(format!("{} hits, not {}", found.len(), expected.len())) }
    };
    let feed = "--feed load.bisik --trust centre.pub";
    {
        let server = place.serve(&[])?;
        let (began, cpu) = (Instant::now(), server.cpu()?);
        let asking = format!("--blind {} --sign c0.sign --token-file c0.token --ca ca.pem", server.url);
        check(&place.bisik(&format!("match rows.txt --kind phone {feed} {asking} --format csv"))?)?;
        println!(
            "{queries} queries over HTTPS, exact: {:.1} s, of them {:.1} s of the server's processor time",
            began.elapsed().as_secs_f64(),
            server.cpu()? - cpu
        );
    }
    let timed = |what: &str, line: &str| {
        let began = Instant::now();
        let output = place.bisik(line)?;
        println!("{what}: {:.1} s", began.elapsed().as_secs_f64());
        Outcome::Ok(output)
    };
    let request = format!("blind request rows.txt --kind phone {feed} --sign c0.sign --out r.req --state r.state");
    timed("through files, request", &request)?;
    let answer = "blind answer r.req --feed load.bisik --oprf-key load.oprf --clients clients.toml --state-dir state";
    timed("through files, answer", &format!("{answer} --out r.ans"))?;
    check(&timed("through files, finish, exact", &format!("blind finish r.ans --state r.state {feed} --format csv"))?)?;
    Ok(())
}
