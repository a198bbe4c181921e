//! A store is kept current from files, folders, addresses and indexes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::server::Authority;
use common::tls::{End, in_front_of};
use common::web::{Web, answer, head, serve};
use common::{NOW, Run, Sandbox};

const TRUST: [&str; 4] = ["--trust", "my.trust", "--key", "bank.key"];

impl Sandbox {
    /// Three sealed versions of `f` with deltas between them, in the folder `public` with an index.
    fn with_versions() -> Self {
        let sandbox = Self::with_keys();
        std::fs::create_dir(sandbox.path("public")).unwrap();
        sandbox.run(&["trust", "add", "my.trust", "centre.pub", "--name", "Our centre"]).expect(0);
        for version in 1..=3 {
            let list: String = (0..6_000 + version).map(|n| format!("domain,d{n}.example\n")).collect();
            sandbox.write("list.csv", format!("kind,value\n{list}domain,v{version}.example\n"));
            let out = format!("v{version}.bisik");
            let mut arguments =
                vec!["list.csv", "--feed", "f", "--out", &out, "--seal-to", "bank.pub", "--key", "centre.key"];
            arguments.extend(["--seal-to", "centre.pub"]);
            let (previous, delta) = (format!("v{}.bisik", version - 1), format!("{version}.delta"));
            if version > 1 {
                arguments.extend(["--previous", &previous, "--delta", &delta]);
            }
            sandbox.publish(&arguments).expect(0);
        }
        sandbox
    }

    fn offer(&self, version: u64) {
        std::fs::copy(self.path(&format!("v{version}.bisik")), self.path("public/f.bisik")).unwrap();
        let delta = format!("{version}.delta");
        if self.exists(&delta) {
            std::fs::copy(self.path(&delta), self.path("public").join(delta)).unwrap();
        }
        self.run(&["index", "public", "--trust", "centre.pub", "--key", "centre.key"]).expect(0);
    }

    fn pull(&self, sources: &[&str]) -> Run {
        self.run(&[&["pull", "--into", "store", "--json"], &TRUST[..], sources].concat())
    }

    /// The version that a look-up in the store finds.
    fn in_use(&self) -> u64 {
        let run = self
            .run(&[&["check", "d0.example", "--kind", "domain", "--store", "store", "--json"], &TRUST[..]].concat());
        run.expect(0).json_lines()[0]["version"].as_u64().unwrap()
    }
}

#[test]
fn a_folder_with_an_index_leads_by_deltas() {
    let sandbox = Sandbox::with_versions();
    sandbox.offer(1);
    let first = sandbox.pull(&["public"]).expect(0).json();
    assert_eq!((&first["new"], &first["feeds"][0]["version"]), (&1.into(), &1.into()));
    assert_eq!(sandbox.in_use(), 1);
    assert_eq!(sandbox.pull(&["public"]).expect(0).json()["same"], 1);
    sandbox.offer(2);
    sandbox.offer(3);
    let last = sandbox.pull(&["public"]).expect(0).json();
    assert_eq!((&last["feeds"][0]["deltas"], &last["feeds"][0]["from"]), (&2.into(), &1.into()), "{last}");
    assert_eq!(sandbox.in_use(), 3);
    let status = sandbox.run(&["status", "store", "--json"]).expect(0).json();
    let feed = &status["feeds"][0];
    assert_eq!(
        (&feed["version"], &feed["entries"], &feed["publisher"]),
        (&3.into(), &6_004.into(), &"Our centre".into())
    );
    assert_eq!(feed["problem"], serde_json::Value::Null);
    #[cfg(unix)]
    {
        let file = std::path::PathBuf::from(feed["file"].as_str().unwrap());
        assert_eq!(common::mode(&sandbox.path("").join(file)), 0o600, "what deltas made is no longer sealed");
        assert_eq!(common::mode(&sandbox.path("store")), 0o700);
    }
    let log = sandbox.run(&["log", "verify", "store/log.jsonl", "--json"]).expect(0).json();
    assert_eq!(log["entries"], 3, "the beginning, and two versions");
}

