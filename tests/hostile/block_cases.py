"""Hostile signed blocks beside feeds, one fault each: heads of a review log and requests of blind queries."""

from typing import Any, Iterator

from base import NOW, ROOT, SECOND, STRANGER, Text, flip
from container import BLIND_REQUEST
from keys import lp
from text_cases import FEED_IDS, ID, OTHER_ID, Json, line, wrong_values
from writer import Header, SignatureEntry, Signer, le, signed_block

LOG_HEAD = 8


def head_faults() -> Iterator[Text]:
    """Signed heads."""
    good: Json = {"publisher": ID, "log": "0a" * 16, "entries": 4, "hash": "0d" * 32, "time": NOW}

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


def all_texts() -> Iterator[Text]:
    """Every hostile block."""
    yield from head_faults()
    yield from request_faults()
