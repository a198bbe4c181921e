//! T24: a scammer writes what is listed so that it does not look listed, or finds an honest value that does.

use std::collections::HashSet;

use bisik::{Identifier, Kind, ParseOptions};

use super::common::{Plan, centre, matcher, now, open, plain, trusting};

/// What is listed, and other ways to write it.
const EVASIONS: &[(Kind, &str, &[&str])] = &[
    (
        Kind::Domain,
        "evil.example",
        &[
            "EVIL.EXAMPLE",
            "evil.example.",
            "evil[.]example",
            "evil(dot)example",
            "ｅｖｉｌ.example",
            "evil。example",
            "ev\u{200b}il.example",
            "www.evil.example",
            " evil.example\t",
        ],
    ),
    (
        Kind::Url,
        "http://evil.example/login",
        &[
            "HTTP://EVIL.EXAMPLE/login",
            "https://evil.example:443/login",
            "http://evil.example/%6c%6Fgin",
            "http://evil.example/a/../login",
            "http://user@evil.example/login",
            "hxxp://evil[.]example/login",
            "http://evil.example/login#top",
            "http://evil.example//login",
            "http://evil.example/%25%36%63ogin",
            "http://evil.example/log\tin",
        ],
    ),
    (
        Kind::Phone,
        "+6591234567",
        &[
            "+65 9123 4567",
            "9123-4567",
            "0065 9123 4567",
            "tel:+65-9123-4567",
            "(+65) 9123 4567",
            "+６５ ９１２３ ４５６７",
        ],
    ),
    (Kind::Ip, "45.33.7.8", &["45[.]33[.]7[.]8", " 45.33.7.8", "::ffff:45.33.7.8"]),
    (Kind::Email, "pay@evil.example", &["PAY@EVIL.EXAMPLE", "mailto:pay@evil.example", "pay[at]evil[.]example"]),
    (Kind::Account, "SG:DBSSSGSG:0012345678", &["SG:DBSSSGSG:001-234567-8", "sg:dbsssgsg:0012345678"]),
];

/// What looks like something listed and is not it.
const HONEST: &[(Kind, &str)] = &[
    (Kind::Domain, "notevil.example"),
    (Kind::Domain, "evil.example.org"),
    (Kind::Domain, "evi1.example"),
    (Kind::Domain, "еvil.example"),
    (Kind::Url, "http://good.example/?u=http://evil.example/login"),
    (Kind::Url, "http://evil.example@good.example/login"),
    (Kind::Url, "http://good.example/evil.example/login"),
    (Kind::Phone, "+6581234567"),
    (Kind::Phone, "+61 9123 4567 0"),
    (Kind::Ip, "45.33.78.0"),
    (Kind::Account, "SG:DBSSSGSG:012345678"),
    (Kind::Account, "SG:OCBCSGSG:0012345678"),
];

#[test]
fn disguises_are_seen_through_and_resemblance_accuses_nobody() {
    let keys = centre();
    let mut options = ParseOptions::default();
    options.region = Some("SG".to_owned());
    let listed: Vec<_> = EVASIONS.iter().flat_map(|&(kind, value, _)| plain(kind, &[value])).collect();
    let file = Plan::new(&keys, "feed").open(&listed);
    let matcher = matcher(vec![open(&file, &trusting(&[keys.card()])).unwrap()]);
    let hit = |kind, raw: &str| match Identifier::parse(kind, raw, &options) {
        Ok(identifier) => Ok(!matcher.check(&identifier, now()).unwrap().hits.is_empty()),
        Err(error) => Err(error.kind()),
    };

    // The control: what people do without a canonical form.
    let naive: HashSet<String> = listed.iter().map(|(_, value, _)| value.to_lowercase()).collect();
    let (mut evaded, mut missed, mut all) = (Vec::new(), 0, 0);
    for &(kind, listed, disguises) in EVASIONS {
        for disguise in disguises {
            all += 1;
            missed += usize::from(!naive.contains(&disguise.trim().to_lowercase()));
            if hit(kind, disguise) != Ok(true) {
                evaded.push((listed, *disguise, hit(kind, disguise)));
            }
        }
    }
    assert_eq!(evaded, []);
    assert!(missed * 3 > all * 2, "trimming and lower case miss {missed} of {all}");

    let accused: Vec<_> = HONEST.iter().filter(|(kind, value)| hit(*kind, value) == Ok(true)).collect();
    assert_eq!(accused, [] as [&(Kind, &str); 0]);
}
