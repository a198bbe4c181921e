"""Writes hostile texts, one fault each: `texts.py --pack FILE`.

Indexes, state texts, memories, trust stores, key files, policies, ledgers and review logs. Each case has the format, a name
`<expected error>__<fault>` and the text; `accepted__…` must be read. Faults of JSON are put into every member of every format by
one list; what only one format can get wrong stands below it.
"""

import argparse
import copy
import json
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))

import bech32  # noqa: E402
from blake3 import blake3  # noqa: E402
from writer import Signer  # noqa: E402

import age  # noqa: E402

Case = tuple[str, str, str]  # format, name, text
Path_ = tuple[Any, ...]
HOLE = "@hole@"
ID = "9a419dd8471b9ac822a225f5f38d314275b126271d4587352807b6470f12e5d7"
HIT = "0a" * 16
NOW = 1_800_000_000
ROOT, SIGNER, OTHER = (Signer(bytes([n]) * 32) for n in (61, 62, 63))

INDEX = {"bisik_index": 1, "feeds": [{"publisher": ID, "feed": "f", "version": 3, "file": "f.bisik", "length": 900, "deltas": [
    {"from": 1, "to": 2, "file": "2.delta", "length": 9}, {"from": 2, "to": 3, "file": "3.delta", "length": 9}]}]}
SEEN = {"publisher": ID, "feed": "f", "epoch": 1, "version": 2, "digest": ID, "issued": 5, "generation": 0}
STORED = {"bisik_stored": 1, "seen": SEEN, "publisher_name": "Centre", "expires": 9, "count": 7, "file": "f.v2.1.bisik", "length": 64,
          "sealed": True, "stored": 6, "source": "https://feeds.example/f", "change": 1}
SOURCE = {"bisik_source": 1, "source": "https://feeds.example/f", "asked": NOW, "answered": NOW, "publisher": ID, "feed": "f",
          "digest": ID, "etag": "tag", "modified": "Fri, 15 Jan 2027 08:00:00 GMT",
          "problem": {"kind": "truncated", "message": "cut", "since": NOW}}
HISTORY = {"bisik_history": 1, "feeds": [SEEN]}
USED = {"bisik_used": 1, "feeds": [{"feed": "f", "epoch": 1, "version": 2}]}
REMEMBERED = {"publisher": ID, "feed": "f", "epoch": 1, "version": 2, "hit_id": HIT, "time": 5}
TRUST = {"bisik_trust": 1, "publishers": [{
    "name": "Centre", "id": ROOT.key_id.hex(), "weight": 1, "keys": [{"key": bech32.encode("ed25519", SIGNER.public)}],
    "roots": [bech32.encode("ed25519", ROOT.public)], "threshold": 1, "sequence": 3}]}
LEDGER = {"bisik_sightings": 1, "publisher": ID, "feed": "f", "horizon": NOW, "versions": [{"epoch": 1, "version": 1, "digest": ID}]}
SIGHTING = {"epoch": 1, "version": 1, "sender": ID, "sighting": {"id": HIT, "hit": "07" * 16, "time": NOW, "action": 1, "amount": 1250,
            "currency": "SGD", "reference": "CASE-1"}}

# What may be left out, by format and the names that lead there.
OPTIONAL = {
    "index": {("deltas",)}, "stored": set(), "history": set(), "used": set(), "remembered": set(), "ledger": set(),
    "source": {("answered",), ("publisher",), ("feed",), ("digest",), ("etag",), ("modified",), ("problem",)},
    "trust": {("sequence",)},
}
NAMES = {"index": "feed", "stored": "feed", "source": "feed", "history": "feed", "used": "feed", "remembered": "feed", "ledger": "feed"}


