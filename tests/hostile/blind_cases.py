"""Hostile answers of a blind feed's server, one fault each, to two requests that a member keeps the state of (docs/format.md, section 11.2).

`WORLD` is the member: the feed, the requests and what takes the blinds off. `reference/blind.py` judges the answers.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import bech32
import blind
import oprf
from base import ROOT, STRANGER, Text, base, flip
from blind import Message, digest_with_key, oprf_input, parse_request
from container import BLIND_REQUEST
from keys import ORDER, Card, lp
from oprf import BASE, CONTEXT, encode, hash_to_group
from reader import frame
from text_cases import FEED_IDS
from writer import Parts, Section, Signer, le, signed_block

KEY = 0x5EA1
PUBLIC = encode(BASE * KEY)
FEED = "asked"
IDS = lp(ROOT.key_id) + lp(FEED.encode()) + le(1, 4)
BANK = Signer(bytes([6]) * 32)
DOMAIN = 3
LISTED = ("evil.example", "scam.example")
# What is asked, a request each; the second one is filled up. Between the inputs stands one that did not parse.
ASKED = (("evil.example", "stranger.example"), ("scam.example",))
INPUTS: tuple[str | None, ...] = ("evil.example", "stranger.example", None, "scam.example")
NOT_PARSED = 103
HITS = [0, 3]
BAD_ENCODINGS = [item["hex"] for item in json.loads(
    (Path(__file__).resolve().parents[1] / "vectors" / "oprf.json").read_text("utf-8"))["bad_encodings"]]


@dataclass
class World:
    """A member between request and answer."""

    feed: bytes
    requests: list[Message]
    state: bytes

    def judge(self, answers: bytes) -> None:
        """Raises what the reference implementation says of these answers."""
        blind.check_all(self.requests, answers, PUBLIC)


def key_text() -> str:
    """The server's OPRF key, so that a test can answer truly."""
    key = bech32.encode("bisik-oprf-key-", le(KEY, 32)).upper()
    return f"publisher: {ROOT.key_id.hex()}\nfeed: {FEED}\nepoch: 1\n{key}\n"


def blind_feed() -> bytes:
    """A blind feed of two domains."""
    tokens = sorted(digest_with_key(KEY, IDS, frame(DOMAIN, 1, name.encode()))[:16] for name in LISTED)
    manifest = base(feed=FEED).parts.manifest | {
        "tokens": {"scheme": "blind", "suite": oprf.SUITE, "public_key": PUBLIC.hex()}, "count": len(LISTED),
        "kinds": [{"kind": DOMAIN, "name": "domain", "form": 1, "data": "", "count": len(LISTED)}],
    }
    return Parts(ROOT, manifest, [Section(2, b"".join(tokens))]).assemble()


def prepared() -> tuple[list[bytes], bytes]:
    """The requests, and the state to finish them with, as the library keeps it."""
    state = b"bisikpre" + le(1, 2) + le(len(INPUTS), 4)
    for name in INPUTS:
        state += bytes([DOMAIN]) + lp(name.encode()) if name else b"\0" + le(NOT_PARSED, 2)
    state += le(1, 4) + lp(IDS) + le(len(ASKED), 4)
    requests = []
    for number, names in enumerate(ASKED):
        frames = sorted(frame(DOMAIN, 1, name.encode()) for name in names)
        blinds = [1000 * number + place + 7 for place in range(len(frames))]
        elements = [encode(hash_to_group(oprf_input(IDS, framed)) * r) for framed, r in zip(frames, blinds)]
        elements += [encode(hash_to_group(b"padding"))] * (2 - len(elements))
        body = IDS + bytes([number]) * 16 + le(len(elements), 4) + b"".join(elements)
        requests.append(signed_block(BLIND_REQUEST, body, BANK))
        state += lp(requests[-1]) + le(len(frames), 4) + b"".join(frames) + b"".join(le(r, 32) for r in blinds)
    return requests, state


def world() -> World:
    """The member of these vectors."""
    requests, state = prepared()
    card = Card("Bank", [BANK.public], [])
    return World(blind_feed(), [parse_request(request, [card]) for request in requests], state)


WORLD = world()
FIRST, SECOND = WORLD.requests


def evaluated(request: Message, key: int = KEY) -> list[bytes]:
    """What a server with this key makes of a request."""
    return [encode(oprf.decode(element) * key) for element in request.elements]


def prove(request: Message, elements: list[bytes], key: int = KEY, random: int = 0x1234, **more: Any) -> bytes:
    """A proof of these elements."""
    return oprf.prove(key, request.elements, elements, random, **more)


