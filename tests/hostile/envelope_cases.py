"""Faults of the seal statement and of the age layer (docs/format.md, section 8)."""

from dataclasses import replace
from typing import Any

import age
import container_cases
import content_cases
import manifest_cases
from base import (
    MEMBER, NOW, OTHER_MEMBER, RANDOM, ROOT, SECOND, STRANGER, VALID, Case, Cases, base, case, flip, recipient
)
from container import SEAL, feed_digest
from keys import ED25519, derive, lp
from writer import (
    Header, SignatureEntry, age_file, age_header, age_payload, chunks_of, le, seal, seal_body, signed_block, stanza,
    unpadded
)

FILE_KEY = RANDOM.take("file key", 16)
NONCE = RANDOM.take("nonce", 16)
LOW_ORDER = (  # all points of small order on Curve25519, RFC 7748's curve
    bytes(32), le(1, 32), bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    le(2**255 - 20, 32), le(2**255 - 19, 32), le(2**255 - 18, 32),
)


def sealed_case(error: str | None, what: str, data: bytes, **more: Any) -> Case:
    """A sealed file, opened with the member's identity."""
    return case(error, what, data, sealed=True, with_key=True, **more)


def feed() -> bytes:
    """The tiny feed."""
    return base().parts.assemble()


def statement(body: bytes | None = None, **header: Any) -> bytes:
    """A seal statement for the tiny feed and the member."""
    return signed_block(
        SEAL,
        seal_body(feed(), [MEMBER], NOW, RANDOM) if body is None else body, ROOT, replace(Header(), **header)
    )


def enclosed(plaintext: bytes) -> bytes:
    """An age file for the member."""
    return age_file(plaintext, [MEMBER], RANDOM)


def signed_part(data: bytes) -> bytes:
    """The signed bytes of a block with one key id."""
    return data[:60 + int.from_bytes(data[44:48], "little")]


def body_of(
    tags: list[bytes], count: int | None = None, digest: bytes | None = None, salt: bytes | None = None
) -> bytes:
    """The body of a statement by hand."""
    digest = feed_digest(signed_part(feed())) if digest is None else digest
    return digest + le(NOW, 8) + (SALT if salt is None else salt) + le(len(tags) if count is None else count,
                                                                       4) + b"".join(tags)


SALT = RANDOM.take("seal salt", 32)
OWN_TAG = derive("recipient", SALT + lp(recipient(MEMBER).encode()))[:16]


def fillers(number: int) -> list[bytes]:
    """Rising tags of nobody, and the member's among them."""
    return sorted([OWN_TAG, *(RANDOM.take(f"tag {i}", 16) for i in range(number - 1))])


