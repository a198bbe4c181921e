"""Hostile texts: the files beside feeds, one fault each. An index of feeds, a store's states, a review log, a trust store, and what
readers and publishers remember.

Each is a `Text`: its format, the expected error or none, and its bytes. `reference/beside.py` judges them.
"""

import copy
import json
from typing import Any, Iterator

from base import MEMBER, NOW, ROOT, SECOND, STRANGER, Text, flip, recipient

import bech32
from keys import derive
from writer import Signer

Json = dict[str, Any]
Path = tuple[str | int, ...]


ID, OTHER_ID = ROOT.key_id.hex(), STRANGER.key_id.hex()
SEEN: Json = {
    "publisher": ID, "feed": "tiny", "epoch": 1, "version": 2, "digest": "0d" * 32, "issued": NOW, "generation": 0
}
DOCUMENTS: dict[str, Json] = {
    "index": {"bisik_index": 1, "feeds": [{
        "publisher": ID, "feed": "tiny", "version": 3, "file": "tiny.bisik", "length": 900,
        "deltas": [{"from": 1, "to": 2, "file": "2.delta", "length": 9}, {"from": 2, "to": 3, "file": "3.delta", "length": 9}],
    }]},
    "stored-feed": {
        "bisik_stored": 1, "seen": SEEN, "publisher_name": "Centre", "expires": NOW + 9, "count": 7,
        "file": "tiny.v2.1.bisik", "length": 64, "sealed": True, "stored": NOW, "source": "https://feeds.example/f",
        "change": 1,
    },
    "source-state": {
        "bisik_source": 1, "source": "https://feeds.example/f", "asked": NOW, "answered": NOW, "publisher": ID,
        "feed": "tiny", "digest": "0d" * 32, "etag": "tag", "modified": "Fri, 15 Jan 2027 08:00:00 GMT",
        "problem": {"kind": "truncated", "message": "cut", "since": NOW},
    },
    "history": {"bisik_history": 1, "feeds": [SEEN]},
    "used-versions": {"bisik_used": 1, "feeds": [{"feed": "tiny", "epoch": 1, "version": 2}]},
    "trust-store": {"bisik_trust": 1, "publishers": [{
        "name": "Centre", "id": ID, "weight": 5, "keys": [{"key": bech32.encode("ed25519", ROOT.public)}],
    }]},
}
OPTIONAL = {
    "index": {"deltas"}, "source-state": {"answered", "publisher", "feed", "digest", "etag", "modified", "problem"},
    "stored-feed": set(), "history": set(), "used-versions": set(), "trust-store": set(),
}


