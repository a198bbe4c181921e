"""Writes hostile feed files, one fault each: `generate.py [DIRECTORY] [--pack FILE] [--check]`.

Every file is `<expected error>__<fault>.bisik`; `accepted__…`, `hit__…` and `no-hit__…` are files that a reader must
not refuse. The directory also gets `trust.pub` (the card to trust), `key.txt` (the identity for sealed files) and
`index.json`: for each file its name, the expected error or null, whether it is sealed, whether the key is given, the
time of opening, and for some a look-up with its outcome. The same program gives the same bytes. `--pack` writes all of
it into one JSON file, in which a file's `bytes` are pieces to be joined: hex, or `[file, offset, length]` of an earlier
file; deltas stand under `deltas`, the versions that they lead from and to under `versions` (`delta_cases.py` and its neighbours); hostile texts, blocks and answers stand under `texts` (`text_cases.py`, `block_cases.py`, `blind_cases.py`), replies over HTTP under
`replies` (`refusal_cases.py`), what opens the answers under `member`. `--check` runs the reference readers over all but the replies.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from base import MEMBER, NEIGHBOUR, NOW, ROOT, SECOND, Case, Text

import blind_cases
import block_cases
import container_cases
import content_cases
import delta
import delta_base_cases
import delta_cases
import delta_content_cases
import envelope_cases
import filter_cases
import manifest_cases
import keys
import pack
import refusal_cases
import beside
import reader
import state_cases
import text_cases
import writer
from delta_cases import DeltaCase
from delta_parts import Version
from errors import FormatError


def entry(case: Case) -> dict[str, object]:
    """A case's line in the index."""
    look = case.look
    return {
        "name": case.name,
        "error": case.error,
        "sealed": case.sealed,
        "key": case.with_key,
        "now": case.now,
        "look_up": {"kind": look.kind, "match_key": look.match_key, "outcome": look.outcome} if look else None,
    }


def verdict(case: Case, card: keys.Card) -> str | None:
    """What the reference reader says: an error, the outcome of the look-up, or nothing."""
    try:
        feed = reader.open_feed(case.data, [card], [MEMBER] if case.with_key else [], case.now)
        if case.look is None:
            return None
        answer = feed.look_up(reader.KINDS[case.look.kind], case.look.match_key, case.now)
    except FormatError as error:
        return error.kind
    if isinstance(answer.get("record"), str):
        return str(answer["record"])
    return "hit" if answer["hit"] else "no-hit"


def versions_of(deltas: list[DeltaCase]) -> list[Version]:
    """The versions that deltas lead from and to, by name."""
    found: dict[str, Version] = {}
    for case in deltas:
        for version in filter(None, (case.base, case.result)):
            first = found.setdefault(version.name, version)
            assert version.name and first.data == version.data, f"two versions named {version.name}"
    return sorted(found.values(), key=lambda version: version.name)


def delta_entry(case: DeltaCase, places: dict[str, int]) -> dict[str, object]:
    """A delta's line: base and result are places among the versions."""
    return {
        "name": case.name, "error": case.error, "base": places[case.base.name], "result": places[case.result.name] if case.result else None,
        "sealed": case.sealed, "key": case.with_key, "now": case.now,
        "look_ups": [
            {"kind": look.kind, "match_key": look.match_key, "before": look.before, "outcome": look.outcome} for look in case.looks
        ],
    }


def outcome(feed: reader.Feed, look: delta_cases.Look, now: int) -> str:
    """What a look-up in a feed ends with: hit, no-hit or the kind of an error."""
    try:
        return "hit" if feed.look_up(reader.KINDS[look.kind], look.match_key, now)["hit"] else "no-hit"
    except FormatError as error:
        return error.kind


def delta_verdict(case: DeltaCase, cards: list[keys.Card]) -> str | None:
    """What the reference applier says of a delta: an error, what is wrong with the result, or nothing."""
    secrets = [MEMBER] if case.with_key else []
    base = reader.open_feed(case.base.data, cards, [], NOW, stale=True)
    try:
        made = delta.apply(base, case.base.digest, case.data, cards, secrets, case.now)
        feed = reader.open_feed(made, cards, [], case.now)
    except FormatError as error:
        return error.kind
    if case.result is None or made != case.result.data:
        return "another result"
    wrong = [look.match_key for look in case.looks if outcome(feed, look, case.now) != look.outcome]
    wrong += [look.match_key for look in case.looks if outcome(base, look, case.now) != look.before]
    return f"wrong look-ups: {wrong}" if wrong else None


def listing(lines: list[str]) -> str:
    """A JSON array with one item a line."""
    return "[\n" + ",\n".join(lines) + "\n]"


def text_verdict(text: Text, card: keys.Card) -> str | None:
    """What the reference reader says of a text: an error or nothing."""
    try:
        if text.format == blind_cases.NAME:
            blind_cases.WORLD.judge(text.data)
        elif text.format == state_cases.NAME:
            state_cases.judge(text.data)
        else:
            beside.judge(text.format, text.data, [card], NOW)
    except FormatError as error:
        return error.kind
    return None


