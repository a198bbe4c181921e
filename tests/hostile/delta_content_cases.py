"""Faults of what a delta carries: the result's block, removals, additions, changes, whole sections (docs/format.md, section 9)."""

import copy
from dataclasses import replace
from typing import Any

from base import NEIGHBOUR, NOW, ROOT, SECOND, STRANGER, VALID, flip
from blake3 import blake3
from container_cases import Altered
from delta_cases import Cases, DeltaCase, Look, accepted, refused, with_body, with_part
from delta_parts import (
    ADDED, ADDED_RECORDS, CHANGED, CHANGED_RECORDS, DROPPED, FRESH, FULL_BASE, FULL_NEW, FULL_OLD, FULL_RESULT, KEPT, PLAIN_BASE, PLAIN_NEW,
    PLAIN_OLD, PLAIN_RESULT, REMOVED, RESULT, SIZE, WHOLE, Delta, Version, between, draft, full, full_result, plain, plain_result,
    positions, retraction, version_of
)

from container import DELTA, MANIFEST, feed_digest, parse_block
from keys import ED25519
from manifest import FEED_KEY, PAD, RECORDS, RETRACTIONS, TOKENS
from writer import Header, Parts, Section, SignatureEntry


def leading_to(result: Parts | Version, base: Version = PLAIN_BASE) -> Delta:
    """The delta from the base to a result with something unusual."""
    return between(base, result if isinstance(result, Version) else version_of("", result))


def with_result(block: bytes, digest: bytes | None = None, length: int | None = None) -> Delta:
    """The delta without records with another part 1; the body may know of it."""
    made = plain()
    made.parts[RESULT] = block
    if digest is not None:
        made.body["result"] = made.body["result"] | {"digest": digest.hex()}
    if length is not None:
        made.body["length"] = length
    return made


def stated_of(parts: Parts, section_type: int, **values: Any) -> Parts:
    """Parts whose manifest says something else of a section."""
    for section in (*parts.sections, parts.pad):
        if section.type == section_type:
            section.stated = values
    return parts


def result_block_cases() -> Cases:
    """Part 1: the result's signed block, verbatim and alone."""
    block, good = PLAIN_RESULT.block, PLAIN_RESULT.data
    yield refused("truncated", "result-empty", with_result(b""))
    for cut in (7, 11, 59, 60, 300, len(block) - 100, len(block) - 1):
        yield refused("truncated", f"result-first-{cut}-bytes", with_result(block[:cut]))
    for what, more in {"a-zero": b"\0", "64-zeros": bytes(64), "its-sections": good[len(block):], "itself": block}.items():
        yield refused("malformed", f"result-and-{what}", with_result(block + more))
    for i in (0, 5, 7):
        yield refused("not-a-feed", f"result-magic-byte-{i}", with_result(flip(block, i, 0x20)))
    for position in (60, 100, 500, len(block) - 1, len(block) - 64):
        yield refused("bad-signature", f"result-byte-{position}", with_result(flip(block, position)))

    def headed(error: str, what: str, **values: Any) -> DeltaCase:
        parts = plain_result()
        parts.header = replace(Header(), **values)
        made = parts.assemble()
        end = 28 + 32 * made[11]
        length = end + int.from_bytes(made[end - 16:end - 12], "little") + int.from_bytes(made[end - 12:end - 8], "little")
        signed = length - int.from_bytes(made[end - 12:end - 8], "little")
        return refused(error, f"result-{what}", with_result(made[:length], feed_digest(made[:signed]), len(made)))

    own, second = SignatureEntry(ROOT.key_id, ED25519, ROOT), SignatureEntry(SECOND.key_id, ED25519, SECOND)
    strange = SignatureEntry(STRANGER.key_id, ED25519, STRANGER)
    neighbour = SignatureEntry(NEIGHBOUR.key_id, ED25519, NEIGHBOUR)
    yield headed("not-authorised", "signed-by-another-publisher", entries=[neighbour])
    for kind in (0, 2, 3, 5, 255):
        yield headed("not-a-feed", f"of-block-type-{kind}", type=kind)
    for version in (0, 2):
        yield headed("unsupported-version", f"of-version-{version}", version=version)
    yield headed("untrusted", "unsigned", entries=[SignatureEntry(bytes(32), ED25519, bytes(64))])
    yield headed("untrusted", "signed-by-a-stranger", entries=[strange])
    yield headed("bad-signature", "signed-by-another", entries=[replace(own, by=STRANGER)])
    yield headed("bad-signature", "signature-of-zeros", entries=[replace(own, by=bytes(64))])
    yield headed("bad-signature", "signature-altered", entries=[replace(own, by=Altered(ROOT, 40))])
    yield headed("unsupported-algorithm", "of-algorithm-2", entries=[replace(own, algorithm=2)])
    # The block states another length of the file than the body does.
    for total in (len(block), 1024, len(good) + 64, 2**40):
        yield headed("malformed", f"total-{total}", total=total)
    by_second = plain_result()
    by_second.header.entries = [second]
    made = version_of("plain-6-signed-by-the-second-key", by_second)
    yield accepted("result-signed-by-the-second-key", leading_to(made), result=made)
    # A delta's own block, signed by the publisher, is no manifest.
    inner = plain().assemble()
    yield refused("not-a-feed", "result-is-a-delta", with_result(inner[:parse_block(inner, DELTA).length]))


