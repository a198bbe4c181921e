//! What it costs to reverse a feed, and who can learn what (`docs/format.md` §12 and §13).
//!
//! Whoever can evaluate a feed's tokens can try every plausible value. These tables say how many there are.

use crate::identifier::Kind;

/// Tokens a second on one core: BLAKE3 of one block with AVX-512, 10 ns (docs/performance.md).
pub const CORE_RATE: f64 = 1e8;
/// Hashes a second on one graphics card, below the published SHA-256 rate of one RTX 4090.
pub const DEVICE_RATE: f64 = 1e10;

/// How many values of a kind are plausible, and where the figure comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Universe {
    /// Which values are meant, for instance one country's mobile numbers.
    pub scope: &'static str,
    /// How many there are: the smaller of what the numbering plan admits and what public lists hold.
    pub candidates: f64,
    /// Where the figure comes from.
    pub source: &'static str,
}

const PLAN: &str = "numbering plan: mobile patterns of libphonenumber 9.0.42, counted exactly";

/// The universes of a kind, the smallest first.
#[must_use]
pub const fn universes(kind: Kind) -> &'static [Universe] {
    const fn row(scope: &'static str, candidates: f64, source: &'static str) -> Universe {
        Universe { scope, candidates, source }
    }
    match kind {
        Kind::Phone => {
            const ROWS: [Universe; 13] = [
                row("mobiles of Brunei", 2.02e6, PLAN),
                row("mobiles of Timor-Leste", 7.0e6, PLAN),
                row("mobiles of Singapore", 1.89e7, PLAN),
                row("mobiles of Laos", 6.2e7, PLAN),
                row("mobiles of Cambodia", 1.294e8, PLAN),
                row("mobiles of Malaysia", 2.4429e8, PLAN),
                row("mobiles of Thailand", 2.719e8, PLAN),
                row("mobiles of Myanmar", 3.0662e8, PLAN),
                row("mobiles of Viet Nam", 3.794e8, PLAN),
                row("mobiles of the Philippines", 9.40e8, PLAN),
                row("mobiles of Indonesia", 8.888e10, PLAN),
                row("mobiles of the 11 ASEAN states", 9.12e10, PLAN),
                row("mobiles of the world", 1.18e11, "Hagen et al., NDSS 2021"),
            ];
            &ROWS
        }
        Kind::Email | Kind::Mailbox => {
            &const { [row("addresses in known breaches", 1.2e10, "Have I Been Pwned, 12 thousand million accounts")] }
        }
        Kind::Domain => {
            &const { [row("registered domains", 3.70e8, "Verisign Domain Name Industry Brief, Q2 2020; zone files exist")] }
        }
        Kind::Url => {
            &const {
                [row(
                    "hosts of registered domains; paths add to it",
                    3.70e8,
                    "Verisign Domain Name Industry Brief, Q2 2020; paths can be crawled",
                )]
            }
        }
        Kind::Ip => &const { [row("IPv4 addresses", 4_294_967_296.0, "2^32")] },
        Kind::Account => {
            const ROWS: [Universe; 2] = [
                row("9-digit accounts of one known bank", 1e9, "published account lengths of Singapore banks"),
                row(
                    "10-digit accounts of one known bank",
                    1e10,
                    "published account lengths of Singapore and Malaysian banks",
                ),
            ];
            &ROWS
        }
        Kind::Iban => {
            &const {
                [row(
                    "accounts of one known bank with 10 free digits",
                    1e10,
                    "SWIFT IBAN registry structures; check digits add nothing",
                )]
            }
        }
        Kind::Proxy => {
            const ROWS: [Universe; 2] = [
                row("mobile proxies of Singapore", 1.89e7, PLAN),
                row("mobile proxies of the 11 ASEAN states", 9.12e10, PLAN),
            ];
            &ROWS
        }
        Kind::Wallet => {
            &const { [row("used addresses of one chain", 1e9, "public on the chain itself, of the order of 10^8 to 10^9")] }
        }
        Kind::SenderId => {
            &const { [row("short codes and registered sender names", 1e6, "3 to 6 digits, and public sender registries")] }
        }
        Kind::Imei => {
            &const { [row("device numbers of allocated types", 3e11, "about 3 x 10^5 type codes x 10^6 serial numbers")] }
        }
        Kind::Imsi => {
            &const { [row("subscribers of one operator", 1e10, "ITU-T E.212: 10 digits after country and network")] }
        }
        Kind::Iccid => &const { [row("cards of one issuer", 1e11, "ITU-T E.118: 11 digits after the issuer")] },
        Kind::Handle => {
            &const { [row("accounts of one platform", 4e9, "published user counts; names can be crawled")] }
        }
        Kind::Registration => &const { [row("registered companies of one state", 1e7, "public registers")] },
        Kind::Hash => &const { [row("known files", 1e10, "public malware and file hash collections")] },
    }
}

