"""Checks the reference reader against the independent writer: `selftest.py`, exit code 0 if all passed.

Round trips, every byte of small feeds flipped, every prefix of them, Padmé and Bech32 by themselves, and the public
test files of the age format if `../shared` has them.
"""

import hashlib
import sys
import zlib
from pathlib import Path
from typing import Any, Callable

import age
import bech32
import keys
import reader
import writer
from container import is_padme
from errors import FormatError

NOW = 1_790_000_000
SIGNING_KEY = bytes(range(32))
MEMBER = bytes(range(32, 64))
STRANGER = bytes(range(64, 96))
ENTRIES: list[dict[str, Any]] = [
    {"kind": 3, "match_key": "evil.example",
     "record": {"category": "phishing", "confidence": 90, "first_seen": NOW - 9, "last_seen": NOW, "expires": NOW + 5,
                "reference": "case 7", "note": "seen in text messages: ภัย"}},
    {"kind": 3, "match_key": "a-very-long-host-name-of-more-than-sixty-bytes.and-a-label.example"},
    {"kind": 1, "match_key": "+6591234567", "record": {"category": "call"}},
]
AGE_FILES = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "age" / "testdata"
AGE_CLASSES = {"success": None, "no match": "no-matching-key", "HMAC failure": "cannot-open",
               "header failure": "bad-header", "payload failure": "cannot-open"}


def description(**changes: Any) -> dict[str, Any]:
    """A small feed."""
    return {"seed": "selftest", "signing_key": SIGNING_KEY.hex(), "feed": "scam-domains", "now": NOW,
            "entries": ENTRIES} | changes


def card() -> keys.Card:
    """The publisher's card, by way of its text."""
    return keys.parse_card(writer.card_text("Test desk", [writer.Signer(SIGNING_KEY)], []).encode())


def refusal(call: Callable[[], Any]) -> str | None:
    """The kind of error that a call ends with, if it does."""
    try:
        call()
    except FormatError as error:
        return error.kind
    return None


def opened(data: bytes, secrets: list[bytes] | None = None, now: int = NOW) -> reader.Feed:
    """A feed that the card's key signed."""
    return reader.open_feed(data, [card()], secrets or [], now)


