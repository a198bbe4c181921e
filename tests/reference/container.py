"""Signed blocks and the container of sections (docs/format.md, sections 4, 5 and 8)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from blake3 import blake3

from errors import FormatError, require
from keys import ED25519, Card, derive, key_id, lp, verify_strict

MAGIC = b"bisik\r\n\0"
MANIFEST, DELTA, SEAL, RETRACTIONS, BLIND_REQUEST = 1, 2, 3, 5, 9
MAX_BODY = 1 << 20
MAX_SIGNATURES = 65536
MAX_TIME = 2**53 - 1
CLOCK_SKEW = 300
PAD = 255


class Cursor:
    """Reads a byte string from the front; never past its end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, length: int) -> bytes:
        """The next bytes."""
        end = self.position + length
        require(end <= len(self.data), "truncated", f"at {self.position}")
        piece, self.position = self.data[self.position:end], end
        return piece

    def integer(self, length: int) -> int:
        """The next integer of `length` bytes."""
        return int.from_bytes(self.take(length), "little")

    def finish(self) -> None:
        """Refuses left-over bytes."""
        require(self.position == len(self.data), "trailing-bytes", f"at {self.position}")


class Entry(NamedTuple):
    """One entry of a signature block."""

    key_id: bytes
    algorithm: int
    signature: bytes


@dataclass
class Block:
    """A signed block whose shape was checked, its signatures not yet."""

    type: int
    signed: bytes
    body: bytes
    entries: list[Entry]
    length: int
    total: int


def is_padme(length: int) -> bool:
    """Whether a length is its own Padmé length."""
    exponent = length.bit_length() - 1
    free = exponent - exponent.bit_length()
    return length > 0 and (free <= 0 or length & (1 << free) - 1 == 0)


def parse_block(data: bytes, block_type: int, alone: bool = False) -> Block:
    """Reads a signed block that must begin `data`; more may follow it. A file's block may come `alone`, without the file."""
    is_file = block_type in (MANIFEST, DELTA)
    require(MAGIC.startswith(data[:len(MAGIC)]) and (bool(data) or not is_file), "not-a-feed")
    cursor = Cursor(data)
    cursor.take(len(MAGIC))
    require(cursor.integer(2) == 1, "unsupported-version")
    require(cursor.integer(1) == block_type, "not-a-feed" if is_file else "malformed", "type")
    count = cursor.integer(1)
    require(1 <= count <= 8, "malformed", "number of key ids")
    key_ids = [cursor.take(32) for _ in range(count)]
    require(len(set(key_ids)) == count, "malformed", "key ids are not different")
    body_length, signature_length, total = cursor.integer(4), cursor.integer(4), cursor.integer(8)
    require(body_length >= 1, "malformed", "no body")
    require(body_length <= MAX_BODY and signature_length <= MAX_SIGNATURES, "limit-exceeded", "lengths")
    if is_file and not alone:
        needed = cursor.position + body_length + signature_length
        require(needed <= total, "malformed", "longer than the total length")
        require(total >= len(data), "trailing-bytes", "after the total length")
        require(total <= len(data), "truncated", "before the total length")
        require(is_padme(total), "wrong-padding")
    body = cursor.take(body_length)
    signed = data[:cursor.position]
    signatures = Cursor(cursor.take(signature_length))
    entries = []
    for expected in key_ids:
        found, algorithm = signatures.take(32), signatures.integer(1)
        entries.append(Entry(found, algorithm, signatures.take(signatures.integer(2))))
        require(found == expected, "malformed", "order of the signatures")
    signatures.finish()
    require(is_file or total == cursor.position, "malformed", "total length")
    return Block(block_type, signed, body, entries, cursor.position, total)


def signature_input(block_type: int, signed: bytes) -> bytes:
    """What a signature is made over."""
    return b"bisik-signature/1\0" + bytes([block_type]) + len(signed).to_bytes(8, "little") + signed


def verify_block(block: Block, cards: list[Card]) -> set[bytes]:
    """The publisher ids of the trusted keys whose signature holds; refuses if there are none or one is wrong."""
    trusted: dict[bytes, tuple[bytes, set[bytes]]] = {}
    for card in cards:
        for key in card.verifying_keys:
            trusted.setdefault(key_id(ED25519, key), (key, set()))[1].add(card.publisher)
    publishers: set[bytes] = set()
    unknown = False
    for entry in block.entries:
        if entry.algorithm == ED25519 and entry.key_id in trusted:
            key, of_key = trusted[entry.key_id]
            verify_strict(key, entry.signature, signature_input(block.type, block.signed))
            publishers |= of_key
        unknown |= entry.algorithm != ED25519 and entry.key_id in trusted
    require(bool(publishers), "unsupported-algorithm" if unknown else "untrusted")
    return publishers


def feed_digest(signed: bytes) -> bytes:
    """The digest that chains and seal statements name."""
    return derive("feed digest", signed)


def read_sections(data: bytes, block: Block, listed: list[dict[str, Any]]) -> dict[int, bytes]:
    """The sections by type: positions, gaps, lengths, hashes and pad are checked."""
    cursor = Cursor(data)
    cursor.take(block.length)
    sections = {}
    for section in listed:
        gap = cursor.take(-cursor.position % 64)
        require(not any(gap), "not-zero", "between sections")
        require(section["length"] <= len(data) - cursor.position, "malformed", "a section past the end")
        content = cursor.take(section["length"])
        require(blake3(content).hexdigest() == section["blake3"], "hash-mismatch", f"section {section['type']}")
        require(section["type"] != PAD or not any(content), "not-zero", "pad")
        sections[section["type"]] = content
    cursor.finish()
    return sections


def check_seal(body: bytes, digest: bytes, recipient: str, now: int) -> None:
    """Checks the body of a seal statement against the feed's digest and the reader's recipient text."""
    cursor = Cursor(body)
    stated = cursor.take(32)
    time = cursor.integer(8)
    require(time <= MAX_TIME, "limit-exceeded", "time")
    require(time <= now + CLOCK_SKEW, "not-yet-valid", "seal statement")
    salt, count = cursor.take(32), cursor.integer(4)
    require(count <= 1024 and count.bit_count() == 1, "malformed", "number of tags")
    tags = [cursor.take(16) for _ in range(count)]
    cursor.finish()
    require(all(a < b for a, b in zip(tags, tags[1:])), "not-sorted", "tags")
    require(stated == digest, "hash-mismatch", "the statement is for another feed")
    if derive("recipient", salt + lp(recipient.encode()))[:16] not in tags:
        raise FormatError("not-for-recipient")
