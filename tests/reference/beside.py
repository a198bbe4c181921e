"""Indexes, states of stores, memories, review logs and their heads, lists of retractions (docs/format.md, sections 6.3, 10 and 15;
docs/store.md).

`judge(format, data, cards, now)` reads one and raises `FormatError` with the kind that the texts give its fault.
"""

import re
from typing import Any

import manifest as manifests
from blind import parse_request
from container import BLIND_REQUEST, CLOCK_SKEW, MAGIC, MAX_TIME, RETRACTIONS, Cursor, parse_block, verify_block
from errors import FormatError, require
from keys import Card, check_verifying_key, decode_text, derive, is_clean
from manifest import FEED_ID, HEX32, MAX_INTEGER, Check, Json, is_integer, is_text, matches
from reader import parse_retractions

LOG_HEAD, MAX_LINE, MAX_JSON, MAX_VALUES, MAX_TEXT = 8, 4096, 1 << 20, 4096, 2048
HEX16 = re.compile(r"[0-9a-f]{32}")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
WORD = re.compile(r"[a-z-]{1,32}")
NUMBER, TEXT = is_integer(0, MAX_INTEGER), is_text(0, MAX_JSON)


def is_list(value: Any) -> bool:
    """Whether a value is an array."""
    return isinstance(value, list)


def is_object(value: Any) -> bool:
    """Whether a value is an object."""
    return isinstance(value, dict)


def is_boolean(value: Any) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


def count_of(value: Any) -> int:
    """How many values there are in a value, itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(count_of(one) for one in inner)


def read(data: bytes, what: str, names: dict[str, Check], optional: dict[str, Check]) -> Json:
    """One object of strict JSON with these names."""
    require(len(data) <= MAX_JSON, "limit-exceeded", "longer than 1 MiB")
    try:
        value = manifests.parse_json(data)
    except RecursionError as error:
        raise FormatError("bad-manifest", "nesting") from error
    require(count_of(value) <= MAX_VALUES, "limit-exceeded", "values")
    return manifests.shape(value, what, names, optional)


def versioned(data: bytes, name: str, names: dict[str, Check], optional: dict[str, Check]) -> Json:
    """The same with a version, which must be 1."""
    value = read(data, name, {name: is_integer(0, 2**32 - 1), **names}, optional)
    require(value[name] == 1, "unsupported-version")
    return value


def feed_id(value: str) -> None:
    """Refuses what is no feed id."""
    require(FEED_ID.fullmatch(value) is not None, "invalid-name", "feed id")


def file_name(value: str) -> None:
    """Refuses what is no name of a file beside an index."""
    require(FILE_NAME.fullmatch(value) is not None, "invalid-name", "file")


def different(values: list[Any], kind: str = "bad-manifest") -> None:
    """Refuses a list in which something stands twice."""
    require(all(value not in values[:place] for place, value in enumerate(values)), kind, "twice")


def index(data: bytes) -> None:
    """docs/store.md §2."""
    for feed in versioned(data, "bisik_index", {"feeds": is_list}, {})["feeds"]:
        feed = manifests.shape(feed, "feed", {
            "publisher": matches(HEX32), "feed": TEXT, "version": NUMBER, "file": TEXT, "length": NUMBER}, {"deltas": is_list})
        feed_id(feed["feed"])
        file_name(feed["file"])
        require(feed["version"] > 0, "bad-manifest", "version")
        for delta in feed.get("deltas", []):
            delta = manifests.shape(delta, "delta", {"from": NUMBER, "to": NUMBER, "file": TEXT, "length": NUMBER}, {})
            file_name(delta["file"])
            require(0 < delta["from"] < delta["to"], "bad-manifest", "versions")
    different([(feed["publisher"], feed["feed"]) for feed in manifests.parse_json(data)["feeds"]])


def seen(value: Any) -> None:
    """What is remembered of a feed (section 10.3)."""
    value = manifests.shape(value, "seen", {
        "publisher": matches(HEX32), "feed": TEXT, "epoch": is_integer(0, 2**32 - 1), "version": NUMBER, "digest": matches(HEX32),
        "issued": NUMBER, "generation": NUMBER}, {})
    feed_id(value["feed"])
    require(value["epoch"] > 0 and value["version"] > 0, "bad-manifest", "zero")


def stored_feed(data: bytes) -> None:
    """A feed's state text (docs/store.md §3)."""
    value = versioned(data, "bisik_stored", {
        "seen": is_object, "publisher_name": TEXT, "expires": NUMBER, "count": NUMBER, "file": TEXT, "length": NUMBER, "sealed": is_boolean,
        "stored": NUMBER, "source": TEXT, "change": NUMBER}, {})
    seen(value["seen"])
    name = value["publisher_name"]
    require(1 <= len(name) <= 128 and name.strip() == name and is_clean(name), "invalid-name")
    file_name(value["file"])
    require(len(value["source"].encode()) <= MAX_TEXT, "bad-manifest", "source")