def line(value: Any) -> bytes:
    """A document as a line."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def paths(value: Any, before: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every member and element of a document, with its place."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    for key, inner in items:
        yield before + (key,), inner
        yield from paths(inner, before + (key,))


def put(document: Json, path: Path, value: Any) -> Json:
    """A copy with another value in one place."""
    made = copy.deepcopy(document)
    inside: Any = made
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return made


def without(document: Json, path: Path) -> Json:
    """A copy without the member at a place."""
    made = copy.deepcopy(document)
    inside: Any = made
    for key in path[:-1]:
        inside = inside[key]
    del inside[path[-1]]
    return made


def spelled(path: Path) -> str:
    """A place in a name."""
    return "-".join(str(key).replace("_", "-") for key in path)


def wrong_values(value: Any) -> Iterator[tuple[str, Any]]:
    """Values of other types."""
    yield "null", None
    yield "float", 1.5
    yield "negative", -1
    yield "too-large", 2**53
    if not isinstance(value, (dict, list)):
        yield "array", [value]
        yield "object", {"a": value}
    if isinstance(value, bool) or not isinstance(value, int):
        yield "number", 1
    if not isinstance(value, bool):
        yield "boolean", True
    if not isinstance(value, str):
        yield "text", "1"


def json_faults(name: str, document: Json) -> Iterator[Text]:
    """What no strict JSON of this shape may be."""
    for path, value in paths(document):
        place = spelled(path)
        for what, wrong in wrong_values(value):
            yield Text(name, "bad-manifest", f"{place}-{what}", line(put(document, path, wrong)))
        if isinstance(path[-1], str):
            error = None if path[-1] in OPTIONAL[name] else "bad-manifest"
            yield Text(name, error, f"{place}-missing", line(without(document, path)))
        if isinstance(value, dict):
            yield Text(name, "bad-manifest", f"{place}-unknown-name", line(put(document, path + ("more",), 1)))
        if isinstance(value, str):
            for what, character in (("control", "\x01"), ("bidi", "\u202e"), ("line-separator", "\u2028"), ("bom", "\ufeff")):
                yield Text(name, "bad-manifest", f"{place}-{what}", line(put(document, path, value[:3] + character + value[3:])))
    good = line(document)
    first = next(iter(document))
    text = good.decode().strip()
    yield Text(name, None, "as-it-should-be", good)
    yield Text(name, None, "white-space", json.dumps(document, indent=2).encode() + b"\r\n\t ")
    yield Text(name, "bad-manifest", "unknown-name", line({**document, "more": 1}))
    yield Text(name, "duplicate-name", "name-twice", f'{{"{first}":1,{text[1:]}'.encode())
    yield Text(name, "duplicate-name", "name-twice-escaped", f'{{"\\u00{ord(first[0]):02x}{first[1:]}":1,{text[1:]}'.encode())
    yield Text(name, "unsupported-version", "version-2", line({**document, first: 2}))
    yield Text(name, "unsupported-version", "version-0", line({**document, first: 0}))
    wholes: list[tuple[str, bytes]] = [
        ("empty", b""), ("white-space-alone", b" \n"), ("null-alone", b"null\n"), ("array-alone", b"[" + good.strip() + b"]"),
        ("text-alone", b'"' + first.encode() + b'"'), ("bom", b"\xef\xbb\xbf" + good), ("utf-16", good.decode().encode("utf-16")),
        ("not-utf-8", good[:-3] + b"\xff" + good[-3:]), ("comma-at-the-end", good.rstrip()[:-1] + b",}"),
        ("comment", b"/* a store */" + good), ("two-documents", good + good), ("bytes-after", good + b"x"), ("zero-after", good + b"\0"),
        ("single-quotes", good.replace(b'"', b"'")), ("not-a-number", good.replace(b":1,", b":NaN,", 1)),
        ("exponent", good.replace(b":1,", b":1e0,", 1)), ("minus-zero", good.replace(b":1,", b":-0,", 1)),
        ("leading-zero", good.replace(b":1,", b":01,", 1)), ("plus", good.replace(b":1,", b":+1,", 1)),
        ("overflow", good.replace(b":1,", b":18446744073709551617,", 1)), ("lone-surrogate", good.replace(b'"tiny"', b'"\\ud800"', 1)),
        ("deep", b'{"more":' + b"[" * 9 + b"]" * 9 + b"}"), ("deeper", b'{"a":' * 5000 + b"1" + b"}" * 5000),
    ]
    for what, data in wholes:
        if data != good:
            yield Text(name, "bad-manifest", what, data)
    for cut in range(1, len(good.rstrip()), max(1, len(good) // 24)):
        yield Text(name, "bad-manifest", f"cut-at-{cut}", good[:cut])
    yield Text(name, "limit-exceeded", "longer-than-a-mebibyte", good.rstrip() + b" " * (1 << 20))
    yield Text(name, "limit-exceeded", "5000-values", b'{"more":[' + b",".join([b"1"] * 5000) + b"]}")


NAMES = ("", "../x", "a/b", "a\\b", ".hidden", "-x", "a b", "a?b", "a%2fb", "a\u00e9", "x" * 129, "..", "c:x", "a#b", "~")
FEED_IDS = ("", "Tiny", "a_b", "a b", "x" * 65, "../tiny", "a.b", "ti\u00f1y")


def value_faults() -> Iterator[Text]:
    """Values of the right type that cannot be."""
    places = {"index": [("feeds", 0, "file"), ("feeds", 0, "deltas", 1, "file")], "stored-feed": [("file",)]}
    for name, files in places.items():
        for path in files:
            for number, file in enumerate(NAMES):
                yield Text(name, "invalid-name", f"{spelled(path)}-name-{number}", line(put(DOCUMENTS[name], path, file)))
    feeds = {
        "index": ("feeds", 0, "feed"), "stored-feed": ("seen", "feed"), "source-state": ("feed",), "history": ("feeds", 0, "feed"),
        "used-versions": ("feeds", 0, "feed")
    }
    for name, path in feeds.items():
        for number, feed in enumerate(FEED_IDS):
            yield Text(name, "invalid-name", f"feed-id-{number}", line(put(DOCUMENTS[name], path, feed)))
    for name, path in {**feeds, "trust-store": ("publishers", 0, "name")}.items():
        if len(path) == 3:
            twice = DOCUMENTS[name][str(path[0])] * 2
            error = "already-exists" if name == "trust-store" else "bad-manifest"
            yield Text(name, error, "a-feed-twice", line(put(DOCUMENTS[name], path[:1], twice)))
            yield Text(name, None, "empty-list", line(put(DOCUMENTS[name], path[:1], [])))
    for name, place in (("stored-feed", ("seen",)), ("history", ("feeds", 0))):
        for number in ("epoch", "version"):
            yield Text(name, "bad-manifest", f"{number}-zero", line(put(DOCUMENTS[name], place + (number,), 0)))
        yield Text(name, "bad-manifest", "epoch-over-32-bits", line(put(DOCUMENTS[name], place + ("epoch",), 2**32)))
    hexes: list[tuple[str, Path]] = [
        ("index", ("feeds", 0, "publisher")), ("stored-feed", ("seen", "publisher")), ("stored-feed", ("seen", "digest")),
        ("source-state", ("publisher",)), ("source-state", ("digest",)), ("history", ("feeds", 0, "publisher")),
        ("history", ("feeds", 0, "digest")), ("trust-store", ("publishers", 0, "id")),
    ]
    for name, path in hexes:
        for what, text in (("upper", "0D" * 32), ("short", "0d" * 31), ("long", "0d" * 33), ("odd", "0d" * 31 + "0"), ("no-hex", "0g" * 32)):
            yield Text(name, "bad-manifest", f"{spelled(path)}-{what}", line(put(DOCUMENTS[name], path, text)))
    index = DOCUMENTS["index"]
    for what, path, value in (
        ("version-zero", ("version",), 0), ("delta-from-zero", ("deltas", 0, "from"), 0),
        ("delta-to-itself", ("deltas", 0, "to"), 1), ("delta-back", ("deltas", 1, "to"), 1),
    ):
        yield Text("index", "bad-manifest", what, line(put(index, ("feeds", 0) + path, value)))
    yield Text("index", None, "delta-past-the-newest", line(put(index, ("feeds", 0, "deltas", 1, "to"), 9)))
    for name in ("stored-feed", "source-state"):
        yield Text(name, None, "source-2048-bytes", line(put(DOCUMENTS[name], ("source",), "x" * 2048)))
        yield Text(name, "bad-manifest", "source-2049-bytes", line(put(DOCUMENTS[name], ("source",), "x" * 2049)))
    for what in ("etag", "modified"):
        yield Text("source-state", "bad-manifest", f"{what}-too-long", line(put(DOCUMENTS["source-state"], (what,), "x" * 2049)))
    for what in ("kind", "message"):
        yield Text("source-state", "bad-manifest", f"problem-{what}-too-long",
                   line(put(DOCUMENTS["source-state"], ("problem", what), "x" * 2049)))
    for what, name_ in (("empty", ""), ("blank-at-the-end", "Centre "), ("too-long", "x" * 129)):
        yield Text("stored-feed", "invalid-name", f"publisher-name-{what}", line(put(DOCUMENTS["stored-feed"], ("publisher_name",), name_)))
    yield from trust_faults()


def trust_faults() -> Iterator[Text]:
    """Trust stores of the right types that cannot be."""
    store = DOCUMENTS["trust-store"]
    key = ("publishers", 0, "keys", 0, "key")
    good = bech32.encode("ed25519", ROOT.public)
    second = bech32.encode("ed25519", SECOND.public)
    identity = (1).to_bytes(32, "little")
    for what, text in (
        ("checksum", good[:-1] + ("q" if good[-1] != "q" else "p")), ("upper", good.upper()), ("recipient", recipient(MEMBER)),
        ("empty", ""), ("short", bech32.encode("ed25519", ROOT.public[:31])), ("small-order", bech32.encode("ed25519", identity)),
        ("not-canonical", bech32.encode("ed25519", b"\xff" * 32)), ("secret", bech32.encode("bisik-signing-key-", ROOT.secret).upper()),
    ):
        yield Text("trust-store", "bad-key", f"key-{what}", line(put(store, key, text)))
    one: Json = store["publishers"][0]

    def with_(**more: Any) -> bytes:
        return line({"bisik_trust": 1, "publishers": [one | more]})

    yield Text("trust-store", "bad-manifest", "weight-1001", with_(weight=1001))
    yield Text("trust-store", None, "weight-0", with_(weight=0))
    yield Text("trust-store", None, "weight-1000", with_(weight=1000))
    yield Text("trust-store", "bad-key", "a-key-twice", with_(keys=one["keys"] * 2))
    yield Text("trust-store", "bad-key", "nine-keys", with_(keys=[
        {"key": bech32.encode("ed25519", Signer(bytes([40 + n]) * 32).public)} for n in range(9)]))
    yield Text("trust-store", "bad-key", "threshold-without-roots", with_(threshold=1))
    yield Text("trust-store", "bad-key", "roots-without-threshold", with_(roots=[second]))
    yield Text("trust-store", "bad-key", "threshold-over-roots", with_(roots=[second], threshold=2))
    yield Text("trust-store", "bad-key", "root-that-signs-feeds", with_(roots=[good], threshold=1))
    yield Text("trust-store", "bad-key", "root-twice", with_(roots=[second, second], threshold=1))
    yield Text("trust-store", None, "roots", with_(roots=[second], threshold=1))
    yield Text("trust-store", "bad-manifest", "threshold-over-8-bits", with_(roots=[second], threshold=256))
    other = {**one, "id": OTHER_ID, "name": "Other"}
    yield Text("trust-store", "bad-key", "one-key-of-two-publishers", line({"bisik_trust": 1, "publishers": [one, other]}))


def entry(number: int, before: bytes, more: Json) -> tuple[bytes, bytes]:
    """A line of a log with the hash that follows, and that hash."""
    body = line({"number": number, "time": NOW + number} | more).strip()
    digest = derive("log entry", before + body)
    return body[:-1] + b',"hash":"' + digest.hex().encode() + b'"}\n', digest


ENTRIES: list[Json] = [
    {"event": "start", "log": "0a" * 16}, {"event": "pull", "publisher": ID, "feed": "tiny", "version": 2, "counts": {"entries": 7}},
    {"event": "trust", "counts": {"added": 1}}, {"event": "pull", "failure": "truncated"},
]


def log_lines(entries: list[Json] | None = None) -> list[bytes]:
    """A chained log."""
    digest, lines = bytes(32), []
    for number, more in enumerate(ENTRIES if entries is None else entries, 1):
        made, digest = entry(number, digest, more)
        lines.append(made)
    return lines


def log_faults() -> Iterator[Text]:
    """Logs that were altered, and ones whose chain holds over what no entry may say."""
    lines = log_lines()
    joined = b"".join
    yield Text("review-log", None, "as-it-should-be", joined(lines))
    yield Text("review-log", None, "start-alone", lines[0])
    yield Text("review-log", "truncated", "empty", b"")
    for place in range(4):
        rest = lines[:place] + lines[place + 1:]
        if place < 3:
            yield Text("review-log", "broken-chain", f"entry-{place + 1}-removed", joined(rest))
        yield Text("review-log", "broken-chain", f"entry-{place + 1}-twice", joined(lines[:place + 1] + lines[place:]))
        yield Text("review-log", "broken-chain", f"blank-line-before-{place + 1}", joined(lines[:place] + [b"\n"] + lines[place:]))
        yield Text("review-log", "broken-chain", f"carriage-return-{place + 1}", joined(lines[:place] + [lines[place][:-1] + b"\r\n"] + lines[place + 1:]))
        for at in range(0, len(lines[place]) - 1, 7):
            yield Text("review-log", "broken-chain", f"entry-{place + 1}-byte-{at}", joined(lines[:place] + [flip(lines[place], at)] + lines[place + 1:]))
        cut = joined(lines[:place]) + lines[place][:len(lines[place]) // 2]
        yield Text("review-log", "torn-tail", f"cut-in-entry-{place + 1}", cut)
    yield Text("review-log", "torn-tail", "no-line-feed-at-the-end", joined(lines)[:-1])
    yield Text("review-log", "broken-chain", "two-swapped", joined([lines[0], lines[2], lines[1], lines[3]]))
    yield Text("review-log", "broken-chain", "two-logs", joined(lines + lines))
    yield Text("review-log", "broken-chain", "begins-in-the-middle", joined(lines[1:]))
    yield Text("review-log", "broken-chain", "endless-line", joined(lines) + b" " * 5000)
    yield Text("review-log", "broken-chain", "zeros", joined(lines) + bytes(5000))
    yield Text("review-log", "broken-chain", "bom", b"\xef\xbb\xbf" + joined(lines))
    body = lines[1].strip()
    yield Text("review-log", "broken-chain", "space-in-an-entry", joined([lines[0], body.replace(b":", b": ", 1) + b"\n", *lines[2:]]))
    hash_first = b'{"hash":"' + body[-66:-2] + b'",' + body[1:-75] + b"}\n"
    yield Text("review-log", "broken-chain", "hash-first", joined([lines[0], hash_first, *lines[2:]]))
    yield Text("review-log", "broken-chain", "hash-upper", joined([lines[0], body[:-66] + body[-66:].upper() + b"\n", *lines[2:]]))

    def chained(what: str, place: int, error: str | None = "broken-chain", /, **more: Any) -> Text:
        changed = [dict(one) for one in ENTRIES]
        changed[place - 1] = {**changed[place - 1], **more}
        return Text("review-log", error, what, joined(log_lines(changed)))

    yield chained("event-unknown", 3, None, event="something-newer")
    for what, event in (("upper", "Pull"), ("empty", ""), ("long", "x" * 33), ("space", "a b"), ("digit", "v2"), ("number", 7)):
        yield chained(f"event-{what}", 3, event=event)
    yield chained("log-id-in-a-later-entry", 3, log="0a" * 16)
    yield chained("another-event-first", 1, event="pull")
    yield chained("log-id-short", 1, log="0a" * 15)
    yield chained("start-again", 2, event="start")
    yield chained("unknown-name", 3, note="a text")
    yield chained("feed-id", 2, feed="Tiny")
    yield chained("counts-text", 3, counts={"added": "1"})
    yield chained("counts-array", 3, counts=[1])
    yield chained("counts-name-upper", 3, counts={"Added": 1})
    yield chained("counts-name-is-a-value", 3, counts={"+6591234567": 1})
    yield chained("counts-17", 3, counts={"a" * n: 1 for n in range(1, 18)})
    yield chained("counts-16", 3, None, counts={"a" * n: 1 for n in range(1, 17)})
    yield chained("count-float", 3, counts={"added": 1.5})
    yield chained("failure-number", 4, failure=1)
    yield chained("number-of-another-place", 3, number=4)
    no_id = log_lines([{"event": "start"}])
    yield Text("review-log", "broken-chain", "without-log-id", joined(no_id))


def all_texts() -> Iterator[Text]:
    """Every hostile text."""
    yield from value_faults()
    yield from log_faults()
    for name, document in DOCUMENTS.items():
        yield from json_faults(name, document)
