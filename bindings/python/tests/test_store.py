"""Stores of feeds and review logs, as `bisik pull` leaves them: their folder is written here by hand, after docs/store.md."""

import json
from pathlib import Path

import bisik
import pytest
from bisik import errors

from .conftest import VECTORS
from .test_vectors import files, named

NOW = 1_800_000_000


class World:
    """A store with one feed of a made-up centre."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.centre = bisik.keygen("Example Centre")
        for name in ("feeds", "sources", "partial", "proofs"):
            (folder / name).mkdir(parents=True)
        (folder / "store.json").write_text('{"bisik_store":1}\n')
        self.change = 0

    def put(self, feed_id: str, names: list[str], now: int = NOW) -> bytes:
        published = bisik.publish(names, kind="domain", sign=self.centre, feed=feed_id, now=now)
        feed = bisik.Feed.open(published.bytes, trust=self.centre.card, now=now)
        manifest = feed.manifest
        self.change += 1
        base = f"{manifest['publisher'][:16]}-{feed_id}"
        file = f"{base}.v1.{self.change}.bisik"
        (self.folder / "feeds" / file).write_bytes(published.bytes)
        seen = {name: manifest[name] for name in ("publisher", "feed", "epoch", "version", "issued")}
        state = {
            "bisik_stored": 1,
            "seen": {**seen, "digest": feed.digest, "generation": 0},
            "publisher_name": "Example Centre",
            "expires": manifest["expires"],
            "count": manifest["count"],
            "file": file,
            "length": len(published.bytes),
            "sealed": False,
            "stored": now,
            "source": "by hand",
            "change": self.change,
        }
        (self.folder / "feeds" / f"{base}.json").write_text(json.dumps(state))
        (self.folder / "generation").write_text(f"{self.change}\n")
        return published.bytes


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "store")


def test_a_store_is_matched_and_reloaded(world: World) -> None:
    world.put("a", ["a.example"])
    store = bisik.Store.open(world.folder)
    assert (store.generation, store.status(now=NOW)[0]["entries"]) == (1, 1)
    assert store.status(now=NOW)[0]["prepared"] == "no"
    matcher = store.matcher(trust=world.centre.card, now=NOW)
    asked = ["a.example", "b.example"]
    before = matcher.current(now=NOW)
    assert before.match(asked, kind="domain", now=NOW) == [True, False]
    assert not matcher.reload_if_changed(now=NOW)
    world.put("b", ["b.example"])
    assert matcher.reload_if_changed(now=NOW)
    assert matcher.current(now=NOW).match(asked, kind="domain", now=NOW) == [True, True]
    assert before.match(asked, kind="domain", now=NOW) == [True, False], "who holds the old one keeps it"
    matcher.reload(now=NOW)
    assert len(matcher.current(now=NOW).feeds) == 2


def test_what_cannot_be_used_is_named(world: World) -> None:
    world.put("a", ["a.example"])
    store = bisik.Store.open(world.folder)
    stranger = bisik.keygen("Stranger")
    matcher = store.matcher(trust=stranger.card, now=NOW)
    assert matcher.current(now=NOW).feeds == ()
    assert [(row["feed"], row["kind"]) for row in matcher.dropped(now=NOW)] == [("a", "untrusted")]
    late = NOW + 8 * 86_400
    assert store.status(now=late)[0]["problem"] == "expired"
    good = store.matcher(trust=world.centre.card, now=NOW)
    assert len(good.current(now=NOW).feeds) == 1
    assert [row["kind"] for row in good.dropped(now=late)] == ["expired"]
    file = next((world.folder / "feeds").glob("*.bisik"))
    file.unlink()
    assert store.status(now=NOW)[0]["problem"] == "io"


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.NotAStore):
        bisik.Store.open(tmp_path)
    with pytest.raises(TypeError):
        bisik.Store.open(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        bisik.Store()
    with pytest.raises(TypeError):
        bisik.StoreMatcher()


def test_logs_are_verified(tmp_path: Path) -> None:
    log = Path(__file__).parents[3] / "fuzz/corpus/review_log/made-0"
    whole = bisik.verify_log(log)
    assert whole["entries"] == 3 and len(whole["hash"]) == 64 and len(whole["log"]) == 32
    altered = tmp_path / "altered"
    altered.write_bytes(log.read_bytes().replace(b'"entries":7', b'"entries":8'))
    with pytest.raises(errors.BrokenChain) as caught:
        bisik.verify_log(altered)
    assert caught.value.position == 2
    with pytest.raises(errors.TornTail):
        bisik.verify_log(log.with_name("made-1"))
    with pytest.raises(errors.BisikError):
        bisik.verify_log(log, heads=[b"no head"], trust=bisik.keygen("Example").card)


def test_a_kept_head_finds_a_log_that_was_cut(tmp_path: Path) -> None:
    content = json.loads((VECTORS / "hostile.json").read_text(encoding="utf-8"))
    texts = files(content, "texts")
    heads, trust = [named(texts, "accepted__log-head-as-it-should-be")], bisik.Card.parse(content["trust"])
    log = tmp_path / "log.jsonl"
    log.write_bytes(named(texts, "accepted__review-log-as-it-should-be"))
    assert bisik.verify_log(log, heads=heads, trust=trust, now=content["now"])["entries"] == 4
    log.write_bytes(named(texts, "accepted__review-log-start-alone"))
    assert bisik.verify_log(log)["entries"] == 1
    with pytest.raises(errors.LogCut) as caught:
        bisik.verify_log(log, heads=heads, trust=trust, now=content["now"])
    assert caught.value.position == 2
