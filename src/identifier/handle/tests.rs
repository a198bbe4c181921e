//! Platforms, their rules and their bounds.

use super::*;

#[test]
fn whatever_leads_to_an_account_may_lead_at_a_glance() {
    let mut leading = 0;
    let hosts = link::DOMAINS.iter().flat_map(|domain| {
        ["", "www.", "m.", "api.", "web.", "name.", "a.b.", "not"].map(|sub| format!("{sub}{domain}"))
    });
    for host in hosts.chain(["evil.example".to_owned(), "me.example".to_owned()]) {
        for path in [
            "/some.one",
            "/6591234567",
            "/send?phone=6591234567",
            "/m/some.one",
            "/t/some.one",
            "/R/ti/p/@some",
            "/@some.one",
        ] {
            for url in
                [format!("https://{host}{path}"), format!("http://{host}:8080{path}"), format!("https://{host}.{path}")]
            {
                let leads = linked(&url).is_some() || phone(&url).is_some();
                leading += usize::from(leads);
                assert!(!leads || may_lead(&url), "{url}");
            }
        }
    }
    assert!(leading > 100, "{leading}");
    for url in ["https://evil.example/send?phone=6591234567", "https://wa.me.example/6591234567"] {
        assert!(!may_lead(url), "{url}");
    }
    // What is not canonical is left to the reader of links.
    for url in ["https://WA.ME/6591234567", "https:///wa.me/6591234567", "wa.me/6591234567"] {
        assert!(may_lead(url), "{url}");
    }
}

fn parse(text: &str) -> Result<String> {
    canonical(text, &ParseOptions::default(), &mut Trace::off())
}

#[test]
fn links_and_bare_forms_are_one() {
    for (canonical, forms) in [
        (
            "telegram:@durov",
            &[
                "telegram:@Durov",
                "tg:durov",
                "https://t.me/durov",
                "t.me/s/durov/12?x=1",
                "durov.t.me",
                "tg://resolve?domain=durov&post=1",
                "hxxps://t[.]me/durov",
                "https://telegram.me/Durov/",
            ][..],
        ),
        ("telegram:-1001234567890", &["https://t.me/c/1234567890/5", "telegram:-1001234567890"][..]),
        ("line:@abc1234d", &["line:@ABC1234d", "https://line.me/R/ti/p/%40abc1234d", "line.me/ti/p/@abc1234d"][..]),
        ("line:~some.one", &["line:some.one", "http://line.me/ti/p/~some.one", "line:~Some.One"][..]),
        ("wechat:@some_one", &["wechat:Some_One", "weixin:@some_one", "weixin://dl/chat?some_one"][..]),
        (
            "facebook:100012345678901",
            &[
                "https://www.facebook.com/profile.php?id=100012345678901&sk=about",
                "fb:100012345678901",
                "https://m.facebook.com/people/A-B/100012345678901/",
                "facebook.com/p/A-B-100012345678901",
            ][..],
        ),
        ("facebook:@johnsmith", &["fb.com/John.Smith", "facebook:@johnsmith", "m.me/john.smith?ref=x"][..]),
        (
            "instagram:@a.b_c",
            &["https://www.instagram.com/A.b_c/?hl=en", "ig:a.b_c", "instagram.com/stories/a.b_c/1"][..],
        ),
        ("instagram:@12345", &["https://instagram.com/12345", "instagram:@12345"][..]),
        ("tiktok:@a.b", &["https://www.tiktok.com/@a.b/video/7?x=1", "tiktok:@A.B"][..]),
    ] {
        for form in forms {
            assert_eq!(parse(form).unwrap(), canonical, "{form}");
        }
        assert_eq!(parse(canonical).unwrap(), canonical);
    }
}