/// What it costs to reverse one kind of a feed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KindExposure {
    /// The kind.
    pub kind: Kind,
    /// How many entries of the kind the feed has.
    pub count: u64,
    /// Which values would be tried.
    pub scope: &'static str,
    /// How many values that are.
    pub candidates: f64,
    /// Where the figure comes from.
    pub source: &'static str,
    /// Seconds to try them all on one core, at [`CORE_RATE`].
    pub core_seconds: f64,
    /// Seconds to try them all on one graphics card, at [`DEVICE_RATE`].
    pub device_seconds: f64,
    /// Whether an open salted feed of this kind must be accepted by name.
    pub enumerable: bool,
}

/// The cost of each universe of a kind, the smallest first.
pub fn exposure(kind: Kind, count: u64) -> impl Iterator<Item = KindExposure> {
    universes(kind).iter().map(move |universe| KindExposure {
        kind,
        count,
        scope: universe.scope,
        candidates: universe.candidates,
        source: universe.source,
        core_seconds: universe.candidates / CORE_RATE,
        device_seconds: universe.candidates / DEVICE_RATE,
        enumerable: kind.is_enumerable(),
    })
}

/// One party, and what it can learn from a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learner {
    /// The party.
    pub who: &'static str,
    /// What it can learn.
    pub what: &'static str,
}

/// Who can learn what from a feed, `blind` or salted, `sealed` or open, whose set is a `filter` or exact.
#[must_use]
pub const fn learners(blind: bool, sealed: bool, filter: bool) -> [Learner; 3] {
    const SEALED: &str = "padded length, number and type of recipients, times";
    if blind {
        let outsider = if sealed {
            SEALED
        } else {
            "counts per kind, when each unnamed token came and went; everything if the OPRF key ever leaks or falls"
        };
        return [
            Learner { who: "outsider with the file", what: outsider },
            Learner {
                who: "member",
                what: "per query one identifier, remembered for the epoch, up to the budget; members can pool theirs",
            },
            Learner {
                who: "publisher's server",
                what: "client, time, count, never the query; the key holder can list the feed",
            },
        ];
    }
    let everything = match filter {
        false => "everything, at the cost to reverse",
        true => "everything, at the cost to reverse, with false positives mixed in; and can choose false positives",
    };
    let outsider = if sealed { SEALED } else { everything };
    [
        Learner { who: "outsider with the file", what: outsider },
        Learner { who: "member", what: everything },
        Learner { who: "publisher's server", what: "nothing: matching never asks the publisher" },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_universe_with_a_source() {
        for &kind in Kind::ALL {
            let rows: Vec<_> = exposure(kind, 1).collect();
            assert!(!rows.is_empty(), "{kind}");
            assert!(rows.windows(2).all(|pair| pair[0].candidates <= pair[1].candidates), "{kind}");
            assert!(rows.iter().all(|row| !row.source.is_empty() && row.core_seconds > row.device_seconds), "{kind}");
        }
    }

    #[test]
    fn singapore_falls_in_a_fraction_of_a_second() {
        let singapore = exposure(Kind::Phone, 1).find(|row| row.scope.contains("Singapore")).unwrap();
        assert!((0.18..0.20).contains(&singapore.core_seconds));
    }
}