def dump(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def members(value: Any, at: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every member of every object, with the way to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        if isinstance(value, dict):
            yield (*at, name), inner
        yield from members(inner, (*at, name))


def put(document: Any, at: Path_, raw: str) -> str:
    """The document with this text where that member's value stands."""
    changed = copy.deepcopy(document)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = HOLE
    return dump(changed).replace(json.dumps(HOLE), raw, 1)


def without(document: Any, at: Path_) -> str:
    """The document without that member."""
    changed = copy.deepcopy(document)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    del inner[at[-1]]
    return dump(changed)


def value_faults(value: Any) -> Iterator[tuple[str, str]]:
    """What no value of this type may be."""
    yield "null", "null"
    if isinstance(value, bool):
        yield from (("number", "1"), ("text", '"true"'))
    elif isinstance(value, int):
        yield from (("negative", "-1"), ("fraction", f"{value}.0"), ("exponent", f"{value}e0"), ("2-to-53", str(2**53)),
                    ("2-to-64", str(2**64)), ("text", f'"{value}"'), ("leading-zero", f"0{value}"), ("plus", f"+{value}"),
                    ("hexadecimal", "0x1"), ("nan", "NaN"), ("boolean", "true"), ("list", f"[{value}]"))
    elif isinstance(value, str):
        yield from (("number", "1"), ("list", f"[{json.dumps(value)}]"), ("zero-byte", '"\\u0000"'), ("raw-line-feed", '"a\nb"'),
                    ("escape", '"\\u001b[2J"'), ("right-to-left", '"\u202e"'), ("lone-surrogate", '"\\ud800"'),
                    ("bad-escape", '"\\x41"'), ("single-quotes", "'a'"), ("unquoted", "a"))
        if len(value) in (32, 64) and set(value) <= set("0123456789abcdef"):
            yield from (("upper-case", json.dumps("A" * len(value))), ("short", json.dumps(value[2:])), ("long", json.dumps(value + "00")),
                        ("not-hex", json.dumps("g" * len(value))), ("empty", '""'), ("odd", json.dumps(value[1:])))
    elif isinstance(value, list):
        yield from (("object", "{}"), ("text", '"a"'), ("null-inside", "[null]"), ("number-inside", "[1]"))
        yield "trailing-comma", dump(value)[:-1] + ",]"
    else:
        yield from (("list", "[]"), ("text", '"a"'))


def json_faults(format_: str, document: Any) -> Iterator[Case]:
    """The faults that every text of strict JSON can have."""
    text = dump(document)

    def bad(what: str, made: str, kind: str = "bad-manifest") -> Case:
        return format_, f"{kind}__{what}", made

    for at, value in members(document):
        name = "-".join(map(str, at))
        names = tuple(step for step in at if isinstance(step, str))
        for fault, raw in value_faults(value):
            yield bad(f"{name}-{fault}", put(document, at, raw))
        yield bad(f"{name}-twice", put(document, at, f"{dump(value)},{json.dumps(at[-1])}:{dump(value)}"), "duplicate-name")
        if names[-1:] not in OPTIONAL[format_]:
            # Roots and their threshold may both be missing, but not one of them.
            kind = "bad-key" if format_ == "trust" and names[-1] in ("roots", "threshold") else "bad-manifest"
            yield bad(f"{name}-missing", without(document, at), kind)
        else:
            yield format_, f"accepted__{name}-missing", without(document, at)
        if names[-1] == NAMES.get(format_):
            for fault, feed in (("empty", ""), ("upper-case", "F"), ("space", "a b"), ("slash", "a/b"), ("dots", ".."),
                                ("65-long", "a" * 65), ("not-ascii", "é")):
                yield bad(f"{name}-{fault}", put(document, at, json.dumps(feed)), "invalid-name")
    objects = [()] + [at for at, value in members(document) if isinstance(value, dict)]
    objects += [(*at, 0) for at, value in members(document) if isinstance(value, list) and value and isinstance(value[0], dict)]
    for at in objects:
        changed = copy.deepcopy(document)
        inner = changed
        for step in at:
            inner = inner[step]
        inner["more"] = 1
        yield bad("unknown-" + ("-".join(map(str, at)) or "top"), dump(changed))
    for fault, made in (
        ("empty", ""), ("space", " "), ("null", "null"), ("text", '"a"'), ("number", "1"), ("list", "[]"), ("in-a-list", f"[{text}]"),
        ("no-end", text[:-1]), ("half", text[: len(text) // 2]), ("no-beginning", text[1:]), ("one-brace-more", text + "}"),
        ("twice", text + text), ("byte-behind", text + "x"), ("zero-behind", text + "\0"), ("mark-before", "\ufeff" + text),
        ("comment", "// a\n" + text), ("trailing-comma", text[:-1] + ",}"), ("empty-object", "{}"), ("form-feed", "\f" + text),
        ("deep", text[:-1] + ',"more":' + "[" * 9 + "]" * 9 + "}"), ("very-deep", "[" * 100_000),
    ):
        yield bad(fault, made)
    yield bad("long", text + " " * (1 << 20), "limit-exceeded")
    yield format_, "accepted__plain", text
    yield format_, "accepted__spaced", json.dumps(document, indent=3, ensure_ascii=False)
    version = next(iter(document))
    if version.startswith("bisik_"):
        for number in (0, 2, 2**32 - 1):
            yield bad(f"version-{number}", put(document, (version,), str(number)), "unsupported-version")
        yield bad("version-2-to-32", put(document, (version,), str(2**32)))


def changed(document: Any, change: Callable[[Any], Any]) -> str:
    """A document after a change."""
    made = copy.deepcopy(document)
    change(made)
    return dump(made)


FILE_NAMES = ("", ".", "..", "../f", "a/b", "a\\b", ".hidden", "-f", "a b", "a%2fb", "a?b", "a#b", "a:b", "é", "f" * 129)


def index_faults() -> Iterator[Case]:
    """Names that leave the folder, versions and deltas that lead nowhere."""
    for number, name in enumerate(FILE_NAMES):
        yield "index", f"invalid-name__file-{number}", put(INDEX, ("feeds", 0, "file"), dump(name))
        yield "index", f"invalid-name__delta-file-{number}", put(INDEX, ("feeds", 0, "deltas", 1, "file"), dump(name))
    yield "index", "bad-manifest__feed-twice", changed(INDEX, lambda made: made["feeds"].append(made["feeds"][0]))
    yield "index", "bad-manifest__version-zero", put(INDEX, ("feeds", 0, "version"), "0")
    for name, first, last in (("from-zero", 0, 1), ("to-itself", 2, 2), ("back", 3, 2)):
        made = changed(INDEX, lambda made: made["feeds"][0]["deltas"][0].update({"from": first, "to": last}))
        yield "index", f"bad-manifest__delta-{name}", made
    yield "index", "accepted__no-feeds", dump({"bisik_index": 1, "feeds": []})
    many = {"bisik_index": 1, "feeds": [INDEX["feeds"][0] | {"feed": f"f{n}"} for n in range(400)]}
    yield "index", "limit-exceeded__too-many-values", dump(many)


def state_faults() -> Iterator[Case]:
    """State texts of a store, memories of versions, remembered hits."""
    for number, name in enumerate(FILE_NAMES):
        yield "stored", f"invalid-name__file-{number}", put(STORED, ("file",), dump(name))
    for number, name in enumerate(("", "n" * 129)):
        yield "stored", f"invalid-name__name-{number}", put(STORED, ("publisher_name",), dump(name))
    for name in ("version", "epoch"):
        yield "stored", f"bad-manifest__{name}-zero", put(STORED, ("seen", name), "0")
        yield "history", f"bad-manifest__{name}-zero", put(HISTORY, ("feeds", 0, name), "0")
    yield "stored", "bad-manifest__long-source", put(STORED, ("source",), dump("s" * 2_049))
    for at in (("source",), ("etag",), ("modified",), ("problem", "message"), ("problem", "kind")):
        yield "source", f"bad-manifest__long-{at[-1]}", put(SOURCE, at, dump("s" * 2_049))
    for format_, document in (("history", HISTORY), ("used", USED)):
        yield format_, "bad-manifest__feed-twice", changed(document, lambda made: made["feeds"].append(made["feeds"][0]))
        yield format_, "accepted__no-feeds", changed(document, lambda made: made["feeds"].clear())
    yield "remembered", "bad-manifest__two-lines", dump(REMEMBERED) + "\n" + dump(REMEMBERED)


def trust_faults() -> Iterator[Case]:
    """Keys that are none, that stand twice, that belong to two; thresholds that nobody can meet."""
    key = ("publishers", 0, "keys", 0, "key")
    text = TRUST["publishers"][0]["keys"][0]["key"]
    swapped = text[:-1] + ("q" if text[-1] != "q" else "p")
    for name, made in (
        ("checksum", swapped), ("empty", ""), ("no-prefix", "x" + text), ("mixed-case", text[:10].upper() + text[10:]),
        ("recipient", age.recipient_of(bytes([5]) * 32)), ("short", bech32.encode("ed25519", bytes(31))), ("space", text + " "),
        ("long", bech32.encode("ed25519", bytes(33))), ("identity", bech32.encode("ed25519", b"\x01" + bytes(31))),
        ("small-order", bech32.encode("ed25519", bytes(32))), ("no-point", bech32.encode("ed25519", b"\x02" + bytes(31))),
        ("not-reduced", bech32.encode("ed25519", b"\xee" + b"\xff" * 30 + b"\x7f")),
    ):
        yield "trust", f"bad-key__key-{name}", put(TRUST, key, dump(made))
        yield "trust", f"bad-key__root-{name}", put(TRUST, ("publishers", 0, "roots", 0), dump(made))
    yield "trust", "already-exists__publisher-twice", changed(TRUST, lambda made: made["publishers"].append(made["publishers"][0]))
    yield "trust", "accepted__nobody", dump({"bisik_trust": 1, "publishers": []})


def ledger_faults() -> Iterator[Case]:
    """The desk's memory: lines of strict JSON."""
    first, entry = dump(LEDGER), dump(SIGHTING)
    for _, name, text in json_faults("ledger", LEDGER):
        if "\n" not in text and name not in ("limit-exceeded__long", "bad-manifest__no-beginning"):
            yield "ledger", f"{name}-in-line-1", text
    OPTIONAL["entry"] = {("amount",), ("currency",), ("reference",)}
    for _, name, text in json_faults("entry", SIGHTING):
        kind, what = name.split("__")
        if "\n" in text or name == "limit-exceeded__long" or kind == "accepted" or text.strip(" ") == "":
            continue
        yield "ledger", f"{kind}__entry-{what}", f"{first}\n{text}\n"
    yield "ledger", "accepted__one-sighting", f"{first}\n{entry}\n"
    yield "ledger", "bad-manifest__sighting-twice", f"{first}\n{entry}\n{entry}\n"
    yield "ledger", "bad-manifest__blank-line", f"{first}\n\n{entry}\n"
    yield "ledger", "bad-manifest__entry-first", f"{entry}\n{first}\n"
    versions = [LEDGER["versions"][0] | {"version": n} for n in (2, 2)]
    yield "ledger", "bad-manifest__version-twice", dump(LEDGER | {"versions": versions})
    versions = [LEDGER["versions"][0] | {"version": n} for n in (3, 2)]
    yield "ledger", "bad-manifest__versions-fall", dump(LEDGER | {"versions": versions})


def log_line(body: dict[str, Any], before: bytes) -> tuple[str, bytes]:
    """A line of a review log behind an entry with this hash, and its own hash (docs/format.md, review log)."""
    text = dump(body)
    hash_ = blake3(before + text.encode(), derive_key_context="bisik 2026 v1 log entry").digest()
    return f'{text[:-1]},"hash":"{hash_.hex()}"}}', hash_


def log_of(bodies: list[dict[str, Any]]) -> list[str]:
    """The lines of a log."""
    lines, before = [], bytes(32)
    for body in bodies:
        line, before = log_line(body, before)
        lines.append(line)
    return lines


def log_faults() -> Iterator[Case]:
    """Entries altered, moved, removed, repeated; entries that are chained well and say what none may say."""
    bodies: list[dict[str, Any]] = [
        {"number": 1, "time": NOW, "event": "start", "log": "ab" * 16},
        {"number": 2, "time": NOW, "event": "pull", "publisher": ID, "feed": "f", "version": 2, "counts": {"entries": 7}},
        {"number": 3, "time": NOW + 5, "event": "trust", "counts": {"added": 1}},
    ]
    lines = log_of(bodies)
    whole = "".join(line + "\n" for line in lines)

    def join(order: list[str]) -> str:
        return "".join(line + "\n" for line in order)

    yield "log", "accepted__three-entries", whole
    yield "log", "truncated__empty", ""
    yield "log", "torn-tail__no-line-end", whole[:-1]
    yield "log", "torn-tail__half-a-line", whole[:-40]
    yield "log", "torn-tail__first-line-alone", lines[0]
    yield "log", "broken-chain__first-missing", join(lines[1:])
    yield "log", "broken-chain__second-missing", join([lines[0], lines[2]])
    yield "log", "broken-chain__swapped", join([lines[0], lines[2], lines[1]])
    for at in range(3):
        yield "log", f"broken-chain__{at + 1}-twice", join(lines[: at + 1] + lines[at:])
        yield "log", f"broken-chain__blank-line-before-{at + 1}", join([*lines[:at], "", *lines[at:]])
        yield "log", f"broken-chain__carriage-return-{at + 1}", join([*lines[:at], lines[at] + "\r", *lines[at + 1:]])
        yield "log", f"broken-chain__space-in-{at + 1}", join([*lines[:at], lines[at].replace(",", ", ", 1), *lines[at + 1:]])
        zeros = lines[at][:-66] + "0" * 64 + '"}'
        yield "log", f"broken-chain__zero-hash-{at + 1}", join([*lines[:at], zeros, *lines[at + 1:]])
        upper = lines[at][:-66] + lines[at][-66:-2].upper() + '"}'
        yield "log", f"broken-chain__upper-case-hash-{at + 1}", join([*lines[:at], upper, *lines[at + 1:]])
        for name in bodies[at]:
            for fault, raw in value_faults(bodies[at][name]):
                text = put(bodies[at], (name,), raw)
                if "\n" in text:
                    continue
                before = bytes.fromhex(lines[at - 1][-66:-2]) if at else bytes(32)
                hash_ = blake3(before + text.encode(), derive_key_context="bisik 2026 v1 log entry").hexdigest()
                made = join([*lines[:at], f'{text[:-1]},"hash":"{hash_}"}}'])
                yield "log", f"broken-chain__{at + 1}-{name}-{fault}", made
    for name, body in (
        ("number-zero", bodies[0] | {"number": 0}), ("number-two", bodies[0] | {"number": 2}),
        ("no-log", {"number": 1, "time": NOW, "event": "start"}), ("unknown-name", bodies[0] | {"note": "x"}),
        ("event-with-capitals", bodies[0] | {"event": "Start"}), ("event-empty", bodies[0] | {"event": ""}),
        ("event-33-long", bodies[0] | {"event": "a" * 33}), ("event-with-digits", bodies[0] | {"event": "a1"}),
        ("17-counts", bodies[0] | {"counts": {f"a{chr(97 + n)}": 1 for n in range(17)}}),
        ("count-with-a-value-in-its-name", bodies[0] | {"counts": {"evil.example": 1}}),
        ("feed-upper-case", bodies[0] | {"feed": "F"}), ("long", bodies[0] | {"failure": "a" * 5_000}),
    ):
        yield "log", f"broken-chain__first-{name}", join(log_of([body]))
    second = bodies[1] | {"log": "ab" * 16}
    yield "log", "broken-chain__second-names-a-log", join(log_of([bodies[0], second]))


def key_texts() -> Iterator[Case]:
    """Cards, signing files and OPRF keys: lines that are none, twice, or of another duty."""
    public, other, root = (bech32.encode("ed25519", signer.public) for signer in (SIGNER, OTHER, ROOT))
    recipient = age.recipient_of(bytes([5]) * 32)
    identity = bech32.encode("age-secret-key-", bytes([5]) * 32).upper()
    signing = bech32.encode("bisik-signing-key-", SIGNER.secret).upper()
    oprf = bech32.encode("bisik-oprf-key-", b"\x05" + bytes(31)).upper()
    card = f"name: Centre\n{public}\n{recipient}\n"
    file = f"name: Centre\n{signing}\n{recipient}\n"
    key = f"publisher: {ID}\nfeed: f\nepoch: 1\nlimit: 5\n{oprf}\n"
    lines = {
        "garbage": "garbage\n", "html": "<html>\n", "ssh-key": "ssh-ed25519 AAAA\n", "pem": "-----BEGIN PRIVATE KEY-----\n",
        "indented": f" {public}\n", "post-quantum": "age1pq1qqqq\n", "unknown-name": "colour: red\n", "zero-byte": "\0\n",
    }
    for format_, text in (("card", card), ("signing", file), ("oprf", key)):
        yield format_, "accepted__plain", text
        yield format_, "accepted__comments", f"# a\n\n{text}\n#\n"
        yield format_, "accepted__windows", text.replace("\n", "\r\n")
        yield format_, "limit-exceeded__long", text + "#" * (1 << 16)
        for name, line in lines.items():
            # A recipient of a kind that is not opened yet is named as such.
            kind = "unsupported-recipient" if name == "post-quantum" and format_ != "oprf" else "bad-key"
            yield format_, f"{kind}__{name}", text + line
            yield format_, f"{kind}__{name}-first", line + text
        for name, line in (("identity", identity), ("signing-key", signing), ("oprf-key", oprf)):
            if line not in text:
                yield format_, f"bad-key__{name}-of-another-duty", f"{text}{line}\n"
    for format_, text, secret in (("signing", file, signing), ("oprf", key, oprf)):
        for name, made in (("checksum", secret[:-1] + ("Q" if secret[-1] != "Q" else "P")), ("lower-half", secret[:-5] + secret[-5:].lower()),
                           ("cut", secret[:-1]), ("longer", secret + "Q"), ("prefix-alone", secret[:20])):
            yield format_, f"bad-key__{name}", text.replace(secret, made)
        yield format_, "bad-key__no-key", text.replace(secret + "\n", "")
    yield "oprf", "duplicate-name__key-twice", f"{key}{oprf}\n"
    for format_, text in (("card", card), ("signing", file)):
        yield format_, "duplicate-name__name-twice", text + "name: Other\n"
        yield format_, "invalid-name__no-name", text.replace("name: Centre\n", "")
        for name, made in (("empty", ""), ("129-long", "n" * 129), ("escape", "a\x1b[2J"), ("right-to-left", "a\u202eb")):
            yield format_, f"invalid-name__name-{name}", text.replace("Centre", made)
        yield format_, "bad-key__recipient-twice", f"{text}{recipient}\n"
        yield format_, "bad-key__recipient-checksum", text.replace(recipient, recipient[:-1] + ("q" if recipient[-1] != "q" else "p"))
        for name, made in (("zero", "0"), ("word", "many"), ("2-to-53", str(2**53)), ("negative", "-1")):
            yield format_, f"bad-key__sequence-{name}", f"{text}sequence: {made}\n"
        for name, made in (("zero", "0"), ("word", "most"), ("two-of-one", "2"), ("256", "256")):
            yield format_, f"bad-key__threshold-{name}", f"{text}root: {root}\nthreshold: {made}\n"
    yield "card", "bad-key__no-key", f"name: Centre\n{recipient}\n"
    yield "card", "bad-key__key-twice", f"{card}{public}\n"
    yield "card", "bad-key__nine-keys", "name: A\n" + "".join(
        bech32.encode("ed25519", Signer(bytes([n]) * 32).public) + "\n" for n in range(100, 109))
    yield "card", "bad-key__root-signs", f"{card}root: {public}\nthreshold: 1\n"
    yield "card", "bad-key__former-key", f"{card}former: {other}\n"
    yield "card", "bad-key__root-twice", f"{card}root: {root}\nroot: {root}\nthreshold: 1\n"
    yield "signing", "bad-key__verifying-key", f"{file}{other}\n"
    yield "signing", "bad-key__root", f"{file}root: {root}\nthreshold: 1\n"
    for name in ("publisher", "feed", "epoch"):
        rest = "".join(line + "\n" for line in key.splitlines() if not line.startswith(name))
        yield "oprf", f"bad-key__no-{name}", rest
    for line in key.splitlines()[:4]:
        yield "oprf", f"duplicate-name__{line.split(':')[0]}-twice", f"{key}{line}\n"
    for name, made in (("zero", "0"), ("2-to-32", str(2**32)), ("word", "one"), ("negative", "-1"), ("fraction", "1.0")):
        yield "oprf", f"bad-key__epoch-{name}", key.replace("epoch: 1", f"epoch: {made}")
    for name, made in (("2-to-64", str(2**64)), ("word", "many"), ("negative", "-1"), ("empty", "")):
        yield "oprf", f"bad-key__limit-{name}", key.replace("limit: 5", f"limit: {made}")
    for name, made in (("upper-case", "F"), ("empty", ""), ("space", "a b"), ("65-long", "a" * 65)):
        yield "oprf", f"invalid-name__feed-{name}", key.replace("feed: f", f"feed: {made}")
    for name, made in (("short", ID[2:]), ("upper-case", ID.upper()), ("not-hex", "g" * 64)):
        yield "oprf", f"bad-key__publisher-{name}", key.replace(ID, made)
    for name, scalar in (("zero", bytes(32)), ("order", bytes.fromhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")),
                         ("all-ones", b"\xff" * 32), ("short", bytes([5]) * 31)):
        yield "oprf", f"bad-key__scalar-{name}", key.replace(oprf, bech32.encode("bisik-oprf-key-", scalar).upper())


def policies() -> Iterator[Case]:
    """Rules that are none, out of range, or twice."""
    good = "min_publishers = 2\nmax_age = 90d # recent\nprobable = support\n[account]\nmin_confidence = 60\nmin_weight = 3\n"
    yield "policy", "accepted__plain", good
    yield "policy", "accepted__empty", ""
    yield "policy", "bad-policy__long", good + "#" * (1 << 16)
    for name, line in (
        ("no-equals", "min_publishers 2"), ("unknown-name", "min_colour = 2"), ("zero-publishers", "min_publishers = 0"),
        ("negative", "min_publishers = -1"), ("fraction", "min_publishers = 1.5"), ("word", "min_publishers = two"),
        ("empty-value", "min_publishers ="), ("empty-name", "= 2"), ("2-to-64", f"min_publishers = {2**64}"),
        ("confidence-101", "min_confidence = 101"), ("confidence-word", "min_confidence = high"), ("age-no-unit", "max_age = 90"),
        ("age-empty", "max_age ="), ("age-negative", "max_age = -1d"), ("age-unit", "max_age = 9y"), ("probable-act", "probable = act"),
        ("probable-empty", "probable ="), ("unknown-kind", "[fax]"), ("empty-kind", "[]"), ("open-kind", "[account"), ("text", "hello"),
        ("json", '{"min_publishers": 2}'), ("quotes", 'min_publishers = "2"'), ("zero-byte", "min_publishers = 2\0"),
    ):
        yield "policy", f"bad-policy__{name}", line + "\n"
        yield "policy", f"bad-policy__{name}-at-the-end", good + line + "\n"
    yield "policy", "bad-policy__name-twice", "min_publishers = 2\nmin_publishers = 2\n"
    yield "policy", "bad-policy__kind-twice", "[account]\n[account]\n"


def all_cases() -> Iterator[Case]:
    """Every case."""
    for format_, document in (("index", INDEX), ("stored", STORED), ("source", SOURCE), ("history", HISTORY), ("used", USED),
                              ("remembered", REMEMBERED), ("trust", TRUST)):
        yield from json_faults(format_, document)
    for group in (index_faults, state_faults, trust_faults, ledger_faults, log_faults, key_texts, policies):
        yield from group()


def shown(text: str) -> dict[str, Any]:
    """The text; a long repetition at its end as its character and how often."""
    last = text[-1:]
    rest = text.rstrip(last) if last else text
    if len(text) - len(rest) > 1_000:
        return {"text": rest, "then": [last, len(text) - len(rest)]}
    return {"text": text}


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path)
    options = parser.parse_args()
    cases = sorted(all_cases())
    seen: dict[tuple[str, str], str] = {}
    for format_, name, text in cases:
        first = seen.setdefault((format_, name), text)
        assert first is text, f"{format_}: two cases {name}"
    texts = {(format_, text) for format_, _, text in cases}
    lines = [json.dumps({"format": format_, "name": name} | shown(text), separators=(",", ":")) for format_, name, text in cases]
    if options.pack:
        options.pack.write_text('{"cases": [\n' + ",\n".join(lines) + "\n]}\n", "utf-8")
    for format_ in sorted({format_ for format_, _, _ in cases}):
        print(f"{format_}: {sum(case[0] == format_ for case in cases)}")
    print(f"{len(cases)} texts, {len(texts)} different")
    return 0


if __name__ == "__main__":
    sys.exit(main())