#[test]
fn accounts_that_are_telephone_numbers_lead_to_the_kind_phone() {
    for text in [
        "https://wa.me/6591234567?text=hi",
        "whatsapp:+65 9123 4567",
        "https://api.whatsapp.com/send?phone=%2B6591234567&text=x",
        "whatsapp://send/?phone=6591234567",
        "https://t.me/+6591234567",
        "viber://chat?number=%2B6591234567",
    ] {
        assert_eq!(parse(text).unwrap_err().kind(), ErrorKind::InvalidSyntax, "{text}");
        assert_eq!(phone(text).as_deref(), Some("+6591234567"), "{text}");
    }
    assert_eq!(phone("https://t.me/durov"), None);
}

#[test]
fn invite_links_keep_their_case() {
    assert_eq!(parse("https://t.me/+AbCdEf0123456789").unwrap(), "telegram:+AbCdEf0123456789");
    assert_eq!(parse("t.me/joinchat/AbCdEf0123456789").unwrap(), "telegram:+AbCdEf0123456789");
}

#[test]
fn what_is_no_account_is_refused() {
    for text in [
        "@durov",
        "durov",
        "https://t.me/",
        "https://t.me/share/url?url=x",
        "https://www.facebook.com/groups/123",
        "https://www.instagram.com/p/Cabc/",
        "https://vm.tiktok.com/ZM123/",
        "https://chat.whatsapp.com/AbCdEf",
        "https://example.com/durov",
        "telegram:1durov",
        "instagram:a..b",
        "telegram:@dürov",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert_eq!(parse("myspace:tom").unwrap_err().kind(), ErrorKind::UnsupportedScheme);
}

fn kind(text: &str) -> Option<ErrorKind> {
    parse(text).err().map(|error| error.kind())
}

/// The bounds of `docs/canonical/handle.md`.
#[test]
fn lengths_of_names_and_ids() {
    let name = format!("a{}", "b1".repeat(50));
    for (platform, least, most) in [
        ("telegram:@", 4, 32),
        ("line:@", 3, 20),
        ("line:~", 3, 20),
        ("wechat:@", 6, 20),
        ("facebook:@", 5, 50),
        ("instagram:@", 1, 30),
        ("tiktok:@", 2, 24),
    ] {
        for (length, taken) in [(least - 1, false), (least, true), (most, true), (most + 1, false)] {
            let text = format!("{platform}{}", &name[..length]);
            assert_eq!(kind(&text), if taken { None } else { Some(ErrorKind::WrongLength) }, "{text}");
            assert_eq!(is_canonical(&text), taken, "{text}");
        }
    }
    let digits = "12345678901234567890";
    for platform in ["telegram:", "facebook:", "instagram:", "tiktok:", "telegram:-"] {
        for (id, taken) in [("1", true), (digits, true), ("123456789012345678901", false), ("0", false)] {
            let text = format!("{platform}{id}");
            assert_eq!(kind(&text), if taken { None } else { Some(ErrorKind::WrongLength) }, "{text}");
            assert_eq!(is_canonical(&text), taken, "{text}");
        }
        assert_eq!(parse(&format!("{platform}0012")).unwrap(), format!("{platform}12"));
        assert!(!is_canonical(&format!("{platform}012")));
    }
    let hash = "AbCdEf-_01".repeat(7);
    for (length, taken) in [(9, false), (10, true), (64, true), (65, false)] {
        let text = format!("telegram:+{}", &hash[..length]);
        assert_eq!(kind(&text), if taken { None } else { Some(ErrorKind::InvalidSyntax) }, "{text}");
    }
    for text in ["telegram:+1234567890", "telegram:+AbCdEf.012", "telegram:-", "telegram:-1a"] {
        assert_eq!(kind(text), Some(ErrorKind::InvalidSyntax), "{text}");
    }
}

#[test]
fn signs_in_names() {
    for (prefix, signs) in [
        ("telegram:@", "_"),
        ("line:@", "._-"),
        ("line:~", "._-"),
        ("wechat:@", "_-"),
        ("instagram:@", "._"),
        ("tiktok:@", "._"),
    ] {
        for sign in " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".chars() {
            let text = format!("{prefix}abc{sign}def");
            let expected = if signs.contains(sign) { None } else { Some(ErrorKind::InvalidCharacter) };
            assert_eq!(kind(&text), expected, "{text}");
        }
    }
    for (text, expected) in [
        ("facebook:@a.b.c.d.e", Ok("facebook:@abcde")),
        ("facebook:@12345", Ok("facebook:12345")),
        ("facebook:1.2.3.4.5", Err(ErrorKind::InvalidSyntax)),
        ("facebook:@.....", Err(ErrorKind::InvalidSyntax)),
        ("facebook:@abc-de", Err(ErrorKind::InvalidCharacter)),
        ("telegram:@12345", Err(ErrorKind::InvalidSyntax)),
        ("tiktok:@12345", Ok("tiktok:@12345")),
        ("instagram:@.ab", Ok("instagram:@.ab")),
        ("instagram:@ab.", Err(ErrorKind::InvalidSyntax)),
        ("tiktok:@a..b", Err(ErrorKind::InvalidSyntax)),
        ("telegram:@_abcd", Err(ErrorKind::InvalidSyntax)),
        ("telegram:@", Err(ErrorKind::InvalidSyntax)),
        ("line:@", Err(ErrorKind::WrongLength)),
        ("facebook:@", Err(ErrorKind::InvalidSyntax)),
        ("line:", Err(ErrorKind::Empty)),
    ] {
        assert_eq!(parse(text).as_deref().map_err(|error| error.kind()), expected, "{text}");
    }
    for text in ["telegram:@Durov", "tg:@durov", "line:@ab c", "facebook:@a.b.c.d.e", "telegram", "line:abc"] {
        assert!(!is_canonical(text), "{text}");
    }
}

#[test]
fn every_link_of_the_table() {
    let id = "100012345678901";
    for (canonical, links) in [
        (
            "telegram:@some_one",
            &[
                "https://telegram.dog/some_one",
                "http://www.t.me/some_one",
                "www.telegram.me/some_one?x",
                "HTTPS://T.ME/some_one#x",
                "//t.me/some_one",
                "https://t.me./some_one",
                "https://t.me:443/some_one",
                "https://x@t.me/some_one",
                "https://some_one.t.me/",
                "telegram:some_one",
                "https://t.me/%40some_one",
            ][..],
        ),
        ("telegram:12345", &["https://t.me/12345", "tg://user?id=12345", "tg://user?x=1&id=12345&y=2"]),
        ("line:@some.one", &["https://www.line.me/r/ti/p/@some.one", "line.me/ti/p/%40some.one?x=1"]),
        ("line:~some.one", &["https://line.me/R/ti/p/%7Esome.one", "https://line.me/ti/p/%7esome%2Eone"]),
        ("wechat:@some_one", &["wechat://dl/chat?some_one", "weixin:some_one"]),
        (
            "facebook:100012345678901",
            &[
                "https://x.fb.com/profile.php?id=100012345678901",
                "https://facebook.com/pages/A/100012345678901",
                "https://facebook.com/people/A/100012345678901",
            ],
        ),
        (
            "facebook:@johnsmith",
            &["https://www.m.me/johnsmith", "https://www.messenger.com/t/johnsmith", "messenger:johnsmith"],
        ),
        (
            "instagram:@some.one",
            &["https://m.instagram.com/some.one", "https://instagram.com/@some.one", "https://ig.me/m/some.one"],
        ),
        ("instagram:@12345", &["https://ig.me/m/12345", "https://www.instagram.com/stories/12345/1"]),
        ("tiktok:@some.one", &["https://tiktok.com/@some.one", "m.tiktok.com/%40some.one"]),
    ] {
        for link in links {
            assert_eq!(parse(link).unwrap(), canonical, "{link}");
            let account = if link.contains("//") || link.contains('/') { Some(canonical.to_owned()) } else { None };
            assert_eq!(linked(link), account, "{link}");
        }
    }
    for link in [
        "https://t.me/addlist/some_one",
        "https://t.me/SHARE/url",
        "https://nott.me/some_one",
        "https://t.me.example/some_one",
        "https://a.b.t.me/",
        "https://line.me/ti/g/@some_one",
        "https://line.me/x/ti/p/@some_one",
        "https://line.me/ti/p/some_one",
        "weixin://dl/moments?some_one",
        "weixin://al/chat?some_one",
        "https://notfacebook.com/johnsmith",
        "https://facebook.com/",
        "https://facebook.com/profile.php",
        "https://facebook.com/profile.php?id=",
        "https://facebook.com/people/A/1234",
        "https://facebook.com/p/johnsmith",
        "https://facebook.com/p/a-1234",
        "https://messenger.com/johnsmith",
        "https://messenger.com/x/johnsmith",
        "https://ig.me/some.one",
        "https://ig.me/x/some.one",
        "https://www.instagram.com/reel/x",
        "https://x.instagram.com/some.one",
        "https://www.tiktok.com/some.one",
        "https://x.tiktok.com/@some.one",
        "tg://resolve?x=some_one",
        "tg://settings?domain=some_one",
        "ftp://t.me/some_one",
        "https://evil.example@nott.me/some_one",
        "https://t.me@evil.example/some_one",
        "https://t.me/s",
        "https://t.me/joinchat",
    ] {
        assert_eq!(kind(link), Some(ErrorKind::InvalidSyntax), "{link}");
        assert_eq!(linked(link), None, "{link}");
    }
    assert_eq!(parse(&format!("fb:{id}")).unwrap(), format!("facebook:{id}"));
}

#[test]
fn lengths_and_forms_of_telephone_numbers() {
    for (number, taken) in [
        ("123456", false),
        ("1234567", true),
        ("123456789012345", true),
        ("1234567890123456", false),
        ("0123456789", false),
        ("12345678a", false),
        ("+1 (234) 567-89.01", true),
    ] {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let expected = taken.then(|| format!("+{digits}"));
        for form in ["whatsapp:", "wa: ", "Viber:"] {
            let text = format!("{form}{number}");
            assert_eq!(phone(&text), expected, "{text}");
            assert_eq!(kind(&text), Some(ErrorKind::InvalidSyntax), "{text}");
        }
    }
    for link in [
        "https://www.wa.me/6591234567",
        "wa.me/+6591234567",
        "https://wa.me/%2B6591234567",
        "https://web.whatsapp.com/send?phone=6591234567",
        "https://www.whatsapp.com/send?phone=6591234567",
        "https://whatsapp.com/send/?phone=6591234567",
        "tg://resolve?phone=6591234567",
        "https://t.me/%2B6591234567",
        "whatsapp://send?text=x&phone=%2b65%2091234567",
    ] {
        assert_eq!(phone(link).as_deref(), Some("+6591234567"), "{link}");
    }
    for link in [
        "https://x.wa.me/6591234567",
        "https://api.whatsapp.com/call?phone=6591234567",
        "https://x.whatsapp.com/send?phone=6591234567",
        "https://api.whatsapp.com/send?xphone=6591234567",
        "https://api.whatsapp.com/send",
        "viber://chat?phone=6591234567",
        "https://t.me/+123456",
    ] {
        assert_eq!(phone(link), None, "{link}");
    }
    let long = format!("https://wa.me/6591234567?{}", "x".repeat(MAX_TEXT));
    assert_eq!(phone(&long).as_deref(), Some("+6591234567"));
    assert_eq!(kind(&long), Some(ErrorKind::TooLong));
    let fits = format!("https://t.me/some_one?{}", "x".repeat(MAX_TEXT));
    assert_eq!(kind(&fits[..MAX_TEXT]), None);
    assert_eq!(kind(&fits[..=MAX_TEXT]), Some(ErrorKind::TooLong));
}