def answer(request: Message, /, **changes: Any) -> bytes:
    """An answer, with some of its fields changed."""
    elements: list[bytes] = changes.get("elements", GOOD_ELEMENTS[request.digest])
    fields: dict[str, bytes] = {
        "magic": blind.MAGIC, "version": le(1, 2), "request": request.digest, "publisher": lp(ROOT.key_id), "feed": lp(FEED.encode()),
        "epoch": le(1, 4), "count": le(len(elements), 4), "proof": GOOD_PROOFS[request.digest],
    }
    return b"".join(changes.get(name, value) for name, value in fields.items()) + b"".join(elements)


GOOD_ELEMENTS = {request.digest: evaluated(request) for request in WORLD.requests}
GOOD_PROOFS = {request.digest: prove(request, GOOD_ELEMENTS[request.digest]) for request in WORLD.requests}
GOOD = [answer(request) for request in WORLD.requests]
NAME = "blind-answer"
# Where parts of an answer lie.
PROOF = len(GOOD[0]) - 64 - 64
ELEMENTS = PROOF + 64


def one(error: str | None, what: str, made: bytes) -> Text:
    """The first answer spoiled; the second is what it should be."""
    return Text(NAME, error, what, made + GOOD[1])


def other(error: str | None, what: str, made: bytes) -> Text:
    """The second answer spoiled."""
    return Text(NAME, error, what, GOOD[0] + made)


def answer_faults() -> Iterator[Text]:
    """The bytes of answers: what they are, whose, to what, and how many."""
    whole = GOOD[0] + GOOD[1]
    yield Text(NAME, None, "as-it-should-be", whole)
    yield Text(NAME, None, "in-another-order", GOOD[1] + GOOD[0])
    yield Text(NAME, None, "one-of-them-twice", whole + GOOD[0])
    again = prove(FIRST, GOOD_ELEMENTS[FIRST.digest], random=0x77)
    yield one(None, "proved-again", answer(FIRST, proof=again))
    yield Text(NAME, "answer-missing", "empty", b"")
    for number, given in enumerate(GOOD):
        yield Text(NAME, "answer-missing", f"only-number-{number}", given)
        yield Text(NAME, "answer-missing", f"only-number-{number}-twice", given + given)
    for cut in range(3, len(whole), 7):
        if cut != len(GOOD[0]):
            yield Text(NAME, "truncated", f"cut-at-{cut}", whole[:cut])
    for length in (1, 7):
        yield Text(NAME, "truncated", f"{length}-bytes-more", whole + blind.MAGIC[:length])
    yield Text(NAME, "truncated", "magic-behind", whole + blind.MAGIC)
    yield Text(NAME, "bad-message", "zeros-behind", whole + bytes(64))
    yield Text(NAME, "bad-message", "zeros-before", bytes(64) + whole)
    yield Text(NAME, "bad-message", "bom", b"\xef\xbb\xbf" + whole)
    for at in range(8):
        yield one("bad-message", f"magic-byte-{at}", flip(GOOD[0], at))
    for what, data in (
        ("request", prepared()[0][0]), ("feed", WORLD.feed), ("state", WORLD.state), ("hexadecimal", whole.hex().encode()),
        ("refusal", b'{"error":{"kind":"busy","message":"too many requests at once"}}'), ("page", b"<!doctype html><title>502</title>"),
    ):
        yield Text(NAME, "bad-message", f"{what}-instead", data)
    for version in (0, 2, 256, 65_535):
        yield one("unsupported-version", f"version-{version}", answer(FIRST, version=le(version, 2)))
    for at in (0, 1, 15, 16, 31):
        yield one("answer-missing", f"request-byte-{at}", answer(FIRST, request=flip(FIRST.digest, at)))
    yield one("answer-missing", "request-of-zeros", answer(FIRST, request=bytes(32)))
    yield one("answer-missing", "request-of-the-other", answer(FIRST, request=SECOND.digest))
    yield Text(NAME, "bad-message", "one-to-no-request-more", whole + answer(FIRST, request=bytes(32)))
    yield Text(NAME, "bad-message", "one-to-no-request-first", answer(FIRST, request=flip(FIRST.digest, 0)) + whole)
    for length in (0, 31, 33, 2**31, 2**32 - 1):
        yield one("bad-message", f"publisher-of-{length}-bytes", answer(FIRST, publisher=le(length, 4) + ROOT.key_id))
    for at in (0, 31):
        yield one("wrong-feed", f"publisher-byte-{at}", answer(FIRST, publisher=lp(flip(ROOT.key_id, at))))
    yield one("wrong-feed", "another-publisher", answer(FIRST, publisher=lp(STRANGER.key_id)))
    yield other("wrong-feed", "another-publisher-of-the-second", answer(SECOND, publisher=lp(STRANGER.key_id)))
    for number, feed in enumerate(FEED_IDS):
        yield one("invalid-name", f"feed-id-{number}", answer(FIRST, feed=lp(feed.encode())))
    yield one("bad-message", "feed-id-not-utf-8", answer(FIRST, feed=lp(b"ask\xffd")))
    for feed in ("askee", "aske", "asked2", "other"):
        yield one("wrong-feed", f"feed-{feed}", answer(FIRST, feed=lp(feed.encode())))
    for length in (1 << 20, 2**31, 2**32 - 1):
        yield one("truncated", f"feed-of-{length}-bytes", answer(FIRST, feed=le(length, 4) + FEED.encode()))
    yield one("bad-message", "epoch-0", answer(FIRST, epoch=le(0, 4)))
    for epoch in (2, 256, 2**24, 2**32 - 1):
        yield one("wrong-feed", f"epoch-{epoch}", answer(FIRST, epoch=le(epoch, 4)))
    yield from count_faults()


