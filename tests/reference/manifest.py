"""Signed JSON and the manifest (docs/format.md, sections 5.1, 5.2 and 5.4)."""

import json
import re
from typing import Any, Callable

import bech32
import oprf
from container import MAX_BODY, PAD
from errors import FormatError, require
from keys import is_clean

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 8
DAY = 86400
TLP = ("clear", "green", "amber", "amber+strict", "red")
RECORD_SIZES = (0, 128, 256, 512, 1024, 2048, 4096)
FEED_ID = re.compile(r"[a-z0-9-]{1,64}")
HEX8 = re.compile(r"[0-9a-f]{16}")
HEX32 = re.compile(r"[0-9a-f]{64}")

# Section types of this version: name, and whether a reader must know the section.
FEED_KEY, TOKENS, BLOOM, FUSE, RECORDS, RETRACTIONS = 1, 2, 3, 4, 5, 6
REQUIRED = {FEED_KEY: True, TOKENS: True, BLOOM: True, FUSE: True, RECORDS: False, RETRACTIONS: False,
            PAD: True}
SET_SECTIONS = {"tokens": TOKENS, "bloom": BLOOM, "fuse": FUSE}

Json = dict[str, Any]
Check = Callable[[Any], bool]


def _bad(message: str) -> FormatError:
    return FormatError("bad-manifest", message)


def _depth(text: str) -> int:
    """The deepest nesting of brackets outside strings; exact for well-formed JSON."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        else:
            depth += (character in "{[") - (character in "}]")
            deepest = max(deepest, depth)
    return deepest


def parse_json(data: bytes) -> Json:
    """One object of signed JSON."""

    def refuse(_text: str) -> Any:
        raise _bad("a number that is no integer")

    def integer(text: str) -> int:
        if text.startswith("-") or len(text) > 16 or int(text) > MAX_INTEGER:
            raise _bad("an integer out of range")
        return int(text)

    def members(pairs: list[tuple[str, Any]]) -> Json:
        require(len({name for name, _ in pairs}) == len(pairs), "duplicate-name")
        for name, value in pairs:
            check(name)
            check(value)
        return dict(pairs)

    def check(value: Any) -> None:
        if value is None:
            raise _bad("null")
        if isinstance(value, str) and not is_clean(value):
            raise _bad("a character that no text may have")
        if isinstance(value, list):
            for item in value:
                check(item)

    try:
        text = data.decode("utf-8")
        if _depth(text) > MAX_DEPTH:
            raise _bad("nesting")
        value = json.loads(
            text, object_pairs_hook=members, parse_int=integer, parse_float=refuse, parse_constant=refuse)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _bad("no JSON") from error
    if not isinstance(value, dict):
        raise _bad("no object")
    return value


def is_integer(low: int, high: int) -> Check:
    """A check for an integer of a range; booleans are none."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_text(low: int, high: int) -> Check:
    """A check for a text of a number of characters."""
    return lambda value: isinstance(value, str) and low <= len(value) <= high


def matches(pattern: re.Pattern[str]) -> Check:
    """A check for a text that matches in full."""
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def is_recipient(value: Any) -> bool:
    """Whether a value is an `age1…` text in lower case."""
    try:
        return value == value.lower() and bech32.decode(value)[0] == "age" and len(bech32.decode(value)[1]) == 32
    except (AttributeError, ValueError):
        return False


def shape(value: Any, where: str, mandatory: dict[str, Check], optional: dict[str, Check]) -> Json:
    """Refuses unless `value` is an object of exactly these names, each passing its check."""
    if not isinstance(value, dict):
        raise _bad(f"{where} is no object")
    for name in mandatory:
        require(name in value, "bad-manifest", f"{where} lacks {name}")
    for name, item in value.items():
        check = mandatory.get(name) or optional.get(name)
        require(check is not None, "bad-manifest", f"{where} has an unknown name")
        require(check is not None and check(item), "bad-manifest", f"{where}.{name}")
    return value


