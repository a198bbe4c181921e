"""The vectors that Rust, C and Python share: the same files, the same verdicts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bisik

from .conftest import VECTORS


def test_canonical_forms() -> None:
    wrong: list[str] = []
    count = 0
    for path in sorted((VECTORS / "canonical").glob("*.json")):
        for number, case in enumerate(json.loads(path.read_text(encoding="utf-8"))["cases"]):
            count += 1
            options = {name: case[name] for name in ("region", "bank", "country", "allow_unassigned") if name in case}
            expected = case.get("canonical", case.get("error"))
            for given in (canonical(case, options), explained(case, options)):
                if given != expected:
                    wrong.append(f"{path.stem} {number} ({case['comment']}): {str(given)[:60]} instead of {expected}")
    assert count > 1_000
    assert not wrong, "\n".join(wrong)


def canonical(case: Any, options: Any) -> str:
    try:
        return bisik.canonical(case["kind"], case["raw"], **options)
    except bisik.BisikError as error:
        return error.kind


def explained(case: Any, options: Any) -> str | None:
    explanation = bisik.explain(case["kind"], case["raw"], **options)
    return explanation.canonical if explanation.error is None else explanation.error.kind


def files(content: Any, which: str = "files") -> list[tuple[Any, bytes]]:
    """Each file's bytes: pieces in hex, and pieces of earlier files as [file, offset, length]."""
    found: list[tuple[Any, bytes]] = []
    for file in content[which]:
        pieces = [
            bytes.fromhex(piece) if isinstance(piece, str) else found[piece[0]][1][piece[1] : piece[1] + piece[2]]
            for piece in file["bytes"]
        ]
        found.append((file, b"".join(pieces)))
    return found


def verdict(file: Any, content: bytes, trust: bisik.Card, key: bisik.RecipientSecret) -> str:
    look = file["look_up"]
    try:
        feed = bisik.Feed.open(content, trust=trust, key=key if file["key"] else None, now=file["now"], limit=16 << 20)
        if look is None:
            return "accepted"
        report = bisik.Matcher(feed).check(look["match_key"], look["kind"], now=file["now"])
    except bisik.BisikError as error:
        return error.kind
    if report.hits:
        return "record-unreadable" if report.hits[0]["record"] == "unreadable" else "hit"
    return report.rejected[0][2] if report.rejected else "no-hit"


def test_hostile_feeds() -> None:
    content = json.loads((VECTORS / "hostile.json").read_text(encoding="utf-8"))
    trust, key = bisik.Card.parse(content["trust"]), bisik.RecipientSecret.parse(content["key"])
    given = files(content)
    assert len(given) >= 1_000
    wrong = []
    for file, bytes_ in given:
        expected = file["error"] or (file["look_up"] or {}).get("outcome", "accepted")
        found = verdict(file, bytes_, trust, key)
        if found != expected:
            wrong.append(f"{file['name']}: {found} instead of {expected}")
    assert not wrong, "\n".join(wrong)


def outcome(feed: bisik.Feed, look: Any, now: int) -> str:
    """What a look-up in a feed ends with: hit, no-hit or the kind of an error."""
    try:
        return "hit" if bisik.Matcher(feed).check(look["match_key"], look["kind"], now=now) else "no-hit"
    except bisik.BisikError as error:
        return error.kind


def test_hostile_deltas(tmp_path: Path) -> None:
    """Deltas, applied to the version that the subscriber has; what is accepted gives the later one byte for byte."""
    content = json.loads((VECTORS / "hostile.json").read_text(encoding="utf-8"))
    trust, key = [bisik.Card.parse(content[name]) for name in ("trust", "neighbour")], bisik.RecipientSecret.parse(content["key"])
    versions = [data for _, data in files(content, "versions")]
    wrong, accepted = [], 0
    for delta, data in files(content, "deltas"):
        base, now = versions[delta["base"]], delta["now"]
        try:
            result = bisik.apply(base, data, trust=trust, key=key if delta["key"] else None, now=now, limit=(1 << 64) - 1)
        except bisik.BisikError as error:
            if error.kind != delta["error"]:
                wrong.append(f"{delta['name']}: {error.kind}")
            continue
        accepted += 1
        result.save(tmp_path / "result.bisik")
        if delta["error"] is not None or (tmp_path / "result.bisik").read_bytes() != versions[delta["result"]]:
            wrong.append(f"{delta['name']}: another result")
            continue
        for look in delta["look_ups"]:
            if outcome(result, look, now) != look["outcome"]:
                wrong.append(f"{delta['name']}: {look['match_key']} is {outcome(result, look, now)}")
    assert accepted > 25
    assert not wrong, "\n".join(wrong)


def refusal(read: Callable[[], object]) -> str | None:
    """The kind of error that a call ends with, if it does."""
    try:
        read()
    except bisik.BisikError as error:
        return error.kind
    except UnicodeDecodeError:
        return "bad-manifest"  # a text that is no UTF-8 does not come as far as the call
    return None


