"""What the tests share: two parties, one feed, its matcher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import bisik

NOW = 1_800_000_000
VECTORS = Path(__file__).parents[3] / "tests" / "vectors"
LISTED = ["login-bank.example", "parcel.example", "+6581234567", "192.0.2.0/24"]


@dataclass(frozen=True)
class Round:
    """A centre that publishes, a bank that reads."""

    centre: bisik.KeySet
    bank: bisik.KeySet
    published: bisik.Publication
    feed: bisik.Feed
    matcher: bisik.Matcher


@pytest.fixture(scope="session")
def round_() -> Round:
    centre, bank = bisik.keygen("Example Anti-Scam Centre"), bisik.keygen("Example Bank")
    rows = [
        {"kind": "domain", "value": "Login-Bank.example", "category": "phishing", "confidence": 90},
        {"kind": "domain", "value": "parcel.example", "category": "parcel", "first_seen": "2026-01-02T03:04:05Z"},
        {"kind": "phone", "value": "+65 8123 4567", "note": "calls at night"},
        {"kind": "url", "value": "https://shop.example/pay?id=1"},
        {"kind": "email", "value": "boss@mail.example", "reference": "CASE-7"},
    ]
    published = bisik.publish(rows, sign=centre, feed="scams", records=True, seal_to=[bank.card], now=NOW)
    feed = bisik.Feed.open(published.bytes, trust=[centre.card], key=bank, now=NOW)
    return Round(centre, bank, published, feed, bisik.Matcher([feed]))
