//! The chains, by the format of their addresses.

macro_rules! chains {
    ($($name:ident $text:literal $($scheme:literal)*;)*) => {
        /// A format of addresses, named after its main chain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Chain {
            $($name,)*
        }

        impl Chain {
            /// The prefix of the canonical text.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The chain that a lower-case prefix or URI scheme names.
            pub(super) fn from_scheme(scheme: &str) -> Option<Self> {
                match scheme { $($text $(| $scheme)* => Some(Self::$name),)* _ => None }
            }
        }
    };
}

chains! {
    Bitcoin "btc" "bitcoin" "xbt" "bitcoincash" "bch" "bsv";
    BitcoinGold "btg" "bitcoingold";
    Dash "dash";
    Dogecoin "doge" "dogecoin";
    Evm "evm" "eth" "ethereum" "eip155";
    Litecoin "ltc" "litecoin";
    Monero "xmr" "monero";
    Ripple "xrp" "ripple" "xrpl";
    Solana "sol" "solana";
    Ton "ton";
    Tron "tron" "trx";
    Zcash "zec" "zcash";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of `docs/canonical/wallet.md`.
    #[test]
    fn each_name_leads_to_its_chain() {
        for names in [
            &["btc", "bitcoin", "xbt", "bch", "bitcoincash", "bsv"][..],
            &["ltc", "litecoin"],
            &["doge", "dogecoin"],
            &["dash"],
            &["btg", "bitcoingold"],
            &["zec", "zcash"],
            &["evm", "eth", "ethereum", "eip155"],
            &["tron", "trx"],
            &["sol", "solana"],
            &["xrp", "ripple", "xrpl"],
            &["xmr", "monero"],
            &["ton"],
        ] {
            for name in names {
                assert_eq!(Chain::from_scheme(name).map(Chain::name), Some(names[0]), "{name}");
            }
        }
        assert_eq!(Chain::from_scheme("ada"), None);
    }
}