def manifest_cases() -> Cases:
    """What the result's manifest says."""
    def saying(error: str, what: str, **values: Any) -> DeltaCase:
        parts = plain_result()
        parts.manifest |= values
        return refused(error, f"result-{what}", _as_stated(parts))

    for what, publisher in {"zeros": bytes(32), "a-stranger": STRANGER.key_id, "the-second-key": SECOND.key_id}.items():
        yield saying("not-authorised", f"of-{what}", publisher=publisher.hex())
    yield saying("malformed", "of-another-feed", feed="other")
    theirs = version_of("", draft("tiny", 6, PLAIN_NEW, issued=NOW, signing_key=NEIGHBOUR.secret.hex()))
    yield refused("malformed", "result-of-another-trusted-publisher", with_result(theirs.block, theirs.digest, len(theirs.data)))
    for epoch in (1, 3):
        yield saying("malformed", f"of-epoch-{epoch}", epoch=epoch)
    for version in (4, 5, 7, 2**53 - 1):
        yield saying("malformed", f"of-version-{version}", version=version)
    yield refused("malformed", "result-is-the-base", with_result(PLAIN_BASE.block, length=len(PLAIN_BASE.data)))
    other = version_of("", plain_result(purpose="another"))
    yield refused("malformed", "result-of-another-digest", with_result(other.block, length=len(other.data)))
    yield saying("not-yet-valid", "301-seconds-ahead", issued=NOW + 301, expires=NOW + VALID)
    yield saying("not-yet-valid", "a-day-ahead", issued=NOW + 86400, expires=NOW + VALID)
    ahead = version_of("plain-6-300-seconds-ahead", plain_result(issued=NOW + 300))
    yield accepted("result-300-seconds-ahead", leading_to(ahead), result=ahead)
    yield saying("expired", "expires-now", issued=NOW - 10, expires=NOW)
    yield saying("expired", "expired-long-ago", issued=NOW - 86_000, expires=NOW - 80_000)
    yield saying("bad-manifest", "manifest-unknown-name", more=1)
    yield saying("bad-manifest", "expires-before-issued", expires=NOW)
    yield saying("bad-manifest", "of-record-size-100", record_size=100)
    yield saying("invalid-name", "feed-id-upper", feed="Tiny")
    yield saying("must-understand", "must-be-understood", ext={"budget": 1}, must_understand=["budget"])
    counted = plain_result()
    counted.manifest["kinds"][1]["count"] += 1
    yield refused("bad-manifest", "result-kinds-of-another-count", _as_stated(counted))
    counted.manifest["count"] += 1
    yield refused("malformed", "result-of-one-entry-more", _as_stated(counted))
    counted.manifest["kinds"][1]["count"] -= 2
    counted.manifest["count"] -= 2
    yield refused("malformed", "result-of-one-entry-less", _as_stated(counted))
    unknown = plain_result()
    unknown.sections.insert(1, Section(66, b"x" * 66, True))
    yield refused("unsupported-section", "result-with-a-section-of-unknown-type", _as_stated(unknown))
    for name in ("bloom", "fuse"):
        filtered = draft("tiny", 6, PLAIN_NEW, issued=NOW, set=name)
        made = _as_stated(filtered)
        yield refused("malformed", f"result-is-a-{name}-filter", made)
        # Carried whole, it would make a feed.
        made.body["whole"], made.parts[WHOLE] = [filtered.sections[1].type], filtered.sections[1].content
        yield refused("malformed", f"result-is-a-{name}-filter-carried-whole", made)
    # The records of the result are of another length than the body says.
    sized = draft("tiny", 6, PLAIN_NEW, SIZE, NOW)
    yield refused("malformed", "result-with-records-of-a-delta-without", _as_stated(sized))
    made = full()
    made.body["record_size"] = 256
    made.parts[ADDED_RECORDS] *= 2
    made.parts[CHANGED_RECORDS] *= 2
    yield refused("malformed", "result-of-another-record-size", made, FULL_BASE)


