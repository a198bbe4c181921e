"""An independent reader of bisik feeds, written from docs/format.md alone.

    reader.py inspect FILE [--trust CARD]... [--key IDENTITY] --now SECONDS
    reader.py match   FILE [--trust CARD]... [--key IDENTITY] [--oprf-key FILE] --now SECONDS < look-ups

`inspect` prints the verified manifest. `match` reads JSON lines {"kind": name, "match_key": text} from standard
input, the match keys being canonical already, and prints one JSON object a line. A refused file prints
{"error": kind} and exits 2. A blind feed is matched with its OPRF key. Needs Python 3.11 and requirements.txt.
"""

import argparse
import bisect
import hmac
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import age
import blind
import filters
import manifest as manifests
from container import (
    CLOCK_SKEW, MANIFEST, MAX_TIME, SEAL, Cursor, check_seal, feed_digest, parse_block, read_sections, verify_block
)
from errors import FormatError, require
from keys import Card, derive, is_clean, lp, parse_card, read_identities, read_oprf_key

# Kind numbers by name, and the versions of the canonical forms that this reader takes its match keys to be in.
KINDS = {name: number for number, name in enumerate((
    "phone", "email", "domain", "url", "ip", "account", "iban", "proxy", "wallet", "sender-id", "imei", "imsi",
    "iccid", "handle", "registration", "hash", "mailbox"), 1)}
FORM = 1
# Fields of a record: name and how the value is read, with the lengths that a text may have.
FIELDS = {
    1: ("category", (1, 64)), 2: ("confidence", None), 3: ("first_seen", None), 4: ("last_seen", None),
    5: ("expires", None), 6: ("reference", (1, 256)), 7: ("note", (1, 2048)),
}


def frame(kind: int, form: int, match_key: bytes) -> bytes:
    """The 64 bytes that stand for an identifier (section 3)."""
    require(bool(match_key), "empty")
    hashed = len(match_key) > 60
    payload = blake3(match_key).digest() if hashed else match_key
    return (bytes([form, kind, hashed, len(payload)]) + payload).ljust(64, b"\0")


@dataclass
class Feed:
    """A feed all of whose checks passed."""

    manifest: dict[str, Any]
    sections: dict[int, bytes]

    def __post_init__(self) -> None:
        """Contents (section 5.3, step 5)."""
        count, set_type = self.manifest["count"], self.manifest["set"]["type"]
        self.ids = lp(bytes.fromhex(self.manifest["publisher"])) + lp(self.manifest["feed"].encode())
        self.ids += self.manifest["epoch"].to_bytes(4, "little")
        self.blind = self.manifest["tokens"]["scheme"] == "blind"
        self.feed_key = b"" if self.blind else self.sections[manifests.FEED_KEY]
        self.oprf_key = 0
        self.retractions = parse_retractions(self.sections.get(manifests.RETRACTIONS, b""))
        self.tokens: list[bytes] = []
        if set_type == "tokens":
            stored = self.sections[manifests.TOKENS]
            require(len(stored) == 16 * count, "malformed", "length of the tokens")
            self.tokens = [stored[i:i + 16] for i in range(0, len(stored), 16)]
            require(all(a < b for a, b in zip(self.tokens, self.tokens[1:])), "not-sorted", "tokens")
        else:
            self.check_filter(set_type, self.manifest["set"], count)

    def check_filter(self, set_type: str, descriptor: dict[str, Any], count: int) -> None:
        """The descriptor of a filter, its bytes and its rate (section 7)."""
        data = self.sections[manifests.SET_SECTIONS[set_type]]
        try:
            if set_type == "bloom":
                filters.bloom_check(descriptor, data, count)
                rate = filters.bloom_rate(descriptor, data)
            else:
                filters.fuse_check(descriptor, data, count)
                rate = filters.fuse_rate(descriptor, count)
        except filters.Refused as error:
            raise FormatError(error.kind, "filter") from error
        require(descriptor["rate"] == rate, "bad-descriptor", "rate")

    def look_up(self, kind: int, match_key: str, now: int) -> dict[str, Any]:
        """What the feed says of an identifier."""
        require(self.manifest["issued"] <= now + CLOCK_SKEW, "not-yet-valid")
        require(now < self.manifest["expires"], "expired")
        entry = next((item for item in self.manifest["kinds"] if item["kind"] == kind), None)
        require(entry is None or entry["form"] == FORM, "form-mismatch")
        framed = frame(kind, FORM, match_key.encode())
        if self.blind:
            require(self.oprf_key > 0, "blind-query-needed")
            digest = blind.digest_with_key(self.oprf_key, self.ids, framed)
        else:
            digest = blake3(framed, key=derive("token key", self.feed_key + self.ids)).digest()
        token = digest[:16]
        answer: dict[str, Any] = {
            "hit": False, "token": token.hex(), "hit_id": derive("hit", digest + self.ids)[:16].hex(),
        }
        set_type = self.manifest["set"]["type"]
        if set_type != "tokens":
            answer["hit"] = entry is not None and self.in_filter(set_type, framed, digest)
            answer["certainty"] = "probable"
            return answer
        index = bisect.bisect_left(self.tokens, token)
        answer["hit"] = entry is not None and self.tokens[index:index + 1] == [token]
        answer["certainty"] = "exact"
        if answer["hit"] and (size := self.manifest["record_size"]):
            try:
                stored = self.sections[manifests.RECORDS][index * size:(index + 1) * size]
                answer["record"] = self.open_record(stored, token, digest[16:])
                answer["hit"] = now < answer["record"].get("expires", now + 1)
            except FormatError as error:
                answer["record"] = error.kind
        return answer

    def in_filter(self, set_type: str, framed: bytes, digest: bytes) -> bool:
        """Whether a filter holds the entry of a frame (section 7)."""
        version = self.manifest["version"].to_bytes(8, "little")
        if self.blind:
            entry = derive("blind filter", digest + version)
        else:
            entry = blake3(framed, key=derive("filter key", self.feed_key + self.ids + version)).digest()
        contains = filters.bloom_contains if set_type == "bloom" else filters.fuse_contains
        return bool(contains(self.manifest["set"], self.sections[manifests.SET_SECTIONS[set_type]], entry))

    def open_record(self, stored: bytes, token: bytes, secret: bytes) -> dict[str, Any]:
        """The fields of a record (section 6.2); every failure is `record-unreadable`."""
        salt, commitment, sealed = stored[:16], stored[16:48], stored[48:]
        okm = derive("record", secret + salt + token + self.ids, 64)
        require(hmac.compare_digest(okm[32:], commitment), "record-unreadable", "commitment")
        try:
            return parse_record(ChaCha20Poly1305(okm[:32]).decrypt(bytes(12), sealed, None))
        except (InvalidTag, FormatError, UnicodeDecodeError) as error:
            raise FormatError("record-unreadable") from error


