"""Hostile signed blocks beside feeds, one fault each: heads of a review log, lists of retractions, requests of blind queries."""

import json
from typing import Any, Iterator

from base import NOW, ROOT, SECOND, STRANGER, Text, flip
from container import BLIND_REQUEST, RETRACTIONS
from keys import lp
from text_cases import FEED_IDS, ID, OTHER_ID, Json, line, log_lines, wrong_values
from writer import Header, SignatureEntry, Signer, le, signed_block

LOG_HEAD = 8


def head_faults() -> Iterator[Text]:
    """Signed heads of the log that is as it should be."""
    last = json.loads(log_lines()[-1])
    good: Json = {"publisher": ID, "log": "0a" * 16, "entries": last["number"], "hash": last["hash"], "time": NOW}

    def signed(content: Any, signer: Signer = ROOT, **header: Any) -> bytes:
        body = content if isinstance(content, bytes) else line(content).strip()
        return signed_block(LOG_HEAD, body, signer, Header(**header))

    fine = signed(good)
    yield Text("log-head", None, "as-it-should-be", fine)
    yield Text("log-head", None, "second-key", signed(good, SECOND))
    yield Text("log-head", None, "300-seconds-ahead", signed(good | {"time": NOW + 300}))
    yield Text("log-head", "not-yet-valid", "301-seconds-ahead", signed(good | {"time": NOW + 301}))
    yield Text("log-head", "untrusted", "stranger", signed(good | {"publisher": OTHER_ID}, STRANGER))
    yield Text("log-head", "not-authorised", "of-another-publisher", signed(good | {"publisher": OTHER_ID}))
    yield Text("log-head", "bad-manifest", "no-entries", signed(good | {"entries": 0}))
    yield Text("log-head", "malformed", "another-type", signed(good, type=5))
    yield Text("log-head", "not-a-feed", "no-magic", flip(fine, 0))
    yield Text("log-head", "truncated", "empty", b"")
    yield Text("log-head", "unsupported-version", "version-2", signed(good, version=2))
    yield Text("log-head", "trailing-bytes", "one-byte-more", fine + b"x")
    yield Text("log-head", "duplicate-name", "name-twice", signed(b'{"time":1,"time":2}'))
    yield Text("log-head", "bad-manifest", "no-json", signed(b"head"))
    yield Text("log-head", "bad-manifest", "unknown-name", signed(good | {"more": 1}))
    for name, value in good.items():
        yield Text("log-head", "bad-manifest", f"without-{name}", signed({k: v for k, v in good.items() if k != name}))
        for what, wrong in wrong_values(value):
            yield Text("log-head", "bad-manifest", f"{name}-{what}", signed(good | {name: wrong}))
    for name in ("publisher", "log", "hash"):
        for what, text in (("upper", good[name].upper()), ("short", good[name][:-2]), ("long", good[name] + "00"), ("no-hex", "0g" * 16)):
            if text != good[name]:
                yield Text("log-head", "bad-manifest", f"{name}-{what}", signed(good | {name: text}))
    start = 60
    for at in range(start, len(fine) - 99, 5):
        yield Text("log-head", "bad-signature", f"byte-{at}", flip(fine, at))
    for at in (-1, -32, -33, -64):
        yield Text("log-head", "bad-signature", f"signature-byte-{-at}-from-the-end", flip(fine, at))
    for cut in [*range(1, 12), *range(12, len(fine), 11)]:
        yield Text("log-head", "truncated", f"cut-at-{cut}", fine[:cut])


ELEMENT = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")


