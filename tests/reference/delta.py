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


def parse_body(body: bytes) -> dict[str, Any]:
    """The body of a delta, its names and what can be checked of it alone."""
    version = lambda value: manifests.is_object(value) and bool(manifests.shape(  # noqa: E731
        value, "version", {"version": manifests.is_integer(1, manifests.MAX_INTEGER),
                           "digest": manifests.matches(manifests.HEX32)}, {}))
    number = manifests.is_integer(0, manifests.MAX_INTEGER)
    parsed = manifests.shape(manifests.parse_json(body), "delta", {
        "publisher": manifests.matches(manifests.HEX32), "feed": manifests.matches(manifests.FEED_ID),
        "epoch": manifests.is_integer(1, 2**32 - 1), "base": version, "result": version, "length": number,
        "record_size": lambda value: value in manifests.RECORD_SIZES,
        "whole": manifests.is_array, "parts": manifests.is_array,
    }, {})
    require(parsed["base"]["version"] < parsed["result"]["version"], "bad-manifest", "versions")
    require([part.get("type") for part in parsed["parts"]] == list(range(1, PARTS + 1)), "unsupported-section")
    return parsed


def read_parts(data: bytes, start: int, listed: list[dict[str, Any]]) -> list[bytes]:
    """The seven parts: places, zeros and hashes are checked."""
    cursor = Cursor(data)
    cursor.take(start)
    parts = []
    for part in listed:
        require(not any(cursor.take(-cursor.position % 64)), "not-zero")
        require(part["length"] <= len(data) - cursor.position, "malformed")
        parts.append(cursor.take(part["length"]))
        require(blake3(parts[-1]).hexdigest() == part["blake3"], "hash-mismatch")
    require(not any(data[cursor.position:]), "not-zero")
    return parts


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
    result = parse_block(parts[RESULT], MANIFEST, alone=True)
    require(publisher in verify_block(result, cards), "not-authorised")
    manifest = manifests.parse_manifest(result.body)
    require(manifest["issued"] <= now + CLOCK_SKEW, "not-yet-valid")
    stated = {name: body[name] for name in ("publisher", "feed", "epoch", "record_size")}
    require(stated.items() <= manifest.items() and manifest["version"] == body["result"]["version"], "malformed")
    require(feed_digest(result.signed).hex() == body["result"]["digest"], "malformed", "digest")
    require(result.total == body["length"] and result.length == len(parts[RESULT]), "malformed", "length")

    old = base.manifest
    require((old["publisher"], old["feed"]) == (body["publisher"], body["feed"]), "base-mismatch")
    require(old["epoch"] == body["epoch"] and old["version"] >= body["base"]["version"], "snapshot-needed")
    require(old["version"] == body["base"]["version"], "base-mismatch")
    require(base_digest.hex() == body["base"]["digest"], "equivocation")

    size = body["record_size"]
    records = pieces(base.sections.get(manifests.RECORDS, b""), size) or [b""] * old["count"]
    changed = positions(parts[CHANGED], old["count"])
    removed = set(positions(parts[REMOVED], old["count"]))
    require(not removed & set(changed), "malformed")
    for position, record in zip(changed, pieces(parts[CHANGED_RECORDS], size)):
        records[position] = record
    entries = [entry for i, entry in enumerate(zip(base.tokens, records)) if i not in removed]
    added = pieces(parts[ADDED], 16)
    entries += zip(added, pieces(parts[ADDED_RECORDS], size) or [b""] * len(added))
    entries.sort()
    whole = Cursor(parts[WHOLE])
    file = bytearray(parts[RESULT])
    for section in manifest["sections"]:
        file += bytes(-len(file) % 64)
        match section["type"]:
            case manifests.PAD:
                file += bytes(body["length"] - len(file))
            case manifests.TOKENS:
                file += b"".join(token for token, _ in entries)
            case manifests.RECORDS:
                file += b"".join(record for _, record in entries)
            case kind if kind in body["whole"]:
                file += whole.take(section["length"])
            case kind:
                file += base.sections[kind]
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
        base = open_feed(data, cards, secrets, options.now)
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