def parse_retractions(section: bytes) -> list[tuple[int, bytes, int, int, int]]:
    """Epoch, hit id, day withdrawn, day from which it goes, reason (section 6.3)."""
    require(len(section) % 32 == 0, "malformed", "retractions")
    entries = []
    for start in range(0, len(section), 32):
        cursor = Cursor(section[start:start + 32])
        entry = (cursor.integer(4), cursor.take(16), cursor.integer(4), cursor.integer(4), cursor.integer(1))
        require(not any(cursor.take(3)), "not-zero", "retraction")
        require(entry[0] > 0 and entry[4] > 0 and entry[3] >= entry[2], "malformed", "retraction")
        require(not entries or entries[-1][:2] < entry[:2], "not-sorted", "retractions")
        entries.append(entry)
    return entries


def parse_record(plaintext: bytes) -> dict[str, Any]:
    """The fields of a record's plaintext."""
    cursor = Cursor(plaintext)
    fields = Cursor(cursor.take(cursor.integer(2)))
    require(not any(plaintext[cursor.position:]), "not-zero")
    record: dict[str, Any] = {}
    last = -1
    while fields.position < len(fields.data):
        tag = fields.integer(1)
        value = fields.take(fields.integer(2))
        require(tag > last, "not-sorted")
        last = tag
        if tag >= 128:
            continue
        require(tag in FIELDS, "malformed", "unknown tag")
        name, lengths = FIELDS[tag]
        if lengths:
            record[name] = value.decode("utf-8")
            require(lengths[0] <= len(value) <= lengths[1] and is_clean(record[name]), "malformed", name)
        else:
            record[name] = int.from_bytes(value, "little")
            largest = 100 if tag == 2 else MAX_TIME
            require(len(value) == (1 if tag == 2 else 8) and record[name] <= largest, "malformed", name)
    return record


def open_feed(data: bytes, cards: list[Card], secrets: list[bytes], now: int, stale: bool = False) -> Feed:
    """Opens a feed in the order of section 5.3, and its envelope first if it is sealed (section 8); `stale` if it may have expired."""
    statement = None
    publishers_of_statement: set[bytes] = set()
    recipient = ""
    if data.startswith((age.PREFIX, age.ARMOR)):
        require(bool(secrets), "sealed")
        data, secret = age.decrypt(data, secrets)
        recipient = age.recipient_of(secret)
        statement = parse_block(data, SEAL)
        publishers_of_statement = verify_block(statement, cards)
        data = data[statement.length:]
    block = parse_block(data, MANIFEST)
    publishers = verify_block(block, cards)
    if statement is not None:
        check_seal(statement.body, feed_digest(block.signed), recipient, now)
    manifest = manifests.parse_manifest(block.body)
    publisher = bytes.fromhex(manifest["publisher"])
    require(publisher in publishers, "not-authorised")
    require(statement is None or publisher in publishers_of_statement, "not-authorised", "seal statement")
    require(manifest["issued"] <= now + CLOCK_SKEW, "not-yet-valid")
    require(stale or now < manifest["expires"], "expired")
    return Feed(manifest, read_sections(data, block, manifest["sections"]))


def answer_line(feed: Feed, line: str, now: int) -> dict[str, Any]:
    """The answer to one line of look-ups; a refused look-up is an answer as well."""
    query = json.loads(line)
    try:
        require(query["kind"] in KINDS, "unknown-kind")
        return feed.look_up(KINDS[query["kind"]], query["match_key"], now)
    except FormatError as error:
        return {"error": error.kind}


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("inspect", "match"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--trust", type=Path, action="append", default=[])
    parser.add_argument("--key", type=Path, action="append", default=[])
    parser.add_argument("--oprf-key", type=Path)
    parser.add_argument("--now", type=int, required=True)
    options = parser.parse_args()
    try:
        cards = [parse_card(path.read_bytes()) for path in options.trust]
        secrets = [secret for path in options.key for secret in read_identities(path)]
        feed = open_feed(options.file.read_bytes(), cards, secrets, options.now)
        if options.oprf_key:
            feed.oprf_key = read_oprf_key(options.oprf_key, feed.manifest)
    except FormatError as error:
        print(json.dumps({"error": error.kind}))
        print(error, file=sys.stderr)
        return 2
    if options.command == "inspect":
        print(json.dumps(feed.manifest, ensure_ascii=False))
    else:
        for line in sys.stdin:
            print(json.dumps(answer_line(feed, line, options.now), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