def request_faults() -> Iterator[Text]:
    """Signed blind requests of a client."""

    def body(count: int = 2, elements: int = 2, publisher: bytes = ROOT.key_id, feed: bytes = b"tiny", epoch: int = 1) -> bytes:
        start = lp(publisher) + lp(feed) + le(epoch, 4) + bytes(range(16))
        return start + le(count, 4) + ELEMENT * elements

    def signed(content: bytes, signer: Signer = ROOT, **header: Any) -> bytes:
        return signed_block(BLIND_REQUEST, content, signer, Header(**header))

    name, fine = "blind-request", signed(body())
    yield Text(name, None, "as-it-should-be", fine)
    yield Text(name, None, "one-element", signed(body(1, 1)))
    yield Text(name, None, "second-key", signed(body(), SECOND))
    yield Text(name, "unknown-client", "stranger", signed(body(), STRANGER))
    yield Text(name, "bad-message", "no-elements", signed(body(0, 0)))
    for count in (16_385, 65_535, 2**31, 2**32 - 1):
        yield Text(name, "too-many-elements", f"count-{count}", signed(body(count)))
    for count in (3, 4, 16_384):
        yield Text(name, "truncated", f"count-{count}", signed(body(count)))
    yield Text(name, "trailing-bytes", "count-1-of-2", signed(body(1)))
    yield Text(name, "trailing-bytes", "one-byte-in-the-body", signed(body() + b"x"))
    yield Text(name, "truncated", "half-an-element", signed(body()[:-16]))
    for length in (0, 31, 33, 64):
        yield Text(name, "bad-message", f"publisher-of-{length}-bytes", signed(body(publisher=bytes(length))))
    yield Text(name, "truncated", "publisher-alone", signed(lp(ROOT.key_id)))
    yield Text(name, "truncated", "feed-of-4-gib", signed(lp(ROOT.key_id) + le(2**32 - 1, 4) + b"tiny"))
    yield Text(name, "bad-message", "epoch-zero", signed(body(epoch=0)))
    for number, feed in enumerate(FEED_IDS):
        yield Text(name, "invalid-name", f"feed-id-{number}", signed(body(feed=feed.encode())))
    two = [SignatureEntry(one.key_id, 1, one) for one in (ROOT, SECOND)]
    yield Text(name, "bad-message", "two-signatures", signed(body(), entries=two))
    for kind in (1, 2, 3, 4, 5, 6, 7, 8, 10, 255):
        yield Text(name, "bad-message", f"block-type-{kind}", signed(body(), type=kind))
    yield Text(name, "unsupported-version", "version-2", signed(body(), version=2))
    yield Text(name, "malformed", "total-too-long", signed(body(), total=len(fine) + 1))
    yield Text(name, "malformed", "total-zero", signed(body(), total=0))
    for at in range(8):
        yield Text(name, "not-a-feed", f"magic-byte-{at}", flip(fine, at))
    for at in [*range(60, len(fine) - 99, 9), -1, -32, -33, -64]:
        yield Text(name, "bad-signature", f"byte-{at % len(fine)}", flip(fine, at))
    for cut in range(0, len(fine), 9):
        yield Text(name, "truncated", f"cut-at-{cut}", fine[:cut])


def retraction(epoch: int = 1, first: int = 1, day: int = 20_700, until: int = 20_738, end: bytes = b"\1\0\0\0") -> bytes:
    """An entry."""
    return le(epoch, 4) + bytes([first]) + bytes(15) + le(day, 4) + le(until, 4) + end


