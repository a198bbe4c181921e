"""Faults of a delta's block, signatures, body and list of parts (docs/format.md, sections 4, 5.2 and 9)."""

import copy
import json
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator

from base import NEIGHBOUR, NOW, ROOT, SECOND, STRANGER, flip
from container_cases import Altered, Crooked
from delta_parts import (
    ADDED, ADDED_RECORDS, CHANGED, CHANGED_RECORDS, FULL_BASE, FULL_RESULT, PARTS, PLAIN_BASE, PLAIN_RESULT, REMOVED, RESULT, SIZE, WHOLE,
    Delta, Version, full, plain
)
from keys import ED25519, X25519
from text_cases import OTHER_ID, FEED_IDS, spelled, wrong_values
from writer import Header, SignatureEntry, Signer, le

NAMES = ("result", "removed", "added", "added-records", "changed", "changed-records", "whole")


@dataclass
class Look:
    """A look-up in the base and in what the delta made of it: hit, no-hit or the kind of an error."""

    before: str
    outcome: str
    match_key: str
    kind: str = "domain"


LOOKS = (
    Look("hit", "hit", "kept.example"), Look("hit", "no-hit", "old.example"), Look("no-hit", "hit", "new.example"),
    Look("hit", "no-hit", "192.0.2.7", "ip"), Look("no-hit", "hit", "192.0.2.9", "ip"), Look("no-hit", "no-hit", "never.example"),
)
CHANGED_LOOKS = (*LOOKS, Look("hit", "hit", "changed.example"))


@dataclass
class DeltaCase:
    """A delta with at most one fault for a base, what a reader must say of it, and what comes of one that is accepted."""

    error: str | None
    what: str
    data: bytes
    base: Version
    result: Version | None = None
    with_key: bool = False
    sealed: bool = False
    now: int = NOW
    looks: tuple[Look, ...] = field(default=())

    @property
    def name(self) -> str:
        """The expected error and the fault."""
        return f"{self.error or 'accepted'}__{self.what}.delta"


Cases = Iterator[DeltaCase]
Make = Callable[[], Delta]


def base_of(made: Delta) -> Version:
    """The base that goes with a delta."""
    return FULL_BASE if made.body["record_size"] == SIZE or made.body["feed"] == "told" else PLAIN_BASE


def refused(error: str, what: str, made: Delta | bytes, base: Version | None = None, **more: Any) -> DeltaCase:
    """A delta with one fault; bytes are for the base without records."""
    if isinstance(made, Delta):
        return DeltaCase(error, what, made.assemble(), base or base_of(made), **more)
    return DeltaCase(error, what, made, base or PLAIN_BASE, **more)


def accepted(what: str, made: Delta | bytes, base: Version = PLAIN_BASE, result: Version = PLAIN_RESULT, **more: Any) -> DeltaCase:
    """A delta that makes this result of its base."""
    data = made.assemble() if isinstance(made, Delta) else made
    return DeltaCase(None, what, data, base, result, **{"looks": LOOKS} | more)


def with_header(make: Make = plain, **values: Any) -> Delta:
    """A delta whose block has other fields."""
    made = make()
    made.header = replace(Header(), **values)
    return made


def with_body(make: Make = plain, /, **values: Any) -> Delta:
    """A delta whose body says something else."""
    made = make()
    made.body |= values
    return made


def with_part(index: int, content: bytes, make: Make = full) -> Delta:
    """A delta with another part, rightly listed."""
    made = make()
    made.parts[index] = content
    return made


def with_stated(index: int, make: Make = full, **values: Any) -> Delta:
    """A delta whose body says something else of a part than what is there."""
    made = make()
    made.stated[index] = values
    return made


def transformed(change: Callable[[bytes], bytes], make: Make = plain) -> Delta:
    """A delta whose body's text was changed before it was signed."""
    made = make()
    made.transform = change
    return made