def statement_cases() -> Cases:
    """The seal statement."""
    good = feed()

    def stated(error: str | None, what: str, body: bytes, **header: Any) -> Case:
        return sealed_case(error, what, enclosed(statement(body, **header) + good))

    yield sealed_case(None, "sealed", enclosed(statement() + good))
    yield sealed_case(None, "sealed-by-the-second-key", enclosed(signed_block(SEAL, body_of([OWN_TAG]), SECOND) + good))
    for number in (2, 4, 16, 64):
        yield stated(None, f"sealed-{number}-tags", body_of(fillers(number)))
    own_body = body_of([OWN_TAG])
    for what, moment in (("zero", 0), ("before-the-feed", NOW - 86400), ("300-ahead", NOW + 300)):
        yield stated(None, f"seal-time-{what}", own_body[:32] + le(moment, 8) + own_body[40:])
    for ahead in (301, 86400):
        yield stated("not-yet-valid", f"seal-time-{ahead}-ahead", own_body[:32] + le(NOW + ahead, 8) + own_body[40:])
    for moment in (2**53, 2**63):
        yield stated(
            "limit-exceeded", f"seal-time-{moment}",
            body_of([OWN_TAG])[:32] + le(moment, 8) + body_of([OWN_TAG])[40:]
        )
    yield stated("malformed", "seal-no-tags", body_of([]))
    for number in (3, 5, 6, 7, 9, 12, 33):
        yield stated("malformed", f"seal-{number}-tags", body_of(fillers(number)))
    yield stated("malformed", "seal-2048-tags", body_of(fillers(2048)))
    for what, count, number in (("one-tag-more-stated", 2, 1), ("four-stated-two-there", 4, 2),
                                ("1024-stated", 1024, 2)):
        yield stated("truncated", f"seal-{what}", body_of(fillers(number), count))
    for what, count, number in (("one-stated-two-there", 1, 2), ("two-stated-four-there", 2, 4)):
        yield stated("trailing-bytes", f"seal-{what}", body_of(fillers(number), count))
    for more in (1, 15):
        yield stated("trailing-bytes", f"seal-body-{more}-more", body_of([OWN_TAG]) + bytes(more))
    for length in (1, 31, 32, 40, 72, 75, 76, 91):
        yield stated("truncated", f"seal-body-{length}-bytes", body_of([OWN_TAG])[:length])
    two, four = fillers(2), fillers(4)
    yield stated("not-sorted", "seal-tags-falling", body_of(two[::-1]))
    yield stated("not-sorted", "seal-tag-twice", body_of([OWN_TAG, OWN_TAG]))
    yield stated("not-sorted", "seal-four-tags-falling", body_of(four[::-1]))
    yield stated("not-sorted", "seal-last-tags-equal", body_of([*four[:2], four[2], four[2]]))
    other = base(version=2).parts.assemble()
    yield stated("hash-mismatch", "seal-digest-zeros", body_of([OWN_TAG], digest=bytes(32)))
    yield stated(
        "hash-mismatch", "seal-digest-bit", body_of([OWN_TAG], digest=flip(feed_digest(signed_part(good)), 31))
    )
    yield sealed_case("hash-mismatch", "seal-of-another-version", enclosed(statement() + other))
    yield stated("hash-mismatch", "seal-digest-of-the-file", body_of([OWN_TAG], digest=derive("feed digest", good)))
    yield stated(
        "hash-mismatch", "seal-digest-of-the-body",
        body_of([OWN_TAG], digest=derive("feed digest",
                                         signed_part(good)[60:]))
    )
    text = recipient(MEMBER)
    for what, material in {
        "another-member": SALT + lp(recipient(OTHER_MEMBER).encode()),
        "upper-case": SALT + lp(text.upper().encode()),
        "no-length": SALT + text.encode(),
        "no-salt": lp(text.encode()),
        "salt-last": lp(text.encode()) + SALT,
        "binary": SALT + lp(text.encode()[:32]),
        "another-salt": bytes(32) + lp(text.encode()),
    }.items():
        yield stated("not-for-recipient", f"tag-of-{what}", body_of([derive("recipient", material)[:16]]))
    yield stated("not-for-recipient", "tag-second-half", body_of([derive("recipient", SALT + lp(text.encode()))[16:]]))
    yield stated("not-for-recipient", "salt-changed", body_of([OWN_TAG], salt=flip(SALT, 0)))
    yield stated("not-for-recipient", "only-fillers", body_of([t for t in fillers(5) if t != OWN_TAG]))
    yield stated("not-for-recipient", "tag-zeros", body_of([bytes(16)]))

    own = SignatureEntry(ROOT.key_id, ED25519, ROOT)
    whole = statement()
    for position in (60, 95, 100, 131, 140, len(whole) - 1, len(whole) - 64):
        yield sealed_case("bad-signature", f"seal-byte-{position}", enclosed(flip(whole, position) + good))
    yield sealed_case(
        "untrusted", "seal-by-a-stranger", enclosed(signed_block(SEAL, body_of([OWN_TAG]), STRANGER) + good)
    )
    yield stated("unsupported-algorithm", "seal-algorithm-2", body_of([OWN_TAG]), entries=[replace(own, algorithm=2)])
    yield stated(
        "bad-signature",
        "seal-signed-as-manifest",
        body_of([OWN_TAG]),
        entries=[
            replace(own, by=container_cases.Crooked(ROOT, lambda s: b"bisik-signature/1\0\1" + le(len(s), 8) + s))
        ]
    )
    yield stated("bad-signature", "seal-signed-by-another", body_of([OWN_TAG]), entries=[replace(own, by=STRANGER)])
    yield stated("unsupported-version", "seal-version-2", body_of([OWN_TAG]), version=2)
    yield stated("unsupported-version", "seal-version-0", body_of([OWN_TAG]), version=0)
    for kind in (0, 2, 4, 9, 255):
        yield stated("malformed", f"seal-type-{kind}", body_of([OWN_TAG]), type=kind)
    length = len(whole)
    for total in (0, length - 1, length + 1, length + len(good), 2**64 - 1):
        yield stated("malformed", f"seal-total-{total}", body_of([OWN_TAG]), total=total)
    yield stated("malformed", "seal-key-id-twice", body_of([OWN_TAG]), entries=[own, own])
    yield stated(
        "trailing-bytes", "seal-signature-too-many", body_of([OWN_TAG]), entries=[own, own], key_ids=[ROOT.key_id]
    )
    yield sealed_case("malformed", "seal-missing", enclosed(good))
    yield sealed_case("malformed", "seal-after-the-feed", enclosed(good + whole))
    yield sealed_case("not-a-feed", "seal-twice", enclosed(whole + whole + good))
    yield sealed_case("not-a-feed", "sealed-text", enclosed(b"kind,value\n"))
    yield sealed_case("not-a-feed", "seal-then-text", enclosed(whole + b"kind,value\n"))
    yield sealed_case("not-a-feed", "byte-before-the-seal", enclosed(b"\n" + whole + good))
    yield sealed_case("not-a-feed", "byte-between", enclosed(whole + b"\0" + good))
    yield sealed_case("trailing-bytes", "sealed-byte-after-the-feed", enclosed(whole + good + b"\0"))
    for cut in (1, 64, 500):
        yield sealed_case("truncated", f"sealed-feed-short-by-{cut}", enclosed(whole + good[:-cut]))
    for kept in (11, 43, 59, 100, 200):
        yield sealed_case("truncated", f"seal-first-{kept}-bytes", enclosed(whole[:kept]))
    yield sealed_case("not-a-feed", "sealed-twice", enclosed(enclosed(whole + good)))


