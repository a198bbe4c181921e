"""Wrong arguments: each argument of each function with many wrong values gives TypeError, ValueError or an error of bisik."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bisik
from bisik import _bisik, errors

from .conftest import NOW, Round

ALLOWED = (TypeError, ValueError, bisik.BisikError)


class Liar:
    """Claims to export Arrow and does not."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return 5

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return (1, 2)

    __module__ = "elsewhere"


class BadPath:
    def __fspath__(self) -> Any:
        return 3


WRONG: list[Any] = [
    0,
    -1,
    2**200,
    -(2**200),
    1.5,
    float("nan"),
    float("inf"),
    True,
    1j,
    b"",
    b"\xff\x00",
    bytearray(b"bisik"),
    memoryview(b"x" * 100),
    "",
    " ",
    "\x00",
    "\ud800",
    "no-such-thing",
    "x" * 100_000,
    "name: A\n",
    "age1",
    "../../../etc",
    "/",
    [],
    [None],
    ["x"],
    [["x"]],
    (),
    (1, 2),
    {},
    {"a": "b"},
    {1: 2},
    set(),
    frozenset({"a"}),
    object(),
    object,
    len,
    lambda: None,
    iter([1]),
    range(3),
    Ellipsis,
    NotImplemented,
    Decimal("nan"),
    Liar(),
    BadPath(),
    numpy.array([[1]]),
    numpy.float64(3),
    pandas.NaT,
    pandas.DataFrame(),
    polars.Series([1]),
    pyarrow.array([1]),
]


