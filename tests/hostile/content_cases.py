"""Faults of sections, tokens and records (docs/format.md, sections 5, 5.4 and 6)."""

from typing import Any

from base import LISTED, NOW, RANDOM, Cases, Look, base, case, flip, parts
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from keys import derive
from writer import Draft, Parts, Section, le

FEED_KEY, TOKENS, RECORDS = 0, 1, 2  # indices of the sections in the tiny feed


def with_section(index: int, record_size: int = 0, **changes: Any) -> Parts:
    """The tiny feed with something else stated of a section."""
    made = parts(record_size)
    made.sections[index].stated = changes
    return made


def with_content(index: int, content: bytes, record_size: int = 0) -> Parts:
    """The tiny feed with another content of a section, rightly listed."""
    made = parts(record_size)
    made.sections[index].content = content
    return made


def with_more(*sections: Section, at: int | None = None) -> Parts:
    """The tiny feed with further sections before the pad, or elsewhere."""
    made = parts()
    place = len(made.sections) if at is None else at
    made.sections[place:place] = sections
    return made


def retraction_cases() -> Cases:
    """The section of retractions (section 6.3)."""
    def entry(epoch: int = 1, first: int = 1, day: int = 20_000, until: int = 20_040, end: bytes = b"\1\0\0\0") -> bytes:
        hit_id = bytes([first]) + bytes(15)
        return epoch.to_bytes(4, "little") + hit_id + day.to_bytes(4, "little") + until.to_bytes(4, "little") + end

    def with_entries(*entries: bytes, required: bool = False) -> Parts:
        return with_more(Section(6, b"".join(entries), required))

    yield case(None, "retractions-none", with_entries())
    yield case(None, "retractions-two-epochs", with_entries(entry(1, 9), entry(2, 1), entry(256, 0)))
    yield case(None, "retraction-of-unknown-reason", with_entries(entry(end=b"\x63\0\0\0")))
    yield case(None, "retraction-of-a-day", with_entries(entry(until=20_000)))
    yield case("bad-manifest", "retractions-required", with_entries(entry(), required=True))
    yield case("malformed", "retraction-cut", with_entries(entry()[:31]))
    yield case("malformed", "retraction-of-epoch-0", with_entries(entry(epoch=0)))
    yield case("malformed", "retraction-without-reason", with_entries(entry(end=bytes(4))))
    yield case("malformed", "retraction-that-goes-before-it-comes", with_entries(entry(until=19_999)))
    for position in (1, 2, 3):
        end = bytearray(b"\1\0\0\0")
        end[position] = 1
        yield case("not-zero", f"retraction-byte-{28 + position}", with_entries(entry(end=bytes(end))))
    yield case("not-sorted", "retraction-twice", with_entries(entry(), entry()))
    yield case("not-sorted", "retractions-fall", with_entries(entry(1, 2), entry(1, 1)))
    yield case("not-sorted", "retraction-epochs-fall", with_entries(entry(2, 1), entry(1, 2)))


