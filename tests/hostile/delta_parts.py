"""Deltas in parts, and the versions between which they lead (docs/format.md, section 9).

Two feeds: `PLAIN` without records, and `FULL` with records, retractions and sections that this version does not know, whose delta
removes, adds, changes and carries whole sections.
"""

import copy
import json
from dataclasses import dataclass, field
from typing import Any, Callable

from base import NOW, RANDOM, ROOT, VALID
from blake3 import blake3

import writer
from container import DELTA, MANIFEST, feed_digest, parse_block
from manifest import RECORDS, RETRACTIONS, TOKENS
from writer import Header, Parts, Section, Signer, le, padme, signed_block

RESULT, REMOVED, ADDED, ADDED_RECORDS, CHANGED, CHANGED_RECORDS, WHOLE = range(7)
PARTS = 7
EARLIER = NOW - 3600  # when the bases were issued
SIZE = 128
KEPT, DROPPED, FRESH = 77, 78, 79  # types of sections that no reader of this version knows
Entries = dict[tuple[int, str], int]  # the confidence that a record tells, by kind and match key


@dataclass
class Version:
    """One version of a feed, in parts and as a file."""

    name: str
    parts: Parts
    data: bytes

    @property
    def block(self) -> bytes:
        """Its signed block."""
        return self.data[:parse_block(self.data, MANIFEST).length]

    @property
    def digest(self) -> bytes:
        """Its feed digest."""
        return feed_digest(parse_block(self.data, MANIFEST).signed)

    def content(self, section_type: int) -> bytes:
        """A section, empty if there is none."""
        return next((section.content for section in self.parts.sections if section.type == section_type), b"")

    def items(self, section_type: int, size: int) -> list[bytes]:
        """A section cut into items."""
        content = self.content(section_type)
        return [content[i:i + size] for i in range(0, len(content), size)]


def draft(feed: str, version: int, entries: Entries, record_size: int = 0, issued: int = EARLIER, **more: Any) -> Parts:
    """The parts of a version. The salt of a record is another one where what it tells is."""
    made = writer.draft({
        "seed": "hostile-delta", "signing_key": ROOT.secret.hex(), "feed": feed, "epoch": 2, "epoch_start": NOW - 86400,
        "version": version, "now": issued, "valid": VALID, "record_size": record_size,
        "entries": [
            {"kind": kind, "match_key": match_key, "record": {"category": "phishing", "confidence": confidence}}
            for (kind, match_key), confidence in entries.items()
        ],
    } | more)
    if record_size:
        for entry in made.entries:
            entry.salt = RANDOM.take("salt" + (entry.token + entry.plaintext).hex(), 16)
        made.parts.sections[2].content = b"".join(entry.record(made.ids) for entry in made.entries)
    return made.parts


def version_of(name: str, parts: Parts) -> Version:
    """A version put together."""
    return Version(name, parts, parts.assemble())


PLAIN_OLD: Entries = {(3, "kept.example"): 0, (3, "also-kept.example"): 0, (3, "old.example"): 0, (3, "older.example"): 0, (5, "192.0.2.7"): 0}
PLAIN_NEW: Entries = {(3, "kept.example"): 0, (3, "also-kept.example"): 0, (3, "new.example"): 0, (3, "newer.example"): 0, (5, "192.0.2.9"): 0}
FULL_OLD: Entries = {
    (3, "kept.example"): 50, (3, "changed.example"): 10, (3, "also-changed.example"): 20, (3, "old.example"): 60, (5, "192.0.2.7"): 70,
}
FULL_NEW: Entries = {
    (3, "kept.example"): 50, (3, "changed.example"): 90, (3, "also-changed.example"): 80, (3, "new.example"): 60, (5, "192.0.2.9"): 70,
}


def plain_base(**more: Any) -> Parts:
    """The base without records."""
    return draft("tiny", 5, PLAIN_OLD, **more)


def plain_result(**more: Any) -> Parts:
    """What its delta leads to."""
    return draft("tiny", 6, PLAIN_NEW, **{"issued": NOW} | more)


def retraction(first: int, day: int) -> bytes:
    """A retraction of epoch 1."""
    return le(1, 4) + bytes([first]) + bytes(15) + le(day, 4) + le(day + 60, 4) + b"\1\0\0\0"


def full_base() -> Parts:
    """The base with records and further sections."""
    parts = draft("told", 5, FULL_OLD, SIZE)
    parts.sections += [
        Section(RETRACTIONS, retraction(1, 20_700), False), Section(KEPT, b"kept" * 20, False), Section(DROPPED, b"dropped" * 9, False)
    ]
    return parts