def write_directory(
    directory: Path, cases: list[Case], deltas: list[DeltaCase], hostile: list[Text], trust: str, identity: str
) -> None:
    """One file a case, and what opens them."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "trust.pub").write_text(trust, "utf-8")
    (directory / "key.txt").write_text(identity, "utf-8")
    for case in cases:
        (directory / case.name).write_bytes(case.data)
    for text in hostile:
        (directory / text.name).write_bytes(text.data)
    for version in versions_of(deltas):
        (directory / f"{version.name}.bisik").write_bytes(version.data)
    for case_of_delta in deltas:
        (directory / case_of_delta.name).write_bytes(case_of_delta.data)
    (directory / "index.json").write_text(listing([json.dumps(entry(case)) for case in cases]) + "\n", "utf-8")


def neighbour_card() -> str:
    """The card that is trusted beside the other where deltas are judged."""
    return writer.card_text("Neighbour", [NEIGHBOUR], [])


def delta_lists(deltas: list[DeltaCase]) -> str:
    """The lists of versions and deltas, and the second card."""
    versions = versions_of(deltas)
    places = {version.name: place for place, version in enumerate(versions)}

    def packed(entries: list[dict[str, object]], files: list[bytes]) -> str:
        pieces = pack.pack(files)
        assert pack.unpack(pieces) == files
        return listing([json.dumps(line | {"bytes": piece}, separators=(",", ":")) for line, piece in zip(entries, pieces)])

    first = packed([{"name": version.name} for version in versions], [version.data for version in versions])
    second = packed([delta_entry(case, places) for case in deltas], [case.data for case in deltas])
    return f'"neighbour": {json.dumps(neighbour_card())},\n"versions": {first},\n"deltas": {second}'


def write_pack(
    path: Path, cases: list[Case], deltas: list[DeltaCase], hostile: list[Text], replies: list[Text], trust: str, identity: str
) -> None:
    """All in one file."""
    pieces = pack.pack([case.data for case in cases])
    assert pack.unpack(pieces) == [case.data for case in cases]
    files = [json.dumps(entry(case) | {"bytes": piece}, separators=(",", ":")) for case, piece in zip(cases, pieces)]
    others = pack.pack([text.data for text in hostile])
    assert pack.unpack(others) == [text.data for text in hostile]
    lines = [
        json.dumps({"name": text.name, "format": text.format, "error": text.error, "bytes": piece}, separators=(",", ":"))
        for text, piece in zip(hostile, others)
    ]
    head = f'"trust": {json.dumps(trust)},\n"key": {json.dumps(identity)},\n"now": {NOW}'
    member = {
        "feed": blind_cases.WORLD.feed.hex(), "state": blind_cases.WORLD.state.hex(), "hits": blind_cases.HITS, "oprf_key": blind_cases.key_text(),
    }
    spoken = [
        json.dumps({"name": reply.name, "error": reply.error, "latin_1": pack.shorten(reply.data)}, separators=(",", ":"))
        for reply in replies
    ]
    head += f',\n"member": {json.dumps(member)}'
    text = f'{{{head},\n"files": {listing(files)},\n{delta_lists(deltas)},\n"texts": {listing(lines)},\n"replies": {listing(spoken)}}}\n'
    path.write_text(text, "utf-8")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    groups = (container_cases, manifest_cases, content_cases, filter_cases, envelope_cases)
    cases = sorted((case for group in groups for case in group.all_cases()), key=lambda case: case.name)
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    delta_groups = (delta_cases, delta_content_cases, delta_base_cases)
    deltas = sorted((case for group in delta_groups for case in group.all_cases()), key=lambda case: case.name)
    hostile = sorted((text for group in (text_cases, block_cases, blind_cases, state_cases) for text in group.all_texts()), key=lambda text: text.name)
    replies = list(refusal_cases.all_texts())
    for texts in (hostile, replies):
        assert len({text.name for text in texts}) == len(texts), "two texts of one name"
    assert len({one.name for one in deltas}) == len(deltas), "two deltas of one name"
    seen: dict[tuple[object, ...], str] = {}
    for one in deltas:
        first = seen.setdefault((one.data, one.base.data, one.now, one.with_key), one.name)
        assert first == one.name, f"{first} and {one.name} are equal"
    for case in cases:
        first = seen.setdefault((case.data, case.now, case.with_key, str(case.look)), case.name)
        assert first == case.name, f"{first} and {case.name} are equal"

    trust, identity = writer.card_text("Hostile desk", [ROOT, SECOND], []), writer.identity_text(MEMBER)
    if options.directory:
        write_directory(options.directory, cases, deltas, hostile + replies, trust, identity)
    if options.pack:
        write_pack(options.pack, cases, deltas, hostile, replies, trust, identity)
    print(f"{len(cases)} files, {sum(len(case.data) for case in cases)} bytes")
    print(f"{len(deltas)} deltas, {sum(len(one.data) for one in deltas)} bytes")
    for name, count in sorted(Counter(text.format for text in hostile + replies).items()):
        print(f"{count} of format {name}")

    failed = 0
    if options.check:
        card = keys.parse_card(trust.encode())
        for case in cases:
            expected = case.error or (case.look.outcome if case.look else None)
            found = verdict(case, card)
            if found != expected:
                failed += 1
                print(f"{case.name}: {found}")
        for one in deltas:
            found = delta_verdict(one, [card, keys.parse_card(neighbour_card().encode())])
            if found != one.error:
                failed += 1
                print(f"{one.name}: {found}")
        for text in hostile:
            found = text_verdict(text, card)
            if found != text.error:
                failed += 1
                print(f"{text.name}: {found}")
        print(f"{len(cases) + len(deltas) + len(hostile) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
