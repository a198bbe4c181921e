"""Faults of filters and their descriptors (docs/filters.md, sections 1.1, 1.3 and 2.1)."""

from typing import Any

import filters
from base import Cases, Look, base, case, flip
from writer import Parts, Section

KIND = {"kind": 3, "name": "domain", "form": 1, "data": ""}


def filtered(set_type: str, data: bytes | None = None, **descriptor: Any) -> Parts:
    """The tiny feed as a filter, with other bytes or values of the descriptor; None takes a name away."""
    made = base(set=set_type).parts
    if data is not None and set_type == "bloom" and data:
        descriptor = {"rate": filters.bloom_rate({"bits": 8 * len(data), "hashes": 8}, data)} | descriptor
    made.manifest["set"] |= descriptor
    for name in [name for name, value in descriptor.items() if value is None]:
        del made.manifest["set"][name]
    if data is not None:
        made.sections[1].content = data
    return made


def counted(made: Parts, count: int) -> Parts:
    """The feed with another number of entries, all of one kind."""
    made.manifest |= {"count": count, "kinds": [KIND | {"count": count}]}
    if made.manifest["set"]["type"] == "fuse":
        made.manifest["set"]["rate"] = filters.fuse_rate(made.manifest["set"], count)
    return made


def bloom_cases() -> Cases:
    """Classic Bloom filters."""
    data = filtered("bloom").sections[1].content
    bits = 8 * len(data)
    yield case(None, "bloom", filtered("bloom"), look=Look("hit"))
    yield case(None, "bloom-stranger", filtered("bloom"), look=Look("no-hit", match_key="good.example"))
    yield case(None, "bloom-empty", counted(filtered("bloom", bytes(len(data))), 0), look=Look("no-hit"))
    for what, value in {
        "64-more": bits + 64,
        "64-less": bits - 64,
        "half": bits // 2,
        "twice": bits * 2,
        "bytes": bits // 8,
        "one-more": bits + 1,
        "8-more": bits + 8,
        "zero": 0,
        "one": 1,
        "2-to-32-more": bits + 2**32,
        "2-to-41": 2**41,
        "largest": 2**53 - 1,
    }.items():
        yield case("bad-descriptor", f"bloom-bits-{what}", filtered("bloom", bits=value))
    for length in (0, 1, 4, 7, 9, 33, 63):
        yield case("bad-descriptor", f"bloom-{length}-bytes", filtered("bloom", (data * 2)[:length], bits=8 * length))
    yield case("bad-descriptor", "bloom-byte-missing", filtered("bloom", data[:-1]))
    yield case("bad-descriptor", "bloom-byte-more", filtered("bloom", data + b"\0"))
    yield case("bad-descriptor", "bloom-no-bytes", filtered("bloom", b""))
    for hashes in (0, 1, 3, 7, 9, 63, 65, 66, 128, 2**32 - 1):
        yield case("bad-descriptor", f"bloom-hashes-{hashes}", filtered("bloom", hashes=hashes))
    yield case("bad-descriptor", "bloom-seed-zeros", filtered("bloom", seed="00" * 32))
    yield case("bad-descriptor", "bloom-seed-halves-equal", filtered("bloom", seed="0123456789abcdef" * 4))
    yield case("malformed", "bloom-all-ones", counted(filtered("bloom", b"\xff" * len(data)), 1000))
    yield case("malformed", "bloom-32-ones-of-24", filtered("bloom", b"\xff" * 4 + bytes(len(data) - 4)))
    yield case("malformed", "bloom-25-ones-of-24", filtered("bloom", b"\xff" * 3 + b"\x80" + bytes(len(data) - 4)))
    yield case(None, "bloom-24-ones-of-24", filtered("bloom", b"\xff" * 3 + bytes(len(data) - 3)), look=Look("no-hit"))
    yield case("malformed", "bloom-of-one-entry-counted", counted(filtered("bloom"), 1))
    yield case("malformed", "bloom-of-no-entries-counted", counted(filtered("bloom"), 0))
    rate = filtered("bloom").manifest["set"]["rate"]
    for what, value in {"less": rate - 1, "more": rate + 1, "zero": 0, "one": 1, "whole": 10**15, "largest":
                        2**53 - 1}.items():
        yield case("bad-descriptor", f"bloom-rate-{what}", filtered("bloom", rate=value))
    for what, changes in _misshaped("bits", "hashes", "rate", seed=64).items():
        yield case("bad-manifest", f"bloom-{what}", filtered("bloom", **changes))
    yield case("bad-manifest", "bloom-width", filtered("bloom", width=8))