def full_result() -> Parts:
    """What its delta leads to."""
    parts = draft("told", 6, FULL_NEW, SIZE, NOW)
    parts.sections += [
        Section(KEPT, b"kept" * 20, False), Section(RETRACTIONS, retraction(1, 20_700) + retraction(2, 20_712), False),
        Section(FRESH, b"fresh" * 30, False)
    ]
    return parts


@dataclass
class Delta:
    """All parts of a delta; `assemble` makes the bytes. What is stated of parts is made of them, but for `stated`."""

    body: dict[str, Any]
    parts: list[bytes]
    signer: Signer = field(default_factory=lambda: ROOT)
    header: Header = field(default_factory=Header)
    stated: dict[int, dict[str, Any]] = field(default_factory=dict)
    gaps: dict[int, bytes] = field(default_factory=dict)  # what stands before part i, if not zeros
    transform: Callable[[bytes], bytes] | None = None  # applied to the body's JSON before it is signed
    fill: Callable[[int], bytes] = bytes  # makes the end of a length
    class_length: int = 0  # the least length of the file

    def body_bytes(self) -> bytes:
        """The body as it is signed."""
        listed = [
            {"type": i + 1, "length": len(part), "blake3": blake3(part).hexdigest()} | self.stated.get(i, {})
            for i, part in enumerate(self.parts)
        ]
        text = json.dumps(self.body | {"parts": self.body.get("parts", listed)}, ensure_ascii=False, separators=(",", ":"))
        encoded = text.encode("utf-8", "surrogatepass")
        return self.transform(encoded) if self.transform else encoded

    def assemble(self, pad_more: int = 0) -> bytes:
        """The file; `pad_more` bytes are added to the Padmé length, to spoil it."""
        body, header = self.body_bytes(), Header(**vars(self.header))
        length = len(signed_block(DELTA, body, self.signer, header))
        content = b""
        for index, part in enumerate(self.parts):
            gap = -(length + len(content)) % 64
            content += self.gaps.get(index, b"\0" * 64)[:gap] + part
        end = length + len(content)
        total = padme(max(end, self.class_length)) + pad_more
        header.total = total if header.total is None else header.total
        return signed_block(DELTA, body, self.signer, header) + content + self.fill(total - end)


def between(base: Version, result: Version) -> Delta:
    """The delta that leads from one version to another."""
    old, new = base.items(TOKENS, 16), result.items(TOKENS, 16)
    size = result.parts.manifest["record_size"]
    old_records = dict(zip(old, base.items(RECORDS, SIZE)))
    new_records = dict(zip(new, result.items(RECORDS, SIZE)))
    added = [token for token in new if token not in old]
    changed = [token for token in old if token in new and size and old_records[token] != new_records[token]]
    known = [(section.type, section.content, section.required) for section in base.parts.sections]
    whole = [
        section for section in result.parts.sections
        if section.type not in (TOKENS, RECORDS) and (section.type, section.content, section.required) not in known
    ]
    manifest = result.parts.manifest
    return Delta({
        "publisher": manifest["publisher"], "feed": manifest["feed"], "epoch": manifest["epoch"],
        "base": {"version": base.parts.manifest["version"], "digest": base.digest.hex()},
        "result": {"version": manifest["version"], "digest": result.digest.hex()},
        "length": len(result.data), "record_size": size, "whole": [section.type for section in whole],
    }, [
        result.block, positions(*(old.index(token) for token in old if token not in new)), b"".join(added),
        b"".join(new_records[token] for token in added) if size else b"", positions(*(old.index(token) for token in changed)),
        b"".join(new_records[token] for token in changed), b"".join(section.content for section in whole),
    ])


def positions(*numbers: int) -> bytes:
    """Positions of entries of the base, as a part."""
    return b"".join(le(number, 4) for number in numbers)


PLAIN_BASE, PLAIN_RESULT = version_of("plain-5", plain_base()), version_of("plain-6", plain_result())
FULL_BASE, FULL_RESULT = version_of("full-5", full_base()), version_of("full-6", full_result())
_PLAIN, _FULL = between(PLAIN_BASE, PLAIN_RESULT), between(FULL_BASE, FULL_RESULT)


def plain() -> Delta:
    """The delta without records."""
    return copy.deepcopy(_PLAIN)


def full() -> Delta:
    """The delta with everything."""
    return copy.deepcopy(_FULL)
