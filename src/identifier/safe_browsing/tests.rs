//! The published vectors, and the bounds of every step.

use super::*;

fn canonical(url: &str) -> Option<String> {
    parts(url).map(|(scheme, host, rest)| format!("{scheme}://{host}{rest}"))
}

fn expressions(url: &str) -> Vec<String> {
    let expression = expression(url).unwrap();
    let (host, _) = split_host(&expression);
    let shortest = last_labels(host, 2);
    let mut all = Vec::new();
    for_each_expression(&expression, shortest, &mut |text| all.push(text.to_owned()));
    all
}

#[test]
fn what_is_plain_is_its_own_expression() {
    const PIECES: [&str; 24] = [
        "a", "b.com", ".", "..", "/", "//", "/.", "?", "#", "%41", "%", ":", "8080", "@", "1.2.3.4", "0x7f", "-", "_",
        "A", "é", " ", "~", "+", "\\",
    ];
    let mut state = 5u64;
    let mut plain = 0;
    for _ in 0..60_000 {
        let mut url = String::from(if state >> 63 == 0 { "https://" } else { "http://h.com/" });
        for _ in 0..=state >> 61 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            url.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
        }
        if let Some(found) = plain_expression(&url) {
            plain += 1;
            assert_eq!(expression(&url).as_deref(), Some(found), "{url}");
        }
    }
    assert!(plain > 2_000, "{plain}");
    assert_eq!(plain_expression("https://a.evil.com/x/y?z=//.."), Some("a.evil.com/x/y?z=//.."));
}