def retraction_faults() -> Iterator[Text]:
    """Lists of retractions that came as files of their own."""
    name = "retraction-list"
    two = (retraction(1, 1), retraction(1, 2))

    def body(*entries: bytes, publisher: bytes = ROOT.key_id, feed: bytes = b"tiny", issued: int = NOW, count: int | None = None) -> bytes:
        start = publisher + lp(feed) + le(3, 8) + le(issued, 8)
        return start + le(len(entries) if count is None else count, 4) + b"".join(entries)

    def signed(content: bytes, signer: Signer = ROOT, **header: Any) -> bytes:
        return signed_block(RETRACTIONS, content, signer, Header(**header))

    def listing(error: str | None, what: str, *entries: bytes, **more: Any) -> Text:
        return Text(name, error, what, signed(body(*entries, **more)))

    fine = signed(body(*two))
    head = body(*two).index(two[0])
    yield Text(name, None, "as-it-should-be", fine)
    yield Text(name, None, "second-key", signed(body(*two), SECOND))
    yield listing(None, "empty")
    yield listing(None, "three-epochs", retraction(1, 9), retraction(2, 1), retraction(256, 0))
    yield listing(None, "unknown-reason", retraction(end=b"\x63\0\0\0"))
    yield listing(None, "of-a-day", retraction(until=20_700))
    yield listing(None, "last-day-there-is", retraction(day=2**32 - 1, until=2**32 - 1))
    yield listing(None, "1000-entries", *(retraction(1 + n, 1) for n in range(1000)))
    yield listing(None, "300-seconds-ahead", *two, issued=NOW + 300)
    yield listing("not-yet-valid", "301-seconds-ahead", *two, issued=NOW + 301)
    yield listing("not-yet-valid", "at-the-end-of-time", *two, issued=2**53 - 1)
    yield listing("limit-exceeded", "issued-over-2-to-53", *two, issued=2**53)
    yield listing("limit-exceeded", "issued-all-ones", *two, issued=2**64 - 1)
    yield Text(name, "untrusted", "stranger", signed(body(*two, publisher=STRANGER.key_id), STRANGER))
    yield Text(name, "untrusted", "stranger-for-the-publisher", signed(body(*two), STRANGER))
    yield listing("not-authorised", "of-another-publisher", *two, publisher=STRANGER.key_id)
    yield listing("not-authorised", "of-nobody", *two, publisher=bytes(32))
    yield listing("not-authorised", "of-the-second-key", *two, publisher=SECOND.key_id)
    for at in (0, 31):
        yield listing("not-authorised", f"publisher-byte-{at}", *two, publisher=flip(ROOT.key_id, at))
    for number, feed in enumerate(FEED_IDS):
        yield listing("invalid-name", f"feed-id-{number}", *two, feed=feed.encode())
    yield listing("invalid-name", "feed-id-not-utf-8", *two, feed=b"ti\xffny")
    for length in (2**32 - 1, 2**31, 1 << 20, 200):
        content = body(*two)
        yield Text(name, "truncated", f"feed-of-{length}-bytes", signed(content[:32] + le(length, 4) + content[36:]))
    for count in (3, 4, 65_536, 2**27, 2**31, 2**32 - 1):
        yield listing("truncated", f"count-{count}-of-2", *two, count=count)
    for count in (0, 1):
        yield listing("trailing-bytes", f"count-{count}-of-2", *two, count=count)
    yield Text(name, "trailing-bytes", "a-byte-behind-the-entries", signed(body(*two) + b"x"))
    yield Text(name, "trailing-bytes", "a-zero-behind-the-entries", signed(body(*two) + b"\0"))
    for cut in (*range(1, head, 5), head + 1, head + 31, head + 33, head + 63):
        yield Text(name, "truncated", f"body-cut-at-{cut}", signed(body(*two)[:cut]))
    yield listing("malformed", "epoch-0", retraction(epoch=0))
    yield listing("malformed", "no-reason", retraction(end=bytes(4)))
    yield listing("malformed", "goes-before-it-comes", retraction(until=20_699))
    yield listing("malformed", "goes-on-day-0", retraction(until=0))
    yield listing("malformed", "second-of-epoch-0", retraction(), retraction(epoch=0, first=2))
    for place in (1, 2, 3):
        for number in (0, 1):
            entries = [retraction(1, 1), retraction(1, 2)]
            entries[number] = flip(entries[number], 28 + place)
            yield listing("not-zero", f"byte-{28 + place}-of-{number}", *entries)
    yield listing("not-sorted", "twice", two[0], two[0])
    yield listing("not-sorted", "fall", two[1], two[0])
    yield listing("not-sorted", "epochs-fall", retraction(2, 1), retraction(1, 2))
    yield listing("not-sorted", "epochs-as-bytes", retraction(256, 1), retraction(1, 2))
    yield listing("not-sorted", "twice-for-two-reasons", two[0], retraction(end=b"\2\0\0\0"))
    yield listing("not-sorted", "last-of-three", *two, retraction(1, 1, day=20_701))
    for kind in (1, 2, 3, 4, 6, 7, 8, 9, 10, 255):
        yield Text(name, "malformed", f"block-type-{kind}", signed(body(*two), type=kind))
    for version in (0, 2, 256):
        yield Text(name, "unsupported-version", f"version-{version}", signed(body(*two), version=version))
    yield Text(name, "malformed", "total-zero", signed(body(*two), total=0))
    yield Text(name, "malformed", "total-too-short", signed(body(*two), total=len(fine) - 1))
    yield Text(name, "malformed", "no-keys", signed(body(*two), count=0))
    yield Text(name, "malformed", "nine-keys", signed(body(*two), count=9))
    yield Text(name, "limit-exceeded", "body-over-a-mebibyte", signed(body(*two), body_length=(1 << 20) + 1, total=2**40))
    entry = SignatureEntry(ROOT.key_id, 1, ROOT)
    yield Text(name, "malformed", "key-twice", signed(body(*two), entries=[entry, entry]))
    yield Text(name, None, "two-keys", signed(body(*two), entries=[entry, SignatureEntry(SECOND.key_id, 1, SECOND)]))
    yield Text(name, None, "a-stranger-signed-too", signed(body(*two), entries=[entry, SignatureEntry(STRANGER.key_id, 1, STRANGER)]))
    yield Text(name, "bad-signature", "second-signature-wrong", signed(body(*two), entries=[entry, SignatureEntry(SECOND.key_id, 1, bytes(64))]))
    yield Text(name, "unsupported-algorithm", "algorithm-2", signed(body(*two), entries=[SignatureEntry(ROOT.key_id, 2, ROOT)]))
    for length in (0, 63, 65):
        short = SignatureEntry(ROOT.key_id, 1, ROOT.sign(RETRACTIONS, fine)[:64].ljust(65, b"\0")[:length])
        yield Text(name, "bad-signature", f"signature-of-{length}-bytes", signed(body(*two), entries=[short]))
    # What else the publisher has signed says nothing of retractions.
    head_of_log = signed_block(LOG_HEAD, body(*two), ROOT)
    crossed = head_of_log[:10] + bytes([RETRACTIONS]) + head_of_log[11:]
    yield Text(name, "bad-signature", "signed-as-a-head-of-a-log", crossed)
    yield Text(name, "trailing-bytes", "one-byte-more", fine + b"x")
    yield Text(name, "trailing-bytes", "twice-in-one-file", fine + fine)
    for at in range(8):
        yield Text(name, "not-a-feed", f"magic-byte-{at}", flip(fine, at))
    for at in [*range(60, 60 + len(body(*two)), 7), -1, -32, -33, -64]:
        yield Text(name, "bad-signature", f"byte-{at % len(fine)}", flip(fine, at))
    for cut in range(0, len(fine), 9):
        yield Text(name, "truncated", f"cut-at-{cut}", fine[:cut])


def all_texts() -> Iterator[Text]:
    """Every hostile block."""
    yield from head_faults()
    yield from retraction_faults()
    yield from request_faults()
