"""Trust stores, the memory of versions, policies."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import bisik
from bisik import errors

from .conftest import NOW


def store_text(centre: bisik.KeySet, **rules: Any) -> str:
    keys = [{"key": key} for key in centre.card.verifying_keys]
    publisher = {"name": "Our centre", "id": centre.card.publisher, "weight": 3, "keys": keys, **rules}
    return json.dumps({"bisik_trust": 1, "publishers": [publisher]})


def test_a_store_decides_whom_to_trust_for_what(tmp_path: Path) -> None:
    centre, other = bisik.keygen("Centre"), bisik.keygen("Other")
    published = bisik.publish(["shop.example", "shop.sg"], kind="domain", sign=centre, feed="shops", now=NOW)
    store = bisik.TrustStore.parse(store_text(centre))
    assert store.publishers[0]["name"] == "Our centre" and store.publishers[0]["weight"] == 3 and len(store) == 1
    feed = bisik.Feed.open(published.bytes, trust=store, now=NOW)
    assert feed.publisher_name == "Our centre"
    (tmp_path / "my.trust").write_text(store.to_text())
    assert bisik.TrustStore.open(tmp_path / "my.trust") == store == pickle.loads(pickle.dumps(store))
    # Beside cards, and through the matcher.
    matcher = bisik.Matcher(published.bytes, trust=[other.card, store], now=NOW)
    assert matcher.match(["shop.example"], "domain", now=NOW) == [True]
    with pytest.raises(errors.Untrusted):
        bisik.Feed.open(published.bytes, trust=[other.card], now=NOW)
    # What the store does not allow: another kind, another end of a name, another feed.
    with pytest.raises(errors.OutOfScope):
        phones = bisik.TrustStore.parse(store_text(centre, may_publish={"kinds": ["phone"]}))
        bisik.Feed.open(published.bytes, trust=phones, now=NOW)
    ends = bisik.TrustStore.parse(store_text(centre, may_publish={"suffixes": ["sg"]}))
    report = bisik.Matcher(published.bytes, trust=ends, now=NOW).report(["shop.example", "shop.sg"], "domain", now=NOW)
    assert [hit["row"] for hit in report.hits] == [1]
    assert report.rejected == [(0, "domain", "out-of-scope")]
    keys = [{"key": key, "feeds": ["others"]} for key in centre.card.verifying_keys]
    with pytest.raises(errors.NotAuthorised):
        bisik.Feed.open(published.bytes, trust=bisik.TrustStore.parse(store_text(centre, keys=keys)), now=NOW)
    with pytest.raises(bisik.BisikError):
        store.updated(b"no statement of any kind, but long enough", now=NOW)
    with pytest.raises(bisik.BisikError):
        bisik.TrustStore.parse("{}")


def test_an_older_or_another_version_is_noticed() -> None:
    centre = bisik.keygen("Centre")
    first = bisik.publish(["a.example"], kind="domain", sign=centre, feed="f", now=NOW)
    second = bisik.publish(["b.example"], kind="domain", sign=centre, feed="f", previous=first, now=NOW)
    fork = bisik.publish(["c.example"], kind="domain", sign=centre, feed="f", previous=first, now=NOW)
    one, two, three = (bisik.Feed.open(version.bytes, trust=centre, now=NOW) for version in (first, second, fork))
    history = bisik.History()
    assert history.observe(one, now=NOW) and not history.observe(one, now=NOW) and history.observe(two, now=NOW)
    assert [(seen["feed"], seen["version"], seen["digest"]) for seen in history.feeds] == [("f", 2, two.digest)]
    again = bisik.History.parse(history.to_text())
    with pytest.raises(errors.Rollback):
        again.observe(one, now=NOW)
    with pytest.raises(errors.Equivocation):
        again.observe(three, now=NOW)
    with pytest.raises(errors.ClockWentBack):
        again.observe(two, now=NOW - 301)
    assert again.to_text() == history.to_text()
    with pytest.raises(errors.BadManifest):
        bisik.History.parse("{")


def test_a_policy_says_why(tmp_path: Path) -> None:
    parties = [bisik.keygen(f"Centre {number}") for number in range(2)]
    feeds = []
    for number, centre in enumerate(parties):
        rows = [{"kind": "domain", "value": "both.example", "confidence": 90}]
        rows += [{"kind": "domain", "value": f"only{number}.example", "confidence": 90}]
        feeds.append(bisik.publish(rows, sign=centre, feed="f", records=True, now=NOW).bytes)
    matcher = bisik.Matcher(feeds, trust=parties, now=NOW)
    report = matcher.report(["both.example", "clean.example", "only1.example"], "domain", now=NOW)
    verdicts = bisik.Policy.parse("").decide(report, now=NOW)
    assert [(verdict["row"], verdict["kind"], verdict["action"]) for verdict in verdicts] == [(0, "domain", "act"), (2, "domain", "review")]
    assert verdicts[1]["reasons"] == ["counted", "too-few-publishers"]
    assert verdicts[1]["because"] == ["1 publisher of weight 1 counts", "1 of 2 publishers"]
    (tmp_path / "strict").write_text("min_publishers = 1\n\n[domain]\nmin_confidence = 95\n")
    strict = bisik.Policy.open(tmp_path / "strict").decide(report, now=NOW)
    assert {verdict["action"] for verdict in strict} == {"review"} and "low-confidence" in strict[0]["reasons"]
    with pytest.raises(errors.BadPolicy) as bad:
        bisik.Policy.parse("min_publishers = 1\nmin_publisher = 2\n")
    assert bad.value.position == 2


def test_deltas_lead_to_the_published_version(tmp_path: Path) -> None:
    centre, bank = bisik.keygen("Centre"), bisik.keygen("Bank")
    for seal_to in (None, [bank.card]):
        versions = [bisik.publish(["a.example"], kind="domain", sign=centre, feed="f", seal_to=seal_to, now=NOW)]
        assert versions[0].delta is None
        for values in (["a.example", "b.example"], ["b.example", "c.example"]):
            before = versions[-1]
            named: Any = {"seal_to": seal_to, "previous": before, "key": centre, "delta": True, "now": NOW}
            versions.append(bisik.publish(values, kind="domain", sign=centre, feed="f", **named))
        opening: Any = {"trust": centre, "key": bank, "now": NOW}
        first, last = (bisik.Feed.open(version.bytes, **opening) for version in (versions[0], versions[2]))
        deltas: list[Any] = [version.delta for version in versions[1:]]
        for base in (first, versions[0].bytes):
            assert bisik.apply(base, deltas, **opening).digest == last.digest
        feed = bisik.apply(first, deltas[0], **opening)
        assert feed.manifest["version"] == 2
        assert bisik.Matcher(feed).match(["b.example", "c.example"], "domain", now=NOW) == [True, False]
        feed.save(tmp_path / "f.bisik")
        assert (tmp_path / "f.bisik").stat().st_mode & 0o777 == 0o600
        assert bisik.apply(tmp_path / "f.bisik", [deltas[1]], **opening).digest == last.digest
        with pytest.raises(errors.SnapshotNeeded):
            bisik.apply(first, deltas[1], **opening)
        with pytest.raises(errors.BaseMismatch):
            bisik.apply(last, deltas[0], **opening)
        with pytest.raises(errors.Untrusted):
            bisik.apply(first, deltas[0], trust=bank, key=bank, now=NOW)
        with pytest.raises(errors.Expired):
            bisik.apply(first, deltas, **{**opening, "now": NOW + 8 * 86_400})
        with pytest.raises(bisik.BisikError):
            bisik.apply(first, bytes(deltas[0][:-1]), **opening)
    with pytest.raises(ValueError, match="no delta"):
        bisik.apply(first, [], **opening)
    with pytest.raises(ValueError, match="delta needs previous"):
        bisik.publish(["a.example"], kind="domain", sign=centre, feed="f", delta=True)