def _as_stated(parts: Parts) -> Delta:
    """The delta without records to a result like its own, which says this."""
    result = version_of("", parts)
    return with_result(result.block, result.digest, len(result.data))


def pad_cases() -> Cases:
    """The result's length and pad, which are not in the delta."""
    start = len(PLAIN_RESULT.data) - len(PLAIN_RESULT.parts.pad.content)
    longest = start // 4 + 1024
    for more in (2**12, 2**20, 2**36):
        yield refused("snapshot-needed", f"pad-of-{more}-more", _padded(longest + more))
    for length in (start + longest + 1, start + longest + 64):
        yield refused("snapshot-needed", f"pad-longer-than-a-quarter-by-{length - start - longest}", _padded(length - start))
    for more in (1, 32):
        parts = plain_result()
        data = parts.assemble(pad_more=more)
        block = data[:parse_block(data, MANIFEST, alone=True).length]
        made = with_result(block, feed_digest(parse_block(block, MANIFEST, alone=True).signed), len(data))
        yield refused("wrong-padding", f"result-longer-by-{more}", made)
    # As long as a feed of this size can have it: lengths of feeds lie 128 bytes apart here.
    result = plain_result()
    data = result.assemble(pad_more=1024)
    assert len(result.pad.content) <= longest
    wide = Version("plain-6-with-a-long-pad", result, data)
    yield accepted("pad-almost-a-quarter", leading_to(wide), result=wide)
    for what, more in {"a-byte-longer": 1, "64-bytes-longer": 64, "a-byte-shorter": -1, "64-bytes-shorter": -64}.items():
        parts = stated_of(copy.deepcopy(result), PAD, length=len(result.pad.content) + more)
        block = parts.block(len(data))
        made = with_result(block, feed_digest(parse_block(block, MANIFEST, alone=True).signed), len(data))
        yield refused("malformed", f"pad-stated-{what}", made)


def _padded(length: int) -> Delta:
    """The delta without records to a result with a pad of this length, which its manifest states; the hash is right up to 2 MiB."""
    parts = plain_result()
    for _ in range(4):
        stated_of(parts, PAD, length=length, blake3=blake3(bytes(min(length, 2**21))).hexdigest())
        block = parts.block(0)
        end = len(block)
        for section in parts.sections:
            end += -end % 64 + len(section.content)
        total = end + -end % 64 + length
    block = parts.block(total)
    return with_result(block, feed_digest(parse_block(block, MANIFEST, alone=True).signed), total)