def fuse_cases() -> Cases:
    """Binary fuse filters."""
    made = filtered("fuse")
    data, descriptor = made.sections[1].content, made.manifest["set"]
    length = descriptor["segment_length"]
    yield case(None, "fuse", made, look=Look("hit"))
    yield case(None, "fuse-stranger", filtered("fuse"), look=Look("no-hit", match_key="good.example"))
    spoiled = bytes(byte ^ 1 for byte in data)
    yield case(None, "fuse-all-slots-flipped", filtered("fuse", spoiled), look=Look("no-hit"))
    for width in (0, 1, 4, 8, 15, 17, 24, 32, 64, 256):
        yield case("bad-descriptor", f"fuse-width-{width}", filtered("fuse", width=width))
    for width in (4, 24, 64):
        yield case(
            "bad-descriptor", f"fuse-width-{width}-bytes-fit",
            filtered("fuse", bytes(3 * length * width // 8), width=width)
        )
    for value in (0, 1, 2, 3, length - 1, length + 1, length * 2, length // 2, 2**19, 2**32 - 1):
        yield case("bad-descriptor", f"fuse-segment-length-{value}", filtered("fuse", segment_length=value))
    for value in (1, 2, 3, 5, 6):
        yield case(
            "bad-descriptor", f"fuse-segment-length-{value}-bytes-fit",
            filtered("fuse", bytes(6 * value), segment_length=value)
        )
    for value in (0, 2, 3, 2**32 - 1):
        yield case("bad-descriptor", f"fuse-segment-count-{value}", filtered("fuse", segment_count=value))
    yield case("bad-descriptor", "fuse-segment-count-0-bytes-fit", filtered("fuse", data[:4 * length], segment_count=0))
    yield case("bad-descriptor", "fuse-byte-missing", filtered("fuse", data[:-1]))
    yield case("bad-descriptor", "fuse-byte-more", filtered("fuse", data + b"\0"))
    yield case("bad-descriptor", "fuse-slot-more", filtered("fuse", data + b"\0\0"))
    yield case("bad-descriptor", "fuse-no-bytes", filtered("fuse", b""))
    yield case("bad-descriptor", "fuse-more-entries-than-slots", counted(filtered("fuse"), 3 * length + 1))
    yield case("bad-descriptor", "fuse-2-to-40-entries", counted(filtered("fuse"), 2**40))
    rate = filtered("fuse").manifest["set"]["rate"]
    for what, value in {"less": rate - 1, "more": rate + 1, "zero": 0, "of-width-8": 10**15 >> 8, "largest":
                        2**53 - 1}.items():
        yield case("bad-descriptor", f"fuse-rate-{what}", filtered("fuse", rate=value))
    for what, changes in _misshaped("width", "segment_length", "segment_count", "rate", seed=16).items():
        yield case("bad-manifest", f"fuse-{what}", filtered("fuse", **changes))
    yield case("bad-manifest", "fuse-hashes", filtered("fuse", hashes=2))


def _misshaped(*numbers: str, seed: int) -> dict[str, dict[str, Any]]:
    """Changes of a descriptor that are no numbers, no seed, or more than its names."""
    changes: dict[str, dict[str, Any]] = {
        "no-seed": {"seed": None},
        "seed-short": {"seed": "ab" * (seed // 2 - 1)},
        "seed-long": {"seed": "ab" * (seed // 2 + 1)},
        "seed-upper": {"seed": "AB" * (seed // 2)},
        "seed-number": {"seed": 7},
        "seed-no-hex": {"seed": "xy" * (seed // 2)},
        "unknown-name": {"note": ""},
    }
    for name in numbers:
        changes |= {f"no-{name}": {name: None}, f"{name}-text": {name: "64"}, f"{name}-true": {name: True}}
    return changes


def section_cases() -> Cases:
    """Sections that do not fit a filter, and what filters cannot be combined with."""
    for set_type, number, other in (("bloom", 3, 4), ("fuse", 4, 3)):
        made = filtered(set_type)
        made.sections[1].type = 2
        yield case("bad-manifest", f"{set_type}-in-the-section-of-tokens", made)
        made = filtered(set_type)
        made.sections[1].type = other
        yield case("bad-manifest", f"{set_type}-in-another-section", made)
        made = filtered(set_type)
        made.sections[1].required = False
        yield case("bad-manifest", f"{set_type}-optional", made)
        made = filtered(set_type)
        made.sections.append(Section(2, bytes(48)))
        yield case("bad-manifest", f"{set_type}-beside-tokens", made)
        made = filtered(set_type)
        del made.sections[1]
        yield case("bad-manifest", f"{set_type}-missing", made)
        made = filtered(set_type)
        made.sections.append(Section(5, bytes(384), False))
        yield case("bad-manifest", f"{set_type}-with-records-unannounced", made)
        made = filtered(set_type)
        made.sections.append(Section(5, bytes(384), False))
        made.manifest["record_size"] = 128
        yield case("combination-not-allowed", f"{set_type}-with-records", made)
        whole = filtered(set_type).assemble()
        at = whole.index(filtered(set_type).sections[1].content)
        yield case("hash-mismatch", f"{set_type}-bit", flip(whole, at + number))


def all_cases() -> Cases:
    """All of this file."""
    for group in (bloom_cases, fuse_cases, section_cases):
        yield from group()
