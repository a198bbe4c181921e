"""Writes files of sightings, good ones and ones with one fault: `sightings.py [--pack FILE] [--check]`.

They are made with the writer of `tests/reference/` and given to one desk, in order: what counts of one file is remembered for the
next. `--check` runs the reference implementation over all of them, and over the file that the library made
(`tests/vectors/sighting.json`).
"""

import argparse
import copy
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from base import MEMBER, NOW, OTHER_MEMBER, RANDOM, ROOT, SECOND, STRANGER, flip, parts, recipient

import keys
import pack
import reader
import writer
from container import feed_digest, parse_block
from errors import FormatError
from sighting import BLOCK_LENGTH, DAY, SIGHTING, WINDOW, Ledger, open_sightings
from writer import Header, Signer, age_file, signed_block

CENTRE, FIRST, SECOND_BANK = ROOT, Signer(bytes([21]) * 32), Signer(bytes([22]) * 32)
DESK, OTHER_DESK = MEMBER, OTHER_MEMBER
BODY_LENGTH = BLOCK_LENGTH - 159
LISTED = "evil.example"
Change = Callable[[dict[str, Any]], None]


@dataclass
class File:
    """A file, and what becomes of it: refused whole, or an outcome for each sighting."""

    name: str
    data: bytes
    error: str | None = None
    outcomes: list[str | None] = field(default_factory=list)
    now: int = NOW


def feed_bytes() -> bytes:
    """The centre's feed, which names its desk."""
    return parts(contact={"desk": "+65 0000 0000", "recipient": recipient(DESK)}).assemble()


FEED = feed_bytes()
CARD = keys.parse_card(writer.card_text("Hostile desk", [ROOT, SECOND], []).encode())
HIT = reader.open_feed(FEED, [CARD], [], NOW).look_up(3, LISTED, NOW)["hit_id"]


def one(number: int, **changes: Any) -> dict[str, Any]:
    """A sighting of the listed domain."""
    return {"id": f"{number:032x}", "hit": HIT, "time": NOW, "action": 1} | changes


def body(sightings: list[dict[str, Any]], sender: Signer = FIRST) -> dict[str, Any]:
    """What a member signs."""
    return {
        "publisher": CENTRE.key_id.hex(), "feed": "tiny", "epoch": 1, "version": 1,
        "digest": feed_digest(parse_block(FEED, 1).signed).hex(), "desk": recipient(DESK), "sender": sender.key_id.hex(),
        "time": NOW, "sightings": sightings,
    }


def block(content: dict[str, Any] | bytes, signer: Signer = FIRST, length: int = BODY_LENGTH, **header: Any) -> bytes:
    """A signed block of sightings."""
    text = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
    return signed_block(SIGHTING, text.ljust(length), signer, Header(**header))


def sealed(plaintext: bytes, desk: bytes = DESK) -> bytes:
    """The file that goes to a desk."""
    return age_file(plaintext, [desk], RANDOM)


def told(sightings: list[dict[str, Any]], signer: Signer = FIRST, change: Change | None = None) -> bytes:
    """A file of a member, changed before it is signed."""
    content = copy.deepcopy(body(sightings, signer))
    if change:
        change(content)
    return sealed(block(content, signer))


def put(name: str, value: Any) -> Change:
    """Puts a value into a body."""
    return lambda content: content.__setitem__(name, value)


def put_in(name: str, value: Any) -> Change:
    """Puts a value into the first sighting."""
    return lambda content: content["sightings"][0].__setitem__(name, value)


def take_out(name: str) -> Change:
    """Takes a name out of a body."""
    return lambda content: content.__delitem__(name)