def feed_cases() -> Cases:
    """Faults of the feed inside are refused in an envelope as well."""
    chosen = {
        "bad-manifest__kinds-falling.bisik",
        "bad-manifest__json-float.bisik",
        "duplicate-name__in-ext.bisik",
        "not-sorted__tokens-falling.bisik",
        "unsupported-section__type-66.bisik",
        "hash-mismatch__optional-section.bisik",
        "not-zero__gap-0-last-byte.bisik",
        "must-understand__one-name.bisik",
        "unsupported-token-scheme__blind-suite-other.bisik",
        "malformed__tokens-47-bytes.bisik",
        "wrong-padding__pad-longer-by-1.bisik",
        "not-authorised__publisher-zeros.bisik",
    }
    groups = (
        container_cases.header_cases, container_cases.signature_cases, manifest_cases.all_cases, content_cases.all_cases
    )
    for group in groups:
        for inner in group():
            if inner.name in chosen:
                chosen.remove(inner.name)
                data = seal(inner.data, ROOT, [MEMBER], NOW, RANDOM)
                yield sealed_case(inner.error, "sealed-" + inner.what, data)
    assert not chosen, chosen
    data = seal(feed(), ROOT, [MEMBER], NOW, RANDOM)
    yield sealed_case("expired", "sealed", data, now=NOW + VALID)
    yield sealed_case("not-yet-valid", "sealed", data, now=NOW - 301)
    yield case("sealed", "no-key", data, sealed=True)
    yield sealed_case("no-matching-key", "other-member", seal(feed(), ROOT, [OTHER_MEMBER], NOW, RANDOM))


