"""What matching real data must give, computed a second time and in another way.

    independent_match.py make OUT_DIR --names FILE --urls FILE [--psl FILE] [--refused REJECTS.csv]
    independent_match.py compare OUT_DIR/expected.json RESULT.jsonl...

`make` writes four tables `kind,value` and `expected.json`, which says for each row the listed name that it must hit,
or null. `compare` reads what `bisik match --format jsonl --show-values` said of the tables and prints a summary.

The rule: a host is hit by a listed name that it equals or lies under; names above the host's registrable domain do
not count; the most specific listed name wins. Listed names that are public suffixes are not published. `--refused` is
the file that `bisik publish --rejects` wrote: those names are not published either, and the public suffixes among
them must be those that this script finds.

Only the standard library is used. The public suffix list is the data file of the package `publicsuffixlist`, whose
code is not used, unless `--psl` names another copy.
"""

import argparse
import csv
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

ROWS = 5000


class Suffixes:
    """The Public Suffix List, both its sections (publicsuffix.org/list, algorithm)."""

    def __init__(self, text: str) -> None:
        self.rules: set[str] = set()
        self.exceptions: set[str] = set()
        for line in text.splitlines():
            rule = line.split()[0] if line.split() else ""
            if not rule or rule.startswith("//"):
                continue
            kept = self.exceptions if rule.startswith("!") else self.rules
            kept.add(".".join(self.ascii(label) for label in rule.removeprefix("!").split(".")))

    @staticmethod
    def ascii(label: str) -> str:
        """A label of the list as it stands in the domain name system."""
        return label if label.isascii() else "xn--" + label.lower().encode("punycode").decode()

    def length(self, labels: list[str]) -> int:
        """How many labels the public suffix of a host has; one, if no rule fits."""
        best = 1
        for start in range(len(labels)):
            if ".".join(labels[start:]) in self.exceptions:
                return len(labels) - start - 1
            if ".".join(labels[start:]) in self.rules or ".".join(["*", *labels[start + 1:]]) in self.rules:
                best = max(best, len(labels) - start)
        return best

    def is_suffix(self, host: str) -> bool:
        """Whether a host is a public suffix itself."""
        labels = host.split(".")
        return self.length(labels) >= len(labels)

    def candidates(self, host: str) -> Iterator[str]:
        """The host and what is above it, down to its registrable domain; the host alone if it has none."""
        yield host
        if is_address(host):
            return
        labels = host.split(".")
        for start in range(1, len(labels) - self.length(labels)):
            yield ".".join(labels[start:])


def is_address(host: str) -> bool:
    """Whether a host is an IPv4 address."""
    return all(part.isdigit() for part in host.split("."))


@dataclass
class Row:
    """A look-up: kind, value, and the host that decides."""

    kind: str
    value: str
    host: str


def order(name: str) -> bytes:
    """A fixed order that has nothing to do with the alphabet."""
    return sha256(name.encode()).digest()


def read_names(path: Path) -> dict[int, str]:
    """The names of a list by line number; blank lines and comments are left out."""
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    return {number: line.strip() for number, line in lines if line.strip() and not line.startswith("#")}


def read_refused(path: Path, names: dict[int, str]) -> dict[str, str]:
    """The refused names, each with its reason, out of a rejects file."""
    by_row = dict(enumerate(names.values(), 1))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {names.get(int(row["line"] or 0)) or by_row[int(row["row"])]: row["reason"] for row in rows}


