"""What matching costs next to what people use today: hashlib with a set, and rbloom.

    pip install ./bindings/python -r bindings/python/requirements-bench.txt
    python bindings/python/benches/python_peers.py [ROWS] [ENTRIES]      # 10,000,000 and 1,000,000 unless given

Every way is given the same canonical strings from one pyarrow column, of which 1 in 100 is listed, and must find the same
rows (rbloom also finds its false positives). bisik parses each string again, as it does in production; the peers do not.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable

import pyarrow
from rbloom import Bloom

import bisik

KEY = b"k" * 32
RATE = 1e-6


def hosts(first: int, count: int) -> list[str]:
    return [f"host{number}.example.com" for number in range(first, first + count)]


def keyed(value: str) -> bytes:
    return hashlib.blake2b(value.encode(), digest_size=16, key=KEY).digest()


def short(value: object) -> int:
    return int.from_bytes(hashlib.blake2b(str(value).encode(), digest_size=16, key=KEY).digest(), "big", signed=True)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    entries = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    listed = hosts(0, entries)
    step = 100
    values = [
        f"host{number // step % entries}.example.com" if number % step == 0 else f"host{entries + number}.example.com"
        for number in range(rows)
    ]
    column = pyarrow.array(values)
    del values
    expected = -(-rows // step)

    centre = bisik.keygen("Bench")
    matchers = {}
    for name in ("tokens", "fuse"):
        published = bisik.publish(listed, kind="domain", sign=centre, feed="bench", set=name, fpr=RATE)
        matchers[name] = bisik.Matcher(published.bytes, trust=centre)
    plain = set(map(keyed, listed))
    bloom = Bloom(entries, RATE, short)
    bloom.update(listed)

    ways: dict[str, Callable[[], int]] = {
        "bisik, exact tokens": lambda: int(matchers["tokens"].match(column, "domain").true_count),
        f"bisik, fuse filter {RATE:g}": lambda: int(matchers["fuse"].match(column, "domain").true_count),
        "hashlib.blake2b + set": lambda: sum(keyed(value) in plain for value in column.to_pylist()),
        f"rbloom {RATE:g}, blake2b": lambda: sum(value in bloom for value in column.to_pylist()),
    }
    print(f"{rows:,} rows against {entries:,} entries, one thread, wall time of the best of 2 runs")
    print(f"{'':32}{'ns per row':>12}{'hits':>12}")
    for name, way in ways.items():
        best = float("inf")
        for _ in range(2):
            start = time.perf_counter()
            hits = way()
            best = min(best, time.perf_counter() - start)
        assert expected <= hits <= expected + rows * RATE * 10 + 10, (name, hits, expected)
        print(f"{name:32}{best / rows * 1e9:12.0f}{hits:12,}")


if __name__ == "__main__":
    main()
