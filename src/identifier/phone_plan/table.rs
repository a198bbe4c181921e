//! The ranges, by state. `tests/differential/phone_plan.py` compares them with the patterns of the metadata.

/// A state whose mobile ranges are in the table.
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub(super) region: &'static str,
    pub(super) code: &'static str,
    /// What is dialled before a national number; the library's pattern for it has no other branch.
    pub(super) trunk: Option<char>,
    pub(super) plans: &'static [Plan],
}

/// Numbers of one length: the first four digits after the country code lie in one of the ranges.
pub(super) struct Plan {
    /// Digits after the country code.
    pub(super) length: usize,
    /// Rising and disjoint, both ends included.
    pub(super) ranges: &'static [(u16, u16)],
}

const ZERO: Option<char> = Some('0');

const fn country(region: &'static str, code: &'static str, trunk: Option<char>, plans: &'static [Plan]) -> Country {
    Country { region, code, trunk, plans }
}

const fn plan(length: usize, ranges: &'static [(u16, u16)]) -> Plan {
    Plan { length, ranges }
}

pub(super) static COUNTRIES: [Country; 11] = [
    // Brunei
    country("BN", "673", None, &[plan(7, &[(2280, 2299), (7000, 8999)])]),
    // Cambodia
    country(
        "KH",
        "855",
        ZERO,
        &[
            plan(
                8,
                &[(1000, 1999), (6000, 6199), (6600, 7099), (7700, 8199), (8300, 8799), (8900, 9599), (9700, 9999)],
            ),
            plan(
                9,
                &[
                    (1200, 1299),
                    (1800, 1899),
                    (2348, 2348),
                    (2448, 2448),
                    (2548, 2548),
                    (2648, 2648),
                    (3100, 3199),
                    (3248, 3248),
                    (3348, 3348),
                    (3448, 3448),
                    (3548, 3548),
                    (3648, 3648),
                    (3800, 3899),
                    (4248, 4248),
                    (4348, 4348),
                    (4448, 4448),
                    (5248, 5248),
                    (5348, 5348),
                    (5448, 5448),
                    (5548, 5548),
                    (6248, 6248),
                    (6348, 6348),
                    (6448, 6448),
                    (6548, 6548),
                    (7100, 7199),
                    (7248, 7248),
                    (7348, 7348),
                    (7448, 7448),
                    (7548, 7548),
                    (7600, 7699),
                    (8800, 8899),
                    (9600, 9799),
                ],
            ),
        ],
    ),
    // Indonesia
    country(
        "ID",
        "62",
        ZERO,
        &[
            plan(9, &[(8100, 8399), (8500, 8999)]),
            plan(10, &[(8100, 8399), (8500, 8999)]),
            plan(11, &[(8100, 8399), (8500, 8999)]),
            plan(12, &[(8100, 8399), (8500, 8999)]),
        ],
    ),
    // Laos
    country(
        "LA",
        "856",
        ZERO,
        &[
            plan(9, &[(3000, 3099)]),
            plan(
                10,
                &[(2020, 2039), (2050, 2059), (2070, 2079), (2087, 2088), (2090, 2099), (3020, 3029), (3040, 3049)],
            ),
        ],
    ),
    // Malaysia
    country(
        "MY",
        "60",
        ZERO,
        &[
            plan(
                9,
                &[
                    (1020, 1046),
                    (1050, 1071),
                    (1076, 1098),
                    (1200, 1299),
                    (1310, 1399),
                    (1420, 1439),
                    (1450, 1499),
                    (1531, 1531),
                    (1600, 1699),
                    (1710, 1799),
                    (1812, 1813),
                    (1820, 1840),
                    (1846, 1846),
                    (1857, 1871),
                    (1876, 1881),
                    (1890, 1898),
                    (1900, 1999),
                ],
            ),
            plan(10, &[(1110, 1159), (1161, 1174), (1590, 1599), (1900, 1999)]),
        ],
    ),
    // Myanmar
    country(
        "MM",
        "95",
        ZERO,
        &[
            plan(7, &[(1700, 1719)]),
            plan(8, &[(9200, 9249), (9500, 9569), (9600, 9699), (9800, 9909), (9980, 9999)]),
            plan(
                9,
                &[
                    (9300, 9339),
                    (9360, 9369),
                    (9410, 9419),
                    (9430, 9439),
                    (9470, 9479),
                    (9488, 9488),
                    (9490, 9499),
                    (9610, 9619),
                    (9730, 9739),
                    (9910, 9919),
                ],
            ),
            plan(
                10,
                &[
                    (9250, 9269),
                    (9340, 9349),
                    (9400, 9409),
                    (9420, 9429),
                    (9440, 9459),
                    (9600, 9699),
                    (9740, 9740),
                    (9750, 9799),
                    (9880, 9899),
                    (9940, 9989),
                ],
            ),
        ],
    ),
    // Philippines
    country(
        "PH",
        "63",
        ZERO,
        &[plan(
            10,
            &[
                (8130, 8139),
                (8170, 8179),
                (8950, 8989),
                (9050, 9129),
                (9140, 9399),
                (9420, 9799),
                (9810, 9819),
                (9830, 9839),
                (9850, 9899),
                (9910, 9999),
            ],
        )],
    ),
    // Singapore
    country("SG", "65", None, &[plan(8, &[(8010, 9899)])]),
    // Thailand
    country(
        "TH",
        "66",
        ZERO,
        &[plan(9, &[(1400, 1499), (6100, 6699), (6710, 6718), (6724, 6727), (6731, 6736), (8000, 9999)])],
    ),
    // Timor-Leste
    country("TL", "670", None, &[plan(8, &[(7200, 7899)])]),
    // Viet Nam
    country(
        "VN",
        "84",
        ZERO,
        &[plan(
            9,
            &[
                (1210, 1213),
                (1400, 1409),
                (1600, 1609),
                (3000, 3999),
                (5100, 5199),
                (5220, 5239),
                (5280, 5289),
                (5590, 5699),
                (5800, 5999),
                (7000, 7099),
                (7600, 7999),
                (8100, 8899),
                (8960, 9919),
                (9930, 9999),
            ],
        )],
    ),
];