def source_state(data: bytes) -> None:
    """How a source last answered."""
    value = versioned(data, "bisik_source", {"source": TEXT, "asked": NUMBER}, {
        "answered": NUMBER, "publisher": matches(HEX32), "feed": TEXT, "digest": matches(HEX32), "etag": TEXT, "modified": TEXT,
        "problem": is_object})
    problem: Json = value.get("problem", {})
    if problem:
        problem = manifests.shape(problem, "problem", {"kind": TEXT, "message": TEXT, "since": NUMBER}, {})
    if "feed" in value:
        feed_id(value["feed"])
    texts = [value["source"], value.get("etag", ""), value.get("modified", ""), problem.get("kind", ""), problem.get("message", "")]
    require(all(len(text.encode()) <= MAX_TEXT for text in texts), "bad-manifest", "length")


def history(data: bytes) -> None:
    """What a reader remembers."""
    feeds = versioned(data, "bisik_history", {"feeds": is_list}, {})["feeds"]
    for feed in feeds:
        seen(feed)
    different([(feed["publisher"], feed["feed"]) for feed in feeds])


def used_versions(data: bytes) -> None:
    """What a publisher has signed."""
    feeds = versioned(data, "bisik_used", {"feeds": is_list}, {})["feeds"]
    for feed in feeds:
        feed_id(manifests.shape(feed, "used", {"feed": TEXT, "epoch": is_integer(0, 2**32 - 1), "version": NUMBER}, {})["feed"])
    different([feed["feed"] for feed in feeds])


def key(text: str) -> bytes:
    """A verifying key; every fault of one is of one kind here."""
    try:
        public = decode_text(text, "ed25519", False)
        check_verifying_key(public)
    except (FormatError, ValueError) as error:
        raise FormatError("bad-key") from error
    return public


def trust_store(data: bytes) -> None:
    """Section 10.2, without the lists of scopes."""
    everything: list[bytes] = []
    publishers = versioned(data, "bisik_trust", {"publishers": is_list}, {})["publishers"]
    for publisher in publishers:
        publisher = manifests.shape(publisher, "publisher", {
            "name": TEXT, "id": matches(HEX32), "weight": is_integer(0, 2**32 - 1), "keys": is_list}, {
            "may_publish": is_object, "feeds": is_list, "revoked": is_list, "roots": is_list, "threshold": is_integer(0, 255), "sequence": NUMBER,
            "versions_void_since": NUMBER})
        require(publisher["weight"] <= 1000, "bad-manifest", "weight")
        require("feeds" not in publisher or not publisher["keys"], "bad-manifest", "feeds beside keys")
        keys = [key(manifests.shape(one, "key", {"key": TEXT}, {"feeds": is_list})["key"]) for one in publisher["keys"]]
        roots = [key(one) for one in publisher.get("roots", [])]
        different(keys, "bad-key")
        different(roots, "bad-key")
        threshold = publisher.get("threshold", 0)
        require(len(keys) <= 8 and len(roots) <= 8 and threshold <= len(roots), "bad-key", "counts")
        require((threshold == 0) == (not roots) and not set(keys) & set(roots), "bad-key", "roots")
        everything += keys
    different([publisher["id"] for publisher in publishers], "already-exists")
    different(everything, "bad-key")


