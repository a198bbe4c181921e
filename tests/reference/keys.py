"""Names, keys and their texts (docs/format.md, section 2), with strict Ed25519 verification."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blake3 import blake3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import bech32
from errors import FormatError, require

ED25519 = 1
X25519 = 2

# Edwards curve of RFC 8032, section 5.1: -x² + y² = 1 + d x² y² over the field of P.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def derive(context: str, material: bytes, length: int = 32) -> bytes:
    """BLAKE3's key derivation mode under one of the contexts of section 1."""
    return blake3(material, derive_key_context="bisik 2026 v1 " + context).digest(length)


def lp(data: bytes) -> bytes:
    """LP(x): the length as LE32, then the bytes."""
    return len(data).to_bytes(4, "little") + data


def key_id(algorithm: int, public: bytes) -> bytes:
    """The key id of a public key."""
    return derive("key id", bytes([algorithm]) + public)


def decompress(encoding: bytes) -> Point:
    """The point behind 32 bytes. Raises ValueError unless the encoding is canonical."""
    y = int.from_bytes(encoding, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if len(encoding) != 32 or y >= P:
        raise ValueError("not canonical")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        raise ValueError("not on the curve, or not canonical")
    return (P - x if x & 1 != sign else x, y)


def double(point: Point) -> Point:
    """The point added to itself, by the complete addition law."""
    x, y = point
    product = D * x * x * y * y % P
    return (2 * x * y * pow(1 + product, -1, P) % P, (y * y + x * x) * pow(1 - product, -1, P) % P)


def is_small_order(encoding: bytes) -> bool:
    """Whether eight times the point is the neutral element. Raises ValueError as `decompress`."""
    return double(double(double(decompress(encoding)))) == (0, 1)


def check_verifying_key(public: bytes) -> None:
    """Refuses keys that do not re-encode to themselves and keys of small order."""
    try:
        small = is_small_order(public)
    except ValueError as error:
        raise FormatError("bad-key", "not an Ed25519 key") from error
    require(not small, "bad-key", "an Ed25519 key of small order")


def verify_strict(public: bytes, signature: bytes, message: bytes) -> None:
    """Refuses unless the signature holds, S and R are canonical and R is not of small order."""
    check_verifying_key(public)
    require(len(signature) == 64, "bad-signature", "length")
    require(int.from_bytes(signature[32:], "little") < ORDER, "bad-signature", "S is not canonical")
    try:
        require(not is_small_order(signature[:32]), "bad-signature", "R is of small order")
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (ValueError, InvalidSignature) as error:
        raise FormatError("bad-signature") from error


def decode_text(text: str, prefix: str, upper: bool) -> bytes:
    """The 32 bytes of a key's text."""
    try:
        found, data = bech32.decode(text)
    except ValueError as error:
        raise FormatError("bad-key", str(error)) from error
    require(found == prefix and len(data) == 32, "bad-key", "another kind of key")
    require(text == (text.upper() if upper else text.lower()), "bad-key", "case")
    return data


@dataclass
class Card:
    """A public card: who may sign, and the publisher id that this gives."""

    name: str
    verifying_keys: list[bytes]
    recipients: list[str]
    named_publisher: bytes = b""
    roots: list[bytes] = field(default_factory=list)

    @property
    def publisher(self) -> bytes:
        """The publisher id that the card names, else the key id of the first root, else of the first verifying key."""
        return self.named_publisher or key_id(ED25519, (self.roots or self.verifying_keys)[0])


BIDI = {0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
REFUSED_CHARACTERS = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, *BIDI}


def is_clean(text: str) -> bool:
    """Whether a text has no control, bidirectional or surrogate characters (section 5.2)."""
    return all(ord(c) not in REFUSED_CHARACTERS and not 0xD800 <= ord(c) <= 0xDFFF for c in text)


def items_of(data: bytes) -> list[tuple[int, str]]:
    """The numbered lines of a key file that are neither blank nor comments."""
    require(len(data) <= 65536, "limit-exceeded", "a key file over 64 KiB")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("invalid-utf8") from error
    stripped = ((number, line.strip(" \t\r")) for number, line in enumerate(lines, 1))
    return [(number, line) for number, line in stripped if line and not line.startswith("#")]


def parse_card(data: bytes) -> Card:
    """Reads a public card."""
    card = Card("", [], [])
    named = False
    for number, line in items_of(data):
        if line.startswith("name:"):
            name = line.removeprefix("name:").strip(" \t")
            require(not named and 1 <= len(name) <= 128 and is_clean(name), "malformed", f"line {number}")
            card.name, named = name, True
        elif line.startswith("publisher:"):
            text = line.removeprefix("publisher:").strip()
            require(re.fullmatch("[0-9a-f]{64}", text) is not None, "malformed", f"line {number}")
            card.named_publisher = bytes.fromhex(text)
        elif line.startswith("root:"):
            card.roots.append(decode_text(line.removeprefix("root:").strip(), "ed25519", False))
            check_verifying_key(card.roots[-1])
        elif line.startswith(("threshold:", "sequence:")):
            require(line.split(":")[1].strip().isdecimal(), "malformed", f"line {number}")
        elif line.startswith("ed255191"):
            key = decode_text(line, "ed25519", False)
            check_verifying_key(key)
            require(named and not card.recipients, "malformed", f"line {number}: order")
            card.verifying_keys.append(key)
        else:
            decode_text(line, "age", False)
            require(bool(card.verifying_keys), "malformed", f"line {number}: order")
            card.recipients.append(line)
    require(named and 1 <= len(card.verifying_keys) <= 8 and len(card.recipients) <= 8, "malformed", "card")
    return card


def read_identities(path: Path) -> list[bytes]:
    """The X25519 secrets of an age identity file."""
    secrets = [decode_text(line, "age-secret-key-", True) for _, line in items_of(path.read_bytes())]
    require(bool(secrets), "bad-key", "no identity in the file")
    return secrets


def read_oprf_key(path: Path, manifest: dict[str, Any]) -> int:
    """The scalar of an OPRF key file, which must be for the feed and epoch of a manifest."""
    named: dict[str, str] = {}
    scalar = b""
    for number, line in items_of(path.read_bytes()):
        name, colon, value = line.partition(":")
        if colon:
            require(name in ("publisher", "feed", "epoch", "limit") and name not in named, "bad-key", f"line {number}")
            named[name] = value.strip()
        else:
            require(not scalar, "duplicate-name", f"line {number}")
            scalar = decode_text(line, "bisik-oprf-key-", True)
    require(bool(scalar) and {"publisher", "feed", "epoch"} <= set(named), "bad-key", "an item is missing")
    wanted = [manifest["publisher"], manifest["feed"], str(manifest["epoch"])]
    require([named["publisher"], named["feed"], named["epoch"]] == wanted, "oprf-key-mismatch")
    return int.from_bytes(scalar, "little")
