"""Hostile states that a member keeps between a blind request and its answer, one fault each (docs/format.md, section 11.3).

The member is that of `blind_cases.py`; `reference/blind.py` judges the states.
"""

from typing import Any, Iterator

import blind
from base import ROOT, STRANGER, Text, flip
from blind_cases import ASKED, BAD_ENCODINGS, BANK, DOMAIN, FEED, IDS, INPUTS, NOT_PARSED, WORLD, prepared
from container import BLIND_REQUEST
from keys import ORDER, lp
from oprf import BASE, encode
from reader import frame
from writer import Header, SignatureEntry, le, signed_block

NAME = "blind-state"
ELEMENTS = [encode(BASE * 3), encode(BASE * 5)]


def judge(data: bytes) -> None:
    """Raises what the reference implementation says of a state."""
    blind.parse_state(data, [IDS])


def listed(name: str) -> bytes:
    """An input that parsed."""
    return bytes([DOMAIN]) + lp(name.encode())


def rejected(code: int = NOT_PARSED) -> bytes:
    """An input that did not."""
    return b"\0" + le(code, 2)


GOOD_INPUTS = [listed(name) if name else rejected() for name in INPUTS]


def body(ids: bytes = IDS, elements: list[bytes] | None = None, count: int | None = None) -> bytes:
    """The body of a request."""
    sent = ELEMENTS if elements is None else elements
    return ids + bytes(16) + le(len(sent) if count is None else count, 4) + b"".join(sent)


def request(content: bytes | None = None, **header: Any) -> bytes:
    """A request of the member's own."""
    return signed_block(BLIND_REQUEST, body() if content is None else content, BANK, Header(**header))


def asked(bytes_: bytes | None = None, frames: int = 1, blinds: list[int] | None = None, count: int | None = None) -> bytes:
    """A request with what takes the blinds off."""
    secret = [7] * frames if blinds is None else blinds
    names = [frame(DOMAIN, 1, f"d{number}.example".encode()) for number in range(frames)]
    start = lp(request() if bytes_ is None else bytes_) + le(frames if count is None else count, 4)
    return start + b"".join(names) + b"".join(le(one, 32) for one in secret)


def state(
    inputs: list[bytes] | None = None, feeds: list[bytes] | None = None, requests: list[bytes] | None = None, version: int = 1,
    magic: bytes = b"bisikpre", counts: tuple[int | None, int | None, int | None] = (None, None, None)
) -> bytes:
    """A state by hand."""
    out = magic + le(version, 2)
    lists = (GOOD_INPUTS if inputs is None else inputs, [lp(IDS)] if feeds is None else feeds, [asked()] if requests is None else requests)
    for items, count in zip(lists, counts):
        out += le(len(items) if count is None else count, 4) + b"".join(items)
    return out


def text(error: str | None, what: str, data: bytes) -> Text:
    """A state, and what is expected of it."""
    return Text(NAME, error, what, data)


def shape_faults() -> Iterator[Text]:
    """The whole of it: magic, version, counts, ends."""
    fine = WORLD.state
    assert prepared()[1] == fine and len(ASKED) == 2
    yield text(None, "as-it-should-be", fine)
    yield text(None, "by-hand", state())
    yield text(None, "of-nothing", state([], [], []))
    yield text(None, "asked-and-nothing-to-ask", state([rejected()], requests=[]))
    yield text(None, "two-requests", state(requests=[asked(), asked(frames=2)]))
    yield text(None, "a-request-of-padding-alone", state(requests=[asked(frames=0)]))
    for at in range(8):
        yield text("bad-message", f"magic-byte-{at}", flip(fine, at))
    yield text("bad-message", "an-answer", b"bisikans" + fine[8:])
    yield text("bad-message", "a-request", WORLD.feed)
    for version in (0, 2, 256, 65535):
        yield text("unsupported-version", f"version-{version}", state(version=version))
    for cut in (*range(0, 20), *range(20, len(fine), 37), len(fine) - 1):
        yield text("truncated", f"cut-at-{cut}", fine[:cut])
    for what, more in {"a-zero": b"\0", "a-byte": b"x", "itself": fine}.items():
        yield text("trailing-bytes", f"{what}-behind", fine + more)
    for count in (2, 2**31, 2**32 - 1):
        yield text("truncated", f"{count}-requests-of-1", state(counts=(None, None, count)))
    yield text("trailing-bytes", "0-requests-of-1", state(counts=(None, None, 0)))