def entry_cases() -> Cases:
    """Removals, additions and changes."""
    for what, part in {
        "fall": positions(3, 0), "twice": positions(0, 0), "last-of-three-falls": positions(0, 3, 2), "as-bytes": positions(256, 1),
    }.items():
        yield refused("not-sorted", f"removed-{what}", with_part(REMOVED, part))
    for what, part in {
        "is-the-count": positions(0, 5), "largest": positions(0, 2**32 - 1), "alone": positions(5), "second-of-three": positions(0, 7, 2**31),
        "big-endian": positions(0) + (3).to_bytes(4, "big"),
    }.items():
        yield refused("malformed", f"removed-position-{what}", with_part(REMOVED, part))
    yield refused("malformed", "removed-more-than-there-are", with_part(REMOVED, positions(*range(9))))
    empty_base = version_of("plain-5-empty", draft("tiny", 5, {}))
    made = leading_to(PLAIN_RESULT, empty_base)
    made.parts[REMOVED] = positions(0)
    yield refused("malformed", "removed-of-an-empty-base", made, empty_base)
    yield refused("malformed", "removed-one-less", with_part(REMOVED, positions(0)))
    yield refused("malformed", "removed-one-more", with_part(REMOVED, positions(0, 3, 4)))
    yield refused("malformed", "removed-none", with_part(REMOVED, b""))
    yield refused("hash-mismatch", "removed-another", with_part(REMOVED, positions(0, 4)))
    tokens = plain().parts[ADDED]
    first, second = tokens[:16], tokens[16:32]
    for what, part in {"fall": tokens[16:] + first, "twice": first + tokens[:32], "last-falls": first + tokens[32:] + second}.items():
        yield refused("not-sorted", f"added-{what}", with_part(ADDED, part, plain))
    yield refused("malformed", "added-one-less", with_part(ADDED, tokens[16:], plain))
    yield refused("malformed", "added-one-more", with_part(ADDED, tokens + b"\xff" * 16, plain))
    yield refused("malformed", "added-none", with_part(ADDED, b"", plain))
    yield refused("hash-mismatch", "added-another-token", with_part(ADDED, tokens[:-1] + bytes([tokens[-1] ^ 1]), plain))
    kept = next(token for token in PLAIN_BASE.items(TOKENS, 16) if token in PLAIN_RESULT.items(TOKENS, 16))
    doubled = sorted([kept, first, tokens[32:]])
    yield refused("hash-mismatch", "added-is-there-already", with_part(ADDED, b"".join(doubled), plain))
    # The publisher signed that result as well.
    parts = plain_result()
    parts.sections[1].content = b"".join(sorted([*PLAIN_RESULT.items(TOKENS, 16), kept]))
    parts.manifest["count"] += 1
    parts.manifest["kinds"][0]["count"] += 1
    made = _as_stated(parts)
    made.parts[ADDED] = b"".join(sorted([*(tokens[i:i + 16] for i in (0, 16, 32)), kept]))
    yield refused("not-sorted", "added-is-there-already-in-the-result-too", made)
    made = full()
    made.parts[ADDED_RECORDS] = made.parts[ADDED_RECORDS][SIZE:] + made.parts[ADDED_RECORDS][:SIZE]
    yield refused("hash-mismatch", "added-records-exchanged", made)
    yield refused("hash-mismatch", "added-records-zeros", with_part(ADDED_RECORDS, bytes(2 * SIZE)))

    for what, part in {"fall": positions(2, 1), "twice": positions(1, 1)}.items():
        yield refused("not-sorted", f"changed-{what}", with_part(CHANGED, part))
    for what, part in {"is-the-count": positions(1, 5), "largest": positions(1, 2**32 - 1)}.items():
        yield refused("malformed", f"changed-position-{what}", with_part(CHANGED, part))
    for what, part in {"first": positions(0, 2), "last": positions(1, 3), "both": positions(0, 3)}.items():
        yield refused("malformed", f"changed-and-removed-{what}", with_part(CHANGED, part))
    yield refused("hash-mismatch", "changed-another", with_part(CHANGED, positions(1, 4)))
    made = full()
    made.parts[CHANGED], made.parts[CHANGED_RECORDS] = made.parts[CHANGED][4:], made.parts[CHANGED_RECORDS][SIZE:]
    yield refused("hash-mismatch", "changed-one-less", made)
    made = full()
    made.parts[CHANGED_RECORDS] = made.parts[CHANGED_RECORDS][SIZE:] + made.parts[CHANGED_RECORDS][:SIZE]
    yield refused("hash-mismatch", "changed-records-exchanged", made)

    # The entry that lies last in the base.
    gone_key = next(key for key in FULL_OLD if _without(key).content(TOKENS) == FULL_BASE.content(TOKENS)[:-16])
    last, alone = _without(gone_key), version_of("told-5-alone", draft("told", 5, FULL_OLD, SIZE))
    look = Look("hit", "no-hit", gone_key[1], "ip" if gone_key[0] == 5 else "domain")
    made = between(alone, last)
    yield accepted("the-last-entry-removed", made, alone, last, looks=(look,))
    made.parts[CHANGED], made.parts[CHANGED_RECORDS] = positions(4), bytes(SIZE)
    yield refused("malformed", "changed-and-removed-last-of-the-base", made, alone)

    again = plain()
    gone = PLAIN_BASE.items(TOKENS, 16)
    again.parts[REMOVED] = positions(*range(len(gone)))
    again.parts[ADDED] = PLAIN_RESULT.content(TOKENS)
    yield accepted("all-removed-and-the-kept-ones-added-again", again)
    nothing = version_of("plain-6-empty", draft("tiny", 6, {}, issued=NOW))
    gone_looks = (Look("hit", "no-hit", "kept.example"), Look("hit", "no-hit", "192.0.2.7", "ip"))
    yield accepted("to-an-empty-feed", leading_to(nothing), result=nothing, looks=gone_looks)
    come_looks = (Look("no-hit", "hit", "kept.example"), Look("no-hit", "no-hit", "old.example"))
    yield accepted("from-an-empty-feed", leading_to(PLAIN_RESULT, empty_base), empty_base, looks=come_looks)
    same = version_of("plain-6-as-before", draft("tiny", 6, PLAIN_OLD, issued=NOW))
    yield accepted("of-no-change", leading_to(same), result=same, looks=(Look("hit", "hit", "old.example"),))
    far = version_of("plain-at-the-last-version", draft("tiny", 2**53 - 1, PLAIN_NEW, issued=NOW))
    yield accepted("to-the-last-version-there-is", leading_to(far), result=far)
    yield accepted("with-records-alone-changed", *_changes_alone(), looks=(Look("hit", "hit", "changed.example"),))