def header_cases() -> Cases:
    """The header of the age layer."""
    plain = statement() + feed()
    payload = age_payload(FILE_KEY, NONCE, chunks_of(plain))
    own = stanza(FILE_KEY, MEMBER, RANDOM.take("ephemeral", 32))
    line, body = own.split(b"\n")[:2]
    share = line.split(b" ")[2]
    grease = b"-> grease\n\n"

    def made(error: str | None, what: str, stanzas: bytes, first_line: bytes = age.FIRST_LINE) -> Case:
        return sealed_case(error, "age-" + what, age_header(stanzas, FILE_KEY, first_line) + payload)

    yield made(None, "plain", own)
    yield made(None, "grease-before", grease + own)
    yield made(None, "grease-after", own + grease)
    yield made(
        None, "grease-with-body",
        b"-> x y z\n" + unpadded(bytes(80))[:64] + b"\n" + unpadded(bytes(80))[64:] + b"\n" + own
    )
    yield made(None, "grease-with-full-line", b"-> x\n" + unpadded(bytes(48)) + b"\n\n" + own)
    yield made(None, "all-characters", b"-> " + bytes(range(33, 127)) + b"\n\n" + own)
    yield made(None, "other-recipient-first", stanza(FILE_KEY, OTHER_MEMBER, RANDOM.take("e2", 32)) + own)
    yield made(None, "1024-stanzas", b"-> a\n\n" * 1023 + own)
    yield made("limit-exceeded", "1025-stanzas", b"-> a\n\n" * 1024 + own)
    yield made("limit-exceeded", "1025-stanzas-own-first", own + b"-> a\n\n" * 1024)

    for what, first in {
        "first-line-crlf": b"age-encryption.org/v1\r\n",
        "first-line-blank": b"age-encryption.org/v1 \n",
        "first-line-twice": age.FIRST_LINE * 2,
    }.items():
        yield made("bad-header", what, own, first)
    for version in ("v2", "v3", "V1"):
        yield made("unsupported-version", f"version-{version}", own, f"age-encryption.org/{version}\n".encode())
    half = own.replace(line, line.replace(b" ", b"  ", 1))
    for what, stanzas in {
        "no-stanzas": b"",
        "stanza-two-blanks": half,
        "stanza-no-blank": own.replace(b"-> X", b"->X"),
        "stanza-blank-last": line + b" \n" + body + b"\n",
        "stanza-no-arguments": b"->\n\n" + own,
        "stanza-empty-argument": b"-> \n\n" + own,
        "stanza-tab": b"-> a\tb\n\n" + own,
        "stanza-not-ascii": b"-> \xc3\xa9\n\n" + own,
        "stanza-zero-byte": b"-> a\0\n\n" + own,
        "stanza-cr": own.replace(b"\n", b"\r\n"),
        "stanza-delete-character": b"-> a\x7f\n\n" + own,
        "stanza-arrow-wrong": b"=> a\n\n" + own,
        "stanza-empty-line-before": b"\n" + own,
        "body-missing": line + b"\n" + grease,
        "body-line-of-65": b"-> a\n" + unpadded(bytes(48)) + b"A\n\n" + own,
        "body-line-of-68": b"-> a\n" + unpadded(bytes(51)) + b"\n" + own,
        "body-last-line-missing": b"-> a\n" + unpadded(bytes(48)) + b"\n" + own,
        "body-padded": b"-> a\nAA==\n" + own,
        "body-one-character": b"-> a\nA\n" + own,
        "body-not-canonical": b"-> a\nAB\n" + own,
        "body-url-alphabet": b"-> a\n__8\n" + own,
        "body-blank": b"-> a\nAA AA\n" + own,
        "body-line-feed-cr": b"-> a\nAAAA\r\n" + own,
        "x25519-no-share": b"-> X25519\n" + body + b"\n",
        "x25519-extra-argument": line + b" 1\n" + body + b"\n",
        "x25519-share-31-bytes": b"-> X25519 " + unpadded(bytes(31)) + b"\n" + body + b"\n",
        "x25519-share-33-bytes": b"-> X25519 " + unpadded(b"\t" * 33) + b"\n" + body + b"\n",
        "x25519-share-padded": line + b"=\n" + body + b"\n",
        "x25519-share-hex": b"-> X25519 " + b"09" * 32 + b"\n" + body + b"\n",
        "x25519-share-not-canonical": line[:-1] + _next_symbol(share) + b"\n" + body + b"\n",
        "x25519-body-not-canonical": line + b"\n" + body[:-1] + _next_symbol(body) + b"\n",
        "x25519-body-31-bytes": line + b"\n" + unpadded(bytes(31)) + b"\n",
        "x25519-body-33-bytes": line + b"\n" + unpadded(bytes(33)) + b"\n",
        "x25519-body-empty": line + b"\n\n",
        "x25519-file-key-of-24-bytes": stanza(bytes(24), MEMBER, RANDOM.take("e3", 32)),
        "scrypt-beside": own + b"-> scrypt " + unpadded(bytes(16)) + b" 10\n" + body + b"\n",
        "scrypt-before": b"-> scrypt " + unpadded(bytes(16)) + b" 10\n" + body + b"\n" + own,
    }.items():
        yield made("bad-header", what, stanzas)
    for number, point in enumerate(LOW_ORDER):
        yield made(
            "bad-header", f"x25519-share-low-order-{number}", b"-> X25519 " + unpadded(point) + b"\n" + body + b"\n"
        )
    for what, stanzas in {
        "other-recipient": stanza(FILE_KEY, OTHER_MEMBER, RANDOM.take("e2", 32)),
        "grease-alone": grease,
        "x25519-lower": own.replace(b"X25519", b"x25519"),
        "x25519-other-name": own.replace(b"X25519", b"X25520"),
        "x25519-body-changed": line + b"\n" + unpadded(flip(_decoded(body), 0)) + b"\n",
        "x25519-tag-changed": line + b"\n" + unpadded(flip(_decoded(body), -1)) + b"\n",
        "x25519-share-changed": b"-> X25519 " + unpadded(flip(_decoded(share), 0)) + b"\n" + body + b"\n",
        "ssh-alone": b"-> ssh-ed25519 AAAA " + share + b"\n" + body + b"\n",
    }.items():
        yield made("no-matching-key", what, stanzas)

    yield made(
        "unsupported-recipient", "hybrid-alone", b"-> mlkem768x25519 " + unpadded(bytes(32)) + b"\n" + body + b"\n"
    )

    authenticated, mac = age_header(own, FILE_KEY).rsplit(b" ", 1)
    mac = mac.rstrip(b"\n")
    for what, end in {
        "no-blank": mac + b"\n",
        "two-blanks": b"  " + mac + b"\n",
        "blank-after": b" " + mac + b" \n",
        "cr": b" " + mac + b"\r\n",
        "missing": b"\n",
        "empty": b" \n",
        "31-bytes": b" " + unpadded(_decoded(mac)[:31]) + b"\n",
        "33-bytes": b" " + unpadded(_decoded(mac) + b"\0") + b"\n",
        "padded": b" " + mac + b"=\n",
        "not-canonical": b" " + mac[:-1] + _next_symbol(mac) + b"\n",
        "four-dashes": b"- " + mac + b"\n",
        "hex": b" " + _decoded(mac).hex().encode() + b"\n",
    }.items():
        yield sealed_case("bad-header", f"age-mac-{what}", authenticated + end + payload)
    for what, wrong in {
        "first-bit": flip(_decoded(mac), 0),
        "last-bit": flip(_decoded(mac), -1),
        "zeros": bytes(32),
        "of-another-key": _decoded(age_header(own, bytes(16)).rsplit(b" ", 1)[1].rstrip(b"\n")),
    }.items():
        yield sealed_case("cannot-open", f"age-mac-{what}", authenticated + b" " + unpadded(wrong) + b"\n" + payload)
    yield sealed_case(
        "cannot-open", "age-grease-added-later",
        age_header(own, FILE_KEY).replace(own, grease + own) + payload
    )
    yield sealed_case(
        "cannot-open", "age-grease-removed-later",
        age_header(grease + own, FILE_KEY).replace(grease, b"") + payload
    )
    header = age_header(own, FILE_KEY)
    for cut in (22, 40, len(age.FIRST_LINE + line) + 1, len(age.FIRST_LINE + own), len(header) - 1):
        yield sealed_case("bad-header", f"age-first-{cut}-bytes", header[:cut])