def all_files() -> list[File]:
    """In the order in which the desk gets them."""
    first = told([one(1, amount=125050, currency="SGD", reference="CASE-1"), one(2, hit="0b" * 16, action=4)])
    files = [
        File("counted", first, outcomes=[None, None]),
        File("replayed", first, outcomes=["replayed", "replayed"]),
        File("replayed_in_another_file", told([one(1), one(3, hit="0c" * 16)]), outcomes=["replayed", None]),
        File("copied", told([one(1)], SECOND_BANK), outcomes=["copied"]),
        File("same_day", told([one(4, time=NOW // DAY * DAY)]), outcomes=["same-day"]),
        File("another_day", told([one(5, time=NOW // DAY * DAY - 1)]), outcomes=[None]),
        File("another_member", told([one(6)], SECOND_BANK), outcomes=[None]),
        File("times", told([
            one(7, hit="0d" * 16, time=NOW + 300), one(8, hit="0e" * 16, time=NOW + 301),
            one(9, hit="0f" * 16, time=(NOW - WINDOW) // DAY * DAY), one(10, time=(NOW - WINDOW) // DAY * DAY - 1),
        ]), outcomes=[None, "not-yet-valid", None, "stale"]),
        File("five_hundred", told([one(1000 + n, hit=f"{n:032x}") for n in range(500)]), outcomes=[None] * 500),
        File("unknown_action", told([one(11, hit="1a" * 16, action=200)]), outcomes=[None]),
        File("unknown_currency", told([one(12, hit="1b" * 16, amount=1, currency="QQQ")]), outcomes=[None]),
        File("white_space", sealed(block(json.dumps(body([one(13, hit="1c" * 16)]), indent=1).encode())), outcomes=[None]),
    ]
    good = [one(99, hit="99" * 16)]
    refused: list[tuple[str, str, Change]] = [
        ("wrong-desk", "other_desk", put("desk", recipient(OTHER_DESK))),
        ("wrong-desk", "no_desk", put("desk", "")),
        ("not-authorised", "other_sender", put("sender", SECOND_BANK.key_id.hex())),
        ("not-authorised", "stranger_as_sender", put("sender", STRANGER.key_id.hex())),
        ("wrong-feed", "other_publisher", put("publisher", "07" * 32)),
        ("wrong-feed", "other_feed", put("feed", "others")),
        ("wrong-feed", "later_version", put("version", 2)),
        ("wrong-epoch", "other_epoch", put("epoch", 2)),
        ("equivocation", "other_digest", put("digest", "00" * 32)),
        ("not-yet-valid", "made_in_the_future", put("time", NOW + 301)),
        ("invalid-name", "feed_id", put("feed", "Tiny")),
        ("bad-manifest", "no_sightings", put("sightings", [])),
        ("bad-manifest", "too_many", put("sightings", [one(n) for n in range(501)])),
        ("bad-manifest", "id_twice", put("sightings", [one(1), one(1)])),
        ("bad-manifest", "epoch_zero", put("epoch", 0)),
        ("bad-manifest", "version_zero", put("version", 0)),
        ("bad-manifest", "unknown_name", put("more", 1)),
        ("bad-manifest", "sightings_no_array", put("sightings", {})),
        ("bad-manifest", "sender_upper_case", put("sender", FIRST.key_id.hex().upper())),
        ("bad-manifest", "time_too_large", put("time", 2**53)),
        ("bad-manifest", "action_zero", put_in("action", 0)),
        ("bad-manifest", "action_too_large", put_in("action", 256)),
        ("bad-manifest", "action_text", put_in("action", "frozen")),
        ("bad-manifest", "amount_alone", put_in("amount", 1)),
        ("bad-manifest", "currency_alone", put_in("currency", "SGD")),
        ("bad-manifest", "token", put_in("token", "00" * 16)),
        ("bad-manifest", "hit_too_short", put_in("hit", "00" * 15)),
        ("bad-manifest", "id_too_long", put_in("id", "00" * 17)),
        ("bad-manifest", "reference_empty", put_in("reference", "")),
        ("bad-manifest", "reference_too_long", put_in("reference", "x" * 65)),
        ("bad-manifest", "reference_quote", put_in("reference", 'a"b')),
        ("bad-manifest", "reference_blank", put_in("reference", "a ")),
        ("bad-manifest", "reference_control", put_in("reference", "a\u202eb")),
    ]
    refused += [("bad-manifest", f"without_{name}", take_out(name)) for name in body([])]
    money: list[tuple[str, Any, Any]] = [
        ("amount_zero", 0, "SGD"), ("amount_too_large", 2**53, "SGD"), ("amount_float", 1.5, "SGD"),
        ("amount_text", "1", "SGD"), ("currency_lower", 1, "sgd"), ("currency_long", 1, "SGDX"),
    ]
    for what, amount, currency in money:
        refused.append(("bad-manifest", what, put("sightings", [one(98, amount=amount, currency=currency)])))
    files += [File(what, told(good, change=change), error) for error, what, change in refused]
    fine = block(body(good))
    short = signed_block(SIGHTING, json.dumps(body(good)).encode(), FIRST)
    files += [
        File("stranger", told(good, STRANGER), "untrusted"),
        File("name_twice", sealed(block(b'{"feed":"tiny","feed":"tiny"}')), "duplicate-name"),
        File("no_json", sealed(block(b"sightings")), "bad-manifest"),
        File("forwarded", sealed(block(body(good) | {"desk": recipient(OTHER_DESK)})), "wrong-desk"),
        File("sealed_to_another", sealed(fine, OTHER_DESK), "no-matching-key"),
        File("open", fine[:2000], "not-sealed"),
        File("empty", b"", "not-sealed"),
        File("body_flipped", sealed(flip(fine, 100)), "bad-signature"),
        File("signature_flipped", sealed(flip(fine, -1)), "bad-signature"),
        File("type_of_a_retraction", sealed(block(body(good), type=5)), "not-a-feed"),
        File("no_magic", sealed(flip(fine, 0)), "not-a-feed"),
        File("short_block", sealed(short), "wrong-padding"),
        File("room_behind_the_block", sealed(short.ljust(BLOCK_LENGTH)), "wrong-padding"),
        File("one_byte_more", sealed(fine + b" "), "wrong-padding"),
        File("one_byte_less", sealed(fine[:-1]), "wrong-padding"),
        File("file_cut", sealed(fine)[:-1], "cannot-open"),
        File("file_flipped", flip(sealed(fine), -1), "cannot-open"),
        File("file_goes_on", sealed(fine) + b"x", "cannot-open"),
        File("not_counted_before", told(good), outcomes=[None]),
        File("clock_later", told([one(97, time=NOW + WINDOW + DAY)]), outcomes=[None], now=NOW + WINDOW + DAY),
        File("forgotten_is_stale", first, outcomes=["stale", "stale"], now=NOW + WINDOW + DAY),
        File("clock_back", first, "clock-went-back", now=NOW),
    ]
    return files


def members() -> list[str]:
    """The cards that the desk knows."""
    return [writer.card_text("First bank", [FIRST], []), writer.card_text("Second bank", [SECOND_BANK], [])]


def write_pack(path: Path, files: list[File]) -> None:
    """All in one document."""
    pieces = pack.pack([one_.data for one_ in files])
    assert pack.unpack(pieces) == [one_.data for one_ in files]
    lines = [
        json.dumps({"name": one_.name, "now": one_.now, "error": one_.error, "outcomes": one_.outcomes, "bytes": piece},
                   separators=(",", ":")) for one_, piece in zip(files, pieces)
    ]
    head = {
        "comment": "Files of sightings for one desk, in order; made by tests/hostile/sightings.py",
        "trust": writer.card_text("Hostile desk", [ROOT, SECOND], []), "members": members(),
        "desk": writer.identity_text(DESK), "feed": FEED.hex(), "listed": ["domain", LISTED, HIT], "now": NOW,
    }
    text = json.dumps(head, indent=0)[:-2] + ',\n"files": [\n' + ",\n".join(lines) + "\n]}\n"
    path.write_text(text, "utf-8")


def check(files: list[File]) -> int:
    """How many files the reference implementation judges otherwise."""
    cards = [keys.parse_card(card.encode()) for card in members()]
    digest = feed_digest(parse_block(FEED, 1).signed).hex()
    ledger = Ledger(CENTRE.key_id.hex(), "tiny", {1: (1, digest)})
    failed = 0
    for file in files:
        outcomes: list[str | None] = []
        error = None
        try:
            outcomes = ledger.take(open_sightings(file.data, cards, [DESK]), file.now)
        except FormatError as refusal:
            error = refusal.kind
        if (error, outcomes) != (file.error, file.outcomes):
            failed += 1
            print(f"{file.name}: {error}, {outcomes[:4]}")
    return failed


def check_library() -> None:
    """Opens what the library made, and compares what it says."""
    path = Path(__file__).resolve().parents[1] / "vectors" / "sighting.json"
    vector = json.loads(path.read_text("utf-8"))
    cards = [keys.parse_card(card.encode()) for card in vector["members"]]
    secret = keys.decode_text(vector["desk"].strip(), "age-secret-key-", True)
    found = open_sightings(bytes.fromhex(vector["file"]), cards, [secret])
    assert found == vector["body"], "the library's file says something else"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    files = all_files()
    assert len({one_.name for one_ in files}) == len(files), "two files of one name"
    if options.pack:
        write_pack(options.pack, files)
    failed = 0
    if options.check:
        failed = check(files)
        check_library()
    print(f"{len(files) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
