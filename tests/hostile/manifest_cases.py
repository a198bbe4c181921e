"""Faults of the signed JSON and of the manifest's values (docs/format.md, sections 5.1, 5.2 and 5.4)."""

import json
from typing import Any, Callable

from base import MEMBER, NOW, Cases, Look, base, case, parts, recipient
from manifest import FEED_KEY
from writer import Parts

DAY = 86400
HEX = "ab" * 32
LONG = "x" * 257


def rewritten(transform: Callable[[bytes], bytes]) -> Parts:
    """The tiny feed with its manifest's text changed before it is signed."""
    made = parts()
    made.transform = transform
    return made


def replaced(old: str, new: str | bytes) -> Parts:
    """The tiny feed with one piece of its manifest's text replaced."""
    after = new if isinstance(new, bytes) else new.encode()

    def transform(text: bytes) -> bytes:
        assert text.count(old.encode()) == 1, old
        return text.replace(old.encode(), after)

    return rewritten(transform)


def with_member(member: bytes) -> Parts:
    """The tiny feed with one more member at the end of its manifest."""
    return rewritten(lambda body: body[:-1] + b"," + member + b"}")


def with_ext(text: str | bytes) -> Parts:
    """The tiny feed with an `ext` of this text."""
    raw = text if isinstance(text, bytes) else text.encode()
    return with_member(b'"ext":' + raw)