def input_faults() -> Iterator[Text]:
    """The inputs, and the feeds that were asked."""
    for what, good in {"other-kinds": [b"\5" + lp(b"192.0.2.7"), listed("a.example")], "an-input-twice": [listed("a.example")] * 2}.items():
        yield text(None, what, state(good))
    for kind in (18, 99, 255):
        yield text("bad-message", f"kind-{kind}", state([bytes([kind]) + lp(b"evil.example")]))
    for what, form in {
        "empty": b"", "a-blank": b"evil .example", "not-utf-8": b"evil\xff.example", "one-label": b"example", "zero-byte": b"evil\0.example",
        "two-points": b"evil..example", "label-of-64": b"a" * 64 + b".example",
    }.items():
        yield text("bad-message", f"domain-{what}", state([bytes([DOMAIN]) + lp(form)]))
    for code in (0, 1, 99, 65535):
        yield text("bad-message", f"rejected-with-{code}", state([rejected(code)]))
    for length in (2**20, 2**31, 2**32 - 1):
        yield text("truncated", f"input-of-{length}-bytes", state([bytes([DOMAIN]) + le(length, 4) + b"evil.example"]))
    for count in (2**20, 2**32 - 1):
        yield text("truncated", f"{count}-inputs", b"bisikpre" + le(1, 2) + le(count, 4) + b"".join(GOOD_INPUTS))
    for what, ids in {
        "another-feed": lp(ROOT.key_id) + lp(b"other") + le(1, 4), "another-publisher": lp(STRANGER.key_id) + lp(FEED.encode()) + le(1, 4),
        "another-epoch": IDS[:-4] + le(2, 4), "epoch-0": IDS[:-4] + le(0, 4), "nothing": b"", "a-byte-less": IDS[:-1], "a-byte-more": IDS + b"\0",
    }.items():
        yield text("wrong-epoch", f"asked-of-{what}", state(feeds=[lp(ids)]))
    yield text("wrong-epoch", "second-asked-of-another-epoch", state(feeds=[lp(IDS), lp(IDS[:-4] + le(2, 4))]))
    yield text("truncated", "asked-of-4-gib", state(feeds=[le(2**32 - 1, 4) + IDS], requests=[]))


def request_faults() -> Iterator[Text]:
    """The requests, and what takes the blinds off."""
    def of(error: str | None, what: str, made: bytes, **more: Any) -> Text:
        return text(error, f"request-{what}", state(requests=[asked(made, **more)]))

    fine = request()
    for what, ids in {
        "epoch": IDS[:-4] + le(2, 4), "feed": lp(ROOT.key_id) + lp(b"other") + le(1, 4),
        "publisher": lp(STRANGER.key_id) + lp(FEED.encode()) + le(1, 4),
    }.items():
        yield of("wrong-epoch", f"of-another-{what}", request(body(ids)))
    for at in (0, 5, 7):
        yield of("not-a-feed", f"magic-byte-{at}", flip(fine, at))
    for version in (0, 2):
        yield of("unsupported-version", f"of-version-{version}", request(version=version))
    for kind in (1, 2, 3, 8, 255):
        yield of("bad-message", f"of-block-type-{kind}", request(type=kind))
    for cut in (0, 7, 11, 59, 100, len(fine) - 1):
        yield of("truncated", f"cut-at-{cut}", fine[:cut])
    yield of("trailing-bytes", "and-a-zero", fine + b"\0")
    yield of("trailing-bytes", "twice", fine + fine)
    entry = SignatureEntry(BANK.key_id, 1, BANK)
    yield of("malformed", "key-twice", request(entries=[entry, entry]))
    yield of("malformed", "total-longer", request(total=len(fine) + 1))
    yield of("bad-message", "of-epoch-0", request(body(IDS[:-4] + le(0, 4))))
    yield of("bad-message", "without-elements", request(body(elements=[])), frames=0)
    yield of("too-many-elements", "of-16385", request(body(count=16_385)))
    yield of("truncated", "of-3-elements-with-2", request(body(count=3)))
    yield of("trailing-bytes", "of-1-element-with-2", request(body(count=1)))
    for number, wrong in enumerate(BAD_ENCODINGS[:12]):
        yield of("bad-element", f"element-{number}", request(body(elements=[ELEMENTS[0], bytes.fromhex(wrong)])))
    yield of(None, "as-many-blinds-as-elements", fine, frames=2)
    yield of("count-mismatch", "more-blinds-than-elements", fine, frames=3)
    for what, wrong_blind in {"zero": 0, "the-order": ORDER, "order-and-one": ORDER + 1, "all-ones": 2**256 - 1}.items():
        yield of("bad-message", f"blind-{what}", fine, blinds=[wrong_blind])
        yield of("bad-message", f"second-blind-{what}", fine, frames=2, blinds=[7, wrong_blind])
    for what, one in {"one": 1, "order-less-1": ORDER - 1}.items():
        yield of(None, f"blind-{what}", fine, blinds=[one])
    for count in (3, 2**20, 2**26, 2**32 - 1):
        yield of("truncated", f"{count}-blinds-stated", fine, count=count)
    yield of("truncated", "a-blind-less", fine, frames=2, blinds=[7])
    yield of("trailing-bytes", "a-blind-more", fine, frames=1, blinds=[7, 7])
    yield text("truncated", "request-of-4-gib", state(requests=[le(2**32 - 1, 4) + fine]))


def all_texts() -> Iterator[Text]:
    """Every hostile state."""
    for group in (shape_faults, input_faults, request_faults):
        yield from group()