def calls(round_: Round) -> list[tuple[str, Callable[..., Any], list[Any], dict[str, Any]]]:
    """Each function with a good value for each of its arguments."""
    centre, matcher = round_.centre, round_.matcher
    parsing = {"region": "SG", "allow_unassigned": False, "bank": "DBSSSGSG", "country": "SG"}
    matching = {**parsing, "now": NOW}
    publishing = {
        "sign": centre,
        "feed": "f",
        "kind": "domain",
        "column": None,
        "set": "tokens",
        "records": False,
        "fpr": 1e-9,
        "valid": "7d",
        "seal_to": None,
        "tlp": "amber",
        "purpose": "p",
        "accept_enumeration": ["phone"],
        "previous": None,
        "key": centre,
        "new_epoch": False,
        "guard": [],
        "contact": {},
        "progress": None,
        "blind": None,
        "delta": False,
        "at_least": (1, 1),
        **matching,
    }
    oprf = bisik.OprfKey.generate(centre, "f")
    budget, account = bisik.Budget(), bisik.Account()
    preparing = {**matching, "sign": centre, "pad": True}
    state = matcher.prepare(["a.example"], "domain", sign=centre, now=NOW).to_bytes()
    names = bisik.publish(["a.example"], kind="domain", sign=centre, feed="f", blind=oprf, now=NOW)
    asked = bisik.Matcher(names.bytes, trust=centre, now=NOW).prepare(["a.example"], "domain", sign=centre, now=NOW)
    base = bisik.publish(["a.example"], kind="domain", sign=centre, feed="g", now=NOW).bytes
    names_next = bisik.publish(["b.example"], kind="domain", sign=centre, feed="g", previous=base, delta=True, now=NOW)
    data = asked.requests[0].bytes
    request = bisik.BlindRequest.read(data, clients=centre)
    server = bisik.OprfServer(oprf)
    store, history = bisik.TrustStore.parse('{"bisik_trust": 1, "publishers": []}'), bisik.History()

    def finish(prepared: object = state, *arguments: Any, **named: Any) -> object:
        # A state is used once: a good one is made anew for each call.
        prepared = bisik.Prepared.from_bytes(state, matcher) if prepared is state else prepared
        return matcher.finish(prepared, *arguments, **named)  # type: ignore[arg-type]

    def finish_report(prepared: object = state, *arguments: Any, **named: Any) -> object:
        prepared = bisik.Prepared.from_bytes(state, matcher) if prepared is state else prepared
        return matcher.finish_report(prepared, *arguments, **named)  # type: ignore[arg-type]

    told = bisik.revise(base, sign=centre, withdraw=["a.example"], reason="error", kind="domain", now=NOW).retractions
    listed = matcher.report(["parcel.example"], "domain", now=NOW)
    remembered = bisik.Remembered.of(listed, now=NOW)[0]
    revising = {
        "sign": centre,
        "withdraw": ["a.example"],
        "reason": "error",
        "add": ["b.example"],
        "kind": "domain",
        "column": None,
        "skip_unlisted": False,
        "valid": None,
        "seal_to": None,
        "accept_enumeration": (),
        "key": centre,
        "delta": False,
        "guard": [],
        "blind": None,
        "at_least": (1, 1),
        **matching,
    }
    contact = {"recipient": centre.card.recipients[0]}
    mules = bisik.publish(["a.example"], kind="domain", sign=centre, feed="m", contact=contact, now=NOW)
    mules_feed = bisik.Feed.open(mules.bytes, trust=centre, now=NOW)
    sighting = {"hit_id": "0a" * 16, "action": "none", "time": NOW}
    told_file = bisik.seal_sightings([sighting], feed=mules_feed, sign=round_.bank, now=NOW)
    told_report = bisik.SightingReport.open(told_file, key=centre, members=round_.bank)
    ledger = bisik.SightingLedger(mules_feed)
    joining = {"feeds": [mules_feed], "oprf_key": None, "region": "SG", "bank": None, "now": NOW}

    engine = _bisik.Engine([round_.feed])
    opening = {"trust": centre, "key": round_.bank, "now": NOW, "limit": 1 << 20}
    running = {**matching, "progress": None, "report": True}
    return [
        ("publish", bisik.publish, [["a.example"]], publishing),
        ("keygen", bisik.keygen, ["A"], {}),
        ("open", bisik.Feed.open, [round_.published.bytes], opening),
        ("outline", bisik.outline, [round_.published.bytes], {"key": round_.bank, "limit": 1 << 20}),
        ("Matcher", bisik.Matcher, [round_.feed], {"trust": centre, "key": round_.bank, "guard": [], "now": NOW}),
        ("match", matcher.match, [["a.example"], "domain"], {**matching, "hits": True, "expressions": True, "progress": None}),
        ("report", matcher.report, [["a.example"], "domain"], {**matching, "progress": None}),
        ("check", matcher.check, ["a.example", "domain"], matching),
        ("canonical", bisik.canonical, ["phone", "91234567"], parsing),
        ("explain", bisik.explain, ["phone", "91234567"], parsing),
        ("exposure", bisik.exposure, ["phone"], {}),
        ("Card.parse", bisik.Card.parse, [centre.card.to_text()], {}),
        ("Card.open", bisik.Card.open, [centre.card.to_text()], {}),
        ("SigningFile.parse", bisik.SigningFile.parse, [centre.signing.to_text()], {}),
        ("SigningFile.open", bisik.SigningFile.open, [centre.signing.to_text()], {}),
        ("RecipientSecret.parse", bisik.RecipientSecret.parse, [centre.recipient.to_text()], {}),
        ("RecipientSecret.open", bisik.RecipientSecret.open, [centre.recipient.to_text()], {}),
        ("Engine", _bisik.Engine, [[round_.feed]], {"guard": []}),
        ("Engine.run", engine.run, [["a.example"], "domain"], running),
        ("Engine.check", engine.check, ["a.example", "domain"], matching),
        ("publish_chunks", _bisik.publish_chunks, [iter(())], {"sign": centre, "feed": "f", "options": {}, "progress": None}),
        ("prepare", matcher.prepare, [["a.example"], "domain"], preparing),
        ("finish", finish, [state, []], {"hits": True, "expressions": True, "now": NOW}),
        ("finish_report", finish_report, [state, []], {"now": NOW}),
        ("Prepared.from_bytes", bisik.Prepared.from_bytes, [state, matcher], {}),
        ("OprfKey.generate", bisik.OprfKey.generate, [centre, "f"], {"epoch": 1, "limit": 9}),
        ("OprfKey.parse", bisik.OprfKey.parse, [oprf.to_text()], {}),
        ("OprfKey.open", bisik.OprfKey.open, [oprf.to_text()], {}),
        ("OprfKey.check_evaluations", oprf.check_evaluations, [1, 1], {}),
        ("BlindRequest.read", bisik.BlindRequest.read, [data], {"clients": centre}),
        ("BlindRequest.read_all", bisik.BlindRequest.read_all, [data], {"clients": centre}),
        ("OprfServer", bisik.OprfServer, [oprf], {}),
        ("OprfServer.check", server.check, [request], {}),
        ("OprfServer.blind_evaluate", server.blind_evaluate, [request], {}),
        ("Budget", bisik.Budget, [], {"per_day": 5, "total": None, "batch": 9}),
        ("Account", bisik.Account, [], {"day": 1, "used_today": 1, "used_total": 1}),
        ("charge", budget.charge, [account, 1], {"now": NOW}),
        ("TrustStore.parse", bisik.TrustStore.parse, [store.to_text()], {}),
        ("TrustStore.open", bisik.TrustStore.open, [store.to_text()], {}),
        ("TrustStore.of", bisik.TrustStore.of, [centre], {}),
        ("History.parse", bisik.History.parse, [history.to_text()], {}),
        ("observe", history.observe, [round_.feed], {"now": NOW}),
        ("Policy.parse", bisik.Policy.parse, ["min_publishers = 1"], {}),
        ("Policy.open", bisik.Policy.open, ["min_publishers = 1\n"], {}),
        ("decide", bisik.Policy.parse("").decide, [matcher.report([], "domain", now=NOW)], {"now": NOW}),
        ("apply", bisik.apply, [base, [names_next.delta]], {"trust": centre, "key": centre, "now": NOW, "limit": 1 << 20}),
        ("revise", bisik.revise, [base], revising),
        ("Remembered.of", bisik.Remembered.of, [listed], {"rows": [0], "now": NOW}),
        ("Remembered.parse", bisik.Remembered.parse, [remembered.to_line()], {}),
        ("RetractionList.of", bisik.RetractionList.of, [round_.feed], {}),
        ("RetractionList.read", bisik.RetractionList.read, [told], {"trust": centre, "now": NOW}),
        ("find", bisik.RetractionList.of(round_.feed).find, [remembered], {}),
        ("seal_sightings", bisik.seal_sightings, [[sighting]], {"feed": mules_feed, "sign": round_.bank, "now": NOW}),
        ("SightingReport.open", bisik.SightingReport.open, [told_file], {"key": centre, "members": round_.bank}),
        ("SightingLedger", bisik.SightingLedger, [mules_feed], {}),
        ("SightingLedger.parse", bisik.SightingLedger.parse, [ledger.to_text()], {}),
        ("learn", ledger.learn, [mules_feed], {}),
        ("take", ledger.take, [told_report], {"now": NOW}),
        ("calls", ledger.calls, [[("domain", "a.example")]], joining),
        ("to_dicts", matcher.report([], "domain", now=NOW).to_dicts, [], {"expressions": True}),
        ("to_columns", matcher.report([], "domain", now=NOW).to_columns, [], {"expressions": True}),
    ]