def _without(key: tuple[int, str]) -> Version:
    entries = {one: value for one, value in FULL_OLD.items() if one != key}
    return version_of("told-6-without-the-last", draft("told", 6, entries, SIZE, NOW))


def _changes_alone() -> tuple[Delta, Version, Version]:
    base = version_of("told-5-alone", draft("told", 5, FULL_OLD, SIZE))
    entries = FULL_OLD | {key: value for key, value in FULL_NEW.items() if key in FULL_OLD}
    result = version_of("told-6-alone", draft("told", 6, entries, SIZE, NOW))
    return between(base, result), base, result


def section_cases() -> Cases:
    """Sections: those of part 7, those that are the base's, and the hashes that the result's manifest states."""
    part = full().parts[WHOLE]
    told = full().body["whole"]
    assert told == [RETRACTIONS, FRESH]

    def carried(error: str, what: str, whole: list[int], content: bytes) -> DeltaCase:
        made = with_body(full, whole=whole)
        made.parts[WHOLE] = content
        return refused(error, f"whole-{what}", made, FULL_BASE)

    yield carried("malformed", "cut", told, part[:-1])
    yield carried("malformed", "longer-by-a-byte", told, part + b"\0")
    yield carried("malformed", "empty", told, b"")
    yield carried("malformed", "doubled", told, part + part)
    yield carried("hash-mismatch", "a-byte-changed", told, flip(part, 70))
    yield carried("hash-mismatch", "exchanged", told, FULL_RESULT.content(FRESH) + FULL_RESULT.content(RETRACTIONS))
    yield carried("malformed", "in-another-order", told[::-1], part)
    yield carried("malformed", "twice", [*told, FRESH], part + FULL_RESULT.content(FRESH))
    for what, more, content in (
        ("tokens", TOKENS, FULL_RESULT.content(TOKENS)), ("records", RECORDS, FULL_RESULT.content(RECORDS)), ("pad", PAD, b""),
    ):
        order = [section.type for section in FULL_RESULT.parts.sections] + [PAD]
        whole = sorted([*told, more], key=order.index)
        content = content if more != PAD else bytes(len(FULL_RESULT.parts.pad.content))
        joined = part + content if more == PAD else content + part
        yield carried("malformed", f"of-{what}", whole, joined)
    for what, more in {"no-section": 80, "the-section-that-goes": DROPPED, "the-largest-type": 65535}.items():
        yield carried("malformed", f"of-{what}", [*told, more], part)
    yield carried("malformed", "without-the-new-section", told[:1], FULL_RESULT.content(RETRACTIONS))
    yield carried("malformed", "without-the-changed-section", told[1:], FULL_RESULT.content(FRESH))
    yield carried("malformed", "of-nothing", [], b"")
    key = FULL_RESULT.content(FEED_KEY)
    yield accepted(
        "whole-of-all-but-the-set", _carrying([FEED_KEY, KEPT, *told], key + FULL_RESULT.content(KEPT) + part), FULL_BASE, FULL_RESULT
    )

    for name, section_type in (("tokens", TOKENS), ("records", RECORDS), ("retractions", RETRACTIONS), ("new-section", FRESH)):
        result = stated_of(full_result(), section_type, blake3=blake3(name.encode()).hexdigest())
        yield refused("hash-mismatch", f"result-hash-of-{name}", leading_to(result, FULL_BASE), FULL_BASE)
    yield refused("hash-mismatch", "result-hash-of-the-pad", leading_to(stated_of(full_result(), PAD, blake3="00" * 32), FULL_BASE), FULL_BASE)
    # The base has no section of this hash: then there is nothing to take.
    for name, section_type in (("feed-key", FEED_KEY), ("kept-section", KEPT)):
        result = stated_of(full_result(), section_type, blake3=blake3(name.encode()).hexdigest())
        yield refused("malformed", f"result-hash-of-the-{name}", leading_to(result, FULL_BASE), FULL_BASE)
    for what, content in {"another": b"KEPT" * 20, "longer": b"kept" * 21, "shorter": b"kept" * 19}.items():
        result = full_result()
        next(section for section in result.sections if section.type == KEPT).content = content
        made = leading_to(result, FULL_BASE)
        made.body["whole"], made.parts[WHOLE] = told, part
        yield refused("malformed", f"kept-section-{what}-in-the-result", made, FULL_BASE)
    result = stated_of(full_result(), TOKENS, length=96)
    yield refused("malformed", "result-tokens-of-another-length", leading_to(result, FULL_BASE), FULL_BASE)
    for length in (2**53 - 1, 2**52):
        for name, section_type in (("kept-section", KEPT), ("new-section", FRESH)):
            result = stated_of(full_result(), section_type, length=length)
            yield refused("malformed", f"result-{name}-of-{length}-bytes", leading_to(result, FULL_BASE), FULL_BASE)
    for what, wrong, error in (
        ("cut", retraction(1, 20_700)[:31], "malformed"), ("fall", retraction(2, 20_712) + retraction(1, 20_700), "not-sorted"),
        ("not-zero", retraction(1, 20_700)[:31] + b"\1", "not-zero")
    ):
        result = full_result()
        next(section for section in result.sections if section.type == RETRACTIONS).content = wrong
        yield refused(error, f"whole-retractions-{what}", leading_to(result, FULL_BASE), FULL_BASE)
    new_key = full_result()
    new_key.sections[0].content = bytes(range(32))
    fresh = version_of("full-6-of-another-feed-key", new_key)
    # Nothing asks that the key of an epoch stays; then nothing that was listed is found.
    yield accepted("whole-feed-key", leading_to(fresh, FULL_BASE), FULL_BASE, fresh, looks=(Look("hit", "no-hit", "kept.example"),))


def _carrying(whole: list[int], content: bytes) -> Delta:
    made = with_body(full, whole=whole)
    made.parts[WHOLE] = content
    return made


def all_cases() -> Cases:
    """All of this file."""
    for group in (result_block_cases, manifest_cases, pad_cases, entry_cases, section_cases):
        yield from group()