def count_faults() -> Iterator[Text]:
    """Counts that are not that of the elements, or not that of the request."""
    for number, request in enumerate(WORLD.requests):
        spoiled = (one, other)[number]
        yield spoiled("bad-message", f"count-0-of-number-{number}", answer(request, count=le(0, 4)))
        for count in (16_385, 65_535, 2**31, 2**32 - 1):
            yield spoiled("too-many-elements", f"count-{count}-of-number-{number}", answer(request, count=le(count, 4)))
    for count in (3, 4, 16_384):
        yield other("truncated", f"count-{count}-and-two-elements", answer(SECOND, count=le(count, 4)))
    yield one("bad-message", "count-3-reaches-into-the-next", answer(FIRST, count=le(3, 4)))
    yield other("bad-message", "count-1-and-two-elements", answer(SECOND, count=le(1, 4)))
    for number, request in enumerate(WORLD.requests):
        spoiled = (one, other)[number]
        first, second = GOOD_ELEMENTS[request.digest]
        for what, elements in (("first-alone", [first]), ("second-alone", [second]), ("three", [first, second, first]), ("four", [first, second] * 2)):
            yield spoiled("count-mismatch", f"{what}-of-number-{number}", answer(request, elements=elements))
    alone = Message(FIRST.publisher, FIRST.feed, FIRST.epoch, FIRST.elements[:1], FIRST.digest)
    elements = GOOD_ELEMENTS[FIRST.digest][:1]
    yield one("count-mismatch", "first-alone-and-proved", answer(FIRST, elements=elements, proof=prove(alone, elements)))


def element_faults() -> Iterator[Text]:
    """Elements that are none, or that the published key does not make of what was sent."""
    for number, request in enumerate(WORLD.requests):
        spoiled = (one, other)[number]
        good = GOOD_ELEMENTS[request.digest]
        for place in (0, 1):
            def put(element: bytes) -> bytes:
                return answer(request, elements=[element if at == place else kept for at, kept in enumerate(good)])

            where = f"{place}-of-number-{number}"
            for at, text in enumerate(BAD_ENCODINGS):
                if (number, place) == (0, 0) or at in (0, 1, 10, 15):
                    yield spoiled("bad-element", f"encoding-{at}-as-{where}", put(bytes.fromhex(text)))
            for what, element in (
                ("generator", encode(BASE)), ("what-was-sent", request.elements[place]), ("the-public-key", PUBLIC),
                ("its-neighbour", good[1 - place]), ("twice-it", encode(oprf.decode(good[place]) + oprf.decode(good[place]))),
            ):
                yield spoiled("bad-proof", f"{what}-as-{where}", put(element))
            for at in range(place, 32, 5):
                flipped = flip(good[place], at)
                try:
                    oprf.decode(flipped)
                    error = "bad-proof"
                except blind.FormatError as found:
                    error = found.kind
                yield spoiled(error, f"byte-{at}-of-{where}", put(flipped))
        yield spoiled("bad-proof", f"swapped-in-number-{number}", answer(request, elements=good[::-1]))
        # A server that uses a key of its own for this member, and proves that.
        for key in (KEY + 1, ORDER - KEY, 2 * KEY):
            own = evaluated(request, key)
            yield spoiled("bad-proof", f"another-key-{key % 1000}-proved-of-number-{number}",
                          answer(request, elements=own, proof=prove(request, own, key)))
            yield spoiled("bad-proof", f"another-key-{key % 1000}-of-number-{number}", answer(request, elements=own))
            yield spoiled("bad-proof", f"another-key-{key % 1000}-proved-as-the-published-of-number-{number}",
                          answer(request, elements=own, proof=prove(request, own)))
        one_false = [good[0], encode(oprf.decode(request.elements[1]) * (KEY + 1))]
        yield spoiled("bad-proof", f"one-of-another-key-in-number-{number}", answer(request, elements=one_false, proof=prove(request, one_false)))
    yield one("bad-proof", "elements-of-the-other", answer(FIRST, elements=GOOD_ELEMENTS[SECOND.digest]))
    yield one("bad-proof", "elements-and-proof-of-the-other",
              answer(FIRST, elements=GOOD_ELEMENTS[SECOND.digest], proof=GOOD_PROOFS[SECOND.digest]))
    yield Text(NAME, "bad-proof", "answers-to-each-other", answer(
        FIRST, elements=GOOD_ELEMENTS[SECOND.digest], proof=GOOD_PROOFS[SECOND.digest]) + answer(
        SECOND, elements=GOOD_ELEMENTS[FIRST.digest], proof=GOOD_PROOFS[FIRST.digest]))
    yield Text(NAME, "bad-proof", "a-false-one-and-the-right-one", answer(FIRST, proof=GOOD_PROOFS[SECOND.digest]) + GOOD[0] + GOOD[1])