def url_rows(path: Path) -> list[Row]:
    """All rows of the table of URLs."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [Row("url", f"http://{row['host']}{row['path']}", row["host"].lower().rstrip(".")) for row in rows]


def made_rows(names: list[str]) -> list[Row]:
    """URLs, hosts and addresses under listed names."""
    forms: list[Callable[[str], Row]] = [
        lambda name: Row("url", f"http://{name}/", name),
        lambda name: Row("url", f"https://login.{name}:8443/a/b.php?id=1&x=%20#top", f"login.{name}"),
        lambda name: Row("domain", f"www.{name}", f"www.{name}"),
        lambda name: Row("domain", f"a.b-c.{name}.", f"a.b-c.{name}"),
        lambda name: Row("email", f"billing@{name}", name),
        lambda name: Row("email", f"no.reply+7@mail.{name}", f"mail.{name}"),
        lambda name: Row("url", f"HTTP://user:pw@{name.upper()}/Path", name),
    ]
    usable = [name for name in names if "_" not in name and len(name) <= 200]
    return [forms[i % len(forms)](name) for i, name in enumerate(usable[:ROWS])]


def free_rows(names: list[str], suffixes: Suffixes, hit: Callable[[str], str | None]) -> list[Row]:
    """Parents, siblings and look-alikes of listed names, none of them under a listed name."""
    rows: list[Row] = []
    seen: set[str] = set()
    for name in names:
        parent = name.partition(".")[2]
        mark = order(name).hex()[:6]
        hosts = [parent, f"{mark}.{parent}", f"{mark}-{name}", f"{name}.{mark}.example", f"{mark}{name}"]
        host = hosts[order(name)[0] % len(hosts)]
        if "_" in host or len(host) > 200 or max(map(len, host.split("."))) > 63:
            continue
        if host in seen or suffixes.is_suffix(host) or hit(host):
            continue
        seen.add(host)
        kind = ("domain", "url", "email")[order(name)[1] % 3]
        value = {"domain": host, "url": f"http://{host}/{name}/", "email": f"{mark}@{host}"}[kind]
        rows.append(Row(kind, value, host))
        if len(rows) == ROWS:
            break
    return rows


def matched(row: Row, listed: str | None) -> str | None:
    """The word for how a row was matched."""
    if listed is None:
        return None
    if row.kind == "domain":
        return "exact" if row.host == listed else "parent-domain"
    return {"url": "url-host", "email": "email-domain"}[row.kind]


def find_list() -> Path:
    """The data file of the package `publicsuffixlist`."""
    spec = importlib.util.find_spec("publicsuffixlist")
    if spec is None or spec.origin is None:
        sys.exit("no public suffix list: install publicsuffixlist, or give --psl FILE")
    return Path(spec.origin).with_name("public_suffix_list.dat")


def make(options: argparse.Namespace) -> int:
    """Writes the tables and what to expect of them."""
    suffixes = Suffixes((options.psl or find_list()).read_text("utf-8"))
    by_line = read_names(options.names)
    own = {name for name in by_line.values() if suffixes.is_suffix(name)}
    refused = read_refused(options.refused, by_line) if options.refused else {}
    theirs = {name for name, reason in refused.items() if reason == "public-suffix"}
    published = set(by_line.values()) - own - set(refused)

    def hit(host: str) -> str | None:
        return next((name for name in suffixes.candidates(host) if name in published), None)

    ordered = sorted(by_line.values(), key=order)
    tables = {
        "a-urls.csv": url_rows(options.urls),
        "b-listed.csv": [Row("domain", name, name) for name in ordered[:ROWS]],
        "c-made.csv": made_rows(ordered[ROWS:]),
        "d-free.csv": free_rows(ordered[ROWS * 3:], suffixes, hit),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    expected: dict[str, Any] = {"suffixes_differ": sorted(own ^ theirs) if options.refused else [], "tables": {}}
    for file_name, rows in tables.items():
        with (options.out / file_name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("kind", "value"))
            writer.writerows((row.kind, row.value) for row in rows)
        found = [hit(row.host) for row in rows]
        expected["tables"][file_name] = [
            {"kind": row.kind, "host": row.host, "listed": name, "matched": matched(row, name),
             "refused": row.host in own or row.host in refused} for row, name in zip(rows, found)
        ]
        print(f"{file_name}: {len(rows)} rows, {len(rows) - found.count(None)} to be hit")
    (options.out / "expected.json").write_text(json.dumps(expected, indent=0), "utf-8")
    print(f"{len(by_line)} names, {len(own)} of them public suffixes, {len(refused)} refused, "
          f"{len(published)} published")
    return 0


def compare(options: argparse.Namespace) -> int:
    """Checks results against what was expected."""
    expected = json.loads(options.expected.read_text("utf-8"))
    hits: dict[tuple[str, int], dict[str, Any]] = {}
    twice = 0
    for path in options.results:
        for line in path.read_text("utf-8").splitlines():
            result = json.loads(line)
            if result.get("matched"):
                key = (Path(result["input"]).name, result["row"])
                twice += key in hits
                hits[key] = result
    passed = failed = shown = 0
    print(f"{'table':14}{'rows':>7}{'expected':>10}{'hit':>7}{'refused':>9}{'wrong':>7}  matched")
    for name, rows in expected["tables"].items():
        wrong = 0
        words: Counter[str] = Counter()
        for number, row in enumerate(rows, 1):
            result = hits.pop((name, number), None)
            problem = problem_of(row, result)
            if result is not None:
                words[result["matched"]] += 1
            if problem:
                wrong += 1
                shown += 1
                if shown <= 20:
                    print(f"  {name} row {number}, {row['kind']} at {row['host']}: {problem}")
        to_hit = sum(row["listed"] is not None for row in rows)
        refused = sum(row["refused"] for row in rows)
        print(f"{name:14}{len(rows):7}{to_hit:10}{sum(words.values()):7}{refused:9}{wrong:7}  "
              + ", ".join(f"{word} {count}" for word, count in sorted(words.items())))
        passed += len(rows) - wrong
        failed += wrong
    for suffix in expected["suffixes_differ"]:
        print(f"  public suffix here or there, not in both: {suffix}")
    if hits or twice:
        print(f"  {len(hits)} hits on rows that do not exist, {twice} rows hit twice")
    failed += len(expected["suffixes_differ"]) + len(hits) + twice
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def problem_of(row: dict[str, Any], result: dict[str, Any] | None) -> str | None:
    """What is wrong with a row's result, if anything."""
    if result is None:
        return f"no hit, expected {row['listed']}" if row["listed"] else None
    if row["listed"] is None:
        return "hit, expected none"
    if "expression" in result and result["expression"] != row["listed"]:
        return f"expression {result['expression']}, expected {row['listed']}"
    if result["matched"] != row["matched"]:
        return f"matched {result['matched']}, expected {row['matched']}"
    if result.get("matched_kind", "domain") != "domain":
        return f"matched kind {result['matched_kind']}"
    return None


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    maker = commands.add_parser("make")
    maker.add_argument("out", type=Path)
    maker.add_argument("--names", type=Path, required=True)
    maker.add_argument("--urls", type=Path, required=True)
    maker.add_argument("--psl", type=Path)
    maker.add_argument("--refused", type=Path)
    maker.set_defaults(run=make)
    comparer = commands.add_parser("compare")
    comparer.add_argument("expected", type=Path)
    comparer.add_argument("results", type=Path, nargs="+")
    comparer.set_defaults(run=compare)
    options = parser.parse_args()
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