def block_cases() -> Cases:
    """Magic, version, type and lengths of the block; whatever else the file may be."""
    good = plain().assemble()
    yield accepted("as-it-should-be", good)
    yield accepted("with-everything", full(), FULL_BASE, FULL_RESULT, looks=CHANGED_LOOKS)
    wide = full()
    wide.class_length = 16_384 + 256 * (4 + 16 + SIZE + 4 + SIZE) + 4_096 + 448
    yield accepted("of-the-length-that-a-publisher-makes", wide, FULL_BASE, FULL_RESULT)
    for i in range(8):
        yield refused("not-a-feed", f"magic-byte-{i}", flip(good, i, 0x20))
    for what, data in {"empty": b"", "text": b"kind,value\n", "json": b'{"publisher":"x"}', "zeros": bytes(1024)}.items():
        yield refused("not-a-feed", what, data)
    yield refused("not-a-feed", "the-base", PLAIN_BASE.data)
    yield refused("not-a-feed", "the-result", PLAIN_RESULT.data)
    yield refused("not-a-feed", "the-result-after-it", PLAIN_RESULT.data + good)
    for kind in (0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 255):
        yield refused("not-a-feed", f"block-type-{kind}", with_header(type=kind))
    for version in (0, 2, 256):
        yield refused("unsupported-version", f"version-{version}", with_header(version=version))
    own = SignatureEntry(ROOT.key_id, ED25519, ROOT)
    yield refused("malformed", "no-key-ids", with_header(count=0, key_ids=[], entries=[]))
    many = [SignatureEntry(Signer(bytes([100 + i]) * 32).key_id, ED25519, bytes(64)) for i in range(8)]
    yield refused("malformed", "nine-key-ids", with_header(entries=[*many, own]))
    yield refused("malformed", "key-id-twice", with_header(entries=[own, own]))
    yield refused("malformed", "empty-body", transformed(lambda _: b""))
    for length in (2**20 + 1, 2**32 - 1):
        yield refused("limit-exceeded", f"body-length-{length}", with_header(body_length=length))
    for length in (65537, 2**32 - 1):
        yield refused("limit-exceeded", f"signature-block-length-{length}", with_header(signature_length=length))
    yield refused("malformed", "body-longer-than-the-file", with_header(body_length=2**20))
    for total in (0, 64, 1024):
        yield refused("malformed", f"total-{total}", with_header(total=total))
    yield refused("trailing-bytes", "total-less-by-64", with_header(total=len(good) - 64))
    for total in (len(good) + 64, 2 * len(good), 2**32, 2**64 - 1):
        yield refused("truncated", f"total-{total}", with_header(total=total))
    for what, data in {"one-byte-more": good + b"\0", "64-zeros-more": good + bytes(64), "twice": good + good}.items():
        yield refused("trailing-bytes", what, data)
    for cut in (1, 7, 8, 10, 11, 12, 43, 59, 60, 300, len(good) // 2, len(good) - 64, len(good) - 1):
        yield refused("truncated", f"first-{cut}-bytes", good[:cut])
    for more in (1, 8, 32):
        yield refused("wrong-padding", f"longer-by-{more}", plain().assemble(pad_more=more))


def signature_cases() -> Cases:
    """The signature block, and what the trusted key says."""
    own = SignatureEntry(ROOT.key_id, ED25519, ROOT)
    second = SignatureEntry(SECOND.key_id, ED25519, SECOND)
    strange = SignatureEntry(STRANGER.key_id, ED25519, STRANGER)
    good = plain().assemble()
    yield accepted("second-key-alone", with_header(entries=[second]))
    yield accepted("two-keys", with_header(entries=[own, second]))
    yield accepted("a-stranger-signed-too", with_header(entries=[strange, own]))
    yield accepted("a-strangers-wrong-signature", with_header(entries=[own, replace(strange, by=bytes(64))]))
    yield refused("malformed", "signatures-in-another-order", with_header(entries=[own, second], key_ids=[SECOND.key_id, ROOT.key_id]))
    yield refused("truncated", "a-signature-missing", with_header(entries=[own], key_ids=[ROOT.key_id, SECOND.key_id]))
    yield refused("trailing-bytes", "a-signature-too-many", with_header(entries=[own, second], key_ids=[ROOT.key_id]))
    for position in (0, 31, 32, 63):
        yield refused("bad-signature", f"signature-byte-{position}", with_header(entries=[replace(own, by=Altered(ROOT, position))]))
    yield refused("bad-signature", "s-plus-the-order", with_header(entries=[replace(own, by=Altered(ROOT, grow=True))]))
    for length in (0, 63, 65):
        yield refused("bad-signature", f"signature-of-{length}-bytes", with_header(entries=[replace(own, by=bytes(length))]))
    for kind in (1, 3):
        yield refused("bad-signature", f"signed-as-type-{kind}", with_header(entries=[replace(own, by=_signing_as(kind))]))
    yield refused("bad-signature", "signed-by-another", with_header(entries=[replace(own, by=STRANGER)]))
    yield refused("bad-signature", "second-signature-wrong", with_header(entries=[own, replace(second, by=Altered(SECOND, 5))]))
    # A manifest is signed over its type: as a delta it is none.
    as_delta = PLAIN_RESULT.data[:10] + b"\2" + PLAIN_RESULT.data[11:]
    yield refused("bad-signature", "a-feed-whose-type-was-changed", as_delta)
    for position in (60, 100, 300, 600, 1000):
        yield refused("bad-signature", f"body-byte-{position}", flip(good, position))
    yield refused("untrusted", "signed-by-a-stranger", with_header(entries=[strange]))
    neighbour = SignatureEntry(NEIGHBOUR.key_id, ED25519, NEIGHBOUR)
    yield refused("not-authorised", "signed-by-another-publisher", with_header(entries=[neighbour]))
    yield accepted("another-publisher-signed-too", with_header(entries=[neighbour, own]))
    yield refused("untrusted", "key-id-of-nobody", with_header(entries=[SignatureEntry(bytes(32), ED25519, ROOT)]))
    for algorithm in (0, X25519, 255):
        yield refused("unsupported-algorithm", f"algorithm-{algorithm}", with_header(entries=[replace(own, algorithm=algorithm)]))
    for what, publisher in {"zeros": "00" * 32, "of-a-stranger": OTHER_ID, "of-the-second-key": SECOND.key_id.hex()}.items():
        yield refused("not-authorised", f"publisher-{what}", with_body(publisher=publisher))


def _signing_as(kind: int) -> Signer:
    return Crooked(ROOT, lambda signed: b"bisik-signature/1\0" + bytes([kind]) + le(len(signed), 8) + signed)


def spelling_cases() -> Cases:
    """What is no signed JSON."""
    yield accepted("body-with-white-space", transformed(lambda body: json.dumps(json.loads(body), indent=1).encode()))
    yield accepted("body-in-another-order", transformed(lambda body: json.dumps(dict(reversed(json.loads(body).items()))).encode()))
    for what, change in {
        "no-json": lambda _: b"delta", "array": lambda body: b"[" + body + b"]", "null": lambda _: b"null",
        "byte-order-mark": lambda body: b"\xef\xbb\xbf" + body, "not-utf-8": lambda body: body.replace(b"tiny", b"t\xffny"),
        "comma-at-the-end": lambda body: body[:-1] + b",}", "two-objects": lambda body: body + body, "zero-after": lambda body: body + b"\0",
        "exponent": lambda body: body.replace(b'"epoch":2', b'"epoch":2e0'), "fraction": lambda body: body.replace(b'"epoch":2', b'"epoch":2.0'),
        "leading-zero": lambda body: body.replace(b'"epoch":2', b'"epoch":02'), "control": lambda body: body.replace(b"tiny", b"ti\\u0001ny"),
        "bidi": lambda body: body.replace(b"tiny", b"ti\\u202eny"), "as-an-array-of-values": _as_values,
    }.items():
        yield refused("bad-manifest", f"body-{what}", transformed(change))
    yield refused("duplicate-name", "feed-twice", transformed(lambda body: body.replace(b'"feed"', b'"feed":"tiny","feed"', 1)))
    yield refused("duplicate-name", "feed-twice-escaped", transformed(lambda body: body.replace(b'"feed"', b'"\\u0066eed":"tiny","feed"', 1)))
    yield refused("duplicate-name", "version-twice-in-base", transformed(lambda body: body.replace(b'"version":5', b'"version":5,"version":5', 1)))
    yield refused("duplicate-name", "length-twice-in-a-part", transformed(lambda body: body.replace(b'"length":48', b'"length":48,"length":48', 1)))


def _as_values(body: bytes) -> bytes:
    return json.dumps(list(json.loads(body).values())).encode()


def body_cases() -> Cases:
    """Each name of the body: missing, of another type, out of range; names that are none."""
    good = plain().body
    for name, value in good.items():
        made = plain()
        del made.body[name]
        yield refused("bad-manifest", f"without-{spelled((name,))}", made, PLAIN_BASE)
        for what, wrong in wrong_values(value):
            yield refused("bad-manifest", f"{spelled((name,))}-{what}", with_body(**{name: wrong}), PLAIN_BASE)
    yield refused("bad-manifest", "unknown-name", with_body(more=1))
    for which in ("base", "result"):
        for name, value in good[which].items():
            less = {key: inner for key, inner in good[which].items() if key != name}
            yield refused("bad-manifest", f"{which}-without-{name}", with_body(**{which: less}))
            for what, wrong in wrong_values(value):
                yield refused("bad-manifest", f"{which}-{name}-{what}", with_body(**{which: good[which] | {name: wrong}}))
        yield refused("bad-manifest", f"{which}-unknown-name", with_body(**{which: good[which] | {"more": 1}}))
        yield refused("bad-manifest", f"{which}-version-0", with_body(**{which: good[which] | {"version": 0}}))
        for what, text in _hex_faults(good[which]["digest"]):
            yield refused("bad-manifest", f"{which}-digest-{what}", with_body(**{which: good[which] | {"digest": text}}))
    for what, text in _hex_faults(good["publisher"]):
        yield refused("bad-manifest", f"publisher-{what}", with_body(publisher=text))
    for number, feed in enumerate(FEED_IDS):
        yield refused("invalid-name", f"feed-id-{number}", with_body(feed=feed), PLAIN_BASE)
    for what, epoch in {"0": 0, "2-to-32": 2**32}.items():
        yield refused("bad-manifest", f"epoch-{what}", with_body(epoch=epoch))
    for what, version in {"the-results": 6, "after-the-result": 7, "largest": 2**53 - 1}.items():
        yield refused("bad-manifest", f"base-version-{what}", with_body(base=good["base"] | {"version": version}))
    for size in (1, 64, 100, 127, 8192):
        made = with_body(record_size=size)
        made.parts[ADDED_RECORDS] = bytes(size * 3)
        yield refused("bad-manifest", f"record-size-{size}", made, PLAIN_BASE)
    yield refused("bad-manifest", "record-size-2-to-32", with_body(record_size=2**32), PLAIN_BASE)
    for kind in (0, 65536):
        yield refused("bad-manifest", f"whole-of-type-{kind}", with_body(whole=[kind]))
    # What part 1 says otherwise.
    for name, value in {"feed": "other", "epoch": 3, "length": len(PLAIN_RESULT.data) + 64}.items():
        yield refused("malformed", f"another-{name}", with_body(**{name: value}))
    for what, length in {"0": 0, "1": 1, "2-to-53-less-1": 2**53 - 1}.items():
        yield refused("malformed", f"length-{what}", with_body(length=length))
    for what, value in {"version": 7, "digest": flip(PLAIN_RESULT.digest, 31).hex()}.items():
        yield refused("malformed", f"another-result-{what}", with_body(result=good["result"] | {what: value}))
    yield refused("malformed", "digest-of-the-base-for-the-result", with_body(result=good["result"] | {"digest": PLAIN_BASE.digest.hex()}))


def _hex_faults(text: str) -> list[tuple[str, str]]:
    return [
        ("upper", text.upper()), ("short", text[:-2]), ("odd", text[:-1]), ("long", text + "00"), ("no-hex", "0g" * 32), ("empty", ""),
        ("blank", text[:-1] + " "), ("prefix", "0x" + text[2:])
    ]


def list_cases() -> Cases:
    """The list of parts: its number and order, and what it states of each."""
    base, good = FULL_BASE, json.loads(full().body_bytes())["parts"]

    def listing(error: str, what: str, parts: Any) -> DeltaCase:
        return refused(error, f"parts-{what}", with_body(full, parts=parts), base)

    def changed(index: int, **values: Any) -> Any:
        parts = copy.deepcopy(good)
        parts[index] |= values
        return parts

    for what, parts in {
        "none": [], "six": good[:6], "first-missing": good[1:], "eight": [*good, good[6] | {"type": 8}], "falling": good[::-1],
        "two-exchanged": [*good[:2], good[3], good[2], *good[4:]], "result-twice": [good[0], good[0], *good[2:]],
    }.items():
        yield listing("unsupported-section", what, parts)
    for index, kind in ((0, 0), (0, 2), (6, 8), (6, 255), (3, 3)):
        yield listing("unsupported-section", f"{NAMES[index]}-is-type-{kind}", changed(index, type=kind))
    for name, value in good[ADDED].items():
        less = [*good[:2], {key: inner for key, inner in good[ADDED].items() if key != name}, *good[3:]]
        yield listing("bad-manifest", f"added-without-{name}", less)
        for what, wrong in wrong_values(value):
            yield listing("bad-manifest", f"added-{name}-{what}", changed(ADDED, **{name: wrong}))
    yield listing("bad-manifest", "unknown-name", changed(ADDED, more=1))
    yield listing("bad-manifest", "as-numbers", [1, 2, 3, 4, 5, 6, 7])
    yield listing("bad-manifest", "as-arrays", [list(part.values()) for part in good])
    for what, text in _hex_faults(good[WHOLE]["blake3"]):
        yield listing("bad-manifest", f"hash-{what}", changed(WHOLE, blake3=text))
    for index, name in enumerate(NAMES):
        yield listing("hash-mismatch", f"{name}-hash", changed(index, blake3=flip(bytes.fromhex(good[index]["blake3"]), 31).hex()))
        made = full().assemble()
        start = made.index(full().parts[index])
        yield refused("hash-mismatch", f"{name}-first-byte", flip(made, start), base)
    # Lengths that are no whole items, or of other numbers than each other.
    for index in (REMOVED, ADDED, ADDED_RECORDS, CHANGED, CHANGED_RECORDS):
        for what, more in (("longer", 1), ("shorter", -1)):
            yield listing("bad-manifest", f"{NAMES[index]}-{what}-by-a-byte", changed(index, length=good[index]["length"] + more))
    for index, item in ((ADDED, 16), (ADDED_RECORDS, SIZE), (CHANGED, 4), (CHANGED_RECORDS, SIZE)):
        yield refused("bad-manifest", f"parts-{NAMES[index]}-one-less", with_part(index, full().parts[index][item:]))
        yield refused("bad-manifest", f"parts-{NAMES[index]}-none", with_part(index, b""))
    yield refused("bad-manifest", "records-without-a-size", with_part(ADDED_RECORDS, bytes(256), plain))
    yield refused("bad-manifest", "changes-without-records", with_part(CHANGED, le(0, 4), plain))
    # Parts that reach beyond the file.
    for what, index, length in (
        ("result", RESULT, 2**20), ("removed", REMOVED, 2**32), ("whole", WHOLE, 4096), ("whole-4-gib", WHOLE, 2**32),
        ("whole-without-end", WHOLE, 2**53 - 1)
    ):
        yield listing("malformed", f"past-the-end-{what}", changed(index, length=length))
    yield refused("malformed", "added-of-2-to-53-less-16", with_stated(ADDED, plain, length=2**53 - 16))
    yield listing("hash-mismatch", "whole-longer-by-a-zero", changed(WHOLE, length=good[WHOLE]["length"] + 1))
    yield listing("hash-mismatch", "result-longer-by-a-zero", changed(RESULT, length=good[RESULT]["length"] + 1))


def zero_cases() -> Cases:
    """What lies between and behind the parts."""
    for index, name in enumerate(NAMES):
        for where, gap in (("first", b"\1" + bytes(63)), ("last", bytes(63) + b"\1")):
            made = full()
            start = _gap_before(made, index)
            if start:
                made.gaps[index] = gap[:start] if where == "first" else gap[-start:]
                yield refused("not-zero", f"gap-before-{name}-{where}-byte", made)
    for what, at in {"first-byte-behind": 0, "last-byte": -1, "a-byte-in-the-middle": 99}.items():
        made = full()
        made.fill = lambda count, at=at: flip(bytes(count), at)  # type: ignore[misc]
        yield refused("not-zero", f"end-{what}", made)
    made = full()
    made.fill = lambda count: b"\xff" * count
    yield refused("not-zero", "end-all-ones", made)


def _gap_before(made: Delta, index: int) -> int:
    """How many zeros stand before a part."""
    data = made.assemble()
    length = 60 + int.from_bytes(data[44:48], "little") + int.from_bytes(data[48:52], "little")
    for part in made.parts[:index]:
        length += -length % 64 + len(part)
    return -length % 64


def all_cases() -> Cases:
    """All of this file."""
    for group in (block_cases, signature_cases, spelling_cases, body_cases, list_cases, zero_cases):
        yield from group()


assert len(NAMES) == PARTS