def test_every_argument_with_wrong_values(round_: Round) -> None:
    assert len(WRONG) >= 20
    tried = refused = 0
    for name, function, positional, named in calls(round_):
        function(*positional, **named)
        for place, wrong in itertools.product([*range(len(positional)), *named], WRONG):
            arguments: list[Any] = list(positional)
            keywords = dict(named)
            if name == "publish_chunks":
                arguments[0] = iter(())
            if isinstance(place, int):
                arguments[place] = wrong
            else:
                keywords[place] = wrong
            tried += 1
            try:
                function(*arguments, **keywords)
            except ALLOWED:
                refused += 1
            except BaseException as error:
                pytest.fail(f"{name}, argument {place} = {type(wrong).__name__}: {type(error).__name__}: {error}")
    assert tried > 4_000
    assert refused > tried // 2


def test_save_with_wrong_paths(round_: Round, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    oprf = bisik.OprfKey.generate(round_.centre, "f")
    for save in (round_.centre.save, round_.centre.card.save, round_.published.save, oprf.save, round_.feed.save):
        # Paths that lead out of the test's own folder are valid ones.
        for wrong in (wrong for wrong in WRONG if not (isinstance(wrong, str) and "/" in wrong)):
            try:
                save(wrong)
            except ALLOWED:
                continue
            except BaseException as error:
                pytest.fail(f"{save}, {type(wrong).__name__}: {type(error).__name__}: {error}")


def test_surplus_and_missing_arguments(round_: Round) -> None:
    for _, function, positional, named in calls(round_):
        with pytest.raises(TypeError):
            function(*positional, *[None] * 20, **named)
        with pytest.raises(TypeError):
            function(*positional, **named, no_such_argument=1)
    functions: list[Any] = [bisik.publish, bisik.keygen, bisik.Feed.open, bisik.Matcher, bisik.canonical]
    for function in functions:
        with pytest.raises(TypeError):
            function()


def test_classes_are_made_by_their_functions_alone() -> None:
    for cls in (bisik.Feed, bisik.Report, bisik.Publication, bisik.KeySet, bisik.Card, bisik.SigningFile, bisik.RecipientSecret):
        with pytest.raises(TypeError):
            cls()
    with pytest.raises(TypeError):
        type("Sub", (bisik.Feed,), {})


KINDS = [kind["name"] for kind in bisik.kinds()]
TEXTS = st.text(max_size=80) | st.text(alphabet=st.characters(codec="ascii"), max_size=60) | st.from_regex(r"\+?[0-9 ()-]{3,20}")
CHECKED = settings(max_examples=2_500, deadline=None, suppress_health_check=list(HealthCheck))


@CHECKED
@given(st.sampled_from(KINDS), TEXTS, st.sampled_from([None, "SG", "MY"]))
def test_canonical_forms_are_stable(kind: str, value: str, region: str | None) -> None:
    try:
        form = bisik.canonical(kind, value, region=region)
    except errors.IdentifierError:
        return
    assert bisik.canonical(kind, form, region=region) == form
    assert bisik.explain(kind, value, region=region).canonical == form


@CHECKED
@given(st.lists(st.none() | TEXTS, max_size=12), st.sampled_from(KINDS))
def test_every_library_gives_the_same_mask(round_: Round, values: list[str | None], kind: str) -> None:
    mask = round_.matcher.match(values, kind, now=NOW)
    assert len(mask) == len(values)
    match: Callable[..., Any] = round_.matcher.match
    assert match(numpy.array(values, dtype=object), kind, now=NOW).tolist() == mask
    assert match(pyarrow.array(values, pyarrow.string()), kind, now=NOW).to_pylist() == mask
    assert match(values, [kind] * len(values), now=NOW) == mask
    # Fixed-width arrays end a text before its trailing zeros, and have no missing values.
    fixed = numpy.array([value or "" for value in values], dtype=str)
    for column in (fixed, fixed.astype(fixed.dtype.newbyteorder()), numpy.char.encode(fixed, "utf-8")):
        assert match(column, kind, now=NOW).tolist() == match(fixed.tolist(), kind, now=NOW)
    assert match(pyarrow.array(values, pyarrow.string_view()), kind, now=NOW).to_pylist() == mask
    assert match(pyarrow.array(values, pyarrow.string()).dictionary_encode(), kind, now=NOW).to_pylist() == mask
    assert match(polars.Series(values, dtype=polars.String), kind, now=NOW).to_list() == mask
    assert match(pandas.Series(values, dtype="str"), kind, now=NOW).tolist() == mask
    report = round_.matcher.report(values, kind, now=NOW)
    assert {hit["row"] for hit in report.hits} == {row for row, hit in enumerate(mask) if hit}
    assert report.missing == values.count(None)


@CHECKED
@given(st.data())
def test_changed_files_are_refused_or_the_same(round_: Round, data: st.DataObject) -> None:
    content = bytearray(round_.published.bytes)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))]
    if content == round_.published.bytes:
        return
    with pytest.raises(bisik.BisikError):
        bisik.Feed.open(content, trust=round_.centre, key=round_.bank, now=NOW)


CELLS = st.none() | st.text(max_size=20) | st.integers() | st.floats() | st.booleans() | st.datetimes() | st.dates()
NAMES = ["category", "confidence", "first_seen", "last_seen", "expires", "reference", "note", "region", "bank", "country"]


@CHECKED
@given(st.lists(st.fixed_dictionaries({"value": st.text(max_size=20), "kind": st.sampled_from(KINDS)}, optional={n: CELLS for n in NAMES}), max_size=4))
def test_rows_are_published_rejected_or_a_type_error(round_: Round, rows: list[dict[str, Any]]) -> None:
    try:
        published = bisik.publish(rows, sign=round_.centre, feed="f", records=True, accept_enumeration=KINDS, now=NOW)
    except (TypeError, errors.NothingAccepted):
        return
    assert published.rows == len(rows) == sum(published.counts.values()) + published.merged + len(published.rejects)