def json_cases() -> Cases:
    """Texts that are not signed JSON."""
    for what, text in {
        "zero": "0",
        "largest": str(2**53 - 1),
        "literals": "[true,false]",
        "escapes": r'"\"\\\/\u00e9\ud83d\ude00"',
        "empty": "{}",
        "unknown": '{"x":{"y":[1,"z"]}}',
        "nested-8": '{"a":[[[[[[]]]]]]}',
        "thai": '"ภัยออนไลน์"',
        "noncharacter": r'"\uffff"',
        "zero-width-space": '"\u200b"',
        "brackets-in-text": '"' + "[" * 50 + '"',
    }.items():
        wrapped = text if text.startswith("{") else '{"x":' + text + "}"
        yield case(None, f"ext-{what}", with_ext(wrapped))
    for what, change in {
        "white-space-after": lambda b: b + b" \n",
        "white-space-before": lambda b: b"\t" + b,
        "white-space-within": lambda b: b.replace(b",", b" ,\r\n "),
        "escaped-name": lambda b: b.replace(b'"tlp"', b'"\\u0074lp"'),
        "escaped-value": lambda b: b.replace(b'"green"', b'"gr\\u0065en"'),
    }.items():
        yield case(None, f"json-{what}", rewritten(change))

    for what, text in {
        "float": "1.5",
        "float-whole": "1.0",
        "exponent": "1e3",
        "exponent-upper": "1E3",
        "negative": "-1",
        "minus-zero": "-0",
        "too-large": str(2**53),
        "2-to-64": str(2**64),
        "hundred-digits": "9" * 100,
        "huge": "1e400",
        "leading-zero": "01",
        "plus": "+1",
        "hexadecimal": "0x10",
        "point-first": ".5",
        "point-last": "5.",
        "null-value": "null",
        "null-in-array": "[1,null]",
        "null-deep": '{"y":{"z":null}}',
        "nan": "NaN",
        "infinity": "Infinity",
        "minus-infinity": "-Infinity",
        "undefined": "undefined",
        "true-upper": "True",
        "comma-last": "[1,]",
        "comma-first": "[,1]",
        "comma-missing": "[1 2]",
        "comma-last-object": '{"a":1,}',
        "quotes-single": "'x'",
        "name-bare": "{a:1}",
        "name-number": "{1:1}",
        "colon-missing": '{"a" 1}',
        "value-missing": '{"a":}',
        "comment-line": "1//x\n",
        "comment": "/*x*/1",
        "escape-unknown": r'"\x41"',
        "escape-short": r'"\u12"',
        "escape-braces": r'"\u{41}"',
        "text-open": '"x',
        "array-open": "[1",
        "array-closed-wrong": "[1}",
        "nested-9": "[[[[[[[]]]]]]]",
        "nested-9-objects": '{"a":' * 6 + "{}" + "}" * 6,
        "nested-1000": "[" * 1000 + "]" * 1000,
        "nested-open": "[" * 500,
    }.items():
        yield case("bad-manifest", f"json-{what}", with_ext('{"x":' + text + "}"))
    yield case("bad-manifest", "json-nested-9-name", with_ext('{"a":{"b":{"c":{"d":{"e":{"f":{"g":{}}}}}}}}'))

    for point in (
        0x00, 0x01, 0x08, 0x09, 0x0A, 0x0D, 0x1B, 0x1F, 0x80, 0x85, 0x9F, 0x2028, 0x2029, 0xFEFF, 0x061C, 0x200E,
        0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)
    ):
        yield case("bad-manifest", f"text-u{point:04x}-escaped", replaced('"test"', f'"te\\u{point:04x}st"'))
        if point in (0x09, 0x0A, 0x00, 0x1F, 0x85, 0x2028, 0xFEFF, 0x202E, 0x2066):
            yield case("bad-manifest", f"text-u{point:04x}", replaced('"test"', f'"te{chr(point)}st"'))
    yield case("bad-manifest", "text-in-ext-bidi", with_ext('{"x":["\u202e"]}'))
    yield case("bad-manifest", "text-in-ext-control", with_ext('{"x":{"y":"\\u0007"}}'))
    yield case("bad-manifest", "text-as-name-bidi", with_ext('{"a\\u202eb":1}'))
    yield case("bad-manifest", "text-as-name-zero", with_ext('{"\\u0000":1}'))
    for what, surrogate in {
        "high": r"\ud800",
        "low": r"\udc00",
        "reversed": r"\udc00\ud800",
        "high-then-text": r"\ud83dx",
        "high-twice": r"\ud800\ud800",
    }.items():
        yield case("bad-manifest", f"surrogate-{what}", replaced('"test"', f'"{surrogate}"'))
    for what, raw in {
        "ff": b"\xff",
        "continuation": b"\x80",
        "cut": b"\xe0\xb8",
        "overlong-2": b"\xc0\xaf",
        "overlong-3": b"\xe0\x80\xaf",
        "overlong-zero": b"\xc0\x80",
        "surrogate": b"\xed\xa0\x80",
        "above-10ffff": b"\xf4\x90\x80\x80",
        "five-bytes": b"\xf8\x88\x80\x80\x80",
        "latin-1": b"caf\xe9",
    }.items():
        yield case("bad-manifest", f"utf8-{what}", replaced('"test"', b'"' + raw + b'"'))
    for what, change in {
        "byte-order-mark": lambda b: b"\xef\xbb\xbf" + b,
        "utf-16": lambda b: b.decode().encode("utf-16-le"),
        "array": lambda b: b"[" + b + b"]",
        "text": lambda b: json.dumps(b.decode()).encode(),
        "null": lambda b: b"null",
        "number": lambda b: b"1",
        "empty-object": lambda b: b"{}",
        "blank": lambda b: b" ",
        "two-objects": lambda b: b + b"{}",
        "trailing-comma": lambda b: b + b",",
        "trailing-zero": lambda b: b + b"\0",
        "trailing-brace": lambda b: b + b"}",
        "last-brace-missing": lambda b: b[:-1],
        "cut-in-half": lambda b: b[:len(b) // 2],
        "comma-before-the-end": lambda b: b[:-1] + b",}",
        "vertical-tab": lambda b: b.replace(b",", b",\x0b", 1),
        "no-break-space": lambda b: b.replace(b",", b",\xc2\xa0", 1),
        "zeros": lambda b: bytes(len(b)),
        "single-quotes": lambda b: b.replace(b'"', b"'"),
    }.items():
        yield case("bad-manifest", f"json-{what}", rewritten(change))


def duplicate_cases() -> Cases:
    """A name twice in one object."""
    good = base().parts.manifest
    for name in ("publisher", "epoch", "expires", "count", "tokens", "kinds"):
        again = json.dumps({name: good[name]}, separators=(",", ":")).encode()[1:-1]
        yield case("duplicate-name", f"{name}-same-value", with_member(again))
    yield case("duplicate-name", "version-other-value", with_member(b'"version":2'))
    yield case("duplicate-name", "sections", with_member(b'"sections":[]'))
    yield case("duplicate-name", "escaped", with_member(b'"\\u0074lp":"red"'))
    yield case("duplicate-name", "in-tokens", replaced('{"scheme":"salted"}', '{"scheme":"salted","scheme":"salted"}'))
    yield case("duplicate-name", "in-set", replaced('{"type":"tokens"}', '{"type":"tokens","type":"tokens"}'))
    yield case("duplicate-name", "in-kinds", replaced('"name":"domain"', '"name":"domain","name":"domain"'))
    yield case("duplicate-name", "in-sections", replaced('"type":1,', '"type":1,"type":1,'))
    yield case("duplicate-name", "in-ext", with_ext('{"a":1,"a":1}'))
    yield case("duplicate-name", "in-ext-empty-name", with_ext('{"":1,"":2}'))
    yield case("duplicate-name", "in-ext-deep", with_ext('{"a":[{"b":{"c":1,"d":2,"c":3}}]}'))
    yield case("duplicate-name", "in-contact", with_member(b'"contact":{"desk":"a","desk":"a"}'))


WRONG: dict[str, dict[str, Any]] = {
    "publisher": {
        "upper-case": "AB" * 32, "63-digits": HEX[:63], "65-digits": HEX + "a", "62-digits": HEX[:62], "empty": "",
        "no-hex": "g" + HEX[1:], "prefix": "0x" + HEX[2:], "number": 7, "null": None
    },
    "name": {"empty": "", "129-characters": "x" * 129, "number": 7, "null": None, "array": ["x"]},
    "feed": {
        "empty": "", "65-characters": "a" * 65, "upper-case": "Tiny", "underscore": "a_b", "point": "a.b", "blank":
        "a b", "slash": "../x", "not-ascii": "é", "blank-last": "tiny ", "number": 7, "null": None
    },
    "epoch": {"zero": 0, "2-to-32": 2**32, "text": "1", "true": True, "null": None},
    "epoch_start": {
        "after-issued": NOW + 1, "91-days": NOW - 91 * DAY, "90-days-and-a-second": NOW - 90 * DAY - 1, "zero": 0,
        "text": str(NOW), "null": None
    },
    "version": {"zero": 0, "text": "1", "true": True, "array": [1], "null": None},
    "issued": {"text": str(NOW), "after-expires": NOW + 8 * DAY, "null": None, "object": {}},
    "expires": {
        "is-issued": NOW, "before-issued": NOW - 1, "30-days-and-a-second": NOW + 30 * DAY + 1, "year": NOW + 365 * DAY,
        "text": "never", "null": None
    },
    "tokens": {
        "null": None, "text": "salted", "empty": {}, "unknown-name": {"scheme": "salted", "key": HEX}, "scheme-number":
        {"scheme": 1}, "scheme-null": {"scheme": None}, "array": [{"scheme": "salted"}]
    },
    "set": {
        "null": None, "text": "tokens", "empty": {}, "unknown-name": {"type": "tokens", "rate": 1}, "type-number":
        {"type": 2}, "type-unknown": {"type": "cuckoo"}, "type-upper": {"type": "Tokens"}, "array": ["tokens"]
    },
    "count": {"one-less": 2, "one-more": 4, "zero": 0, "text": "3", "null": None, "true": True},
    "record_size":
    {"one": 1, "64": 64, "127": 127, "129": 129, "192": 192, "8192": 8192, "text": "0", "null": None, "false": False},
    "tlp": {
        "white": "white", "upper": "GREEN", "empty": "", "null": None, "amber-strict": "amber strict", "prefix":
        "tlp:green", "array": ["green"], "number": 1
    },
    "purpose": {"1025-characters": "x" * 1025, "null": None, "number": 7},
    "sections":
    {"null": None, "object": {}, "empty": [], "of-numbers": [1, 2], "of-texts": ["tokens"], "of-arrays": [[]]},
}
WRONG_OPTIONAL: dict[str, dict[str, Any]] = {
    "previous": {"63-digits": HEX[:63], "upper-case": "AB" * 32, "empty": "", "null": None, "number": 7},
    "contact": {
        "null": None, "array": [], "text": "desk", "unknown-name": {"phone": "x"}, "desk-number": {"desk": 1},
        "desk-null": {"desk": None}, "name-257": {"name": LONG}, "desk-257": {"desk":
                                                                              LONG}, "hours-257": {"hours": LONG},
        "recipient-no-text": {"recipient":
                              "someone"}, "recipient-checksum": {"recipient":
                                                                 recipient(MEMBER)[:-1] + "q"}, "recipient-upper":
        {"recipient": recipient(MEMBER).upper()}, "recipient-empty": {"recipient": ""}, "desk-object": {"desk": {}}
    },
    "ext": {"null": None, "array": [], "text": "x", "number": 1, "true": True},
    "must_understand": {"null": None, "text": "x", "object": {}, "of-numbers": [1], "of-null": [None]},
    "Tlp": {"unknown-name": "green"},
    "record_sizes": {"unknown-name": 0},
    "": {"unknown-empty-name": 1},
    "note": {"unknown-name": None},
    "x-private": {"unknown-name": {}},
    "ext2": {"unknown-name": {}},
    "signature": {"unknown-name": HEX},
}
KIND = {"kind": 3, "name": "domain", "form": 1, "data": "", "count": 3}
WRONG_KINDS: dict[str, Any] = {
    "null": None,
    "object": {},
    "of-numbers": [3],
    "of-null": [None],
    "falling": [KIND | {"kind": 5, "count": 1}, KIND | {"count": 2}],
    "twice": [KIND | {"count": 1}, KIND | {"count": 2}],
    "empty": [],
    "count-too-low": [KIND | {"count": 2}],
    "count-too-high": [KIND | {"count": 4}],
    "number-0": [KIND | {"kind": 0}],
    "number-256": [KIND | {"kind": 256}],
    "number-text": [KIND | {"kind": "3"}],
    "number-is-name": [KIND | {"kind": "domain"}],
    "form-0": [KIND | {"form": 0}],
    "form-256": [KIND | {"form": 256}],
    "form-null": [KIND | {"form": None}],
    "data-null": [KIND | {"data": None}],
    "data-number": [KIND | {"data": 9}],
    "name-number": [KIND | {"name": 3}],
    "name-null": [KIND | {"name": None}],
    "count-text": [KIND | {"count": "3"}],
    "count-true": [KIND | {"count": 2}, KIND | {"kind": 5, "count": True}],
    "unknown-name": [KIND | {"note": ""}],
    **{f"no-{name}": [{k: v
                       for k, v in KIND.items() if k != name}]
       for name in KIND},
}


def value_cases() -> Cases:
    """Values that a name cannot have, names that are missing and names that are unknown."""
    good = base().parts.manifest
    for name in [*good, "sections"]:
        made = parts()
        made.manifest.pop(name, None)
        if name == "sections":
            yield case(
                "bad-manifest", "sections-missing",
                rewritten(lambda b: json.dumps({k: v
                                                for k, v in json.loads(b).items() if k != "sections"}).encode())
            )
        else:
            yield case("bad-manifest", f"{name}-missing", made)
    for table in (WRONG, WRONG_OPTIONAL, {"kinds": WRONG_KINDS}):
        for name, values in table.items():
            for what, value in values.items():
                error = "invalid-name" if name in ("name", "feed") and isinstance(value, str) else "bad-manifest"
                yield case(error, f"{name or 'name'}-{what}", parts(**{name: value}))
    yield case("bad-manifest", "contact-array-of-texts", parts(contact=["A", "B", "C", recipient(MEMBER)]))
    yield case("bad-manifest", "kinds-of-arrays", parts(kinds=[list(KIND.values())]))
    yield case("bad-manifest", "kinds-last-an-array", parts(kinds=[KIND | {"count": 2}, [5, "ip", 1, "", 1]]))
    yield case("bad-manifest", "sections-each-an-array", rewritten(_sections_as_arrays))
    names = (
        "publisher", "name", "feed", "epoch", "epoch_start", "version", "issued", "expires", "tokens", "set", "count",
        "record_size", "kinds", "tlp", "purpose", "sections"
    )
    yield case(
        "bad-manifest", "json-array-of-values",
        rewritten(lambda b: json.dumps([json.loads(b)[name] for name in names]).encode())
    )
    for name, number in (("epoch", 1), ("version", 1), ("issued", NOW), ("count", 3), ("record_size", 0)):
        for what, text in (("float", f"{number}.0"), ("negative", f"-{number}"), ("2-to-53", str(2**53))):
            yield case("bad-manifest", f"{name}-{what}", replaced(f'"{name}":{number},', f'"{name}":{text},'))

    accepted: dict[str, dict[str, Any]] = {
        "name-128-characters": {"name": "ภ" * 128},
        "purpose-empty": {"purpose": ""},
        "purpose-1024-characters": {"purpose": "é" * 1024},
        "version-largest": {"version": 2**53 - 1},
        "previous": {"previous": HEX},
        "contact-whole": {"contact": {"name": "A", "desk": "B", "hours": "C", "recipient": recipient(MEMBER)}},
        "contact-empty": {"contact": {}},
        "contact-256": {"contact": {"desk": "x" * 256}},
        "tlp-amber-strict": {"tlp": "amber+strict"},
        "tlp-red": {"tlp": "red"},
        "tlp-clear": {"tlp": "clear"},
        "tlp-amber": {"tlp": "amber"},
        "must-understand-nothing": {"must_understand": []},
        "unknown-kind": {"kinds": [KIND | {"kind": 3, "count": 2}, KIND | {"kind": 200, "name": "future", "count": 1}]},
        "kind-255": {"kinds": [KIND | {"kind": 255, "name": "future"}]},
        "kind-data": {"kinds": [KIND | {"data": "psl 2026-10-23"}]},
    }
    for what, changes in accepted.items():
        yield case(None, f"manifest-{what}", parts(**changes))
    yield case(None, "manifest-feed-64-characters", base(feed="a" * 64).parts)
    yield case(None, "manifest-epoch-largest", base(epoch=2**32 - 1).parts)

    yield case("must-understand", "one-name", parts(ext={"budget": 1}, must_understand=["budget"]))
    yield case("must-understand", "two-names", parts(ext={"a": 1, "b": {}}, must_understand=["a", "b"]))
    yield case("must-understand", "second-name", parts(ext={"zz": True}, must_understand=["zz"]))
    yield from blind_cases()
    yield case("bad-manifest", "tokens-scheme-unknown", parts(tokens={"scheme": "plain"}))
    yield case("bad-manifest", "tokens-scheme-upper", parts(tokens={"scheme": "Salted"}))


def blind_cases() -> Cases:
    """Blind feeds: any element is a public key to a reader that asks nobody."""
    key = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
    scheme = {"scheme": "blind", "suite": "ristretto255-SHA512", "public_key": key}

    def without_key(**changes: Any) -> Parts:
        made = parts(tokens=scheme | changes)
        made.sections = [section for section in made.sections if section.type != FEED_KEY]
        return made

    yield case(None, "blind", without_key(), look=Look("blind-query-needed"))
    yield case("bad-manifest", "blind-with-feed-key", parts(tokens=scheme))
    for what, suite in {"other": "P256-SHA256", "lower": "ristretto255-sha512", "empty": ""}.items():
        yield case("unsupported-token-scheme", f"blind-suite-{what}", without_key(suite=suite))
    keys = {
        "identity": "00" * 32, "not-canonical": "ed" + "ff" * 30 + "7f", "negative": "01" + "00" * 31,
        "no-square": "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371", "63-digits": key[1:],
        "upper": key.upper(), "number": 7,
    }
    for what, public_key in keys.items():
        yield case("bad-manifest", f"blind-public-key-{what}", without_key(public_key=public_key))
    for name in ("suite", "public_key"):
        made = without_key()
        del made.manifest["tokens"][name]
        yield case("bad-manifest", f"blind-without-{name.replace('_', '-')}", made)
    yield case("bad-manifest", "blind-with-another-name", without_key(key=HEX))


def _sections_as_arrays(body: bytes) -> bytes:
    manifest = json.loads(body)
    names = ("type", "required", "length", "blake3")
    manifest["sections"] = [[section[name] for name in names] for section in manifest["sections"]]
    return json.dumps(manifest, separators=(",", ":")).encode()


def all_cases() -> Cases:
    """All of this file."""
    for group in (json_cases, duplicate_cases, value_cases):
        yield from group()
