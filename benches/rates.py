"""How the cost of a look-up grows with entries, batch size, feeds and threads, and what a single one takes in Rust and C.

    python benches/rates.py grid [--rounds 5] [--power 7] [--write]     the plots docs/rates.svg and the figures of docs/performance.md
    python benches/rates.py check [--write]                             percentiles of single calls, warm

`cargo xtask bench grid` and `cargo xtask bench check` run these with `--write`. Nothing beyond the standard library and cargo, and for C
a compiler.
"""

import argparse
import json
import math
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "rates.svg"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
NOW = "1800000000"
COLOURS = ["#0a7d5a", "#c2571a", "#3a5fcd", "#888"]


def rates(*arguments: str) -> dict:
    manifest = ROOT / "benches" / "peers" / "Cargo.toml"
    command = ["cargo", "run", "--quiet", "--release", "--locked", "--manifest-path", str(manifest), "--bin", "rates"]
    out = subprocess.run([*command, "--target-dir", str(TARGET / "peers"), "--", *arguments], cwd=ROOT, check=True, capture_output=True)
    return json.loads(out.stdout)


def machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{time.strftime('%Y-%m-%d')}, {name}, load {os.getloadavg()[0]:.1f}"


def plot(left: int, title: str, lines: dict[str, list[tuple[float, float]]], *, plain: bool = False) -> list[str]:
    """One plot, both axes logarithmic; `plain` writes the places along the bottom as they are."""
    width, height, bottom = 250, 220, 280
    points = [point for line in lines.values() for point in line]
    low, high = math.log10(min(x for x, _ in points)), math.log10(max(x for x, _ in points))
    floor, ceiling = math.floor(math.log10(min(y for _, y in points))), math.ceil(math.log10(max(y for _, y in points)))

    def place(x: float, y: float) -> str:
        across = (math.log10(x) - low) / ((high - low) or 1)
        up = (math.log10(y) - floor) / ((ceiling - floor) or 1)
        return f"{left + across * width:.1f},{bottom - up * height:.1f}"

    parts = [f'<text x="{left + width / 2}" y="{bottom - height - 26}" text-anchor="middle" fill="#111">{title}</text>']
    for power in range(floor, ceiling + 1):
        y = bottom - (power - floor) / ((ceiling - floor) or 1) * height
        parts.append(f'<path d="M{left},{y:.1f}h{width}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{10**power:,}</text>')
    for x in sorted({x for x, _ in points}):
        across = left + (math.log10(x) - low) / ((high - low) or 1) * width
        parts.append(f'<text x="{across:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#555">{f"{x:.0f}" if plain else "10" + power_mark(x)}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{" ".join(place(x, y) for x, y in line)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in line:
            across, up = place(x, y).split(",")
            parts.append(f'<circle cx="{across}" cy="{up}" r="3" fill="{colour}"/>')
            parts.append(f'<text x="{across}" y="{float(up) - 8}" text-anchor="middle" fill="{colour}" font-size="11">{y:.0f}</text>')
        if len(lines) > 1:
            parts.append(f'<text x="{left + 70 * number}" y="{bottom + 40}" fill="{colour}">{name}</text>')
    return parts


def power_mark(x: float) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(round(math.log10(x))))


