"""What matching a pyarrow column costs: bisik, the same strings in Rust, and what people use today.

    pip install ./bindings/python -r benches/requirements.txt
    python benches/python_peers.py [--rows 10000000] [--entries 1000000] [--kinds phone,domain] [--rounds 2]

Every way is given the same canonical strings, of which 1 in 100 is listed, and must find the same rows (rbloom also finds its
false positives). One thread; wall time of the best round.

bisik            `Matcher.match` of the column: parses each string again, as it does in production, and walks its relatives
bisik in Rust    `examples/match_lines.rs` with the same feed and strings: `Matcher::match_raw`, nothing of Python
sha256 + set     `hashlib.sha256(value.strip().lower().encode()).hexdigest() in set`: what people write
blake2b + set    the same with a key and 16 bytes, as a careful person writes it
canonical + set  the same as sha256, after canonicalising as a user would with the standard library, and with the parents of a domain
rbloom           a Bloom filter in Rust, fed the careful person's hash
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow
from rbloom import Bloom

import bisik

ROOT = Path(__file__).resolve().parents[1]
KEY = b"k" * 32
RATE = 1e-6
STEP = 100
CHUNK = 1 << 16

VALUES: dict[str, Callable[[int], str]] = {
    "phone": lambda n: f"+668{n * 61_803_399 % 100_000_000:08}",
    "domain": lambda n: f"host{n}.example.com",
    "account": lambda n: f"SG:DBSSSGSG:{n + 1:010}",
    "email": lambda n: f"user{n}@mail{n % 5_000}.example.com",
    "url": lambda n: f"https://host{n}.example.com/login?id={n}",
}


def sha256(value: str) -> str:
    return hashlib.sha256(value.strip().lower().encode()).hexdigest()


def blake2b(value: str) -> bytes:
    return hashlib.blake2b(value.strip().lower().encode(), digest_size=16, key=KEY).digest()


def for_rbloom(value: object) -> int:
    return int.from_bytes(blake2b(str(value)), "big", signed=True)


def canonical(kind: str) -> Callable[[str], list[str]]:
    """The forms that a user looks up, with nothing but the standard library."""
    punctuation = re.compile(r"[\s().-]")

    def phone(value: str) -> list[str]:
        return [punctuation.sub("", value)]

    def account(value: str) -> list[str]:
        return [value.strip().upper().replace(" ", "").replace("-", "")]

    def domain(value: str) -> list[str]:
        labels = value.strip().rstrip(".").lower().encode("idna").decode().split(".")
        return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]

    def email(value: str) -> list[str]:
        local, _, host = value.strip().partition("@")
        return [f"{local.lower()}@{host.rstrip('.').lower().encode('idna').decode()}"]

    def url(value: str) -> list[str]:
        parts = urlsplit(value.strip())
        return [f"{(parts.hostname or '').rstrip('.')}{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"]

    return {"phone": phone, "account": account, "domain": domain, "email": email, "url": url}[kind]


def in_rust(folder: Path, kind: str, rounds: int) -> tuple[float, int]:
    program = ROOT / "target" / "release" / "examples" / "match_lines"
    arguments = [program, folder / "feed", folder / "card", kind, folder / "values", str(rounds)]
    said = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    cost, hits = said.split()
    return float(cost), int(hits)


def compare(kind: str, rows: int, entries: int, rounds: int, folder: Path) -> None:
    value = VALUES[kind]
    listed = [value(number) for number in range(entries)]
    column = pyarrow.array(
        value(number // STEP % entries) if number % STEP == 0 else value(entries + number) for number in range(rows)
    )
    with (folder / "values").open("w") as file:
        for start in range(0, rows, CHUNK):
            file.writelines(f"{text}\n" for text in column[start : start + CHUNK].to_pylist())
    centre = bisik.keygen("Bench")
    centre.card.save(folder / "card")
    published = bisik.publish(listed, kind=kind, sign=centre, feed="bench", accept_enumeration=[kind])
    (folder / "feed").write_bytes(published.bytes)
    matcher = bisik.Matcher(published.bytes, trust=centre)
    del published
    forms = canonical(kind)
    hashes, keyed = set(map(sha256, listed)), set(map(blake2b, listed))
    canonically = {hashlib.sha256(forms(text)[0].encode()).hexdigest() for text in listed}
    bloom = Bloom(entries, RATE, for_rbloom)
    bloom.update(listed)
    del listed

    def strings() -> Iterator[str]:
        for start in range(0, rows, CHUNK):
            yield from column[start : start + CHUNK].to_pylist()

    def found(text: str) -> bool:
        return any(hashlib.sha256(form.encode()).hexdigest() in canonically for form in forms(text))

    ways: dict[str, Callable[[], int]] = {
        "bisik": lambda: int(matcher.match(column, kind).true_count),
        "sha256 + set": lambda: sum(sha256(text) in hashes for text in strings()),
        "blake2b + set": lambda: sum(blake2b(text) in keyed for text in strings()),
        "canonical + set": lambda: sum(map(found, strings())),
        f"rbloom {RATE:g}": lambda: sum(text in bloom for text in strings()),
    }
    costs = {"bisik in Rust": in_rust(folder, kind, rounds)}
    for name, way in ways.items():
        best, hits = float("inf"), 0
        for _ in range(rounds):
            start = time.perf_counter()
            hits = way()
            best = min(best, time.perf_counter() - start)
        costs[name] = best / rows * 1e9, hits
    expected = -(-rows // STEP)
    own = costs["bisik"][0]
    print(f"\n{kind}\n{'':18}{'ns a row':>10}{'to bisik':>10}{'hits':>12}")
    for name, (cost, hits) in sorted(costs.items(), key=lambda item: item[1][0]):
        assert expected <= hits <= expected + rows * RATE * 10 * name.startswith("rbloom") + 10 * name.startswith("rbloom"), name
        print(f"{name:18}{cost:10.0f}{cost / own:10.2f}{hits:12,}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="ns a row of matching a pyarrow column")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--kinds", default=",".join(VALUES))
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    build = ["cargo", "build", "--quiet", "--release", "--package", "bisik", "--example", "match_lines"]
    subprocess.run(build, check=True, cwd=ROOT)
    print(f"{given.rows:,} rows against {given.entries:,} entries, Python {sys.version.split()[0]}, bisik {bisik.__version__}")
    for kind in given.kinds.split(","):
        with tempfile.TemporaryDirectory() as folder:
            compare(kind, given.rows, given.entries, given.rounds, Path(folder))


if __name__ == "__main__":
    main()
