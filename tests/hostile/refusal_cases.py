"""Hostile replies over HTTP to a blind request, one fault each: refusals (docs/openapi.yaml), and what is none.

Each is all that comes over the connection. The error is the one that `bisik match --blind` ends with: the kind that the server names,
if it is one of the known kinds, `io` for everything else. Where a reply has words of its own they hold `MARK`, which nobody may repeat.
"""

import json
from typing import Any, Iterator

from base import Text
from blind_cases import GOOD

NAME = "blind-reply"
MARK = "words-of-a-stranger"
IO, BUDGET = "io", "budget-exhausted"


def refusal(kind: Any, **more: Any) -> bytes:
    """The body of a refusal."""
    return json.dumps({"error": {"kind": kind, "message": MARK, **more}}).encode()


def reply(status: int | str, body: bytes = b"", *headers: str, length: int | str | None = None) -> bytes:
    """A response with one body and these headers."""
    fields = [f"HTTP/1.1 {status} {MARK}", *headers, f"content-length: {len(body) if length is None else length}", "connection: close"]
    return "\r\n".join([*fields, "", ""]).encode("latin-1") + body


def all_texts() -> Iterator[Text]:
    """Every hostile reply."""
    yield from plain()
    yield from words()
    yield from statuses()
    yield from pauses()
    yield from connections()


def plain() -> Iterator[Text]:
    """What a server says, status by status; kinds that are no error of the library are `io`."""
    for status, kind in (
        (400, "bad-message"), (400, "truncated"), (400, "malformed"), (400, "trailing-bytes"), (400, "too-many-elements"), (400, "bad-element"),
        (401, "unknown-client"), (403, "untrusted"), (403, "bad-signature"), (403, BUDGET), (403, "key-exhausted"), (404, "wrong-feed"),
        (409, "wrong-epoch"), (413, "limit-exceeded"), (415, "bad-message"), (500, IO),
    ):
        yield Text(NAME, kind, f"status-{status}-as-it-should-be", reply(status, refusal(kind)))
    yield Text(NAME, IO, "timeout-as-it-should-be", reply(408, refusal("timeout")))
    yield Text(NAME, BUDGET, "day-is-over-as-it-should-be", reply(429, refusal(BUDGET), "retry-after: 40000"))
    yield Text(NAME, "busy", "busy-for-long-as-it-should-be", reply(503, refusal("busy"), "retry-after: 3600"))


def words() -> Iterator[Text]:
    """Bodies of a refusal that are none."""
    good = refusal(BUDGET)
    for what, kind in (
        ("unknown", MARK), ("upper-case", BUDGET.upper()), ("blank", f"{BUDGET} "), ("zero", f"{BUDGET}\0"), ("escape", f"\x1b[2J{MARK}"),
        ("right-to-left", f"\u202e{MARK}"), ("line-end", f"x\nerror: {MARK} [{BUDGET}]"), ("null", None), ("number", 1), ("list", [BUDGET]),
        ("object", {BUDGET: 1}), ("true", True), ("empty", ""), ("of-400000-bytes", "x" * 400_000), ("code", "605"), ("path", "../../etc"),
    ):
        yield Text(NAME, IO, f"kind-{what}", reply(403, refusal(kind)))
    for what, body in (
        ("empty", b""), ("page", f"<!doctype html><title>{MARK}</title>".encode()), ("text", MARK.encode()), ("null", b"null"), ("list", b"[" + good + b"]"),
        ("no-error", b"{}"), ("error-is-text", json.dumps({"error": MARK}).encode()), ("error-is-null", b'{"error":null}'),
        ("no-kind", json.dumps({"error": {"message": MARK}}).encode()), ("error-twice", good[:-1] + b"," + good[1:]),
        ("kind-twice", good[:-2] + b',"kind":"bad-message"}}'), ("cut", good[:-1]), ("byte-behind", good + b"x"), ("twice", good * 2),
        ("bom", b"\xef\xbb\xbf" + good), ("utf-16", good.decode().encode("utf-16")),
        ("single-quotes", good.replace(b'"', b"'")), ("comment", b"// " + good), ("deep", b"[" * 100_000),
        ("deep-in-an-object", b'{"error":' * 20_000),
        ("lone-surrogate", b'{"error":{"kind":"\\ud800"}}'),
    ):
        yield Text(NAME, IO, f"body-{what}", reply(403, body))
    for what, body in (("more-names", refusal(BUDGET, code=1, retry=None)), ("white-space", b"\r\n " + good + b"\n"),
                       ("escaped", good.replace(b"budget", b"\\u0062udget")),
                       # Nobody looks at what stands beside the kind.
                       ("deep-beside", b'{"more":' + b"[" * 5_000 + b"]" * 5_000 + b"," + good[1:]),
                       ("message-not-utf-8", good.replace(MARK.encode(), b"\xff\xfe"))):
        yield Text(NAME, BUDGET, f"body-{what}", reply(403, body))
    yield Text(NAME, BUDGET, "body-called-html", reply(403, good, "content-type: text/html"))
    yield Text(NAME, IO, "body-of-a-megabyte", reply(403, refusal(BUDGET).ljust(1 << 20)))


