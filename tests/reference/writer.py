"""A small independent writer of salted feeds, open or sealed, for tests.

    writer.py DESCRIPTION.json OUT.bisik

Everything random comes from the description's `seed`, so the same description gives the same bytes. Keys are hex:

    {"seed": "text", "signing_key": hex, "recipients": [secret hex, ...] for a sealed feed, "feed": id, "epoch": 1,
     "version": 1, "set": "tokens", "bloom" or "fuse", "now": seconds, "valid": seconds, "name": text,
     "record_size": 0 or 128 and so on,
     "entries": [{"kind": number, "form": 1, "match_key": text, "record": {"category": text, ...}}, ...]}

`Parts` holds every part of a feed before it is put together, so that a test can spoil one of them.
"""

import base64
import hmac
import json
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Callable

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import age
import bech32
import filters
from container import MAGIC, MANIFEST, PAD, SEAL, feed_digest, is_padme, signature_input
from keys import ED25519, derive, key_id, lp
from manifest import FEED_KEY, RECORDS, SET_SECTIONS
from reader import FIELDS, KINDS, frame


def le(value: int, length: int) -> bytes:
    """An integer in little-endian bytes."""
    return value.to_bytes(length, "little")


class Random:
    """A fixed sequence of bytes for each purpose, out of a seed."""

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def take(self, purpose: str, length: int) -> bytes:
        """The bytes of one purpose."""
        return blake3(lp(self.seed.encode()) + purpose.encode()).digest(length)


@dataclass
class Signer:
    """An Ed25519 signing key."""

    secret: bytes

    @property
    def public(self) -> bytes:
        """The verifying key."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        """The key id."""
        return key_id(ED25519, self.public)

    def sign(self, block_type: int, signed: bytes) -> bytes:
        """A signature in the form of section 4."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(signature_input(block_type, signed))


@dataclass
class Header:
    """Fields of a signed block that differ from the true ones, for hostile files; None is the true value."""

    magic: bytes = MAGIC
    version: int = 1
    type: int | None = None
    count: int | None = None
    key_ids: list[bytes] | None = None
    body_length: int | None = None
    signature_length: int | None = None
    total: int | None = None
    entries: list["SignatureEntry"] | None = None
    raw_entries: bytes | None = None  # the signature block as it stands


@dataclass
class SignatureEntry:
    """One entry of a signature block: a key signs, or the signature is given."""

    key_id: bytes
    algorithm: int
    by: Signer | bytes

    def encode(self, block_type: int, signed: bytes) -> bytes:
        """Its bytes."""
        signature = self.by if isinstance(self.by, bytes) else self.by.sign(block_type, signed)
        return self.key_id + bytes([self.algorithm]) + le(len(signature), 2) + signature


def signed_block(block_type: int, body: bytes, signer: Signer, header: Header | None = None) -> bytes:
    """A signed block; its total length is its own length unless given."""
    head = header or Header()
    entries = [SignatureEntry(signer.key_id, ED25519, signer)] if head.entries is None else head.entries
    key_ids = [entry.key_id for entry in entries] if head.key_ids is None else head.key_ids
    block_type = block_type if head.type is None else head.type

    def signatures(signed: bytes) -> bytes:
        return b"".join(entry.encode(block_type, signed) for entry in entries)

    # Ed25519 signatures have one length, so the block's length is known before it is signed.
    length = len(signatures(bytes(1000)) if head.raw_entries is None else head.raw_entries)
    start = head.magic + le(head.version, 2)
    start += bytes([block_type, len(key_ids) if head.count is None else head.count]) + b"".join(key_ids)
    start += le(len(body) if head.body_length is None else head.body_length, 4)
    start += le(length if head.signature_length is None else head.signature_length, 4)
    signed = start + le(len(start) + 8 + len(body) + length if head.total is None else head.total, 8) + body
    return signed + (signatures(signed) if head.raw_entries is None else head.raw_entries)


def padme(length: int) -> int:
    """The least Padmé length that is not below `length`."""
    while not is_padme(length):
        low_bits = length & -length
        length += low_bits
    return length