def grid(rounds: int, power: int, write: bool) -> None:
    found = rates("grid", str(rounds), str(power))
    sets: dict[str, list[tuple[float, float]]] = {}
    for row in found["entries"]:
        sets.setdefault(row["set"], []).append((row["entries"], row["ns"]))
    batches = [(row["batch"], row["ns"]) for row in found["batches"]]
    feeds = [(row["feeds"], row["ns"]) for row in found["feeds"]]
    threads = [(row["threads"], row["million"]) for row in found["threads"]]
    lines = [f"`cargo xtask bench grid`, {machine()}, medians of {rounds} rounds, nanoseconds of processor time a value.", ""]
    lines += ["| entries | " + " | ".join(f"{x:,}" for x, _ in sets["tokens"]) + " |", "|---|" + "---|" * len(sets["tokens"])]
    columns = len(sets["tokens"])
    for name, line in sets.items():
        lines.append(f"| {name} | " + " | ".join([*(f"{y:.0f}" for _, y in line), *["-"] * (columns - len(line))]) + " |")
    lines += ["", "| values a call | " + " | ".join(f"{x:,}" for x, _ in batches) + " |", "|---|" + "---|" * len(batches)]
    lines += ["| tokens, 1,000,000 entries | " + " | ".join(f"{y:.0f}" for _, y in batches) + " |", ""]
    lines += ["| feeds of 100,000 entries | " + " | ".join(f"{x}" for x, _ in feeds) + " |", "|---|" + "---|" * len(feeds)]
    lines += ["| a value | " + " | ".join(f"{y:.0f}" for _, y in feeds) + " |"]
    lines += ["| a value and feed | " + " | ".join(f"{y / x:.0f}" for x, y in feeds) + " |"]
    lines += ["", "| threads | " + " | ".join(f"{x}" for x, _ in threads) + " |", "|---|" + "---|" * len(threads)]
    lines += ["| million values a second, by the clock, 262,144 a call | " + " | ".join(f"{y:.1f}" for _, y in threads) + " |"]
    text = "\n".join(lines)
    print(text)
    if write:
        place("grid", text)
        parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="1280" height="340" font-family="sans-serif" font-size="13">']
        parts.append('<rect width="100%" height="100%" fill="#fff"/>')
        parts += plot(50, "ns a value by entries", sets)
        parts += plot(370, "ns a value by values a call", {"tokens": batches})
        parts += plot(690, "ns a value by feeds", {"tokens": feeds})
        parts += plot(1010, "million values a second by threads", {"tokens": threads}, plain=True)
        CHART.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def in_c(folder: Path, values: str) -> dict:
    prefix = TARGET / "peers" / "installed"
    program, library = prefix / "check_one", prefix / "lib"
    flags = ["-O2", "-I", str(prefix / "include"), "-L", str(library), f"-Wl,-rpath,{library}"]
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("check: there is no C compiler")
    subprocess.run(["cargo", "xtask", "install", "--prefix", str(prefix)], cwd=ROOT, check=True)
    subprocess.run([compiler, str(ROOT / "benches" / "check_one.c"), "-o", str(program), *flags, "-lbisik"], check=True)
    names = [str(folder / "feed"), str(folder / "card"), "phone", str(folder / values), NOW]
    out = subprocess.run([str(program), *names], check=True, capture_output=True)
    p50, p99, p999, clock, _ = map(int, out.stdout.split())
    return {"p50": p50, "p99": p99, "p999": p999, "clock": clock}


def check(write: bool) -> None:
    folder = TARGET / "peers" / "check"
    found = rates("check", str(folder))
    lines = [
        f"`cargo xtask bench check`, {machine()}: 1,000,000 calls after 100,000 others, 1,000,000 entries, by the clock, of which two looks",
        f"take {found['listed']['clock']} ns.",
        "",
        "| one raw phone, exact tokens | p50, ns | p99, ns | p99.9, ns |",
        "|---|---|---|---|",
    ]
    for name, what in [("listed", "a hit"), ("strangers", "no hit")]:
        for language, row in [("Rust, parse and `check`", found[name]), ("C, `bisik_matcher_check`", in_c(folder, name))]:
            lines.append(f"| {language}, {what} | {row['p50']:,} | {row['p99']:,} | {row['p999']:,} |")
    shutil.rmtree(folder)
    text = "\n".join(lines)
    print(text)
    if write:
        place("check", text)


def place(name: str, text: str) -> None:
    """Puts a text between its marks in docs/performance.md."""
    begin, end = f"<!-- {name}: written by `cargo xtask bench {name}` -->", f"<!-- /{name} -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(begin, 1)
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["grid", "check"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--power", type=int, default=7, help="entries of the grid go up to ten to this; 8 takes a quarter of an hour and 8 GB")
    parser.add_argument("--write", action="store_true", help="put tables and plots into docs/")
    arguments = parser.parse_args()
    if arguments.what == "grid":
        grid(arguments.rounds, arguments.power, arguments.write)
    else:
        check(arguments.write)


if __name__ == "__main__":
    main()
