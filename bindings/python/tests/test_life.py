"""Trust stores, the memory of versions, policies, deltas, withdrawal."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bisik
from bisik import errors

from .conftest import NOW, VECTORS


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
    # The same of cards, for all feeds or for some.
    made = bisik.TrustStore.of([centre, other.card])
    assert [publisher["publisher"] for publisher in made.publishers] == [centre.card.publisher, other.card.publisher]
    assert bisik.TrustStore.of([other, store]).publishers[1] == store.publishers[0]
    with pytest.raises(errors.NotAuthorised):
        bisik.Feed.open(published.bytes, trust=bisik.TrustStore.of({centre.card: ["others"]}), now=NOW)
    with pytest.raises(errors.AlreadyExists):
        bisik.TrustStore.of([centre, store])


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


def test_withdrawal_is_told_to_those_who_acted(tmp_path: Path) -> None:
    centre, bank, other = bisik.keygen("Centre"), bisik.keygen("Bank"), bisik.keygen("Other")
    later = NOW + 3_600
    rows = [{"kind": "domain", "value": f"{name}.example", "category": "parcel"} for name in ("shop", "win", "third")]
    rows += [{"kind": "email", "value": "Some.Body+tag@gmail.com"}, {"kind": "phone", "value": "+65 8123 4567"}]
    named: Any = {"sign": centre, "seal_to": [bank.card]}
    first = bisik.publish(rows, feed="f", records=True, purpose="calls", now=NOW, **named)
    assert first.retractions is None and first.withdrawn == 0
    opening: Any = {"trust": centre, "key": bank}
    feed = bisik.Feed.open(first.bytes, now=NOW, **opening)
    report = bisik.Matcher(feed).report(["www.shop.example", "clean.example", "win.example"], "domain", now=NOW)
    kept = bisik.Remembered.of(report, now=NOW)
    assert [(hit.feed, hit.version, hit.epoch, hit.time) for hit in kept] == [("f", 1, 1, NOW)] * 2
    assert [hit.hit_id for hit in kept] == [hit["hit_id"] for hit in report.hits] and kept[0].publisher == centre.card.publisher
    assert bisik.Remembered.of(report, rows=[2, 1], now=NOW) == kept[1:] and bisik.Remembered.of(report, rows=[], now=NOW) == []
    lines = [hit.to_line() for hit in kept]
    assert not any("example" in line or "\n" in line for line in lines)
    assert [bisik.Remembered.parse(line) for line in lines] == kept == pickle.loads(pickle.dumps(kept)) and len({*kept, *kept}) == 2

    # A table of old entries can be given as it is: its claims do not matter.
    old = [{"kind": "domain", "value": "shop.example", "expires": NOW - 5, "confidence": 300}, {"kind": "email", "value": "some.body+tag@gmail.com"}]
    added = [{"kind": "domain", "value": "new.example", "category": "job"}, {"kind": "phone", "value": "999"}]
    second = bisik.revise(feed, withdraw=old, reason="cleared", add=added, delta=True, now=later, **named)
    assert second.manifest["version"] == 2 and second.manifest["purpose"] == "calls"
    assert second.rejects == [(3, "phone", "guarded")] and second.rows == 4 and second.sealed
    newer = bisik.Feed.open(second.bytes, now=later, **opening)
    assert second.delta is not None and bisik.apply(feed, second.delta, now=later, **opening).digest == newer.digest
    assert bisik.Matcher(feed).match(["somebody@gmail.com"], "email", now=later) == [True]
    listed = bisik.Matcher(newer)
    hits = listed.match(["shop.example", "win.example", "new.example"], "domain", hits=True, now=later)
    assert [(hit["row"], hit["category"]) for hit in hits] == [(1, "parcel"), (2, "job")]
    assert listed.match(["somebody@gmail.com", "Some.Body@gmail.com"], "email", now=later) == [False, False]

    told = bisik.RetractionList.of(newer)
    assert (told.feed, told.version, told.issued, told.publisher) == ("f", 2, later, centre.card.publisher)
    assert len(told) == second.withdrawn == len(told.entries) == 3  # the mailbox goes with its address
    assert {entry["reason"] for entry in told.entries} == {"cleared"}
    found = told.find(kept[0])
    assert found is not None and found in told.entries and found["hit_id"] == kept[0].hit_id and found["withdrawn"] <= later < found["until"]
    assert told.find(kept[1]) is None
    nothing = bisik.RetractionList.of(feed)
    assert nothing and len(nothing) == 0 and nothing.find(kept[0]) is None

    # As a file of its own, for who cannot open the feed.
    assert second.retractions is not None
    (tmp_path / "f.retractions").write_bytes(second.retractions)
    for source in (second.retractions, tmp_path / "f.retractions"):
        alone = bisik.RetractionList.read(source, trust=centre, now=later)
        assert alone.entries == told.entries and alone.find(kept[0]) == found
    with pytest.raises(errors.Untrusted):
        bisik.RetractionList.read(second.retractions, trust=other, now=later)
    with pytest.raises(errors.NotYetValid):
        bisik.RetractionList.read(second.retractions, trust=centre, now=NOW)
    for cut in range(0, len(second.retractions), 7):
        changed = bytearray(second.retractions)
        changed[cut] ^= 1
        for wrong in (bytes(changed), second.retractions[:cut]):
            with pytest.raises(bisik.BisikError):
                bisik.RetractionList.read(wrong, trust=centre, now=later)


def test_what_cannot_be_withdrawn(tmp_path: Path) -> None:
    centre, other = bisik.keygen("Centre"), bisik.keygen("Other")
    first = bisik.publish(["shop.example", "win.example"], kind="domain", sign=centre, feed="f", now=NOW)
    named: Any = {"kind": "domain", "sign": centre, "now": NOW}
    with pytest.raises(errors.NotListed) as unlisted:
        bisik.revise(first, withdraw=["shop.example", "clean.example"], reason="error", **named)
    assert unlisted.value.position == 1
    with pytest.raises(errors.InvalidCharacter) as unreadable:
        bisik.revise(first, withdraw=["a b"], reason="error", **named)
    assert unreadable.value.position == 0
    skipped = bisik.revise(first, withdraw=["shop.example", "clean.example", "a b"], reason="error", skip_unlisted=True, **named)
    assert skipped.rejects == [(1, "domain", "not-listed"), (2, "domain", "invalid-character")] and skipped.counts == {"domain": 1}
    with pytest.raises(errors.NothingAccepted) as nothing:
        bisik.revise(first, withdraw=["clean.example"], reason="error", skip_unlisted=True, **named)
    assert nothing.value.rejects == [(0, "domain", "not-listed")]
    with pytest.raises(errors.InvalidName):
        bisik.revise(first, withdraw=["shop.example"], reason="because", **named)
    for wrong in ({"withdraw": ["shop.example"]}, {"reason": "error"}):
        with pytest.raises(TypeError, match="go together"):
            bisik.revise(first, **wrong, **named)
    with pytest.raises(errors.BisikError):
        bisik.revise(first, **{**named, "sign": other})
    filtered = bisik.publish(["shop.example"], kind="domain", sign=centre, feed="f", set="fuse", now=NOW)
    with pytest.raises(errors.CombinationNotAllowed):
        bisik.revise(filtered, withdraw=["shop.example"], reason="error", **named)
    with pytest.raises(errors.ClockWentBack):
        bisik.revise(first, **{**named, "now": NOW - 1})
    phones = bisik.publish(["+6581234567"], kind="phone", sign=centre, feed="f", accept_enumeration="phone", now=NOW)
    with pytest.raises(errors.Enumerable):
        bisik.revise(phones, sign=centre, now=NOW)
    # Nothing taken out, nothing added: the list goes on for another while.
    again = bisik.revise(phones, sign=centre, accept_enumeration=["phone"], valid="2d", now=NOW + 5)
    assert again.counts == {"phone": 1} and again.manifest["expires"] == NOW + 5 + 2 * 86_400 and again.withdrawn == 0
    with pytest.raises(ValueError, match="seal_to names nobody"):
        bisik.revise(first, seal_to=[], **named)


def test_a_number_is_not_signed_twice() -> None:
    centre = bisik.keygen("Centre")
    named: Any = {"kind": "domain", "sign": centre, "now": NOW}
    first = bisik.publish(["a.example"], feed="f", at_least=(5, 2), **named)
    assert (first.manifest["version"], first.manifest["epoch"]) == (5, 2)
    ways: list[Callable[[Any], bisik.Publication]] = [
        lambda least: bisik.revise(first, add=["b.example"], at_least=least, **named),
        lambda least: bisik.publish(["b.example"], feed="f", previous=first, at_least=least, **named),
    ]
    for publish in ways:
        assert [publish(least).manifest["version"] for least in (None, (6, 2), (9, 1))] == [6, 6, 9]
        with pytest.raises(errors.PreviousMismatch):
            publish((6, 3))
        wrong: list[Any] = [5, [5, 1], (5,), (5, 1, 1), ("5", 1), (True, 1), (-1, 1), (1, 2**32), (2**64, 1)]
        for least in wrong:
            with pytest.raises((TypeError, ValueError)):
                publish(least)


def test_a_blind_feed_is_revised_with_its_key() -> None:
    centre, bank = bisik.keygen("Centre"), bisik.keygen("Bank")
    key = bisik.OprfKey.generate(centre, "f")
    first = bisik.publish(["+6581234567", "+6591234567"], kind="phone", sign=centre, feed="f", blind=key, now=NOW)
    with pytest.raises(errors.OprfKeyMismatch):
        bisik.revise(first, sign=centre, withdraw=["+6581234567"], reason="recovered", kind="phone", now=NOW)
    second = bisik.revise(first, sign=centre, withdraw=["+6581234567"], reason="recovered", kind="phone", blind=key, now=NOW)
    matcher = bisik.Matcher(second.bytes, trust=centre, now=NOW)
    prepared = matcher.prepare(["+6581234567", "+6591234567"], "phone", sign=bank, now=NOW)
    server = bisik.OprfServer(key)
    answers = [server.blind_evaluate(bisik.BlindRequest.read(request.bytes, clients=bank.card)) for request in prepared.requests]
    assert matcher.finish(prepared, answers, now=NOW) == [False, True]


def test_hostile_lines_and_lists() -> None:
    line = json.dumps({"publisher": "0" * 64, "feed": "f", "epoch": 1, "version": 1, "hit_id": "0" * 32, "time": NOW})
    bisik.Remembered.parse(line)
    wrong: list[Any] = ["", "{}", "[]", "null", line[:-1], line + "x", line.replace('"f"', '"F /"'), line.replace("1,", "-1,", 1)]
    wrong += [line.replace("0" * 32, "0" * 31), line.replace("{", '{"more": 1, '), line.replace('"epoch": 1', '"epoch": 1e99'), "\x00", "[" * 100_000]
    for text in wrong:
        with pytest.raises(bisik.BisikError):
            bisik.Remembered.parse(text)
    for text in (None, 5, b"{}", line.encode()):
        with pytest.raises(TypeError):
            bisik.Remembered.parse(text)  # type: ignore[arg-type]
    centre = bisik.keygen("Centre")
    for data in (b"", b"bisik\r\n", b"\x00" * 4_096, bytes(range(256)) * 100):
        with pytest.raises(bisik.BisikError):
            bisik.RetractionList.read(data, trust=centre, now=NOW)
    with pytest.raises(errors.LimitExceeded):
        bisik.RetractionList.read("/dev/zero", trust=centre, now=NOW)


def test_what_roots_sign() -> None:
    vectors = json.loads((VECTORS / "trust.json").read_text(encoding="utf-8"))
    now, feeds = vectors["now"], {name: bytes.fromhex(vectors[name]) for name in ("old_feed", "new_feed")}

    def store_of(card: str) -> bisik.TrustStore:
        return bisik.TrustStore.of(bisik.Card.parse(card))

    def opened(feed: bytes, store: bisik.TrustStore) -> str | None:
        try:
            bisik.Feed.open(feed, trust=store, now=now)
        except bisik.BisikError as error:
            return error.kind
        return None

    kept, accepted = store_of(vectors["card"]), 0
    for step in vectors["steps"]:
        before = kept if step["card"] is None else store_of(step["card"])
        text = before.to_text()
        try:
            after, error = before.updated(bytes.fromhex(step["statement"]), now=now), None
            accepted += 1
        except bisik.BisikError as refused:
            after, error = before, refused.kind
        assert error == step["error"], step["comment"]
        assert before.to_text() == text and (after == before) == (error is not None)
        assert {name: opened(feed, after) for name, feed in feeds.items()} == {name: step[name] for name in feeds}, step["comment"]
        assert after.publishers[0]["sequence"] == step["sequence"]
        if step["card"] is None:
            kept = after
    assert accepted == 3 and len(vectors["steps"]) == 12