@dataclass
class Section:
    """A section, with what the manifest says of it where that differs."""

    type: int
    content: bytes
    required: bool = True
    stated: dict[str, Any] = field(default_factory=dict)

    def listed(self) -> dict[str, Any]:
        """Its line in the manifest."""
        return {"type": self.type, "required": self.required, "length": len(self.content),
                "blake3": blake3(self.content).hexdigest()} | self.stated


@dataclass
class Parts:
    """All parts of a feed; `assemble` makes the bytes."""

    signer: Signer
    manifest: dict[str, Any]
    sections: list[Section]
    header: Header = field(default_factory=Header)
    pad: Section = field(default_factory=lambda: Section(PAD, b""))
    gaps: dict[int, bytes] = field(default_factory=dict)  # what stands before section i, if not zeros
    transform: Callable[[bytes], bytes] | None = None  # applied to the manifest's JSON before it is signed
    fill: Callable[[int], bytes] = bytes  # makes the pad of a length
    tail: bytes = b""  # bytes after the pad that T counts

    def manifest_bytes(self) -> bytes:
        """The manifest as it is signed."""
        manifest = {"sections": [s.listed() for s in [*self.sections, self.pad]]} | self.manifest
        text = json.dumps(manifest, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return self.transform(text) if self.transform else text

    def block(self, total: int) -> bytes:
        """The signed block for a file of `total` bytes."""
        header = Header(**vars(self.header))
        header.total = total if header.total is None else header.total
        return signed_block(MANIFEST, self.manifest_bytes(), self.signer, header)

    def assemble(self, pad_more: int = 0) -> bytes:
        """The file. The pad's length is part of the manifest, so it is sought until it fits.

        `pad_more` bytes are added to the pad of the Padmé length, to spoil it.
        """
        self.pad.content = b""
        for _ in range(64):
            length = len(self.block(0))
            content = b""
            for index, section in enumerate([*self.sections, self.pad]):
                gap = -(length + len(content)) % 64
                content += self.gaps.get(index, b"\0" * 64)[:gap] + section.content
            length += len(content) + len(self.tail) - len(self.pad.content)
            missing = padme(length) + pad_more - length
            if missing == len(self.pad.content):
                return self.block(length + missing) + content + self.tail
            self.pad.content = self.fill(missing)
        raise ValueError("no pad length fits")


def record_plaintext(fields: dict[str, Any], size: int) -> bytes:
    """The plaintext of a record of `size` stored bytes."""
    out = b""
    for tag, (name, lengths) in FIELDS.items():
        if name in fields:
            value = fields[name].encode() if lengths else le(fields[name], 1 if tag == 2 else 8)
            out += bytes([tag]) + le(len(value), 2) + value
    return (le(len(out), 2) + out).ljust(size - 64, b"\0")


def bloom_of(entries: list[bytes], seed: bytes) -> tuple[dict[str, Any], bytes]:
    """A Bloom filter of small size: its descriptor and bytes (docs/filters.md, section 1)."""
    bits = 64 * (1 + len(entries))
    descriptor = {"type": "bloom", "bits": bits, "hashes": 8, "seed": seed.hex()}
    data = bytearray(bits // 8)
    for item in entries:
        for position in filters.bloom_positions(descriptor, item):
            data[position // 8] |= 1 << position % 8
    return descriptor | {"rate": filters.bloom_rate(descriptor, bytes(data))}, bytes(data)


def fuse_plan(descriptor: dict[str, Any], item: bytes) -> tuple[tuple[int, int, int], int]:
    """The three slots of an entry and its fingerprint (docs/filters.md, section 2.2)."""
    length = descriptor["segment_length"]
    key = int.from_bytes(item[:8], "little") + int.from_bytes(bytes.fromhex(descriptor["seed"]), "little")
    mixed = filters.mix(key % 2**64)
    first = mixed * descriptor["segment_count"] * length >> 64
    slots = first, (first + length) ^ (mixed >> 18) % length, (first + 2 * length) ^ mixed % length
    return slots, (mixed ^ mixed >> 32) % 2 ** descriptor["width"]


def fuse_of(entries: list[bytes]) -> tuple[dict[str, Any], bytes]:
    """A binary fuse filter of a few entries: its descriptor and bytes (docs/filters.md, section 2).

    Slots that one entry alone uses are set last, in the reverse of the order in which they are found.
    """
    length = 4 << len(entries).bit_length()
    for attempt in range(1000):
        descriptor = {"type": "fuse", "width": 16, "seed": le(attempt, 8).hex(), "segment_length": length,
                      "segment_count": 1}
        plans = [fuse_plan(descriptor, item) for item in entries]
        left, stack = list(plans), []
        while left:
            found = next(((plan, slot) for plan in left for slot in plan[0]
                          if sum(slot in other[0] for other in left) == 1), None)
            if found is None:
                break
            left.remove(found[0])
            stack.append(found)
        else:
            slots = [0] * (3 * length)
            for (used, fingerprint), slot in reversed(stack):
                value = fingerprint
                for other in used:
                    value ^= slots[other]
                slots[slot] = value
            descriptor["rate"] = filters.fuse_rate(descriptor, len(entries))
            return descriptor, b"".join(le(value, 2) for value in slots)
    raise ValueError("no seed fits")


@dataclass
class Entry:
    """One entry: its token, record secret and record."""

    token: bytes
    secret: bytes
    plaintext: bytes
    salt: bytes

    def record(self, ids: bytes) -> bytes:
        """The stored record."""
        okm = derive("record", self.secret + self.salt + self.token + ids, 64)
        return self.salt + okm[32:] + ChaCha20Poly1305(okm[:32]).encrypt(bytes(12), self.plaintext, None)


@dataclass
class Draft:
    """A described feed before assembly."""

    parts: Parts
    entries: list[Entry]
    ids: bytes
    random: Random


def draft(description: dict[str, Any]) -> Draft:
    """Turns a description into parts."""
    random = Random(description["seed"])
    signer = Signer(bytes.fromhex(description["signing_key"]))
    size = description.get("record_size", 0)
    epoch, now = description.get("epoch", 1), description["now"]
    ids = lp(signer.key_id) + lp(description["feed"].encode()) + le(epoch, 4)
    feed_key = random.take("feed key", 32)
    token_key = derive("token key", feed_key + ids)
    entries: list[Entry] = []
    counts: dict[int, int] = {}
    frames = [frame(item["kind"], item.get("form", 1), item["match_key"].encode()) for item in description["entries"]]
    for framed, item in zip(frames, description["entries"]):
        digest = blake3(framed, key=token_key).digest()
        plaintext = record_plaintext(item.get("record", {}), size) if size else b""
        entries.append(Entry(digest[:16], digest[16:], plaintext, random.take("salt" + digest.hex(), 16)))
        counts[item["kind"]] = counts.get(item["kind"], 0) + 1
    entries.sort(key=lambda e: e.token)
    names = {number: name for name, number in KINDS.items()}
    forms = {item["kind"]: item.get("form", 1) for item in description["entries"]}
    manifest: dict[str, Any] = {
        "publisher": signer.key_id.hex(), "name": description.get("name", "Test desk"), "feed": description["feed"],
        "epoch": epoch, "epoch_start": description.get("epoch_start", now), "version": description.get("version", 1),
        "issued": now, "expires": now + description.get("valid", 7 * 86400), "tokens": {"scheme": "salted"},
        "set": {"type": "tokens"}, "count": len(entries), "record_size": size,
        "kinds": [{"kind": kind, "name": names.get(kind, f"kind-{kind}"), "form": forms[kind], "data": "",
                   "count": counts[kind]} for kind in sorted(counts)],
        "tlp": "green", "purpose": description.get("purpose", "test"),
    }
    set_type = description.get("set", "tokens")
    stored = b"".join(e.token for e in entries)
    if set_type != "tokens":
        filter_key = derive("filter key", feed_key + ids + le(manifest["version"], 8))
        items = [blake3(framed, key=filter_key).digest() for framed in frames]
        seed = random.take("filter seed", 32)
        manifest["set"], stored = bloom_of(items, seed) if set_type == "bloom" else fuse_of(items)
    sections = [Section(FEED_KEY, feed_key), Section(SET_SECTIONS[set_type], stored)]
    if size:
        sections.append(Section(RECORDS, b"".join(e.record(ids) for e in entries), required=False))
    return Draft(Parts(signer, manifest, sections), entries, ids, random)


def seal_body(feed: bytes, secrets: list[bytes], now: int, random: Random) -> bytes:
    """The body of a seal statement for the recipients of these secrets."""
    signed_length = 28 + 32 * feed[11] + int.from_bytes(feed[12 + 32 * feed[11]:16 + 32 * feed[11]], "little")
    salt = random.take("seal salt", 32)
    tags = [derive("recipient", salt + lp(age.recipient_of(secret).encode()))[:16] for secret in secrets]
    while len(tags).bit_count() != 1:
        tags.append(random.take(f"filler {len(tags)}", 16))
    return feed_digest(feed[:signed_length]) + le(now, 8) + salt + le(len(tags), 4) + b"".join(sorted(tags))


def unpadded(data: bytes) -> bytes:
    """Base64 without padding."""
    return base64.b64encode(data).rstrip(b"=")


def stanza(file_key: bytes, secret: bytes, ephemeral: bytes) -> bytes:
    """An X25519 stanza for the recipient of a secret."""
    recipient = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    share = private.public_key().public_bytes_raw()
    shared = private.exchange(X25519PublicKey.from_public_bytes(recipient))
    body = ChaCha20Poly1305(age.hkdf(shared, share + recipient, age.LABEL)).encrypt(bytes(12), file_key, None)
    return b"-> X25519 " + unpadded(share) + b"\n" + unpadded(body) + b"\n"


def age_header(stanzas: bytes, file_key: bytes, first_line: bytes = age.FIRST_LINE) -> bytes:
    """A header with its MAC."""
    authenticated = first_line + stanzas + b"---"
    mac = hmac.digest(age.hkdf(file_key, b"", b"header"), authenticated, sha256)
    return authenticated + b" " + unpadded(mac) + b"\n"


def age_payload(file_key: bytes, nonce: bytes, chunks: list[tuple[int, bool, bytes]]) -> bytes:
    """A payload of chunks: counter, whether it is marked as the last, plaintext."""
    cipher = ChaCha20Poly1305(age.hkdf(file_key, nonce, b"payload"))
    return nonce + b"".join(
        cipher.encrypt(counter.to_bytes(11, "big") + bytes([last]), plain, None) for counter, last, plain in chunks)


def chunks_of(plaintext: bytes) -> list[tuple[int, bool, bytes]]:
    """A plaintext in chunks of 64 KiB."""
    pieces = [plaintext[i:i + age.CHUNK] for i in range(0, len(plaintext), age.CHUNK)] or [b""]
    return [(i, i == len(pieces) - 1, piece) for i, piece in enumerate(pieces)]


def age_file(plaintext: bytes, secrets: list[bytes], random: Random) -> bytes:
    """An age file for the recipients of these secrets."""
    file_key = random.take("file key", 16)
    stanzas = b"".join(stanza(file_key, s, random.take(f"ephemeral {i}", 32)) for i, s in enumerate(secrets))
    return age_header(stanzas, file_key) + age_payload(file_key, random.take("nonce", 16), chunks_of(plaintext))


def seal(feed: bytes, signer: Signer, secrets: list[bytes], now: int, random: Random) -> bytes:
    """A sealed file."""
    statement = signed_block(SEAL, seal_body(feed, secrets, now, random), signer)
    return age_file(statement + feed, secrets, random)


def card_text(name: str, signers: list[Signer], recipients: list[str]) -> str:
    """A public card."""
    keys = [bech32.encode("ed25519", signer.public) for signer in signers]
    return "\n".join(["# Public card of a test publisher.", f"name: {name}", *keys, *recipients]) + "\n"


def identity_text(secret: bytes) -> str:
    """An age identity."""
    return bech32.encode("age-secret-key-", secret).upper() + "\n"


def write(description: dict[str, Any]) -> bytes:
    """The bytes of a described feed."""
    made = draft(description)
    feed = made.parts.assemble()
    secrets = [bytes.fromhex(secret) for secret in description.get("recipients", [])]
    return seal(feed, made.parts.signer, secrets, description["now"], made.random) if secrets else feed


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(write(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