#[test]
fn the_published_vectors_hold() {
    let vectors = include_str!("../../../tests/vectors/url/gsb_canonicalisation.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    for case in vectors["canonicalise"].as_array().unwrap() {
        let input = case["input"].as_str().unwrap();
        assert_eq!(canonical(input).as_deref(), case["expected"].as_str(), "{input}");
    }
    for case in vectors["ipv4_host"].as_array().unwrap() {
        let input = case["input"].as_str().unwrap();
        let address = ipv4(input.as_bytes()).map(|address| address.to_string());
        assert_eq!(address.as_deref(), case["expected"].as_str(), "{input}");
    }
    for case in vectors["no_host_must_fail"].as_array().unwrap() {
        assert_eq!(canonical(case.as_str().unwrap()), None, "{case}");
    }
    for case in vectors["suffix_prefix_expressions"].as_array().unwrap() {
        let url = case["url"].as_str().unwrap();
        let mut expected: Vec<_> =
            case["expected_set"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        let mut found = expressions(url);
        assert_eq!(Some(&found[0]), expression(url).as_ref());
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{url}");
    }
}

#[test]
fn expressions_come_most_specific_first_and_once() {
    assert_eq!(
        expressions("http://a.b.c/1/2.html?param=1"),
        [
            "a.b.c/1/2.html?param=1",
            "a.b.c/1/2.html",
            "a.b.c/1/",
            "a.b.c/",
            "b.c/1/2.html?param=1",
            "b.c/1/2.html",
            "b.c/1/",
            "b.c/",
        ]
    );
    assert_eq!(expressions("http://b.c/"), ["b.c/"]);
    assert_eq!(expressions("http://b.c/?q"), ["b.c/?q", "b.c/"]);
    assert_eq!(expressions("http://b.c/?"), ["b.c/"]);
}

#[test]
fn unescaping_is_complete_and_stable() {
    assert_eq!(unescape(b"%%341"), b"A");
    assert_eq!(unescape(b"%2%35"), b"%");
    assert_eq!(unescape(&b"%25".repeat(4)), b"%%%%");
    for text in ["http://h/%252541%", "http://h/a%3Fb/../c", "http://h/..%3Fx/b", "http://h/%2e%2e/%2F/x"] {
        let once = canonical(text).unwrap();
        assert_eq!(canonical(&once), Some(once.clone()), "{text}");
    }
}

/// As published in "URLs and Hashing", and cases between its rules.
#[test]
fn escapes_hosts_and_paths() {
    for (url, expected) in [
        ("http://host/%25%32%35", "http://host/%25"),
        ("http://host/%25%32%35%25%32%35", "http://host/%25%25"),
        ("http://host/%%%25%32%35asd%%", "http://host/%25%25%25asd%25%25"),
        ("http://%31%36%38%2e%31%38%38%2e%39%39%2e%32%36/%2E%73/", "http://168.188.99.26/.s/"),
        ("http://3279880203/blah", "http://195.127.0.11/blah"),
        ("http://host.com/blah/..", "http://host.com/"),
        ("www.host.com", "http://www.host.com/"),
        ("http://host.com/blah#frag", "http://host.com/blah"),
        ("http://host.com.../", "http://host.com/"),
        ("http://..host..com/", "http://host.com/"),
        ("http://host.com/foo\tbar\rbaz\n2", "http://host.com/foobarbaz2"),
        ("http://host.com/q?r?s", "http://host.com/q?r?s"),
        ("http://host.com?q", "http://host.com/?q"),
        ("http://host.com:1234/", "http://host.com/"),
        ("http://host.com:/", "http://host.com/"),
        ("http://host.com:12a/", "http://host.com:12a/"),
        ("http:// leadingspace.com/", "http://%20leadingspace.com/"),
        ("http://host.com/ab%23cd", "http://host.com/ab%23cd"),
        ("HTTPS://a:b@c@HOST.com/A", "https://host.com/A"),
        ("1a://host.com/", "http://1a/host.com/"),
        ("a+b-c.d://host.com/", "a+b-c.d://host.com/"),
        ("a_b://host.com/", "http://a_b/host.com/"),
        ("http://host.com/a/./b/../c//d/.", "http://host.com/a/c/d/"),
        ("http://host.com/../../a", "http://host.com/a"),
        ("http://host.com/a/..b/...", "http://host.com/a/..b/..."),
        ("http://host.com/%7e%7F%80%20%21%1f%00", "http://host.com/~%7F%80%20!%1F%00"),
        ("http://host.com/%4a%4A%6f%6F%g1%1g", "http://host.com/JJoo%25g1%251g"),
        ("http://host.com/%@0%0@%`0%0`%:0%0:%/0", "http://host.com/%25@0%250@%25`0%250`%25:0%250:%25/0"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
    ] {
        assert_eq!(canonical(url).as_deref(), Some(expected), "{url}");
    }
    for url in ["", ":", "#ref", "?query#ref", "http:///blah#ref", "http://?query#ref", "http://.../"] {
        assert_eq!(canonical(url), None, "{url}");
    }
}

#[test]
fn numbers_that_are_addresses() {
    for (host, expected) in [
        ("255.0.0.1", Some([255, 0, 0, 1])),
        ("276.2.3", Some([20, 2, 0, 3])),
        ("012.034.01.055", Some([10, 28, 1, 45])),
        ("167838211", Some([10, 1, 2, 3])),
        ("1.65535", Some([1, 0, 255, 255])),
        ("1.16777216", Some([1, 0, 0, 0])),
        ("1.2.65536", Some([1, 2, 0, 0])),
        ("4294967296", Some([0, 0, 0, 0])),
        ("0x7f.1", Some([127, 0, 0, 1])),
        ("0X7F.0x0.0.01", Some([127, 0, 0, 1])),
        ("0", Some([0, 0, 0, 0])),
        ("123.123.0.0.1", None),
        ("1.2.3.00x0", None),
        ("1.2.3.08", None),
        ("1.2.3.0x", None),
        ("1.2.3.+1", None),
        ("0x+1", None),
        ("0+7", None),
        ("1.2.3.a", None),
        ("1..2", None),
        ("", None),
    ] {
        assert_eq!(ipv4(host.as_bytes()), expected.map(Ipv4Addr::from), "{host}");
    }
}

#[test]
fn four_suffixes_of_five_labels_and_four_prefixes() {
    assert_eq!(
        expressions("http://a.b.c.d.e.f.g/1.html"),
        [
            "a.b.c.d.e.f.g/1.html",
            "a.b.c.d.e.f.g/",
            "c.d.e.f.g/1.html",
            "c.d.e.f.g/",
            "d.e.f.g/1.html",
            "d.e.f.g/",
            "e.f.g/1.html",
            "e.f.g/",
            "f.g/1.html",
            "f.g/",
        ]
    );
    assert_eq!(
        expressions("http://a.b.c/1/2/3/4/5/"),
        [
            "a.b.c/1/2/3/4/5/",
            "a.b.c/1/2/3/",
            "a.b.c/1/2/",
            "a.b.c/1/",
            "a.b.c/",
            "b.c/1/2/3/4/5/",
            "b.c/1/2/3/",
            "b.c/1/2/",
            "b.c/1/",
            "b.c/",
        ]
    );
    assert_eq!(
        expressions("http://a.b.c.d.e/1"),
        ["a.b.c.d.e/1", "a.b.c.d.e/", "b.c.d.e/1", "b.c.d.e/", "c.d.e/1", "c.d.e/", "d.e/1", "d.e/"]
    );
    let mut all = Vec::new();
    for_each_expression("a.b.c.d.e.f.g/", "", &mut |text| all.push(text.to_owned()));
    assert_eq!(all, ["a.b.c.d.e.f.g/"], "an address has no suffixes");
    all.clear();
    for_each_expression("a.b.c.d/", "b.c.d", &mut |text| all.push(text.to_owned()));
    assert_eq!(all, ["a.b.c.d/", "b.c.d/"]);
    all.clear();
    for_each_expression("a.b.c.d.e.f.g.h/", "h", &mut |text| all.push(text.to_owned()));
    assert_eq!(all, ["a.b.c.d.e.f.g.h/", "d.e.f.g.h/", "e.f.g.h/", "f.g.h/", "g.h/"], "four at most");
}

#[test]
fn plain_is_what_nothing_would_change() {
    for (url, plain) in [
        ("https://a.b/", Some("a.b/")),
        ("http://a.b/c?d", Some("a.b/c?d")),
        ("http://a-1_.b9/c", Some("a-1_.b9/c")),
        ("http://a.b/~!?d?/../", Some("a.b/~!?d?/../")),
        ("ftp://a.b/", None),
        ("http://a.b", None),
        ("http://a/", None),
        ("http://a.9/", None),
        ("http://.a.b/", None),
        ("http://a..b/", None),
        ("http://A.b/", None),
        ("http://a.b:80/", None),
        ("http://a.b/c?", None),
        ("http://a.b//c", None),
        ("http://a.b/.c", None),
        ("http://a.b/c%", None),
        ("http://a.b/c#", None),
        ("http://a.b/c d", None),
        ("http://a.b/c\u{7F}", None),
    ] {
        assert_eq!(plain_expression(url), plain, "{url}");
    }
}
