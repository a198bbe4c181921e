"""What blind mode costs next to its peers, in one run: microseconds of CPU an item, and how many times bisik's that is.

    python benches/blind_peers.py [ITEMS]        20,000 unless told otherwise

Needs `pip install openmined-psi` and cargo. bisik and the crate `voprf` are measured by `examples/blind_rates.rs`, OpenMined
PSI here, all on one thread. The peers do less: `voprf` is the bare function, without tokens, set, signatures or look-ups;
OpenMined PSI proves nothing and has no key in a signed file, its setup holds a filter of false positives of 1e-9.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import private_set_intersection.python as psi

ROOT = Path(__file__).resolve().parents[1]
RATE = 1e-9


def rust(count: int) -> dict[str, float]:
    """The rows of the Rust example."""
    command = ["cargo", "run", "--quiet", "--release", "--package", "bisik", "--example", "blind_rates", "--", str(count)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def openmined(count: int) -> dict[str, float]:
    """OpenMined PSI with the intersection revealed to the client."""
    rows: dict[str, float] = {}

    def phase(name, work):
        before = time.process_time()
        result = work()
        rows[name] = (time.process_time() - before) * 1e6 / count
        return result

    items = [f"+6591{number:06}" for number in range(count)]
    server, client = psi.server.CreateWithNewKey(True), psi.client.CreateWithNewKey(True)
    setup = phase("openmined list entry", lambda: server.CreateSetupMessage(RATE, count, items))
    request = phase("openmined query, member: blind", lambda: client.CreateRequest(items))
    answer = phase("openmined query, server", lambda: server.ProcessRequest(request))
    found = phase("openmined query, member: unblind, match", lambda: client.GetIntersection(setup, answer))
    assert len(found) == count
    return rows


def main() -> None:
    """Prints a table of Markdown."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rows = rust(count) | openmined(count)

    def total(who: str, what: str) -> float:
        return sum(value for name, value in rows.items() if name.startswith(f"{who} {what}"))

    print(f"| {count:,} items, µs of CPU an item | bisik | voprf 0.5 | to bisik | openmined-psi | to bisik |")
    print("|---|---|---|---|---|---|")
    for what, where in {
        "list entry": "list entry", "query, member: blind": "query, member: blind", "query, server": "query, server",
        "query, member: verify, unblind": "query, member: ", "query in all": "query",
    }.items():
        parts = {who: total(who, where) for who in ("bisik", "voprf", "openmined")}
        if where == "query, member: ":
            parts = {who: value - total(who, "query, member: blind") for who, value in parts.items()}
        own = parts["bisik"]
        cells = [f"{own:.1f}"]
        for who in ("voprf", "openmined"):
            cells += [f"{parts[who]:.1f}", f"{parts[who] / own:.1f}"]
        print(f"| {what} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
