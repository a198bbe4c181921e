"""Faults of the signed block, its signatures and the times (docs/format.md, sections 4 and 5.3)."""

from dataclasses import replace
from typing import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from base import NOW, ROOT, SECOND, STRANGER, VALID, Cases, base, case, flip, parts
from container import MANIFEST
from keys import ED25519, ORDER, X25519
from writer import Header, Parts, SignatureEntry, Signer, le, signed_block


class Crooked(Signer):
    """Signs something else than section 4 says."""

    def __init__(self, signer: Signer, message: Callable[[bytes], bytes]) -> None:
        super().__init__(signer.secret)
        self.message = message

    def sign(self, block_type: int, signed: bytes) -> bytes:
        """A signature over what `message` makes of the signed bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(self.message(signed))


class Altered(Signer):
    """Signs rightly, then changes the signature."""

    def __init__(self, signer: Signer, position: int | None = None, grow: bool = False) -> None:
        super().__init__(signer.secret)
        self.position, self.grow = position, grow

    def sign(self, block_type: int, signed: bytes) -> bytes:
        """A signature with a flipped byte, or with the order added to S."""
        right = super().sign(block_type, signed)
        if self.grow:
            return right[:32] + le(int.from_bytes(right[32:], "little") + ORDER, 32)
        return flip(right, self.position or 0)


def with_header(**fields: object) -> Parts:
    """The tiny feed with fields of its block changed."""
    made = parts()
    made.header = replace(Header(), **fields)  # type: ignore[arg-type]
    return made


def header_cases() -> Cases:
    """Magic, version, type, counts and lengths."""
    good = base().parts.assemble()
    for i in range(8):
        yield case("not-a-feed", f"magic-byte-{i}", flip(good, i, 0x20))
        if i > 0:
            yield case("truncated", f"cut-in-the-magic-{i}", good[:i])
    for what, data in {
        "empty": b"",
        "text": b"kind,value\ndomain,evil.example\n",
        "gzip": b"\x1f\x8b\x08\0" + bytes(60),
        "zip": b"PK\3\4" + bytes(60),
        "json": b'{"publisher":"x"}',
        "zeros": bytes(1024),
        "line-ends-unix": good.replace(b"\r\n", b"\n", 1),
        "line-ends-doubled": good.replace(b"\r\n", b"\r\r\n", 1),
        "byte-order-mark": b"\xef\xbb\xbf" + good,
        "leading-zero": b"\0" + good,
        "utf-16": good[:64].decode("latin-1").encode("utf-16-le"),
    }.items():
        yield case("not-a-feed", what, data)
    yield case("malformed", "total-64", with_header(total=64))
    armor = b"-----BEGIN AGE ENCRYPTED FILE-----\n" + bytes(64)
    yield case("sealed", "age-armor", armor, sealed=True)
    yield case("bad-header", "age-armor-with-key", armor, sealed=True, with_key=True)
    for version in (0, 2, 255, 256, 257, 65535):
        yield case("unsupported-version", f"version-{version}", with_header(version=version))
    for kind in (0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 128, 255):
        yield case("not-a-feed", f"block-type-{kind}", with_header(type=kind))
    yield case("malformed", "no-key-ids", with_header(count=0, key_ids=[], entries=[]))
    many = [SignatureEntry(Signer(bytes([100 + i]) * 32).key_id, ED25519, bytes(64)) for i in range(8)]
    own = SignatureEntry(ROOT.key_id, ED25519, ROOT)
    yield case("malformed", "nine-key-ids", with_header(entries=[*many, own]))
    yield case("malformed", "255-key-ids-stated", with_header(count=255))
    yield case("malformed", "key-id-twice", with_header(entries=[own, own]))
    yield case("malformed", "empty-body", signed_block(MANIFEST, b"", ROOT, Header(total=256)).ljust(256, b"\0"))
    for length in (2**20 + 1, 2**24, 2**31, 2**32 - 1):
        yield case("limit-exceeded", f"body-length-{length}", with_header(body_length=length))
    for length in (65537, 2**20, 2**32 - 1):
        yield case("limit-exceeded", f"signature-block-length-{length}", with_header(signature_length=length))
    yield case("malformed", "body-longer-than-file", with_header(body_length=2**20))
    yield case("malformed", "signature-block-longer-than-file", with_header(signature_length=65536))
    for less in (1, 63, 64, 98, 99):
        yield case("truncated", f"signature-block-short-by-{less}", with_header(signature_length=99 - less))
    whole = with_header(entries=[own])
    for total in (len(good) + 64, 2 * len(good), 2**32, 2**63):
        whole.header.total = total
        yield case("truncated", f"total-{total}", whole)
    for total in (1024, ):
        whole.header.total = total
        yield case("trailing-bytes", f"total-{total}", whole)
    for more in (1, 7, 64):
        yield case("trailing-bytes", f"{more}-more", good + bytes(more))
    yield case("trailing-bytes", "twice", good + good)
    yield case("trailing-bytes", "line-end-added", good + b"\n")
    body = 60
    for cut in (
        8, 9, 10, 11, 12, 43, 44, 47, 48, 51, 52, 59, body, body + 1, 300, len(good) // 2, len(good) - 64, len(good) - 1
    ):
        yield case("truncated", f"first-{cut}-bytes", good[:cut])
    for more in (1, 2, 3, 5, 8):
        made = parts()
        yield case("wrong-padding", f"pad-longer-by-{more}", made.assemble(pad_more=more))


def signature_cases() -> Cases:
    """The signature block, and what the trusted key says."""
    own = SignatureEntry(ROOT.key_id, ED25519, ROOT)
    second = SignatureEntry(SECOND.key_id, ED25519, SECOND)
    strange = SignatureEntry(STRANGER.key_id, ED25519, STRANGER)
    good = base().parts.assemble()

    yield case(None, "two-trusted-signatures", with_header(entries=[own, second]))
    yield case(None, "second-key-alone", with_header(entries=[second]))
    yield case(None, "a-stranger-signed-too", with_header(entries=[strange, own]))
    yield case(None, "a-strangers-wrong-signature", with_header(entries=[own, replace(strange, by=bytes(64))]))
    yield case(None, "unknown-algorithm-beside", with_header(entries=[SignatureEntry(bytes(32), 200, bytes(777)), own]))
    yield case(None, "unknown-algorithm-empty-signature", with_header(entries=[own, SignatureEntry(bytes(32), 9, b"")]))
    yield case(
        None, "eight-signatures",
        with_header(entries=[*(SignatureEntry(bytes([i]) * 32, ED25519, bytes(64)) for i in range(7)), own])
    )

    yield case(
        "malformed", "signatures-in-another-order",
        with_header(entries=[own, second], key_ids=[SECOND.key_id, ROOT.key_id])
    )
    yield case("malformed", "signature-of-a-key-not-listed", with_header(entries=[own], key_ids=[SECOND.key_id]))
    yield case("truncated", "a-signature-missing", with_header(entries=[own], key_ids=[ROOT.key_id, SECOND.key_id]))
    yield case("trailing-bytes", "a-signature-too-many", with_header(entries=[own, second], key_ids=[ROOT.key_id]))
    for more in (1, 35, 64):
        padded = with_header(raw_entries=b"")
        padded.header.raw_entries = own.encode(MANIFEST, b"") + bytes(more)
        yield case("trailing-bytes", f"signature-block-with-{more}-more", padded)
    for length in (65, 255, 65535):
        made = with_header(raw_entries=own.key_id + bytes([ED25519]) + le(length, 2) + bytes(64))
        yield case("truncated", f"signature-length-{length}-overruns", made)

    for position in (0, 31, 32, 63):
        yield case(
            "bad-signature", f"signature-byte-{position}",
            with_header(entries=[replace(own, by=Altered(ROOT, position))])
        )
    yield case("bad-signature", "s-plus-the-order", with_header(entries=[replace(own, by=Altered(ROOT, grow=True))]))
    small = (1).to_bytes(32, "little")
    for what, signature in {
        "zeros": bytes(64),
        "ones": b"\xff" * 64,
        "r-neutral-s-zero": small + bytes(32),
        "r-order-4": bytes(64)[:32] + le(1, 32),
        "r-not-canonical": le(2**255 - 18, 32) + bytes(32),
        "s-is-the-order": small + le(ORDER, 32),
    }.items():
        yield case("bad-signature", f"signature-{what}", with_header(entries=[replace(own, by=signature)]))
    for length in (0, 1, 32, 63, 65, 128):
        yield case(
            "bad-signature", f"signature-of-{length}-bytes", with_header(entries=[replace(own, by=bytes(length))])
        )
    context = b"bisik-signature/1\0"
    messages: dict[str, Callable[[bytes], bytes]] = {
        "no-prefix": lambda signed: signed,
        "no-context": lambda signed: b"\1" + le(len(signed), 8) + signed,
        "no-type": lambda signed: context + le(len(signed), 8) + signed,
        "no-length": lambda signed: context + b"\1" + signed,
        "no-zero": lambda signed: context[:-1] + b"\1" + le(len(signed), 8) + signed,
        "type-2": lambda signed: context + b"\2" + le(len(signed), 8) + signed,
        "type-3": lambda signed: context + b"\3" + le(len(signed), 8) + signed,
        "context-2": lambda signed: b"bisik-signature/2\0\1" + le(len(signed), 8) + signed,
        "length-big-endian": lambda signed: context + b"\1" + len(signed).to_bytes(8, "big") + signed,
        "length-of-4-bytes": lambda signed: context + b"\1" + le(len(signed), 4) + signed,
        "length-of-the-body": lambda signed: context + b"\1" + le(len(signed) - 60, 8) + signed,
        "body-only": lambda signed: context + b"\1" + le(len(signed) - 60, 8) + signed[60:],
        "without-magic": lambda signed: context + b"\1" + le(len(signed) - 8, 8) + signed[8:],
        "zero-added": lambda signed: context + b"\1" + le(len(signed), 8) + signed + b"\0",
    }
    for what, message in messages.items():
        entries = [replace(own, by=Crooked(ROOT, message))]
        yield case("bad-signature", f"signed-with-{what}", with_header(entries=entries))
    yield case("bad-signature", "signed-by-another", with_header(entries=[replace(own, by=STRANGER)]))
    yield case(
        "bad-signature", "second-trusted-signature-wrong",
        with_header(entries=[own, replace(second, by=Altered(SECOND, 5))])
    )
    yield case(
        "bad-signature", "first-trusted-signature-wrong",
        with_header(entries=[replace(own, by=Altered(ROOT, 5)), second])
    )
    for position in (60, 61, 100, 400, 800):
        yield case("bad-signature", f"manifest-byte-{position}", flip(good, position))
    yield case("bad-signature", "manifest-white-space", good[:60] + b" " + good[61:])

    yield case("untrusted", "signed-by-a-stranger", with_header(entries=[strange]))
    made = base(signing_key=STRANGER.secret.hex()).parts
    yield case("untrusted", "another-publisher", made)
    yield case("untrusted", "key-id-of-nobody", with_header(entries=[SignatureEntry(bytes(32), ED25519, ROOT)]))
    for algorithm in (0, X25519, 3, 255):
        yield case(
            "unsupported-algorithm", f"algorithm-{algorithm}", with_header(entries=[replace(own, algorithm=algorithm)])
        )
    yield case("not-authorised", "publisher-of-the-second-key", parts(publisher=SECOND.key_id.hex()))
    yield case("not-authorised", "publisher-of-a-stranger", parts(publisher=STRANGER.key_id.hex()))
    yield case("not-authorised", "publisher-is-the-key", parts(publisher=ROOT.public.hex()))
    yield case("not-authorised", "publisher-zeros", parts(publisher="00" * 32))


def time_cases() -> Cases:
    """The moment of opening."""
    good = base().parts
    for late in (0, 1, 86400, 2**40):
        yield case("expired", f"{late}-after", good, now=NOW + VALID + late)
    for early in (301, 86400, NOW):
        yield case("not-yet-valid", f"{early}-before", good, now=NOW - early)
    yield case(None, "300-before", good, now=NOW - 300)
    yield case(None, "the-last-second", good, now=NOW + VALID - 1)
    yield case(None, "valid-one-second", parts(expires=NOW + 1))
    yield case(None, "valid-30-days", parts(expires=NOW + 30 * 86400))
    yield case(None, "epoch-of-90-days", parts(epoch_start=NOW - 90 * 86400))


def all_cases() -> Cases:
    """All of this file."""
    for group in (header_cases, signature_cases, time_cases):
        yield from group()