def review_log(data: bytes) -> None:
    """Section 15. Every fault of a line is a broken chain."""
    before, place = bytes(32), 0
    *lines, rest = data.split(b"\n")
    for place, text in enumerate(lines, 1):
        try:
            before = entry(text, place, before)
        except FormatError as error:
            raise FormatError("broken-chain", str(place)) from error
    require(len(rest) < MAX_LINE, "broken-chain", "an endless line")
    require(not rest, "torn-tail")
    require(place > 0, "truncated")


def entry(text: bytes, place: int, before: bytes) -> bytes:
    """The hash of an entry that holds."""
    require(len(text) < MAX_LINE, "broken-chain", "length")
    value = read(text, "entry", {"number": NUMBER, "time": NUMBER, "event": matches(WORD), "hash": matches(HEX32)}, {
        "log": matches(HEX16), "publisher": matches(HEX32), "feed": matches(FEED_ID), "version": NUMBER, "failure": TEXT, "counts": is_object})
    require(list(value)[-1] == "hash" and text.endswith(f',"hash":"{value["hash"]}"}}'.encode()), "broken-chain", "hash comes last")
    counts = value.get("counts", {})
    require(len(counts) <= 16 and all(WORD.fullmatch(name) and NUMBER(count) for name, count in counts.items()), "broken-chain", "counts")
    require(value["number"] == place, "broken-chain", "number")
    require((place == 1) == ("log" in value) == (value["event"] == "start"), "broken-chain", "beginning")
    body = text[:-len('"hash":"' + "0" * 64 + '"}') - 1] + b"}"
    digest = derive("log entry", before + body)
    require(digest.hex() == value["hash"], "broken-chain", "hash")
    return digest


def log_head(data: bytes, cards: list[Card], now: int) -> None:
    """The signed head of a log."""
    block = parse_block(data, LOG_HEAD)
    require(block.length == len(data), "trailing-bytes")
    publishers = verify_block(block, cards)
    value = read(block.body, "head", {
        "publisher": matches(HEX32), "log": matches(HEX16), "entries": NUMBER, "hash": matches(HEX32), "time": NUMBER}, {})
    require(value["entries"] > 0, "bad-manifest", "entries")
    require(bytes.fromhex(value["publisher"]) in publishers, "not-authorised")
    require(value["time"] <= now + CLOCK_SKEW, "not-yet-valid")


def retraction_list(data: bytes, cards: list[Card], now: int) -> None:
    """Section 6.3, as a file of its own."""
    block = parse_block(data, RETRACTIONS)
    require(block.length == len(data), "trailing-bytes")
    publishers = verify_block(block, cards)
    cursor = Cursor(block.body)
    publisher = cursor.take(32)
    try:
        feed = cursor.take(cursor.integer(4)).decode()
    except UnicodeDecodeError as error:
        raise FormatError("invalid-name") from error
    feed_id(feed)
    cursor.integer(8)
    issued = cursor.integer(8)
    require(issued <= MAX_TIME, "limit-exceeded", "time")
    entries = cursor.take(32 * cursor.integer(4))
    cursor.finish()
    require(publisher in publishers, "not-authorised")
    require(issued <= now + CLOCK_SKEW, "not-yet-valid")
    parse_retractions(entries)


def blind_request(data: bytes, clients: list[Card]) -> None:
    """Section 11.1. A server knows its clients, where a reader trusts publishers, and has its own words."""
    is_block = data[:8] == MAGIC and data[8:10] == b"\1\0" and len(data) > 10
    require(not is_block or data[10] == BLIND_REQUEST, "bad-message", "another type")
    if len(parse_block(data, BLIND_REQUEST).entries) != 1:
        raise FormatError("bad-message", "signatures")
    try:
        parse_request(data, clients)
    except FormatError as error:
        raise FormatError("unknown-client") if error.kind == "untrusted" else error


READERS = {
    "index": index, "stored-feed": stored_feed, "source-state": source_state, "history": history, "used-versions": used_versions,
    "trust-store": trust_store, "review-log": review_log,
}


def judge(what: str, data: bytes, cards: list[Card], now: int) -> None:
    """Reads a file of a format."""
    if what == "log-head":
        log_head(data, cards, now)
    elif what == "retraction-list":
        retraction_list(data, cards, now)
    elif what == "blind-request":
        blind_request(data, cards)
    else:
        READERS[what](data)
