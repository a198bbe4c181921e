"""An independent applier of deltas, written from docs/format.md alone (section 9).

    delta.py BASE DELTA --out RESULT [--trust CARD]... [--key IDENTITY] --now SECONDS

Writes the unsealed snapshot of the later version, after opening it like any feed. A refusal prints {"error": kind} and exits 2.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from blake3 import blake3

import age
import manifest as manifests
from container import CLOCK_SKEW, DELTA, MANIFEST, SEAL, Cursor, check_seal, feed_digest, parse_block, verify_block
from errors import FormatError, require
from keys import Card, parse_card, read_identities
from reader import open_feed

PARTS = 7
RESULT, REMOVED, ADDED, ADDED_RECORDS, CHANGED, CHANGED_RECORDS, WHOLE = range(PARTS)


def unseal(data: bytes, secrets: list[bytes]) -> tuple[bytes | None, bytes, str]:
    """Seal statement, content and own recipient text of a file that may be sealed."""
    if not data.startswith((age.PREFIX, age.ARMOR)):
        return None, data, ""
    require(bool(secrets), "sealed")
    data, secret = age.decrypt(data, secrets)
    length = parse_block(data, SEAL).length
    return data[:length], data[length:], age.recipient_of(secret)


def _is_version(value: Any) -> bool:
    """Whether a value names one version of a feed."""
    names = {"version": manifests.is_integer(1, manifests.MAX_INTEGER), "digest": manifests.matches(manifests.HEX32)}
    return manifests.is_object(value) and bool(manifests.shape(value, "version", names, {}))


def _is_record_size(value: Any) -> bool:
    """Whether a value is one of the record sizes; booleans are none."""
    return manifests.is_integer(0, 4096)(value) and value in manifests.RECORD_SIZES


SECTION_TYPE = manifests.is_integer(1, 65535)
PART: dict[str, manifests.Check] = {
    "type": manifests.is_integer(0, 65535), "length": manifests.COUNT, "blake3": manifests.matches(manifests.HEX32),
}
BODY: dict[str, manifests.Check] = {
    "publisher": manifests.matches(manifests.HEX32), "feed": manifests.is_text(0, manifests.MAX_BODY),
    "epoch": manifests.is_integer(1, 2**32 - 1), "base": _is_version, "result": _is_version,
    "length": manifests.COUNT, "record_size": _is_record_size, "whole": manifests.is_array, "parts": manifests.is_array,
}


def parse_body(body: bytes) -> dict[str, Any]:
    """The body of a delta, its names and what can be checked of it alone."""
    parsed = manifests.shape(manifests.parse_json(body), "delta", BODY, {})
    require(all(SECTION_TYPE(kind) for kind in parsed["whole"]), "bad-manifest", "whole")
    parts = [manifests.shape(part, "part", PART, {}) for part in parsed["parts"]]
    require(manifests.FEED_ID.fullmatch(parsed["feed"]) is not None, "invalid-name", "feed")
    require(parsed["base"]["version"] < parsed["result"]["version"], "bad-manifest", "versions")
    require([part["type"] for part in parts] == list(range(1, PARTS + 1)), "unsupported-section")
    size, lengths = parsed["record_size"], [part["length"] for part in parts]
    for part, length, records in ((REMOVED, 4, None), (ADDED, 16, ADDED_RECORDS), (CHANGED, 4, CHANGED_RECORDS)):
        require(lengths[part] % length == 0, "bad-manifest", "a part of no whole items")
        if records is not None:
            require(lengths[records] == lengths[part] // length * size, "bad-manifest", "records of another number")
    require(size > 0 or lengths[CHANGED] == 0, "bad-manifest", "changes without records")
    return parsed


def read_parts(data: bytes, start: int, listed: list[dict[str, Any]]) -> list[bytes]:
    """The seven parts: places, zeros and hashes are checked."""
    cursor = Cursor(data)
    cursor.take(start)
    parts = []
    for part in listed:
        gap = -cursor.position % 64
        require(gap + part["length"] <= len(data) - cursor.position, "malformed", "a part past the end")
        require(not any(cursor.take(gap)), "not-zero", "between parts")
        parts.append(cursor.take(part["length"]))
        require(blake3(parts[-1]).hexdigest() == part["blake3"], "hash-mismatch")
    require(not any(data[cursor.position:]), "not-zero", "behind the parts")
    return parts


def read_result(part: bytes, body: dict[str, Any], cards: list[Card], now: int) -> dict[str, Any]:
    """The manifest of part 1: that it is signed, and what the body says it is."""
    require(bool(part), "truncated", "no result")
    block = parse_block(part, MANIFEST, alone=True)
    publishers = verify_block(block, cards)
    manifest = manifests.parse_manifest(block.body)
    require(bytes.fromhex(manifest["publisher"]) in publishers, "not-authorised")
    stated = {name: body[name] for name in ("publisher", "feed", "epoch", "record_size")}
    require(stated.items() <= manifest.items(), "malformed", "another feed")
    require(manifest["version"] == body["result"]["version"], "malformed", "another version")
    require(feed_digest(block.signed).hex() == body["result"]["digest"], "malformed", "digest")
    require(block.total == body["length"] and block.length == len(part), "malformed", "length")
    require(manifest["set"]["type"] == "tokens", "malformed", "a filter")
    end = len(part)
    for section in manifest["sections"]:
        start = end + -end % 64
        end = start + section["length"]
    require(end == body["length"], "malformed", "the sections do not fill the length")
    require(end - start <= start // 4 + 1024, "snapshot-needed", "pad")
    require(manifest["issued"] <= now + CLOCK_SKEW, "not-yet-valid")
    return manifest


def check_whole(body: dict[str, Any], manifest: dict[str, Any], length: int) -> None:
    """That `whole` names sections of the result in their order, and part 7 is as long as they are."""
    carried = [section for section in manifest["sections"] if section["type"] in body["whole"]]
    require([section["type"] for section in carried] == body["whole"], "malformed", "whole")
    require(not {manifests.TOKENS, manifests.RECORDS, manifests.PAD} & set(body["whole"]), "malformed", "whole")
    require(sum(section["length"] for section in carried) == length, "malformed", "length of part 7")


def positions(part: bytes, count: int) -> list[int]:
    """Rising positions of entries of the base."""
    found = [int.from_bytes(part[i:i + 4], "little") for i in range(0, len(part), 4)]
    require(all(a < b for a, b in zip(found, found[1:])), "not-sorted")
    require(not found or found[-1] < count, "malformed")
    return found


def pieces(part: bytes, size: int) -> list[bytes]:
    """A part cut into items."""
    return [part[i:i + size] for i in range(0, len(part), size)] if size else []


def apply(base: Any, base_digest: bytes, data: bytes, cards: list[Card], secrets: list[bytes], now: int) -> bytes:
    """The bytes of the result."""
    statement, data, recipient = unseal(data, secrets)
    block = parse_block(data, DELTA)
    publishers = verify_block(block, cards)
    body = parse_body(block.body)
    publisher = bytes.fromhex(body["publisher"])
    require(publisher in publishers, "not-authorised")
    if statement is not None:
        seal = parse_block(statement, SEAL)
        require(publisher in verify_block(seal, cards), "not-authorised")
        check_seal(seal.body, feed_digest(block.signed), recipient, now)
    parts = read_parts(data, block.length, body["parts"])
    manifest = read_result(parts[RESULT], body, cards, now)
    check_whole(body, manifest, len(parts[WHOLE]))

    old = base.manifest
    require((old["publisher"], old["feed"]) == (body["publisher"], body["feed"]), "base-mismatch")
    require(old["epoch"] == body["epoch"] and old["version"] >= body["base"]["version"], "snapshot-needed")
    require(old["version"] == body["base"]["version"], "base-mismatch")
    require(base_digest.hex() == body["base"]["digest"], "equivocation")
    require(old["set"]["type"] == "tokens", "snapshot-needed", "the base is a filter")
    require(old["record_size"] == body["record_size"], "base-mismatch", "records")

    size = body["record_size"]
    records = pieces(base.sections.get(manifests.RECORDS, b""), size) or [b""] * old["count"]
    changed = positions(parts[CHANGED], old["count"])
    removed = set(positions(parts[REMOVED], old["count"]))
    require(not removed & set(changed), "malformed")
    for position, record in zip(changed, pieces(parts[CHANGED_RECORDS], size)):
        records[position] = record
    entries = [entry for i, entry in enumerate(zip(base.tokens, records)) if i not in removed]
    added = pieces(parts[ADDED], 16)
    require(all(a < b for a, b in zip(added, added[1:])), "not-sorted", "added tokens")
    entries += zip(added, pieces(parts[ADDED_RECORDS], size) or [b""] * len(added))
    entries.sort(key=lambda entry: entry[0])
    require(len(entries) == manifest["count"], "malformed", "count")
    whole = Cursor(parts[WHOLE])
    file = bytearray(parts[RESULT])
    for section in manifest["sections"]:
        file += bytes(-len(file) % 64)
        start = len(file)
        match section["type"]:
            case manifests.PAD:
                file += bytes(body["length"] - len(file))
            case manifests.TOKENS:
                file += b"".join(token for token, _ in entries)
            case manifests.RECORDS:
                file += b"".join(record for _, record in entries)
            case kind if kind in body["whole"]:
                file += whole.take(section["length"])
            case _:
                require(section in old["sections"], "malformed", "neither delta nor base has a section")
                file += base.sections[section["type"]]
        require(len(file) - start == section["length"], "malformed", "a section of another length")
    return bytes(file)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path)
    parser.add_argument("delta", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trust", type=Path, action="append", default=[])
    parser.add_argument("--key", type=Path, action="append", default=[])
    parser.add_argument("--now", type=int, required=True)
    options = parser.parse_args()
    try:
        cards = [parse_card(path.read_bytes()) for path in options.trust]
        secrets = [secret for path in options.key for secret in read_identities(path)]
        data = options.base.read_bytes()
        base = open_feed(data, cards, secrets, options.now, stale=True)
        digest = feed_digest(parse_block(unseal(data, secrets)[1], MANIFEST).signed)
        result = apply(base, digest, options.delta.read_bytes(), cards, secrets, options.now)
        open_feed(result, cards, [], options.now)
    except FormatError as error:
        print(json.dumps({"error": error.kind}))
        print(error, file=sys.stderr)
        return 2
    options.out.write_bytes(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
