#!/usr/bin/env python3
"""A plain reader of both filters, written from docs/filters.md; standard library only.

As a program it checks every case of tests/vectors/filters.json.
"""

import json
import sys
from pathlib import Path

MASK64 = (1 << 64) - 1
RATE_UNIT = 10**15
MAX_ENTRIES = 1 << 30


class Refused(ValueError):
    """The filter breaks a rule; `kind` is the name of the error."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        self.kind = kind


def require(condition, message, kind="bad-descriptor"):
    if not condition:
        raise Refused(kind, message)


def octets(value):
    """Bytes, whether given as such or in hex as in a manifest."""
    return bytes.fromhex(value) if isinstance(value, str) else bytes(value)


def ceil_div(a, b):
    return -(-a // b)


def rotl(word, count):
    return ((word << count) | (word >> (64 - count))) & MASK64


def siphash13(key, message):
    """SipHash with one round a word and three at the end, docs/filters.md 1.2."""
    k0 = int.from_bytes(key[0:8], "little")
    k1 = int.from_bytes(key[8:16], "little")
    v = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]

    def sip_round():
        v[0] = (v[0] + v[1]) & MASK64
        v[1] = rotl(v[1], 13) ^ v[0]
        v[0] = rotl(v[0], 32)
        v[2] = (v[2] + v[3]) & MASK64
        v[3] = rotl(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & MASK64
        v[3] = rotl(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & MASK64
        v[1] = rotl(v[1], 17) ^ v[2]
        v[2] = rotl(v[2], 32)

    whole = len(message) // 8 * 8
    words = [message[i : i + 8] for i in range(0, whole, 8)]
    words.append(message[whole:].ljust(7, b"\0") + bytes([len(message) % 256]))
    for word in words:
        m = int.from_bytes(word, "little")
        v[3] ^= m
        sip_round()
        v[0] ^= m
    v[2] ^= 0xFF
    for _ in range(3):
        sip_round()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


# ---- classic Bloom filter ----


def bloom_check(desc, data, count=None):
    """Raises Refused unless the descriptor fits the bytes (1.1) and, where given, the count (1.3)."""
    bits, hashes, seed = desc["bits"], desc["hashes"], octets(desc["seed"])
    require(bits % 64 == 0 and 64 <= bits <= 1 << 40, "bits")
    require(hashes % 2 == 0 and 2 <= hashes <= 64, "hashes")
    require(len(seed) == 32 and seed[:16] != seed[16:], "seed")
    require(bits == 8 * len(data), "length")
    if count is not None:
        require(count <= MAX_ENTRIES, "count")
        ones = int.from_bytes(data, "little").bit_count()
        require(ones < bits and ones <= count * hashes, "too many ones", "malformed")


def bloom_positions(desc, entry32):
    seed = octets(desc["seed"])
    for j in range(desc["hashes"] // 2):
        item = entry32 + j.to_bytes(4, "little")
        for b in (0, 1):
            yield siphash13(seed[16 * b : 16 * b + 16], item) % desc["bits"]


def bloom_contains(desc, data, entry32):
    """Whether the entry may be in the set; checks the descriptor each time."""
    bloom_check(desc, data)
    return all(data[p // 8] >> (p % 8) & 1 for p in bloom_positions(desc, entry32))


def bloom_rate(desc, data):
    """The rate of false positives in 10^-15, docs/filters.md 1.4."""
    one = 1 << 63
    ones = int.from_bytes(data, "little").bit_count()
    fraction = min(ceil_div(ones * one, desc["bits"]), one)
    product = one
    for _ in range(desc["hashes"]):
        product = ceil_div(product * fraction, one)
    return ceil_div(product * RATE_UNIT, one)


# ---- binary fuse filter ----


def fuse_check(desc, data, count=None):
    """Raises Refused unless the descriptor fits the bytes and, where given, the count (2.1)."""
    width, length, segments = desc["width"], desc["segment_length"], desc["segment_count"]
    require(width in (8, 16, 32), "width")
    require(4 <= length <= 1 << 18 and length & (length - 1) == 0, "segment_length")
    slots = (segments + 2) * length
    require(segments >= 1 and slots < 1 << 32, "segment_count")
    require(len(octets(desc["seed"])) == 8, "seed")
    require(len(data) == slots * width // 8, "length")
    if count is not None:
        require(count <= min(slots, MAX_ENTRIES), "count")


def mix(k):
    k ^= k >> 33
    k = k * 0xFF51AFD7ED558CCD & MASK64
    k ^= k >> 33
    k = k * 0xC4CEB9FE1A85EC53 & MASK64
    return k ^ k >> 33


def fuse_contains(desc, data, entry32):
    """Whether the entry may be in the set; checks the descriptor each time."""
    fuse_check(desc, data)
    length, size = desc["segment_length"], desc["width"] // 8
    key = int.from_bytes(entry32[:8], "little")
    seed = int.from_bytes(octets(desc["seed"]), "little")
    h = mix(key + seed & MASK64)
    a = h * desc["segment_count"] * length >> 64
    b = (a + length) ^ ((h >> 18) % length)
    c = (a + 2 * length) ^ (h % length)
    total = 0
    for i in (a, b, c):
        total ^= int.from_bytes(data[size * i : size * (i + 1)], "little")
    return total == (h ^ h >> 32) % (1 << desc["width"])


def fuse_rate(desc, count):
    """The rate of false positives in 10^-15, docs/filters.md 2.4."""
    return ceil_div(RATE_UNIT * ((1 << 64 - desc["width"]) + count), 1 << 64)


# ---- the vectors ----


def check_case(case, check, contains, rate):
    desc, data, count = case["descriptor"], bytes.fromhex(case["bytes"]), case["count"]
    check(desc, data, count)
    wrong = []
    if rate(desc, data, count) != case["rate"]:
        wrong.append("rate")
    if case["rate"] > case["asked_rate"] or count != len(case["members"]):
        wrong.append("rate or count")
    for name, expected in (("members", True), ("absent", False), ("false_positives", True)):
        for entry in case[name]:
            if contains(desc, data, bytes.fromhex(entry)) is not expected:
                wrong.append(f"{name} {entry[:16]}")
    return wrong


def bloom_rebuilt(case):
    """The bytes of 1.3, from the members alone."""
    data = bytearray(case["descriptor"]["bits"] // 8)
    for entry in case["members"]:
        for p in bloom_positions(case["descriptor"], bytes.fromhex(entry)):
            data[p // 8] |= 1 << p % 8
    return bytes(data)


def main():
    path = Path(__file__).resolve().parent.parent / "vectors" / "filters.json"
    vectors = json.loads(path.read_text(encoding="utf-8"))
    failures, done = [], 0
    for case in vectors["bloom"]:
        wrong = check_case(case, bloom_check, bloom_contains, lambda desc, data, count: bloom_rate(desc, data))
        if bloom_rebuilt(case).hex() != case["bytes"]:
            wrong.append("bytes")
        failures += [f"bloom, {case['comment']}: {what}" for what in wrong]
        done += 1
    for case in vectors["fuse"]:
        wrong = check_case(case, fuse_check, fuse_contains, lambda desc, data, count: fuse_rate(desc, count))
        failures += [f"fuse, {case['comment']}: {what}" for what in wrong]
        done += 1
    for name, check in (("refused_bloom", bloom_check), ("refused_fuse", fuse_check)):
        for case in vectors[name]:
            try:
                check(case["descriptor"], bytes([case["fill"]]) * case["length"], case["count"])
                kind = "accepted"
            except Refused as refused:
                kind = refused.kind
            if kind != case["expect"]:
                failures.append(f"{name}, {case['comment']}: {kind}, expected {case['expect']}")
            done += 1
    # The SipHash-1-3 of the reference implementation for key 00..0f: the messages "" and 00 01 .. 07.
    key = bytes(range(16))
    for message, expected in ((b"", 0xABAC0158050FC4DC), (bytes(range(8)), 0x369095118D299A8E)):
        if siphash13(key, message) != expected:
            failures.append(f"siphash13 of {len(message)} bytes: {siphash13(key, message):016x}")
        done += 1
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"filters: {done} cases, {len(failures)} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