def proof_faults() -> Iterator[Text]:
    """Proofs of something else."""
    good, elements = GOOD_PROOFS[FIRST.digest], GOOD_ELEMENTS[FIRST.digest]
    challenge, response = (int.from_bytes(part, "little") for part in (good[:32], good[32:]))
    swapped = Message(FIRST.publisher, FIRST.feed, FIRST.epoch, FIRST.elements[::-1], FIRST.digest)
    first_alone = Message(FIRST.publisher, FIRST.feed, FIRST.epoch, FIRST.elements[:1], FIRST.digest)
    for what, proof in (
        ("zeros", bytes(64)), ("ones", b"\xff" * 64), ("halves-swapped", good[32:] + good[:32]), ("challenge-twice", good[:32] * 2),
        ("response-twice", good[32:] * 2), ("no-challenge", bytes(32) + good[32:]), ("no-response", good[:32] + bytes(32)),
        ("other-endianness", good[:32][::-1] + good[32:][::-1]), ("of-the-other", GOOD_PROOFS[SECOND.digest]),
        ("challenge-of-the-other", GOOD_PROOFS[SECOND.digest][:32] + good[32:]), ("response-of-the-other", good[:32] + GOOD_PROOFS[SECOND.digest][32:]),
        ("challenge-not-reduced", le(challenge + ORDER, 32) + good[32:]), ("response-not-reduced", good[:32] + le(response + ORDER, 32)),
        ("challenge-is-the-order", le(ORDER, 32) + good[32:]), ("response-is-the-order", good[:32] + le(ORDER, 32)),
        ("challenge-negated", le(ORDER - challenge, 32) + good[32:]), ("response-negated", good[:32] + le(ORDER - response, 32)),
        ("challenge-one-more", le(challenge + 1, 32) + good[32:]), ("response-one-more", good[:32] + le(response + 1, 32)),
        ("of-elements-in-another-order", prove(swapped, elements[::-1])), ("of-the-first-element-alone", prove(first_alone, elements[:1])),
        ("of-another-key", prove(FIRST, elements, KEY + 1)), ("of-what-was-sent", prove(FIRST, FIRST.elements)),
        ("of-the-base-mode", prove(FIRST, elements, context=CONTEXT.replace(b"\x01", b"\x00"))),
        ("of-the-partial-mode", prove(FIRST, elements, context=CONTEXT.replace(b"\x01", b"\x02"))),
        ("of-another-suite", prove(FIRST, elements, context=CONTEXT.replace(b"ristretto255-SHA512", b"P256-SHA256"))),
    ):
        yield one("bad-proof", f"proof-{what}", answer(FIRST, proof=proof))
    for number, request in enumerate(WORLD.requests):
        for at in range(number, 64, 4):
            made = answer(request, proof=flip(GOOD_PROOFS[request.digest], at, 1 << at % 8))
            yield (one, other)[number]("bad-proof", f"proof-byte-{at}-of-number-{number}", made)


def all_texts() -> Iterator[Text]:
    """Every hostile answer."""
    yield from answer_faults()
    yield from element_faults()
    yield from proof_faults()
