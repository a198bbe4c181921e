"""bisik next to its peers, from canonical values to a mask, in one run; writes the table and the chart of docs/performance.md.

    python benches/peers.py [--entries 1000000] [--rounds 5] [--write]

Needs `pip install -r benches/peers/requirements.txt` and cargo; `cargo xtask bench peers` sees to both. The ways in Rust are in
benches/peers/, on one thread and in turns; those in Python follow in this process, with fewer values, because they are slower.
Times are medians, nanoseconds a value. One value in ten is listed, and every way must find them all.
"""

import argparse
import hashlib
import html
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import poppy
import polars
import pybloomfilter
from rbloom import Bloom

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "peers.svg"
BEGIN, END = "<!-- peers: written by `cargo xtask bench peers` -->", "<!-- /peers -->"
RATE = 1e-6
VALUES = 200_000


def rust(entries: int, rounds: int, level: str) -> list[dict]:
    """The rows of benches/peers, with bisik's kernels held back to `level`."""
    manifest = ROOT / "benches" / "peers" / "Cargo.toml"
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "peers"
    command = ["cargo", "run", "--quiet", "--release", "--locked", "--manifest-path", str(manifest), "--target-dir", str(target)]
    environment = os.environ | {"BISIK_SIMD": level}
    out = subprocess.run([*command, "--", str(entries), str(rounds)], cwd=ROOT, env=environment, check=True, capture_output=True)
    return json.loads(out.stdout)["rows"]


def phone(place: int) -> str:
    return f"+668{place * 61_803_399 % 100_000_000:08}"


def python(entries: int, rounds: int) -> list[dict]:
    """What Python has, over the same numbers."""
    listed = [phone(place * 2) for place in range(entries)]
    asked = [phone(place * 7 % entries * 2 if place % 10 == 0 else 2 * place + 1) for place in range(VALUES)]

    def secret(value: str) -> bytes:
        return hashlib.blake2b(value.encode(), key=b"7" * 32, digest_size=16).digest()

    tokens = {secret(value) for value in listed}
    rbloom = Bloom(entries, RATE, lambda value: int.from_bytes(secret(value)[:8], "little", signed=True))
    rbloom.update(listed)
    poppies = poppy.BloomFilter(entries, RATE)
    for value in listed:
        poppies.insert_str(value)
    with tempfile.TemporaryDirectory() as folder:
        mapped = pybloomfilter.BloomFilter(entries, RATE, os.path.join(folder, "mapped"))
        mapped.update(listed)
        plain, column = polars.Series(listed), polars.Series(asked)
        ways = {
            "Python: blake2b + set": lambda: sum(secret(value) in tokens for value in asked),
            "Python: blake2b + rbloom 1e-6": lambda: sum(value in rbloom for value in asked),
            "Python: poppy-py 1e-6, without a key": lambda: sum(poppies.contains_str(value) for value in asked),
            "Python: pybloomfiltermmap3 1e-6, without a key": lambda: sum(value in mapped for value in asked),
            "Python: polars is_in, the raw list": lambda: int(column.is_in(plain.implode()).sum()),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(rounds + 1):
            for name, ask in ways.items():
                before = time.thread_time_ns()
                hits = ask()
                if turn:
                    times[name].append((time.thread_time_ns() - before) / VALUES)
                assert VALUES // 10 <= hits < VALUES // 10 + 100, f"{name} found {hits}"
    return [{"name": name, "ns": statistics.median(taken)} for name, taken in times.items()]


def machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, load {os.getloadavg()[0]:.1f}"


def table(rows: list[dict], entries: int, rounds: int) -> str:
    best = rows[0]["ns"]
    lines = [
        f"`cargo xtask bench peers`, {time.strftime('%Y-%m-%d')}: {entries:,} entries, medians of {rounds} rounds in one run, processor time of one thread, {machine()}.",
        "",
        "| way | ns a value | million/s | to bisik, exact |",
        "|---|---|---|---|",
    ]
    lines += [f"| {row['name']} | {row['ns']:.0f} | {1000 / row['ns']:.1f} | {row['ns'] / best:.1f} |" for row in rows]
    return "\n".join(lines)


LIMITS = ["| kernels | hashing alone | looking up alone | bisik, exact | to their sum |", "|---|---|---|---|---|"]


def limit(level: str, rows: list[dict]) -> str:
    """bisik's exact way next to what it cannot do without, in one run."""
    times = {row["name"]: row["ns"] for row in rows}
    hashing, looking = times["limit: hashing alone, side by side"], times["limit: looking up alone, tokens ready"]
    whole = times["bisik, exact"]
    return f"| {level} | {hashing:.1f} | {looking:.1f} | {whole:.1f} | {whole / (hashing + looking):.2f} |"


def chart(rows: list[dict]) -> str:
    """Bars, longest last; a logarithmic scale, since the ways lie two orders of magnitude apart."""
    import math

    left, width, step = 330, 430, 24
    scale = width / math.log10(max(row["ns"] for row in rows) / 10)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{step * len(rows) + 40}" font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{left}" y="18" fill="#333">nanoseconds a value, logarithmic: shorter is faster</text>',
    ]
    for place, row in enumerate(sorted(rows, key=lambda row: row["ns"])):
        y, long = 28 + step * place, max(2, math.log10(row["ns"] / 10) * scale)
        colour = "#0a7d5a" if row["name"].startswith("bisik") else "#8a94a6"
        parts.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end" fill="#111">{html.escape(row["name"])}</text>')
        parts.append(f'<rect x="{left}" y="{y + 3}" width="{long:.0f}" height="{step - 8}" fill="{colour}"/>')
        parts.append(f'<text x="{left + long + 6:.0f}" y="{y + 15}" fill="#111">{row["ns"]:.0f}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put table and chart into docs/")
    arguments = parser.parse_args()
    rows = rust(arguments.entries, arguments.rounds, "best")
    limits = [limit("the machine's best", rows)]
    for level, name in [("avx2", "AVX2 at most"), ("off", "portable")]:
        held = rust(arguments.entries, arguments.rounds, level)
        rows.insert(4, {"name": f"{held[0]['name']}, {name}", "ns": held[0]["ns"]})
        limits.append(limit(name, held))
    rows += python(arguments.entries, arguments.rounds)
    text = table(rows, arguments.entries, arguments.rounds) + "\n\n" + "\n".join([*LIMITS, *limits])
    print(text)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN, 1)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")
        CHART.write_text(chart(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
