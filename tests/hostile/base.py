"""What the hostile files are made of: fixed keys, one tiny feed, and the shape of a case."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))

import age  # noqa: E402
import writer  # noqa: E402
from writer import Draft, Parts, Random, Signer  # noqa: E402

NOW = 1_790_000_000
VALID = 7 * 86400
ROOT = Signer(bytes([1]) * 32)  # the trusted publisher's first key, and its second
SECOND = Signer(bytes([2]) * 32)
STRANGER = Signer(bytes([3]) * 32)
NEIGHBOUR = Signer(bytes([7]) * 32)  # another trusted publisher, for deltas
MEMBER = bytes([4]) * 32
OTHER_MEMBER = bytes([5]) * 32
RANDOM = Random("hostile")
LISTED = "evil.example"
RECORD = {"category": "phishing", "confidence": 90}


@dataclass
class Look:
    """A look-up in an accepted file, and what comes of it: hit, no-hit or the kind of an error."""

    outcome: str
    kind: str = "domain"
    match_key: str = LISTED


@dataclass
class Case:
    """A file with at most one fault, and what a reader must say of it; no error means that it is accepted."""

    error: str | None
    what: str
    data: bytes
    sealed: bool = False
    with_key: bool = False
    now: int = NOW
    look: Look | None = None

    @property
    def name(self) -> str:
        """The file name: the expected error and the fault."""
        outcome = self.error or (self.look.outcome if self.look else "accepted")
        return f"{outcome}__{self.what}.bisik"


@dataclass
class Text:
    """A file, and what a reader must say of it; no error means that it is accepted."""

    format: str
    error: str | None
    what: str
    data: bytes

    @property
    def name(self) -> str:
        """The expected error, the format and the fault."""
        return f"{self.error or 'accepted'}__{self.format}-{self.what}"


Cases = Iterator[Case]


def base(record_size: int = 0, **changes: Any) -> Draft:
    """Three entries of two kinds, without records unless a size is given."""
    entries = [
        {"kind": 3, "match_key": LISTED, "record": RECORD},
        {"kind": 3, "match_key": "scam.example"},
        {"kind": 5, "match_key": "192.0.2.7"},
    ]
    return writer.draft({
        "seed": "hostile", "signing_key": ROOT.secret.hex(), "feed": "tiny", "now": NOW, "valid": VALID, "record_size":
        record_size, "entries": entries
    } | changes)


def parts(record_size: int = 0, /, **manifest: Any) -> Parts:
    """The parts of the tiny feed with some values of the manifest changed."""
    made = base(record_size).parts
    made.manifest |= manifest
    return made


def case(error: str | None, what: str, made: Parts | bytes, **more: Any) -> Case:
    """A case out of parts or of bytes."""
    return Case(error, what, made.assemble() if isinstance(made, Parts) else made, **more)


def flip(data: bytes, position: int, mask: int = 1) -> bytes:
    """The data with bits of one byte flipped; positions below zero count from the end."""
    position %= len(data)
    return data[:position] + bytes([data[position] ^ mask]) + data[position + 1:]


def recipient(secret: bytes) -> str:
    """The recipient text of a secret."""
    return age.recipient_of(secret)
