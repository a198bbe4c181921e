"""From a bank's hit to the centre's call list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import bisik
from bisik import errors

from .conftest import NOW

LIST = [("domain", "a.example"), ("domain", "b.example"), ("phone", "no number"), ("domain", "b.example")]


@dataclass(frozen=True)
class Town:
    """A centre with a desk of its own keys, and two banks that it knows."""

    centre: bisik.KeySet
    desk: bisik.KeySet
    banks: tuple[bisik.KeySet, bisik.KeySet]
    feed: bisik.Feed

    def hit(self, name: str) -> str:
        hits = bisik.Matcher([self.feed]).report([name], "domain", now=NOW).hits
        return str(hits[0]["hit_id"])

    def seal(self, bank: int, *sightings: dict[str, Any]) -> bytes:
        return bisik.seal_sightings(list(sightings), feed=self.feed, sign=self.banks[bank], now=NOW)

    def open(self, file: bytes) -> bisik.SightingReport:
        return bisik.SightingReport.open(file, key=self.desk, members=[bank.card for bank in self.banks])


@pytest.fixture
def town() -> Town:
    centre, desk = bisik.keygen("Centre"), bisik.keygen("Desk")
    contact = {"desk": "+65 0000 0000", "recipient": desk.card.recipients[0]}
    published = bisik.publish(
        ["a.example", "b.example"], kind="domain", sign=centre, feed="mules", contact=contact, now=NOW
    )
    feed = bisik.Feed.open(published.bytes, trust=centre, now=NOW)
    return Town(centre, desk, (bisik.keygen("First Bank"), bisik.keygen("Second Bank")), feed)


def test_a_hit_becomes_a_call(town: Town) -> None:
    hit = town.hit("b.example")
    told = {"hit_id": hit, "action": "frozen", "time": NOW, "amount": ("1250.50", "SGD"), "reference": "CASE-1"}
    one, two = town.seal(0, told), town.seal(1, {"hit_id": bytes.fromhex(hit), "action": "reported", "time": NOW})
    assert len(one) == len(two) == 131_288 and bytes.fromhex(hit) not in one
    report = town.open(one)
    assert (report.sender_name, report.feed, report.epoch, report.version, len(report)) == ("First Bank", "mules", 1, 1, 1)
    shown = dict(report.sightings[0])
    assert len(shown.pop("id")) == 32
    assert shown == told | {"amount": (125_050, "SGD")}
    ledger = bisik.SightingLedger(town.feed)
    assert ledger.take(report, now=NOW) == [None]
    ledger = bisik.SightingLedger.parse(ledger.to_text())
    assert ledger.take(report, now=NOW) == ["replayed"]
    assert ledger.take(town.open(two), now=NOW) == [None]
    again = town.open(town.seal(0, {"hit_id": hit, "action": "none", "time": NOW + 5}))
    assert ledger.take(again, now=NOW) == ["same-day"] and len(ledger) == 2
    stale = town.open(town.seal(0, {"hit_id": hit, "action": "none", "time": NOW - 40 * 86_400}))
    assert ledger.take(stale, now=NOW) == ["stale"]
    (call,) = ledger.calls(LIST, feeds=town.feed, now=NOW)
    assert (call["entry"], call["score"], call["sightings"]) == (1, 80, 2)
    assert call["points"] == {"recency": 40, "members": 20, "amount": 20}
    assert sorted(call["members"]) == sorted(bank.card.publisher for bank in town.banks)
    assert (call["amounts"], call["actions"]) == ({"SGD": 125_050}, {"frozen": 1, "reported": 1})
    assert call["hits"] == [(1, hit)]
    (unjoined,) = ledger.calls(now=NOW)
    assert unjoined["entry"] is None and "example" not in ledger.to_text()


def test_what_a_desk_refuses(town: Town) -> None:
    told = {"hit_id": "0a" * 16, "action": "none", "time": NOW}
    file = town.seal(0, told)
    stranger = bisik.keygen("Stranger")
    with pytest.raises(errors.Untrusted):
        bisik.SightingReport.open(file, key=town.desk, members=stranger)
    with pytest.raises(errors.NoMatchingKey):
        bisik.SightingReport.open(file, key=stranger, members=town.banks[0])
    with pytest.raises(errors.CannotOpen):
        town.open(file[:-1])
    with pytest.raises(errors.NotSealed):
        town.open(b"")
    deskless = bisik.publish(["a.example"], kind="domain", sign=town.centre, feed="mules", now=NOW)
    other = bisik.Feed.open(deskless.bytes, trust=town.centre, now=NOW)
    with pytest.raises(errors.NoDesk):
        bisik.seal_sightings(told, feed=other, sign=town.banks[0], now=NOW)
    ledger = bisik.SightingLedger(other)
    with pytest.raises(errors.Equivocation):
        ledger.take(town.open(file), now=NOW)
    with pytest.raises(errors.Equivocation):
        ledger.learn(town.feed)


@pytest.mark.parametrize(
    "change",
    [
        {"hit_id": "0a" * 15},
        {"hit_id": "0A" * 16},
        {"hit_id": b"short"},
        {"action": "burnt"},
        {"amount": ("1.234", "SGD")},
        {"amount": (1.5, "SGD")},
        {"amount": ("1", "sgd")},
        {"amount": "1 SGD"},
        {"reference": 'a"b'},
        {"token": "0a" * 16},
    ],
)
def test_what_cannot_be_told(town: Town, change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, bisik.BisikError)):
        town.seal(0, {"hit_id": "0a" * 16, "action": "none", "time": NOW} | change)


def test_a_list_needs_its_feeds(town: Town) -> None:
    ledger = bisik.SightingLedger(town.feed)
    with pytest.raises(ValueError, match="feeds"):
        ledger.calls(LIST, now=NOW)
    assert ledger.calls(LIST, feeds=[town.feed], now=NOW) == []
    assert ledger.learn(town.feed) is False