def statuses() -> Iterator[Text]:
    """Statuses and bodies that do not belong together."""
    answers = b"".join(GOOD)
    yield Text(NAME, "bad-message", "refusal-with-status-200", reply(200, refusal(BUDGET)))
    yield Text(NAME, "answer-missing", "nothing-with-status-200", reply(200))
    yield Text(NAME, "bad-message", "page-with-status-200", reply(200, b"<!doctype html><title>login</title>"))
    yield Text(NAME, "truncated", "half-an-answer-with-status-200", reply(200, GOOD[0][:100]))
    yield Text(NAME, "answer-missing", "answers-to-others-with-status-200", reply(200, answers))
    yield Text(NAME, IO, "a-megabyte-with-status-200", reply(200, bytes(1 << 20)))
    for status in (201, 202, 203, 206, 300, 304, 305, 402, 407, 418, 451, 501, 502, 504, 505, 511, 599, 799, 999):
        yield Text(NAME, IO, f"answers-with-status-{status}", reply(status, b"" if status == 304 else answers))
    yield Text(NAME, IO, "status-204", reply(204))
    for status in (301, 302, 303, 307, 308):
        for what, place in (("elsewhere", "http://127.0.0.1:9/"), ("to-itself", "/v1/blind"), ("to-a-file", "file:///etc/passwd"), ("nowhere", "")):
            yield Text(NAME, IO, f"redirect-{status}-{what}", reply(status, b"", f"location: {place}"))
    yield Text(NAME, BUDGET, "continue-first", b"HTTP/1.1 100 Continue\r\n\r\n" + reply(403, refusal(BUDGET)))


def pauses() -> Iterator[Text]:
    """Pauses that nobody keeps."""
    for status, kind in ((429, BUDGET), (503, "busy")):
        for what, pause in (
            ("none", None), ("empty", ""), ("word", "soon"), ("negative", "-1"), ("fraction", "0.5"), ("121-seconds", "121"), ("2-to-63", str(2**63)),
            ("2-to-64", str(2**64)), ("long", "9" * 400), ("date", "Thu, 01 Jan 2037 00:00:00 GMT"), ("plus", "+ 1"), ("hexadecimal", "0x1"),
            ("two", "1, 2"), ("not-ascii", "\xb2"),
        ):
            headers = [] if pause is None else [f"retry-after: {pause}"]
            yield Text(NAME, kind, f"pause-{what}-with-status-{status}", reply(status, refusal(kind), *headers))
    yield Text(NAME, BUDGET, "pause-with-status-403", reply(403, refusal(BUDGET), "retry-after: 1"))


def connections() -> Iterator[Text]:
    """What is no response of HTTP, or stops being one. The request is sent again before the client gives up."""
    good = refusal(BUDGET)
    whole = reply(403, good)
    for what, data in (
        ("nothing", b""), ("half-a-status", whole[:7]), ("status-line-alone", whole[:whole.index(b"\r\n") + 2]), ("head-cut", whole[:60]),
        ("body-cut", whole[:-10]), ("no-body", whole[:-len(good)]), ("longer-than-it-is", reply(403, good, length=10_000)),
        ("garbage", bytes(range(256))), ("tls-alert", b"\x15\x03\x03\x00\x02\x02\x28"), ("ssh", b"SSH-2.0-OpenSSH\r\n"),
        ("http-2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ("http-9", whole.replace(b"HTTP/1.1", b"HTTP/9.9", 1)),
        ("status-word", reply("many", good)), ("status-40", reply(40, good)), ("status-0", reply("000", good)),
        ("length-negative", reply(403, good, length=-1)), ("length-word", reply(403, good, length="all")), ("length-2-to-64", reply(403, good, length=2**64)),
        ("lengths-that-differ", reply(403, good, "content-length: 1")), ("header-without-colon", reply(403, good, "words")),
        ("header-with-zero", reply(403, good, "x: a\0b")), ("thousand-headers", reply(403, good, *(f"x-{n}: 1" for n in range(1000)))),
        ("long-header", reply(403, good, "x: " + "y" * 200_000)), ("endless-line", b"HTTP/1.1 403 " + b"y" * 200_000),
        ("chunks-cut", b"HTTP/1.1 403 x\r\ntransfer-encoding: chunked\r\n\r\nff\r\n" + good),
        ("chunk-size-word", b"HTTP/1.1 403 x\r\ntransfer-encoding: chunked\r\n\r\nmany\r\n" + good + b"\r\n0\r\n\r\n"),
        ("chunk-size-2-to-64", b"HTTP/1.1 403 x\r\ntransfer-encoding: chunked\r\n\r\n10000000000000000\r\n" + good),
    ):
        yield Text(NAME, IO, f"connection-{what}", data)