def section_cases() -> Cases:
    """The list of sections and their bytes."""
    for position in (0, 2):
        yield case(
            None, f"optional-section-of-type-66-at-{position}", with_more(Section(66, b"later", False), at=position)
        )
    for number in (256, 65535):
        yield case(None, f"optional-section-of-type-{number}", with_more(Section(number, b"later", False)))
    for number in (0, 65536):
        yield case("bad-manifest", f"optional-section-of-type-{number}", with_more(Section(number, b"later", False)))
    yield case(None, "optional-section-empty", with_more(Section(77, b"", False)))
    yield case(None, "optional-section-of-type-254", with_more(Section(254, bytes(range(200)), False)))
    yield case(None, "tokens-before-the-feed-key", _swapped())
    yield case(None, "sections-64", with_more(*(Section(10 + i, b"", False) for i in range(61))))
    for section_type in (7, 66, 100, 128, 254):
        yield case("unsupported-section", f"type-{section_type}", with_more(Section(section_type, b"later")))
    yield case("unsupported-section", "empty", with_more(Section(66, b"")))
    yield case("unsupported-section", "before-the-others", with_more(Section(66, b"later"), at=0))

    made = parts(128)
    whole = made.assemble()
    offsets = [whole.index(section.content) for section in made.sections]
    for name, offset, length in zip(("feed-key", "tokens", "records"), offsets, (32, 48, 384)):
        for position in (0, length // 2, length - 1):
            yield case("hash-mismatch", f"{name}-byte-{position}", flip(whole, offset + position))
    for index, name in enumerate(("feed-key", "tokens", "records")):
        yield case("hash-mismatch", f"{name}-hash-of-nothing", with_section(index, 128, blake3="00" * 32))
    yield case("hash-mismatch", "tokens-and-feed-key-hashes-changed", _crossed())
    made = with_more(Section(66, b"later", False, {"blake3": "11" * 32}))
    yield case("hash-mismatch", "optional-section", made)
    made = parts()
    made.pad.stated = {"blake3": "22" * 32}
    yield case("hash-mismatch", "pad", made)

    for index in range(3):
        for position in (0, -1):
            made = parts()
            made.sections.append(Section(66, b"x", False))
            made.gaps = {index + 1: flip(bytes(_gap_after(made, index)), position)}
            where = "first" if position == 0 else "last"
            yield case("not-zero", f"gap-{index}-{where}-byte", made)
    for what, position in (("first", 0), ("middle", 7), ("last", -1)):
        made = _padded()
        made.fill = lambda n, position=position: flip(bytes(n), position, 0x80) if n else b""  # type: ignore[misc]
        yield case("not-zero", f"pad-{what}-byte", made)

    for name, index in (("feed-key", FEED_KEY), ("tokens", TOKENS)):
        yield case("bad-manifest", f"section-{name}-optional", with_section(index, required=False))
        made = parts()
        del made.sections[index]
        yield case("bad-manifest", f"section-{name}-missing", made)
        yield case("bad-manifest", f"section-{name}-twice", with_more(parts().sections[index]))
    yield case("bad-manifest", "section-records-required", with_section(RECORDS, 128, required=True))
    made = parts(128)
    del made.sections[RECORDS]
    yield case("bad-manifest", "section-records-missing", made)
    yield case("bad-manifest", "section-records-unannounced", with_more(Section(5, bytes(384), False)))
    yield case("bad-manifest", "section-bloom-beside-tokens", with_more(Section(3, bytes(64))))
    yield case("bad-manifest", "section-fuse-beside-tokens", with_more(Section(4, bytes(64))))
    yield case("bad-manifest", "section-optional-twice", with_more(Section(66, b"a", False), Section(66, b"b", False)))
    yield case("bad-manifest", "sections-65", with_more(*(Section(10 + i, b"", False) for i in range(62))))
    yield case("bad-manifest", "section-pad-first", with_more(Section(255, b""), at=0))
    yield case("bad-manifest", "section-pad-twice", with_more(Section(255, b"")))
    made = parts()
    made.pad.type = 66
    made.pad.required = False
    yield case("bad-manifest", "section-pad-missing", made)
    made = parts()
    made.pad.required = False
    yield case("bad-manifest", "section-pad-optional", made)
    wrong: dict[str, dict[str, Any]] = {
        "type-text": {"type": "2"},
        "type-name": {"type": "tokens"},
        "type-null": {"type": None},
        "required-number": {"required": 1},
        "required-null": {"required": None},
        "required-text": {"required": "true"},
        "length-text": {"length": "48"},
        "length-null": {"length": None},
        "length-true": {"length": True},
        "length-2-to-53": {"length": 2**53},
        "hash-upper": {"blake3": "AB" * 32},
        "hash-short": {"blake3": "ab" * 31},
        "hash-long": {"blake3": "ab" * 33},
        "hash-null": {"blake3": None},
        "hash-empty": {"blake3": ""},
        "unknown-name": {"offset": 1152},
        "unknown-name-2": {"name": "tokens"},
    }
    for what, changes in wrong.items():
        yield case("bad-manifest", f"section-{what}", with_section(TOKENS, **changes))
    for name in ("type", "required", "length", "blake3"):
        made = parts()
        text = {"type": b'"type":2,', "required": b'"required":true,', "length": b'"length":48,'}.get(name)
        if text:
            made.transform = lambda b, t=text: b.replace(t, b"", 1)
        else:
            made.transform = lambda b: b.replace(b'"length":48,"blake3":"' + _hash_of(b, 48) + b'"', b'"length":48')
        yield case("bad-manifest", f"section-no-{name}", made)
    for length in (2**16, 2**32, 2**40, 2**53 - 1):
        yield case("malformed", f"section-length-{length}", with_section(TOKENS, length=length))
    made = _padded()
    made.tail = bytes(64)
    yield case("trailing-bytes", "after-the-pad", made)
    made = _padded()
    made.tail = b"\1" * 64
    yield case("trailing-bytes", "after-the-pad-not-zero", made)
    made = _padded()
    made.tail = b""
    made.pad.stated = {"length": 2**20}
    yield case("malformed", "pad-length", made)


def _hash_of(body: bytes, length: int) -> bytes:
    start = body.index(b'"length":%d,"blake3":"' % length) + len(b'"length":%d,"blake3":"' % length)
    return body[start:start + 64]


def _swapped() -> Parts:
    made = parts()
    made.sections.reverse()
    return made


def _crossed() -> Parts:
    made = parts()
    first, second = (section.listed()["blake3"] for section in made.sections)
    made.sections[0].stated, made.sections[1].stated = {"blake3": second}, {"blake3": first}
    return made


def _gap_after(made: Parts, index: int) -> int:
    return -len(made.sections[index].content) % 64


def _padded() -> Parts:
    """The tiny feed with a pad that is not empty."""
    made = parts()
    made.sections.append(Section(66, bytes(range(1, 101)) * 10, False))
    return made


def token_cases() -> Cases:
    """Exact tokens, and combinations that section 5.4 does not allow."""
    stored = parts().sections[TOKENS].content
    a, b, c = (stored[i:i + 16] for i in (0, 16, 32))
    for what, tokens in {
        "first-two-swapped": b + a + c,
        "last-two-swapped": a + c + b,
        "falling": c + b + a,
        "rotated": c + a + b,
        "first-twice": a + a + c,
        "last-twice": a + c + c,
        "all-equal": b * 3,
        "zeros": bytes(48),
        "equal-but-last-bit": a + flip(b, 15, b[15] & 1 or 1) + b if b[15] & 1 == 0 else a + b + flip(b, 15),
    }.items():
        yield case("not-sorted", f"tokens-{what}", with_content(TOKENS, tokens))
    for length in (0, 16, 32, 47, 49, 64, 96):
        yield case("malformed", f"tokens-{length}-bytes", with_content(TOKENS, (stored + b"\xff" * 48)[:length]))
    for length in (0, 16, 31, 33, 64):
        yield case("bad-manifest", f"feed-key-{length}-bytes", with_content(FEED_KEY, bytes(range(length))))
    records = parts(128).sections[RECORDS].content
    for length in (0, 128, 256, 383, 385, 512):
        yield case("bad-manifest", f"records-{length}-bytes", with_content(RECORDS, (records * 2)[:length], 128))
    made = base(256).parts
    made.manifest["record_size"] = 128
    yield case("bad-manifest", "records-of-twice-the-size", made)
    made = base(128).parts
    made.manifest["record_size"] = 256
    yield case("bad-manifest", "records-of-half-the-size", made)
    yield case(None, "no-entries", base(entries=[]).parts)
    yield case(None, "one-entry", base(entries=[{"kind": 3, "match_key": LISTED}]).parts, look=Look("hit"))
    yield case(
        None, "form-2", base(entries=[{"kind": 3, "form": 2, "match_key": LISTED}]).parts, look=Look("form-mismatch")
    )
    yield case(None, "plain", base().parts, look=Look("hit"))
    yield case(None, "plain-other-name", base().parts, look=Look("no-hit", match_key="good.example"))
    yield case(None, "plain-other-kind", base().parts, look=Look("no-hit", kind="email", match_key="a@evil.test"))
    yield case(None, "plain-address", base().parts, look=Look("hit", kind="ip", match_key="192.0.2.7"))


def stored_record(made: Draft, index: int, plaintext: bytes, secret: bytes | None = None, **other: bytes) -> bytes:
    """A record made by hand, with one thing other than section 6.2 says."""
    entry = made.entries[index]
    salt = RANDOM.take("record salt", 16)
    ids, context_token = other.get("ids", made.ids), other.get("token", entry.token)
    okm = derive("record", (secret or entry.secret) + other.get("derived", salt) + context_token + ids, 64)
    sealed = ChaCha20Poly1305(okm[:32]).encrypt(other.get("nonce", bytes(12)), plaintext, other.get("data"))
    return salt + other.get("commitment", okm[32:]) + sealed


def with_record(record: bytes | None = None, plaintext: bytes | None = None, size: int = 128, **other: bytes) -> Parts:
    """A feed whose record of the listed name is replaced."""
    made = base(size)
    index = next(i for i, entry in enumerate(made.entries) if b"phishing" in entry.plaintext)
    if record is None:
        plain = made.entries[index].plaintext if plaintext is None else plaintext
        record = stored_record(made, index, plain, **other)
    content = made.parts.sections[RECORDS].content
    made.parts.sections[RECORDS].content = content[:size * index] + record + content[size * (index + 1):]
    return made.parts


def fields(*items: tuple[int, bytes], size: int = 128) -> bytes:
    """A plaintext of these fields."""
    raw = b"".join(bytes([tag]) + le(len(value), 2) + value for tag, value in items)
    return (le(len(raw), 2) + raw).ljust(size - 64, b"\0")


def record_cases() -> Cases:
    """Records of the listed name; the file itself is accepted."""

    def unreadable(what: str, made: Parts) -> Any:
        return case(None, what, made, look=Look("record-unreadable"))

    made = base(128)
    index = next(i for i, entry in enumerate(made.entries) if b"phishing" in entry.plaintext)
    right = made.parts.sections[RECORDS].content[128 * index:128 * (index + 1)]
    other = made.parts.sections[RECORDS].content[128 *
                                                 (index - 1):][:128] or made.parts.sections[RECORDS].content[-128:]
    for name, positions in {"salt": (0, 15), "commitment": (16, 47), "ciphertext": (48, 90, 111), "tag":
                            (112, 127)}.items():
        for position in positions:
            yield unreadable(f"{name}-byte-{position}", with_record(flip(right, position)))
    yield unreadable("of-another-token", with_record(other))
    yield unreadable("zeros", with_record(bytes(128)))
    yield unreadable("commitment-zeros", with_record(right[:16] + bytes(32) + right[48:]))
    plain = made.entries[index].plaintext
    yield unreadable("nonce-not-zero", with_record(nonce=bytes(11) + b"\1"))
    yield unreadable("associated-data", with_record(data=b"tiny"))
    yield unreadable("of-another-epoch", with_record(ids=made.ids[:-4] + le(2, 4)))
    yield unreadable("of-another-feed", with_record(ids=made.ids.replace(b"tiny", b"tinz")))
    yield unreadable("without-ids", with_record(ids=b""))
    yield unreadable("without-token", with_record(token=b""))
    yield unreadable("of-another-secret", with_record(secret=bytes(16)))
    yield unreadable("of-another-salt", with_record(derived=bytes(16)))
    yield unreadable("commitment-of-another", with_record(commitment=bytes(range(32))))

    text = b"phishing"
    for what, plaintext in {
        "length-beyond": le(63, 2) + plain[2:],
        "length-largest": le(65535, 2) + plain[2:],
        "length-big-endian": plain[1::-1] + plain[2:],
        "length-short": le(len(plain.rstrip(b"\0")) - 3, 2) + plain[2:],
        "padding-first": _padding(plain, 0),
        "padding-last": plain[:-1] + b"\1",
        "field-head-cut": le(2, 2) + b"\1\0" + bytes(60),
        "field-tag-alone": le(1, 2) + b"\1" + bytes(61),
        "field-overruns": le(6, 2) + b"\1\x40\0abc" + bytes(56),
        "tags-falling": fields((2, b"\1"), (1, text)),
        "tag-twice": fields((1, text), (1, text)),
        "high-tags-falling": fields((200, b"a"), (130, b"b")),
        "high-tag-twice": fields((200, b"a"), (200, b"a")),
        "high-tag-first": fields((200, b"a"), (1, text)),
        "tag-0": fields((0, b"")),
        "tag-8": fields((8, b"x")),
        "tag-64": fields((64, b"x")),
        "tag-127": fields((127, b"")),
        "category-empty": fields((1, b"")),
        "category-not-utf8": fields((1, b"\xff")),
        "category-overlong": fields((1, b"\xc0\x80")),
        "category-surrogate": fields((1, b"\xed\xa0\x80")),
        "category-tab": fields((1, b"a\tb")),
        "category-line-end": fields((1, b"a\n")),
        "category-zero": fields((1, b"a\0")),
        "category-escape": fields((1, b"\x1b[31m")),
        "category-c1": fields((1, "a\u0085".encode())),
        "category-bidi": fields((1, "a\u202e".encode())),
        "category-isolate": fields((1, "\u2066".encode())),
        "category-line-separator": fields((1, "\u2028".encode())),
        "category-byte-order-mark": fields((1, "\ufeffa".encode())),
        "confidence-101": fields((2, b"\x65")),
        "confidence-255": fields((2, b"\xff")),
        "confidence-empty": fields((2, b"")),
        "confidence-2-bytes": fields((2, b"\1\0")),
        "first-seen-2-to-53": fields((3, le(2**53, 8))),
        "last-seen-largest": fields((4, b"\xff" * 8)),
        "expires-2-to-63": fields((5, le(2**63, 8))),
        "first-seen-4-bytes": fields((3, bytes(4))),
        "first-seen-7-bytes": fields((3, bytes(7))),
        "first-seen-9-bytes": fields((3, bytes(9))),
        "first-seen-empty": fields((3, b"")),
        "last-seen-7-bytes": fields((4, bytes(7))),
        "last-seen-16-bytes": fields((4, bytes(16))),
        "expires-7-bytes": fields((5, b"\xff" * 7)),
        "expires-9-bytes": fields((5, b"\xff" * 9)),
        "reference-empty": fields((6, b"")),
        "reference-bidi": fields((6, "\u200f".encode())),
        "note-empty": fields((7, b"")),
        "note-control": fields((7, b"a\x07")),
        "note-not-utf8": fields((7, b"\xe0\xb8")),
    }.items():
        yield unreadable(what, with_record(plaintext=plaintext))
    yield unreadable("category-65-bytes", with_record(plaintext=fields((1, b"x" * 65), size=256), size=256))
    yield unreadable("reference-257-bytes", with_record(plaintext=fields((6, b"x" * 257), size=512), size=512))
    yield unreadable("note-2049-bytes", with_record(plaintext=fields((7, b"x" * 2049), size=4096), size=4096))

    for what, items in {
        "as-written": [(1, text), (2, b"\x5a")],
        "empty": [],
        "high-tag": [(1, text), (128, b"later")],
        "high-tags": [(128, b""), (255, b"x")],
        "high-tag-not-utf8": [(200, b"\xff\0")],
        "confidence-0": [(2, b"\0")],
        "confidence-100": [(2, b"\x64")],
        "category-thai": [(1, "ภัย".encode())],
        "first-seen-largest": [(3, le(2**53 - 1, 8))],
        "expires-in-a-second": [(5, le(NOW + 1, 8))],
        "expires-never": [(5, le(2**53 - 1, 8))],
        "note-full": [(7, b"x" * 59)],
    }.items():
        yield case(None, f"record-{what}", with_record(plaintext=fields(*items)), look=Look("hit"))
    yield case(
        None,
        "record-category-64-bytes",
        with_record(plaintext=fields((1, b"x" * 64), size=256), size=256),
        look=Look("hit")
    )
    for what, moment in (("now", NOW), ("a-second-ago", NOW - 1), ("zero", 0)):
        yield case(
            None, f"record-expires-{what}", with_record(plaintext=fields((5, le(moment, 8)))), look=Look("no-hit")
        )


def _padding(plain: bytes, offset: int) -> bytes:
    """The plaintext with one padding byte set, counted from the end of the fields."""
    return flip(plain, 2 + int.from_bytes(plain[:2], "little") + offset)


def all_cases() -> Cases:
    """All of this file."""
    for group in (section_cases, token_cases, record_cases, retraction_cases):
        yield from group()