def payload_cases() -> Cases:
    """The payload of the age layer."""
    plain = statement() + feed()
    header = age_header(stanza(FILE_KEY, MEMBER, RANDOM.take("ephemeral", 32)), FILE_KEY)
    good = age_payload(FILE_KEY, NONCE, chunks_of(plain))

    def chunks(*pieces: tuple[int, bool, bytes]) -> bytes:
        return age_payload(FILE_KEY, NONCE, list(pieces))

    half = len(plain) // 2
    for what, payload in {
        "nonce-first-byte": flip(good, 0),
        "nonce-last-byte": flip(good, 15),
        "first-byte": flip(good, 16),
        "middle-byte": flip(good, half),
        "tag-first-byte": flip(good, -16),
        "tag-last-byte": flip(good, -1),
        "tag-missing": good[:-16],
        "last-byte-missing": good[:-1],
        "cut-in-half": good[:len(good) // 2],
        "nonce-alone": good[:16],
        "tag-cut": good[:31],
        "zero-added": good + b"\0",
        "tag-added": good + bytes(16),
        "chunk-added": good + bytes(100),
        "not-marked-last": chunks((0, False, plain)),
        "counter-1": chunks((1, True, plain)),
        "counter-256": chunks((256, True, plain)),
        "two-short-chunks": chunks((0, False, plain[:half]), (1, True, plain[half:])),
        "two-last-chunks": chunks((0, True, plain), (1, True, b"x")),
        "empty-last-chunk": chunks((0, False, plain), (1, True, b"")),
        "twice": good + good,
        "key-is-file-key": age_payload(bytes(16), NONCE, chunks_of(plain)),
        "nonce-of-another": bytes(16) + good[16:],
        "not-encrypted": NONCE + plain + bytes(16),
        "armored": b"-----BEGIN AGE ENCRYPTED FILE-----\n" + good,
    }.items():
        yield sealed_case("cannot-open", f"age-payload-{what}", header + payload)
    for length in (0, 1, 15):
        yield sealed_case("bad-header", f"age-nonce-of-{length}-bytes", header + good[:length])


def all_cases() -> Cases:
    """All of this file."""
    for group in (statement_cases, feed_cases, header_cases, payload_cases):
        yield from group()


def _decoded(text: bytes) -> bytes:
    return age.unpadded(text)


def _next_symbol(text: bytes) -> bytes:
    """The symbol after the last one: for 32 bytes in Base64 it sets bits that must be zero."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return alphabet[alphabet.index(text[-1:]) + 1:][:1]