def verify_log(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    bisik.verify_log(path)


def named(texts: list[tuple[Any, bytes]], name: str) -> bytes:
    return next(data for text, data in texts if text["name"] == name)


def test_hostile_texts(tmp_path: Path) -> None:
    """Trust stores, memories, review logs and their heads, lists of retractions; the other texts have no call in Python."""
    content = json.loads((VECTORS / "hostile.json").read_text(encoding="utf-8"))
    trust, now = bisik.Card.parse(content["trust"]), content["now"]
    texts = files(content, "texts")
    log = tmp_path / "whole.jsonl"
    log.write_bytes(named(texts, "accepted__review-log-as-it-should-be"))
    readers: dict[str, Callable[[bytes], object]] = {
        "log-head": lambda data: bisik.verify_log(log, heads=[data], trust=trust, now=now),
        "trust-store": lambda data: bisik.TrustStore.parse(data.decode()),
        "history": lambda data: bisik.History.parse(data.decode()),
        "review-log": lambda data: verify_log(tmp_path / "log.jsonl", data),
        "retraction-list": lambda data: bisik.RetractionList.read(data, trust=trust, now=now),
    }
    wrong, count = [], 0
    for text, data in texts:
        read = readers.get(text["format"])
        if read is None:
            continue
        count += 1
        found = refusal(lambda read=read, data=data: read(data))  # type: ignore[misc]
        if found != text["error"]:
            wrong.append(f"{text['name']}: {found}")
    assert count >= 800
    assert not wrong, "\n".join(wrong)


def test_hostile_answers() -> None:
    """Answers of a blind feed's server, to a member who has kept the state of its requests."""
    content = json.loads((VECTORS / "hostile.json").read_text(encoding="utf-8"))
    member, now = content["member"], content["now"]
    matcher = bisik.Matcher(bytes.fromhex(member["feed"]), trust=bisik.Card.parse(content["trust"]), now=now)

    def finish(data: bytes) -> None:
        prepared = bisik.Prepared.from_bytes(bytes.fromhex(member["state"]), matcher)
        report = matcher.finish_report(prepared, data, now=now)
        assert [hit["row"] for hit in report.hits] == member["hits"]
        assert len(report.rejected) == 1

    wrong, count = [], 0
    for text, data in files(content, "texts"):
        if text["format"] != "blind-answer":
            continue
        count += 1
        found = refusal(lambda data=data: finish(data))  # type: ignore[misc]
        if found != text["error"]:
            wrong.append(f"{text['name']}: {found}")
    assert count >= 300
    assert not wrong, "\n".join(wrong)


def test_hostile_states() -> None:
    """The states that a member keeps between request and answer."""
    content = json.loads((VECTORS / "hostile.json").read_text(encoding="utf-8"))
    matcher = bisik.Matcher(bytes.fromhex(content["member"]["feed"]), trust=bisik.Card.parse(content["trust"]), now=content["now"])
    wrong, count = [], 0
    for text, data in files(content, "texts"):
        if text["format"] != "blind-state":
            continue
        count += 1
        found = refusal(lambda data=data: bisik.Prepared.from_bytes(data, matcher))  # type: ignore[misc]
        if found != text["error"]:
            wrong.append(f"{text['name']}: {found}")
    assert count >= 150
    assert not wrong, "\n".join(wrong)


def test_more_hostile_texts(tmp_path: Path) -> None:
    """Key files, cards, policies, ledgers, what was acted upon, and others of trust stores, memories and logs."""
    readers: dict[str, Callable[[str], object]] = {
        "card": bisik.Card.parse,
        "signing": bisik.SigningFile.parse,
        "oprf": bisik.OprfKey.parse,
        "policy": bisik.Policy.parse,
        "ledger": bisik.SightingLedger.parse,
        "remembered": bisik.Remembered.parse,
        "trust": bisik.TrustStore.parse,
        "history": bisik.History.parse,
        "log": lambda text: verify_log(tmp_path / "log.jsonl", text.encode()),
    }
    cases = json.loads((VECTORS / "hostile_texts.json").read_text(encoding="utf-8"))["cases"]
    wrong, seen = [], Counter[str]()
    for case in cases:
        read = readers.get(case["format"])
        if read is None:
            continue
        seen[case["format"]] += 1
        last, times = case.get("then", ("", 0))
        text = case["text"] + last * times
        found = refusal(lambda read=read, text=text: read(text)) or "accepted"  # type: ignore[misc]
        if found != case["name"].split("__")[0]:
            wrong.append(f"{case['format']} {case['name']}: {found}")
    assert seen.keys() == readers.keys()
    assert min(seen.values()) >= 40
    assert not wrong, "\n".join(wrong)


def test_feeds_and_verdicts() -> None:
    content = json.loads((VECTORS / "matching.json").read_text(encoding="utf-8"))
    trust, key = bisik.Card.parse(content["card"]), bisik.RecipientSecret.parse(content["identity"])
    count = 0
    for listed in content["feeds"]:
        feed = bisik.Feed.open(bytes.fromhex(listed["bytes"]), trust=trust, key=key, now=content["now"])
        assert (feed.digest, feed.sealed) == (listed["digest"], listed["sealed"])
        matcher = bisik.Matcher(feed)
        kinds = [look["kind"] for look in listed["look_ups"]]
        hits = matcher.match([look["raw"] for look in listed["look_ups"]], kinds, hits=True, expressions=True, now=content["now"])
        assert [hit["row"] for hit in hits] == [row for row, look in enumerate(listed["look_ups"]) if look["hit"]]
        for hit in hits:
            expected = listed["look_ups"][hit["row"]]["hit"]
            renamed = {**hit, "kind": hit["matched_kind"], "rate": round((hit["false_positive_rate"] or 0) * 1e15), "expires": hit["entry_expires"]}
            assert {name: renamed[name] for name in expected} == expected
        for look in listed["look_ups"]:
            count += 1
            try:
                found = matcher.check(look["raw"], look["kind"], now=content["now"])
            except bisik.BisikError as error:
                assert error.kind == look["error"]
            else:
                assert look["error"] is None and len(found) == (look["hit"] is not None)
    assert count >= 17