#[test]
fn a_delta_that_does_not_lead_there_is_no_harm() {
    let sandbox = Sandbox::with_versions();
    sandbox.offer(1);
    sandbox.pull(&["public"]).expect(0);
    sandbox.offer(2);
    sandbox.write("public/2.delta", "bisik\r\n\0 not a delta");
    let run = sandbox.pull(&["public"]).expect(0);
    assert!(run.err.contains("so the snapshot is fetched"), "{}", run.err);
    assert_eq!(run.json()["feeds"][1]["deltas"], 0);
    assert_eq!(sandbox.in_use(), 2);
}

#[test]
fn a_folder_without_an_index_gives_the_newest() {
    let sandbox = Sandbox::with_versions();
    for version in 1..=3 {
        std::fs::copy(sandbox.path(&format!("v{version}.bisik")), sandbox.path(&format!("public/{version}.bisik")))
            .unwrap();
    }
    // The first time all three come by; the second time the older ones are no rollback, and neither is news.
    sandbox.pull(&["public"]).expect(0);
    assert_eq!(sandbox.in_use(), 3);
    let again = sandbox.pull(&["public"]).expect(0).json();
    assert_eq!((&again["new"], &again["failed"]), (&0.into(), &0.into()), "{again}");
    // The newest alone is gone: that is one.
    std::fs::remove_file(sandbox.path("public/3.bisik")).unwrap();
    let gone = sandbox.pull(&["public"]).expect(2).json();
    assert_eq!(gone["feeds"][0]["error"]["kind"], "rollback");
    assert_eq!(sandbox.in_use(), 3);
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let sandbox = Sandbox::with_versions();
    let bodies: Vec<Vec<u8>> = (1..=3).map(|version| sandbox.read(&format!("v{version}.bisik"))).collect();
    let now = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let at = std::sync::Arc::clone(&now);
    let web = Web::start(move |request, stream| {
        let at = at.load(std::sync::atomic::Ordering::SeqCst);
        serve(request, stream, &format!("\"tag-{at}\""), &bodies[at]);
    });
    let url = format!("{}/f.bisik", web.url);
    sandbox.pull(&[&url]).expect(0);
    assert_eq!(web.requests()[0].header("if-none-match"), None);
    assert_eq!(sandbox.pull(&[&url]).expect(0).json()["same"], 1);
    assert_eq!(web.requests()[0].header("if-none-match"), Some("\"tag-0\""));
    now.store(1, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(sandbox.pull(&[&url]).expect(0).json()["new"], 1);
    assert_eq!(sandbox.in_use(), 2);
    // A feed that was lost is asked for without a condition.
    let status = sandbox.run(&["status", "store", "--json"]).expect(0).json();
    std::fs::remove_file(sandbox.path("").join(status["feeds"][0]["file"].as_str().unwrap())).unwrap();
    let lost = sandbox.run(&["status", "store", "--json"]).expect(1).json();
    assert_eq!(lost["feeds"][0]["problem"]["kind"], "io");
    web.requests();
    sandbox.pull(&[&url]).expect(0);
    assert_eq!(web.requests()[0].header("if-none-match"), None);
    assert_eq!(sandbox.in_use(), 2);
}

#[test]
fn an_index_over_http_leads_to_files_beside_it() {
    let sandbox = Sandbox::with_versions();
    sandbox.offer(1);
    let root = sandbox.path("public");
    let web = Web::start(move |request, stream| {
        let path = root.join(request.path.trim_start_matches("/feeds/"));
        match std::fs::read(path) {
            Ok(body) => answer(stream, "200 OK", &[], &body),
            Err(_) => answer(stream, "404 Not Found", &[], b"no"),
        }
    });
    let url = format!("{}/feeds/", web.url);
    sandbox.pull(&[&url]).expect(0);
    sandbox.offer(2);
    web.requests();
    let run = sandbox.pull(&[&url]).expect(0).json();
    assert_eq!(run["feeds"][0]["deltas"], 1, "{run}");
    let paths: Vec<String> = web.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/feeds/feeds.json", "/feeds/2.delta"]);
    // The index offers an older version: not even asked for.
    sandbox.offer(1);
    let back = sandbox.pull(&[&url]).expect(2).json();
    assert_eq!(back["feeds"][0]["error"]["kind"], "rollback");
    assert_eq!(sandbox.in_use(), 2);
}

#[test]
fn https_is_believed_with_the_authority_that_was_named_alone() {
    let sandbox = Sandbox::with_versions();
    let (authority, other) = (Authority::new(), Authority::new());
    authority.write(&sandbox, "ca.pem");
    authority.issue(&sandbox, "server");
    other.write(&sandbox, "other.pem");
    let body = sandbox.read("v1.bisik");
    let web = Web::start(move |request, stream| match request.path.as_str() {
        "/f" => serve(request, stream, "\"one\"", &body),
        // Away from TLS.
        _ => head(stream, "302 Found", &[("location", "http://127.0.0.1:1/f")]),
    });
    let port = in_front_of(&sandbox, "server", &web.url, End::Told);
    let at = |path: &str| format!("https://localhost:{port}{path}");
    for authorities in [&[][..], &["--ca", "other.pem"]] {
        let run = sandbox.pull(&[&[at("/f").as_str()], authorities].concat()).expect(2).json();
        assert_eq!(run["feeds"][0]["error"]["kind"], "unreachable", "{run}");
    }
    assert_eq!(web.requests().len(), 0, "it asked whom it does not know");
    let run = sandbox.pull(&[&at("/away"), "--ca", "ca.pem"]).expect(2).json();
    assert_eq!(run["feeds"][0]["error"]["kind"], "bad-redirect", "{run}");
    let run = sandbox.pull(&[&at("/f"), "--ca", "ca.pem"]).expect(0).json();
    assert_eq!(run["feeds"][0]["version"], 1, "{run}");
    assert_eq!(sandbox.in_use(), 1);
}

#[test]
fn what_is_cut_inside_tls_is_not_whole_and_goes_on() {
    let sandbox = Sandbox::with_versions();
    let authority = Authority::new();
    authority.write(&sandbox, "ca.pem");
    authority.issue(&sandbox, "server");
    let body = sandbox.read("v1.bisik");
    let most = body.len() * 2 / 3;
    let web = Web::start(move |request, stream| match request.path.as_str() {
        "/f" => serve(request, stream, "\"one\"", &body),
        // Without a length only the end of the connection says where the end is, and the client takes any end: the file itself
        // tells that it is not whole.
        _ => {
            head(stream, "200 OK", &[]);
            _ = std::io::Write::write_all(stream, &body);
        }
    });
    let port = in_front_of(&sandbox, "server", &web.url, End::CutAfter(most));
    let run = sandbox.pull(&[&format!("https://localhost:{port}/endless"), "--ca", "ca.pem"]).expect(2).json();
    assert_eq!(run["feeds"][0]["error"]["kind"], "cannot-open", "{run}");
    web.requests();
    let run = sandbox.pull(&[&format!("https://localhost:{port}/f"), "--ca", "ca.pem"]).expect(0).json();
    assert_eq!(run["feeds"][0]["version"], 1, "{run}");
    assert_eq!(web.requests().iter().map(|request| request.range().is_some()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn some_that_fail_do_not_stop_the_others() {
    let sandbox = Sandbox::with_versions();
    sandbox.write("junk.bisik", "no feed at all");
    let run = sandbox.pull(&["junk.bisik", "v1.bisik"]).expect(1);
    assert!(run.err.contains("[not-a-feed]"), "{}", run.err);
    assert_eq!((&run.json()["new"], &run.json()["failed"]), (&1.into(), &1.into()));
    // The source that never gave a feed is a row of its own.
    let status = sandbox.run(&["status", "store", "--json"]).expect(1).json();
    assert_eq!(status["feeds"][1]["problem"]["kind"], "not-a-feed");
    let table = sandbox.run(&["status", "store"]).expect(1);
    assert!(table.out.contains("Our centre") && table.out.contains("not-a-feed"), "{}", table.out);
    // Trusting nobody who signed it, it is refused too.
    let other = ["pull", "v1.bisik", "--into", "other", "--trust", "stranger.pub", "--key", "bank.key"];
    let run = sandbox.run(&other).expect(2);
    assert!(run.err.contains("[untrusted]"), "{}", run.err);
}

#[test]
fn a_store_is_a_folder_of_its_own_and_one_program_changes_it() {
    let sandbox = Sandbox::with_versions();
    let into_others = ["pull", "v1.bisik", "--into", "public/..", "--trust", "centre.pub", "--key", "bank.key"];
    sandbox.run(&into_others).refused("not-a-store");
    sandbox.run(&["status", "public"]).refused("not-a-store");
    sandbox.pull(&["v1.bisik"]).expect(0);
    let lock = std::fs::File::options().append(true).open(sandbox.path("store/lock")).unwrap();
    lock.lock().unwrap();
    sandbox.pull(&["v2.bisik"]).refused("busy");
    assert_eq!(sandbox.in_use(), 1, "readers need no lock");
    // A program that another test starts at this moment may hold a copy of the file.
    lock.unlock().unwrap();
    sandbox.pull(&["v2.bisik"]).expect(0);
}

#[test]
fn an_expired_feed_is_said_and_not_matched() {
    let sandbox = Sandbox::with_versions();
    sandbox.pull(&["v1.bisik"]).expect(0);
    let later = (NOW + 8 * 86_400).to_string();
    let at = |arguments: &[&str]| sandbox.run(&[arguments, &["--now", &later]].concat());
    let status = at(&["status", "store", "--json"]).expect(1).json();
    assert_eq!(status["feeds"][0]["problem"]["kind"], "expired");
    let check = [&["check", "d0.example", "--kind", "domain", "--store", "store"], &TRUST[..]].concat();
    at(&check).refused("expired");
    // Nothing newer comes, and that is said as well.
    let pull = [&["pull", "v1.bisik", "--into", "store", "--json"], &TRUST[..]].concat();
    let run = at(&pull).expect(2).json();
    assert_eq!(run["feeds"][0]["error"]["kind"], "expired");
}

#[test]
fn a_fork_is_refused_and_its_proof_kept() {
    let sandbox = Sandbox::with_versions();
    sandbox.pull(&["v1.bisik"]).expect(0);
    sandbox.write("other.csv", "kind,value\ndomain,other.example\n");
    // The publisher's memory is lost, so that it signs version 1 once more.
    sandbox.write("centre.sign.used", "{\"bisik_used\":1,\"feeds\":[]}");
    sandbox
        .publish(&["other.csv", "--feed", "f", "--out", "fork.bisik", "--seal-to", "bank.pub", "--state", "elsewhere"])
        .expect(0);
    let run = sandbox.pull(&["fork.bisik"]).expect(2);
    assert!(run.err.contains("[equivocation]") && run.err.contains(".proof"), "{}", run.err);
    let proofs: Vec<_> = std::fs::read_dir(sandbox.path("store/proofs")).unwrap().collect();
    let proof = proofs[0].as_ref().unwrap().path();
    let compared = sandbox.run(&["compare", proof.to_str().unwrap(), "--trust", "centre.pub", "--json"]).expect(1);
    assert_eq!(compared.json()["verdict"], "equivocation");
    assert_eq!(sandbox.in_use(), 1);
}
