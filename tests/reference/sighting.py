"""Sightings (docs/format.md, section 14): opening a file, and what a desk counts."""

import re
from dataclasses import dataclass, field
from typing import Any

import age
import container
import manifest
from errors import FormatError, require
from keys import Card
from manifest import Check, is_array, is_integer, matches, shape

SIGHTING = 4
BLOCK_LENGTH = 131_072
MAX_FILE = 262_144
DAY = 86_400
WINDOW = 37 * DAY
CLOCK_SKEW = 300
HEX32 = re.compile("[0-9a-f]{64}")
HEX16 = re.compile("[0-9a-f]{32}")
FEED_ID = re.compile("[a-z0-9-]{1,64}")


def is_reference(value: Any) -> bool:
    """A case number."""
    return isinstance(value, str) and 1 <= len(value.encode()) <= 64 and not set(value) & {'"', "\\"} and (
        value.strip() == value)


HEAD: dict[str, Check] = {
    "publisher": matches(HEX32), "feed": lambda value: isinstance(value, str), "epoch": is_integer(1, 2**32 - 1),
    "version": is_integer(1, 2**53 - 1), "digest": matches(HEX32), "desk": lambda value: isinstance(value, str),
    "sender": matches(HEX32), "time": manifest.TIME, "sightings": is_array,
}
SIGHTING_NAMES: dict[str, Check] = {
    "id": matches(HEX16), "hit": matches(HEX16), "time": manifest.TIME, "action": is_integer(1, 255),
}
OPTIONAL: dict[str, Check] = {
    "amount": is_integer(1, 2**53 - 1), "currency": matches(re.compile("[A-Z]{3}")), "reference": is_reference,
}


def open_sightings(data: bytes, members: list[Card], secrets: list[bytes]) -> dict[str, Any]:
    """The body of a file that a member addressed to one of these desks."""
    require(data.startswith(age.FIRST_LINE), "not-sealed")
    require(len(data) <= MAX_FILE, "limit-exceeded")
    plain, _ = age.decrypt(data, secrets)
    require(len(plain) == BLOCK_LENGTH, "wrong-padding")
    try:
        block = container.parse_block(plain, SIGHTING)
    except FormatError as error:
        # Another type is no file of sightings; a block of another length leaves room behind it.
        raise FormatError("not-a-feed") if plain[:8] == container.MAGIC and plain[10] != SIGHTING else error
    require(block.length == BLOCK_LENGTH, "wrong-padding")
    publishers = container.verify_block(block, members)
    body = shape(manifest.parse_json(block.body), "body", HEAD, {})
    require(FEED_ID.fullmatch(body["feed"]) is not None, "invalid-name")
    require(1 <= len(body["sightings"]) <= 500, "bad-manifest", "number of sightings")
    for one in body["sightings"]:
        shape(one, "sighting", SIGHTING_NAMES, OPTIONAL)
        require(("amount" in one) == ("currency" in one), "bad-manifest", "an amount without its currency")
    ids = [one["id"] for one in body["sightings"]]
    require(len(set(ids)) == len(ids), "bad-manifest", "an id twice")
    require(bytes.fromhex(body["sender"]) in publishers, "not-authorised")
    require(body["desk"] in [age.recipient_of(secret) for secret in secrets], "wrong-desk")
    return body


@dataclass
class Ledger:
    """A desk's memory of one feed."""

    publisher: str
    feed: str
    versions: dict[int, tuple[int, str]]
    horizon: int = 0
    kept: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)

    def take(self, body: dict[str, Any], now: int) -> list[str | None]:
        """For each sighting None if it counts, or why not."""
        require((body["publisher"], body["feed"]) == (self.publisher, self.feed), "wrong-feed")
        require(body["epoch"] in [epoch for epoch, _ in self.versions.values()], "wrong-epoch")
        known = self.versions.get(body["version"])
        require(known is None or known == (body["epoch"], body["digest"]), "equivocation")
        require(body["version"] <= max(self.versions), "wrong-feed", "a later version")
        require(body["time"] <= now + CLOCK_SKEW, "not-yet-valid")
        require(now + CLOCK_SKEW >= self.horizon, "clock-went-back")
        self.horizon = max(self.horizon, max(0, now - WINDOW) // DAY * DAY)
        self.kept = [entry for entry in self.kept if entry[1]["time"] >= self.horizon]
        return [self.take_one(body["sender"], one, body["epoch"], now) for one in body["sightings"]]

    def take_one(self, sender: str, one: dict[str, Any], epoch: int, now: int) -> str | None:
        """None if it counts."""
        if one["time"] > now + CLOCK_SKEW:
            return "not-yet-valid"
        if one["time"] < self.horizon:
            return "stale"
        for other, known, _ in self.kept:
            if known["id"] == one["id"]:
                return "replayed" if other == sender else "copied"
        mark = (sender, epoch, one["hit"], one["time"] // DAY)
        if mark in [(other, of, known["hit"], known["time"] // DAY) for other, known, of in self.kept]:
            return "same-day"
        self.kept.append((sender, one, epoch))
        return None
