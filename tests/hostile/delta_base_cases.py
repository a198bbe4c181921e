"""Deltas for bases that are not theirs, and deltas in envelopes (docs/format.md, sections 8 and 9)."""

from dataclasses import replace
from typing import Any

from base import MEMBER, NEIGHBOUR, NOW, OTHER_MEMBER, RANDOM, ROOT, SECOND, STRANGER, VALID, flip, recipient
from delta_cases import CHANGED_LOOKS, LOOKS, Cases, DeltaCase, accepted, refused, with_body, with_part
from delta_content_cases import leading_to
from delta_parts import (
    EARLIER, FULL_BASE, FULL_OLD, FULL_RESULT, PLAIN_BASE, PLAIN_NEW, PLAIN_OLD, PLAIN_RESULT, REMOVED, SIZE, draft, full, plain, plain_base,
    positions, version_of
)

from container import DELTA, SEAL, feed_digest, parse_block
from keys import ED25519, derive, lp
from writer import Header, SignatureEntry, age_file, le, seal, seal_body, signed_block


def base_cases() -> Cases:
    """A right delta and a base that is not its own."""
    good = plain()
    yield refused("base-mismatch", "base-of-another-feed", good, version_of("other-5", draft("other", 5, PLAIN_OLD)))
    yield refused("base-mismatch", "base-with-records-of-another-feed", good, FULL_BASE)
    theirs = version_of("neighbours-5", draft("tiny", 5, PLAIN_OLD, signing_key=NEIGHBOUR.secret.hex()))
    yield refused("base-mismatch", "base-of-another-publisher", good, theirs)
    made = leading_to(version_of("", draft("tiny", 6, PLAIN_NEW, issued=NOW, signing_key=NEIGHBOUR.secret.hex())), theirs)
    made.signer = NEIGHBOUR
    yield refused("base-mismatch", "another-publishers-delta", made)
    made.body["publisher"] = ROOT.key_id.hex()
    yield refused("not-authorised", "another-publishers-delta-in-this-ones-name", made)
    yield refused("base-mismatch", "base-is-the-result", good, PLAIN_RESULT)
    yield refused("base-mismatch", "base-much-later", good, version_of("plain-900", draft("tiny", 900, PLAIN_OLD)))
    for version in (1, 4):
        earlier = version_of(f"plain-{version}", draft("tiny", version, PLAIN_OLD))
        yield refused("snapshot-needed", f"base-of-version-{version}", good, earlier)
    for epoch in (1, 3):
        other = version_of(f"plain-of-epoch-{epoch}", draft("tiny", 5, PLAIN_OLD, epoch=epoch))
        yield refused("snapshot-needed", f"base-of-epoch-{epoch}", good, other)
    for what, base in {"of-another-purpose": plain_base(purpose="another"), "issued-a-second-later": plain_base(issued=EARLIER + 1)}.items():
        yield refused("equivocation", f"base-{what}", good, version_of(f"plain-5-{what}", base))
    listed = version_of("plain-5-of-other-entries", draft("tiny", 5, PLAIN_NEW))
    yield refused("equivocation", "base-of-other-entries", good, listed)
    for what, digest in {"zeros": bytes(32), "of-the-result": PLAIN_RESULT.digest, "last-bit": flip(PLAIN_BASE.digest, 31)}.items():
        yield refused("equivocation", f"base-digest-{what}", with_body(base=good.body["base"] | {"digest": digest.hex()}))
    for version in (1, 4):
        yield refused("base-mismatch", f"leads-from-version-{version}", with_body(base=good.body["base"] | {"version": version}))
    later = version_of("", draft("tiny", 9, PLAIN_NEW, issued=NOW))
    made = leading_to(later)
    made.body["base"] = made.body["base"] | {"version": 8}
    yield refused("snapshot-needed", "leads-from-version-8", made)
    for name in ("bloom", "fuse"):
        filtered = version_of(f"tiny-5-{name}", draft("tiny", 5, PLAIN_OLD, set=name))
        made = plain()
        made.body["base"] = {"version": 5, "digest": filtered.digest.hex()}
        yield refused("snapshot-needed", f"base-is-a-{name}-filter", made, filtered)
    recorded = version_of("tiny-5-with-records", draft("tiny", 5, PLAIN_OLD, SIZE))
    made = plain()
    made.body["base"] = {"version": 5, "digest": recorded.digest.hex()}
    yield refused("base-mismatch", "base-with-records-of-a-delta-without", made, recorded)
    bare = version_of("told-5-without-records", draft("told", 5, FULL_OLD))
    made = full()
    made.body["base"] = {"version": 5, "digest": bare.digest.hex()}
    yield refused("base-mismatch", "base-without-records-of-a-delta-with", made, bare)
    old = version_of("plain-5-expired", plain_base(issued=NOW - 80_000, valid=100))
    looks = tuple(replace(look, before="expired") for look in LOOKS)
    yield accepted("base-that-has-expired", leading_to(PLAIN_RESULT, old), old, looks=looks)
    second = plain_base()
    second.header.entries = [SignatureEntry(SECOND.key_id, ED25519, SECOND)]
    signed = version_of("plain-5-signed-by-the-second-key", second)
    yield accepted("base-signed-by-the-second-key", leading_to(PLAIN_RESULT, signed), signed)
    yield refused("expired", "after-its-time", good, now=NOW + VALID)
    yield refused("not-yet-valid", "before-its-time", good, now=NOW - 301)
    yield accepted("300-seconds-before-its-time", good, now=NOW - 300)


