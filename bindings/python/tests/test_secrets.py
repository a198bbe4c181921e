"""Secrets and raw values never show."""

from __future__ import annotations

import copy
import io
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

import bisik

from .conftest import NOW, Round

CANARY = "canary-7f3a.example"


def shown(error: BaseException) -> str:
    """Everything that a crash reporter prints of an exception, local variables included."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    own = [frame for frame in report.stack if "test_secrets" not in frame.filename]
    lines = [repr(frame.locals) for frame in own]
    return "\n".join([*lines, str(error), repr(error), repr(error.args), repr(error.__dict__)])


def test_secrets_are_not_in_any_text_of_an_object(round_: Round) -> None:
    keys = round_.centre
    signing = next(line for line in keys.signing.to_text().splitlines() if line.startswith("BISIK"))
    secret = keys.recipient.to_text()
    assert secret.startswith("AGE-SECRET-KEY-1")
    texts = []
    for item in (keys, keys.signing, keys.recipient, keys.card, round_.feed, round_.matcher, round_.published):
        texts += [repr(item), str(item), f"{item}", repr(dir(item)), repr(getattr(item, "__dict__", ""))]
    assert not any(signing[22:] in text or secret[16:] in text for text in texts)


@pytest.mark.parametrize("name", ["centre", "feed", "matcher", "published"])
def test_holders_of_secrets_are_not_pickled_or_copied(round_: Round, name: str) -> None:
    item: Any = getattr(round_, name)
    for refuse in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled: "):
            refuse(item)
    for part in (round_.centre.signing, round_.centre.recipient, round_.matcher.report([], "domain", now=NOW)):
        with pytest.raises(TypeError, match="not pickled: "):
            pickle.dump(part, io.BytesIO())


@pytest.mark.parametrize(
    "faulty",
    [
        lambda secret: bisik.RecipientSecret.parse(secret[:-1]),
        lambda secret: bisik.RecipientSecret.parse(secret.lower()),
        lambda secret: bisik.RecipientSecret.open(secret.lower()),
        lambda secret: bisik.SigningFile.parse(secret),
        lambda secret: bisik.SigningFile.open(secret),
        lambda secret: bisik.Card.parse(f"name: A\n{secret}\n"),
        lambda secret: bisik.Card.open(secret),
        lambda secret: bisik.Feed.open(secret, trust=[]),
        lambda secret: bisik.Feed.open(b"x", trust=secret),
        lambda secret: bisik.Feed.open(b"x", trust=[], key=secret[:-1]),
        lambda secret: bisik.Feed.open(b"x", trust=[], key="x" + secret),
        lambda secret: bisik.publish(["a.example"], kind="domain", sign=secret, feed="f"),
        lambda secret: bisik.publish(["a.example"], kind="domain", sign=bisik.keygen("A"), feed="f", seal_to=secret),
        lambda secret: bisik.publish(["a.example"], kind="domain", sign=bisik.keygen("A"), feed="f", previous=secret),
    ],
)
def test_a_misplaced_or_damaged_secret_is_not_repeated(faulty: Any) -> None:
    secret = bisik.keygen("A").recipient.to_text()
    with pytest.raises((TypeError, ValueError, bisik.BisikError)) as caught:
        faulty(secret)
    # The message, the exception and its fields; the caller's own variables are the caller's.
    error = caught.value
    text = "\n".join([str(error), repr(error), repr(error.args), repr(error.__dict__), repr(error.__cause__)])
    assert secret[17:-2] not in text and secret[17:-2].lower() not in text


@pytest.mark.parametrize(
    "call",
    [
        lambda r: bisik.canonical("domain", CANARY + " x"),
        lambda r: bisik.canonical("domain", CANARY + "\ud800"),
        lambda r: bisik.canonical(CANARY, "x"),
        lambda r: bisik.canonical("phone", "1", region=CANARY),
        lambda r: r.matcher.check(CANARY + " x", "domain", now=NOW),
        lambda r: r.matcher.match([CANARY, 5], "domain", now=NOW),
        lambda r: r.matcher.match([CANARY], "domain", now=NOW + 9 * 86_400),
        lambda r: bisik.publish([CANARY + " x"], kind="domain", sign=r.centre, feed="f"),
        lambda r: bisik.publish([CANARY, 5], kind="domain", sign=r.centre, feed="f"),
        lambda r: bisik.publish({"value": [CANARY], "note": ["x\x00"]}, kind="domain", records=True, sign=r.centre, feed="f"),
        lambda r: bisik.Matcher([r.feed], guard=[("domain", CANARY + " x")]),
    ],
)
def test_raw_values_are_in_no_error(round_: Round, call: Any) -> None:
    with pytest.raises((TypeError, ValueError, bisik.BisikError)) as caught:
        call(round_)
    error = caught.value
    assert CANARY not in "\n".join([str(error), repr(error), repr(error.args), repr(error.__dict__), repr(error.__cause__)])


def test_rejects_and_reports_hold_no_values(round_: Round, tmp_path: Path) -> None:
    published = bisik.publish([CANARY, CANARY + " x"], kind="domain", sign=round_.centre, feed="f", now=NOW)
    feed = bisik.Feed.open(published.bytes, trust=round_.centre, now=NOW)
    matcher = bisik.Matcher(feed)
    report = matcher.report([CANARY, CANARY + " x"], "domain", now=NOW)
    for item in (published.rejects, repr(published), published.manifest, report.rejected, report.hits, repr(report)):
        assert CANARY not in repr(item)
    assert CANARY not in report._repr_html_()
    assert CANARY.encode() not in published.bytes


def test_the_traceback_of_native_code_shows_no_locals(round_: Round) -> None:
    with pytest.raises(bisik.IdentifierError) as caught:
        bisik.explain("domain", CANARY).steps.clear()
        bisik.canonical("domain", CANARY + " x")
    assert CANARY not in shown(caught.value)