class Tally:
    """Counts what passed."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, holds: bool, what: str) -> None:
        """One check."""
        self.passed += holds
        self.failed += not holds
        if not holds:
            print(f"FAILED: {what}")


def round_trips(tally: Tally) -> None:
    """What was written is read, in each form that the writer has."""
    for size in (0, 256, 4096):
        for recipients in ([], [MEMBER.hex()], [MEMBER.hex(), STRANGER.hex(), bytes(32).hex()]):
            told = description(record_size=size, recipients=recipients)
            data = writer.write(told)
            tally.check(data == writer.write(told), "writing is deterministic")
            feed = opened(data, [MEMBER] if recipients else [])
            tally.check(feed.manifest["count"] == len(ENTRIES), "count")
            for item in ENTRIES:
                answer = feed.look_up(item["kind"], item["match_key"], NOW)
                tally.check(answer["hit"], f"listed: {size}, {len(recipients)} recipients")
                tally.check(answer.get("record") == (item.get("record", {}) if size else None), "record")
            tally.check(not feed.look_up(3, "good.example", NOW)["hit"], "not listed")
            tally.check(not feed.look_up(4, "evil.example", NOW)["hit"], "the kind is part of the token")
            late = feed.look_up(3, "evil.example", NOW + 5)
            tally.check(late["hit"] == (size == 0), "an entry's own end")
            end = refusal(lambda: feed.look_up(3, "x.example", NOW + 7 * 86400))
            tally.check(end == "expired", "a loaded feed expires")


def filter_trips(tally: Tally) -> None:
    """The same for filters, which have no records."""
    for set_type in ("bloom", "fuse"):
        feed = opened(writer.write(description(set=set_type)))
        for item in ENTRIES:
            answer = feed.look_up(item["kind"], item["match_key"], NOW)
            tally.check(answer["hit"] and answer["certainty"] == "probable", f"in the {set_type}")
        strangers = sum(feed.look_up(3, f"good{i}.example", NOW)["hit"] for i in range(300))
        tally.check(strangers < 30, f"{strangers} of 300 strangers in the {set_type}")
        other = opened(writer.write(description(set=set_type, version=2)))
        tally.check(feed.sections != other.sections, "filters of two versions differ")
        refused = refusal(lambda: opened(writer.write(description(set=set_type, record_size=128))))
        tally.check(refused == "combination-not-allowed", "a filter with records")


def refusals(tally: Tally) -> None:
    """Keys, trust and time."""
    plain = writer.write(description())
    sealed = writer.write(description(recipients=[MEMBER.hex()]))
    other = keys.parse_card(writer.card_text("Other", [writer.Signer(STRANGER)], []).encode())
    tally.check(refusal(lambda: reader.open_feed(plain, [other], [], NOW)) == "untrusted", "another publisher")
    tally.check(refusal(lambda: reader.open_feed(plain, [], [], NOW)) == "untrusted", "no card")
    tally.check(refusal(lambda: opened(plain, now=NOW - 301)) == "not-yet-valid", "issued later")
    tally.check(refusal(lambda: opened(plain, now=NOW - 300)) is None, "clock skew")
    tally.check(refusal(lambda: opened(plain, now=NOW + 7 * 86400)) == "expired", "expired")
    tally.check(refusal(lambda: opened(plain, now=NOW + 7 * 86400 - 1)) is None, "the last second")
    tally.check(refusal(lambda: opened(sealed)) == "sealed", "no key")
    tally.check(refusal(lambda: opened(sealed, [STRANGER])) == "no-matching-key", "another key")


def spoiled(tally: Tally) -> None:
    """Every byte flipped, and every prefix, of feeds with records, open and sealed."""
    for recipients in ([], [MEMBER]):
        data = writer.write(description(record_size=128, recipients=[r.hex() for r in recipients],
                                        entries=[{"kind": 3, "match_key": "evil.example"}]))
        for i in range(len(data)):
            flipped = data[:i] + bytes([data[i] ^ (1 << i % 8)]) + data[i + 1:]
            tally.check(refusal(lambda: opened(flipped, recipients)) is not None, f"byte {i} flipped")
            tally.check(refusal(lambda: opened(data[:i], recipients)) is not None, f"the first {i} bytes")
        tally.check(refusal(lambda: opened(data + b"\0", recipients)) is not None, "a byte more")


def primitives(tally: Tally) -> None:
    """Texts, lengths and points that have known answers."""
    for text in ("A12UEL5L", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "?1ezyfcl"):  # BIP 173
        tally.check(bech32.encode(*bech32.decode(text)) == text.lower(), text)
    for text in ("A12UEL5M", "a12UEL5L", "1qzzfhee", "abc", "split1cheo2y9e2w"):
        try:
            tally.check(bech32.decode(text) is None, text)
        except ValueError:
            tally.check(True, text)
    lengths = [length for length in range(1, 300) if is_padme(length)]
    tally.check(all(writer.padme(n) == min(m for m in lengths if m >= n) for n in range(1, 257)), "Padmé")
    tally.check(not is_padme(0) and is_padme(1 << 40) and not is_padme((1 << 40) + 1), "Padmé, large")
    small = {(y, sign) for y in (0, 1, keys.P - 1, keys.P, keys.P + 1) for sign in (0, 1)}
    for y, sign in small:
        key = (y | sign << 255).to_bytes(32, "little")
        tally.check(refusal(lambda: keys.check_verifying_key(key)) == "bad-key", f"y = {y}")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")  # RFC 8032, test 1
    signature = bytes.fromhex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                              "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")
    tally.check(refusal(lambda: keys.verify_strict(public, signature, b"")) is None, "RFC 8032")
    scalar = int.from_bytes(signature[32:], "little") + keys.ORDER
    grown = signature[:32] + scalar.to_bytes(32, "little")
    tally.check(refusal(lambda: keys.verify_strict(public, grown, b"")) == "bad-signature", "S plus the order")


def age_files(tally: Tally) -> None:
    """The public test files of the age format, those for X25519 identities in binary form."""
    if not AGE_FILES.is_dir():
        print("no age test files beside the project: skipped")
        return
    for path in sorted(AGE_FILES.iterdir()):
        head, _, body = path.read_bytes().partition(b"\n\n")
        told = [line.split(": ", 1) for line in head.decode().split("\n")]
        fields = dict(told)
        secrets = [value for name, value in told if name == "identity"]
        if "armored" in fields or "passphrase" in fields or any("PQ" in secret for secret in secrets):
            continue
        data = zlib.decompress(body) if fields.get("compressed") == "zlib" else body
        identities = [keys.decode_text(secret, "age-secret-key-", True) for secret in secrets]
        kind = refusal(lambda: age.decrypt(data, identities))
        tally.check(kind == AGE_CLASSES[fields["expect"]], f"{path.name}: {kind}, expected {fields['expect']}")
        if kind is None:
            plain = age.decrypt(data, identities)[0]
            tally.check(hashlib.sha256(plain).hexdigest() == fields["payload"], f"{path.name}: payload")


def main() -> int:
    """Runs all."""
    tally = Tally()
    for test in (primitives, round_trips, filter_trips, refusals, spoiled, age_files):
        test(tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