def envelope_cases() -> Cases:
    """A delta in an envelope."""
    good = full().assemble()
    salt = RANDOM.take("seal salt", 32)
    own_tag = derive("recipient", salt + lp(recipient(MEMBER).encode()))[:16]
    digest = feed_digest(parse_block(good, DELTA).signed)

    def body(stated: bytes = digest, when: int = NOW, tag: bytes = own_tag) -> bytes:
        return stated + le(when, 8) + salt + le(1, 4) + tag

    def statement(content: bytes | None = None, **header: Any) -> bytes:
        return signed_block(SEAL, body() if content is None else content, ROOT, replace(Header(), **header))

    def enclosed(error: str, what: str, plaintext: bytes) -> DeltaCase:
        return refused(error, f"sealed-{what}", age_file(plaintext, [MEMBER], RANDOM), FULL_BASE, with_key=True, sealed=True)

    sealed = seal(good, ROOT, [MEMBER], NOW, RANDOM)
    taken: dict[str, Any] = {"base": FULL_BASE, "result": FULL_RESULT, "with_key": True, "sealed": True, "looks": CHANGED_LOOKS}
    yield accepted("sealed", sealed, **taken)
    yield accepted("sealed-to-two", seal(good, ROOT, [OTHER_MEMBER, MEMBER], NOW, RANDOM), **taken)
    by_second = signed_block(SEAL, body(), SECOND)
    yield accepted("sealed-by-the-second-key", age_file(by_second + good, [MEMBER], RANDOM), **taken)
    yield accepted("sealed-300-seconds-ahead", age_file(statement(body(when=NOW + 300)) + good, [MEMBER], RANDOM), **taken)
    yield accepted("open-and-a-key-is-given", good, **taken | {"sealed": False})
    yield refused("sealed", "no-key", sealed, FULL_BASE, sealed=True)
    other = seal(good, ROOT, [OTHER_MEMBER], NOW, RANDOM)
    yield refused("no-matching-key", "sealed-to-another", other, FULL_BASE, with_key=True, sealed=True)
    for what, stated in {
        "zeros": bytes(32), "last-bit": flip(digest, 31), "of-the-base": FULL_BASE.digest,
        "of-the-other-delta": feed_digest(parse_block(plain().assemble(), DELTA).signed), "of-the-file": derive("feed digest", good),
    }.items():
        yield enclosed("hash-mismatch", f"digest-{what}", statement(body(stated)) + good)
    feed_statement = signed_block(SEAL, seal_body(FULL_RESULT.data, [MEMBER], NOW, RANDOM), ROOT)
    yield enclosed("hash-mismatch", "with-the-statement-of-the-result", feed_statement + good)
    yield enclosed("not-yet-valid", "301-seconds-ahead", statement(body(when=NOW + 301)) + good)
    yield enclosed("limit-exceeded", "at-2-to-53", statement(body(when=2**53)) + good)
    for what, tag in {"of-another": derive("recipient", salt + lp(recipient(OTHER_MEMBER).encode()))[:16], "zeros": bytes(16)}.items():
        yield enclosed("not-for-recipient", f"tag-{what}", statement(body(tag=tag)) + good)
    yield enclosed("malformed", "no-tags", statement(body()[:72] + le(0, 4)) + good)
    yield enclosed("truncated", "statement-cut", statement(body()[:-1]) + good)
    yield enclosed("trailing-bytes", "statement-longer", statement(body() + b"\0") + good)
    yield enclosed("not-authorised", "by-another-publisher", signed_block(SEAL, body(), NEIGHBOUR) + good)
    yield enclosed("untrusted", "by-a-stranger", signed_block(SEAL, body(), STRANGER) + good)
    yield enclosed("bad-signature", "statement-altered", flip(statement(), 100) + good)
    for kind in (1, 2, 4, 255):
        yield enclosed("malformed", f"statement-of-type-{kind}", statement(type=kind) + good)
    yield enclosed("malformed", "without-a-statement", good)
    yield enclosed("not-a-feed", "statement-alone", statement())
    yield enclosed("not-a-feed", "a-feed-instead", seal_of(FULL_RESULT.data) + FULL_RESULT.data)
    yield enclosed("not-a-feed", "a-byte-between", statement() + b"\0" + good)
    yield enclosed("not-a-feed", "statement-twice", statement() * 2 + good)
    yield enclosed("trailing-bytes", "a-byte-more", statement() + good + b"\0")
    yield enclosed("truncated", "a-byte-less", statement() + good[:-1])
    for what, position in {"a-byte-in-the-middle": -len(good) // 2, "last-byte": -1}.items():
        yield refused("cannot-open", f"sealed-{what}-changed", flip(sealed, position), FULL_BASE, with_key=True, sealed=True)
    bad = with_part(REMOVED, positions(3, 0)).assemble()
    yield enclosed("not-sorted", "with-a-fault-inside", seal_of(bad) + bad)


def seal_of(content: bytes) -> bytes:
    """The right statement over a feed or a delta."""
    return signed_block(SEAL, seal_body(content, [MEMBER], NOW, RANDOM), ROOT)


def all_cases() -> Cases:
    """All of this file."""
    for group in (base_cases, envelope_cases):
        yield from group()