def is_object(value: Any) -> bool:
    """Whether a value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Any) -> bool:
    """Whether a value is a JSON array."""
    return isinstance(value, list)


TIME = is_integer(0, MAX_INTEGER)
COUNT = is_integer(0, MAX_INTEGER)
WORD = is_integer(0, 2**32 - 1)
SHORT = is_text(0, 256)
CONTACT: dict[str, Check] = {"name": SHORT, "desk": SHORT, "hours": SHORT, "recipient": is_recipient}
SETS: dict[str, dict[str, Check]] = {  # the values of descriptors are checked by filters.py
    "tokens": {}, "bloom": {"bits": COUNT, "hashes": WORD, "seed": matches(HEX32), "rate": COUNT},
    "fuse": {
        "width": WORD, "seed": matches(HEX8), "segment_length": WORD, "segment_count": WORD, "rate": COUNT,
    },
}
KIND: dict[str, Check] = {
    "kind": is_integer(1, 255), "name": is_text(1, 256), "form": is_integer(1, 255), "data": SHORT, "count": COUNT,
}
SECTION: dict[str, Check] = {
    "type": is_integer(1, 65535), "required": lambda value: isinstance(value, bool),
    "length": COUNT, "blake3": matches(HEX32),
}
MANDATORY: dict[str, Check] = {
    "publisher": matches(HEX32), "name": SHORT, "feed": SHORT,
    "epoch": is_integer(1, 2**32 - 1), "epoch_start": TIME, "version": is_integer(1, MAX_INTEGER),
    "issued": TIME, "expires": TIME, "tokens": is_object, "set": is_object, "count": COUNT,
    "record_size": lambda value: is_integer(0, 4096)(value) and value in RECORD_SIZES, "kinds": is_array,
    "tlp": lambda value: value in TLP, "purpose": is_text(0, 1024), "sections": is_array,
}
OPTIONAL: dict[str, Check] = {
    "contact": is_object, "previous": matches(HEX32), "ext": is_object, "must_understand": is_array,
}


def check_sections(manifest: Json) -> None:
    """The list of sections: its rules, and that it fits the rest of the manifest."""
    listed = [shape(item, "section", SECTION, {}) for item in manifest["sections"]]
    types = [section["type"] for section in listed]
    require(1 <= len(types) <= 64 and len(set(types)) == len(types), "bad-manifest", "types of sections")
    require(types[-1] == PAD, "bad-manifest", "the last section is no pad")
    for section in listed:
        if section["type"] in REQUIRED:
            require(section["required"] == REQUIRED[section["type"]], "bad-manifest", "required")
        else:
            require(not section["required"], "unsupported-section")
    salted = manifest["tokens"]["scheme"] == "salted"
    expected = {SET_SECTIONS[manifest["set"]["type"]], PAD} | ({FEED_KEY} if salted else set())
    expected |= {RECORDS} if manifest["record_size"] else set()
    require(expected == set(types) & set(REQUIRED) - {RETRACTIONS}, "bad-manifest", "sections that the feed must or cannot have")
    lengths = {section["type"]: section["length"] for section in listed}
    require(lengths.get(FEED_KEY, 32) == 32, "bad-manifest", "length of the feed key")
    records = manifest["record_size"] * manifest["count"]
    require(lengths.get(RECORDS, 0) == records, "bad-manifest", "length of the records")


def parse_manifest(data: bytes) -> Json:
    """Reads and checks a manifest by itself: without time, trust or the sections' bytes."""
    manifest = shape(parse_json(data), "manifest", MANDATORY, OPTIONAL)
    require(1 <= len(manifest["name"]) <= 128, "invalid-name", "name")
    require(FEED_ID.fullmatch(manifest["feed"]) is not None, "invalid-name", "feed")
    issued, expires = manifest["issued"], manifest["expires"]
    require(issued < expires <= issued + 30 * DAY, "bad-manifest", "expires")
    require(manifest["epoch_start"] <= issued <= manifest["epoch_start"] + 90 * DAY, "bad-manifest", "epoch_start")
    shape(manifest.get("contact", {}), "contact", {}, CONTACT)

    extensions = manifest.get("ext", {})
    names = manifest.get("must_understand", [])
    require(all(isinstance(name, str) and name in extensions for name in names), "bad-manifest", "must_understand")
    require(not names, "must-understand")

    scheme = manifest["tokens"].get("scheme")
    require(isinstance(scheme, str), "bad-manifest", "scheme")
    require(scheme in ("salted", "blind"), "bad-manifest", "unknown scheme")
    blind = {"suite": is_text(0, MAX_BODY), "public_key": matches(HEX32)} if scheme == "blind" else {}
    shape(manifest["tokens"], "tokens", {"scheme": is_text(5, 6)} | blind, {})
    if blind:
        require(manifest["tokens"]["suite"] == oprf.SUITE, "unsupported-token-scheme")
        try:
            oprf.decode(bytes.fromhex(manifest["tokens"]["public_key"]))
        except FormatError as error:
            raise _bad("no OPRF public key") from error

    set_type = manifest["set"].get("type")
    require(isinstance(set_type, str) and set_type in SET_SECTIONS, "bad-manifest", "set")
    shape(manifest["set"], "set", {"type": is_text(1, 6)} | SETS[set_type], {})
    require(set_type == "tokens" or not manifest["record_size"], "combination-not-allowed", "a filter with records")

    kinds = [shape(kind, "kind", KIND, {}) for kind in manifest["kinds"]]
    numbers = [kind["kind"] for kind in kinds]
    require(all(a < b for a, b in zip(numbers, numbers[1:])), "bad-manifest", "order of kinds")
    require(sum(kind["count"] for kind in kinds) == manifest["count"], "bad-manifest", "count")
    check_sections(manifest)
    return manifest
