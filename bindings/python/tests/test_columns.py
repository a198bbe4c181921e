"""Columns of every library: the answer has the shape of the question."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest

import bisik

from .conftest import NOW, Round

VALUES = ["login-bank.example", None, "a b", "www.parcel.example", "bank.example", "ö.example", "parcel.example"]
MASK = [True, False, False, True, False, False, True]
LONG = "x" * 40


def numpy_string(values: list[str | None]) -> Any:
    dtype = numpy.dtypes.StringDType(na_object=None)
    return numpy.array(values, dtype=dtype)


ARROW = [
    pyarrow.array(VALUES),
    pyarrow.array(VALUES, pyarrow.large_string()),
    pyarrow.array(VALUES, pyarrow.string_view()),
    pyarrow.array([v and v.encode() for v in VALUES], pyarrow.binary()),
    pyarrow.array([v and v.encode() for v in VALUES], pyarrow.large_binary()),
    pyarrow.array([v and v.encode() for v in VALUES], pyarrow.binary_view()),
    pyarrow.array(VALUES).dictionary_encode(),
    pyarrow.DictionaryArray.from_arrays(pyarrow.array([0, None, 1, 2, 3, 4, 5], pyarrow.uint8()), pyarrow.array([v for v in VALUES if v])),
    pyarrow.array([LONG, *VALUES, LONG]).slice(1, 7),
    pyarrow.array([LONG, None, *VALUES, LONG], pyarrow.string_view()).slice(2, 7),
    pyarrow.array([LONG, *VALUES, LONG]).dictionary_encode().slice(1, 7),
]


@pytest.mark.parametrize("column", ARROW, ids=lambda column: str(column.type))
def test_pyarrow_arrays(round_: Round, column: Any) -> None:
    mask = round_.matcher.match(column, "domain", now=NOW)
    assert isinstance(mask, pyarrow.BooleanArray)
    assert mask.to_pylist() == MASK
    table = round_.matcher.match(column, "domain", hits=True, now=NOW)
    assert isinstance(table, pyarrow.Table)
    assert table["row"].to_pylist() == [0, 3, 6]
    assert table["category"].to_pylist() == ["phishing", "parcel", "parcel"]
    report = round_.matcher.report(column, "domain", now=NOW)
    assert (report.rejected, report.missing) == ([(2, "domain", "invalid-character")], 1)


def test_pyarrow_chunks_stay_chunks(round_: Round) -> None:
    column = pyarrow.chunked_array([VALUES[:2], [], VALUES[2:]], pyarrow.string())
    mask = round_.matcher.match(column, "domain", now=NOW)
    assert isinstance(mask, pyarrow.ChunkedArray)
    assert [len(chunk) for chunk in mask.chunks] == [2, 0, 5]
    assert mask.to_pylist() == MASK
    repeated = pyarrow.chunked_array([pyarrow.array(VALUES * 3).dictionary_encode()] * 2)
    assert round_.matcher.match(repeated, "domain", now=NOW).to_pylist() == MASK * 6
    assert round_.matcher.report(repeated, "domain", now=NOW).rejected == [(2 + 7 * n, "domain", "invalid-character") for n in range(6)]
    assert round_.matcher.match(pyarrow.array([None, None], pyarrow.null()), "domain", now=NOW).to_pylist() == [False] * 2
    assert round_.matcher.match(pyarrow.array([], pyarrow.string()), "domain", now=NOW).to_pylist() == []
    empty = round_.matcher.match(pyarrow.array(["a.example"]), "domain", hits=True, now=NOW)
    assert empty.num_rows == 0 and empty.schema.field("row").type == pyarrow.int64()


@pytest.mark.parametrize("dtype", ["object", "str", "string[python]", "string[pyarrow]", "category"])
def test_pandas(round_: Round, dtype: str) -> None:
    index = pandas.Index(range(10, 17))
    column = pandas.Series(VALUES, index=index, name="payee", dtype=dtype)
    mask = round_.matcher.match(column, "domain", now=NOW)
    assert isinstance(mask, pandas.Series)
    assert mask.dtype == bool and mask.name == "payee" and mask.index.equals(index)
    assert mask.tolist() == MASK
    assert column[mask].tolist() == [VALUES[0], VALUES[3], VALUES[6]]
    frame = round_.matcher.match(column, "domain", hits=True, now=NOW)
    assert isinstance(frame, pandas.DataFrame)
    assert frame["row"].tolist() == [0, 3, 6]
    assert frame["confidence"].isna().tolist() == [False, True, True]
    assert column.iloc[frame["row"]].tolist() == column[mask].tolist()
    assert round_.matcher.match(pandas.Series([], dtype=dtype), "domain", now=NOW).tolist() == []


def test_pandas_missing_values_of_every_sort(round_: Round) -> None:
    column = pandas.Series(["parcel.example", None, float("nan"), pandas.NA, pandas.NaT], dtype=object)
    assert round_.matcher.match(column, "domain", now=NOW).tolist() == [True, False, False, False, False]
    assert round_.matcher.report(column, "domain", now=NOW).missing == 4


@pytest.mark.parametrize("dtype", [polars.String, polars.Categorical, polars.Binary])
def test_polars(round_: Round, dtype: Any) -> None:
    column = polars.Series("payee", VALUES, dtype=polars.String).cast(dtype)
    mask = round_.matcher.match(column, "domain", now=NOW)
    assert isinstance(mask, polars.Series)
    assert mask.dtype == polars.Boolean and mask.name == "payee"
    assert mask.to_list() == MASK
    frame = round_.matcher.match(column, "domain", hits=True, now=NOW)
    assert isinstance(frame, polars.DataFrame)
    assert frame["row"].to_list() == [0, 3, 6]
    assert frame.schema["confidence"] == polars.Int64


def test_polars_expressions(round_: Round) -> None:
    def match(column: Any) -> Any:
        return round_.matcher.match(column, "domain", now=NOW)

    lazy = polars.LazyFrame({"payee": VALUES})
    found = lazy.filter(polars.col("payee").map_batches(match, return_dtype=polars.Boolean, is_elementwise=True))
    assert found.collect()["payee"].to_list() == [VALUES[0], VALUES[3], VALUES[6]]


@pytest.mark.parametrize(
    "column",
    [
        numpy.array(VALUES, dtype=object),
        numpy_string(VALUES),
        numpy.array([value or "" for value in VALUES]),
        numpy.array([value or "" for value in VALUES for _ in range(2)])[::2],
    ],
    ids=["object", "string", "unicode", "strided"],
)
def test_numpy(round_: Round, column: Any) -> None:
    mask = round_.matcher.match(column, "domain", now=NOW)
    assert isinstance(mask, numpy.ndarray)
    assert mask.dtype == bool
    assert mask.tolist() == MASK
    assert [hit["row"] for hit in round_.matcher.match(column, "domain", hits=True, now=NOW)] == [0, 3, 6]


FIXED = numpy.array([value or "" for value in VALUES])


def strided(column: Any) -> Any:
    return numpy.repeat(column, 3)[1::3]


def unaligned(column: Any) -> Any:
    rows = numpy.zeros(len(column), dtype=[("mark", "u1"), ("text", column.dtype)])
    rows["text"] = column
    return rows["text"]


@pytest.mark.parametrize("shape", [lambda c: c, strided, unaligned, lambda c: c[::-1][::-1], lambda c: c.astype(c.dtype.str.replace("<", ">"))])
@pytest.mark.parametrize("column", [FIXED, numpy.char.encode(FIXED, "utf-8"), FIXED.astype("U200")], ids=["U", "S", "U200"])
def test_numpy_text_of_fixed_width(round_: Round, column: Any, shape: Any) -> None:
    column = shape(column)
    before = column.copy()
    assert round_.matcher.match(column, "domain", now=NOW).tolist() == MASK
    report = round_.matcher.report(column, "domain", now=NOW)
    assert report.rejected == [(1, "domain", "empty"), (2, "domain", "invalid-character")]
    assert round_.matcher.match(column[::-1], "domain", now=NOW).tolist() == MASK[::-1]
    assert round_.matcher.match(column[:0], "domain", now=NOW).tolist() == []
    column.flags.writeable = False
    assert round_.matcher.match(column, "domain", now=NOW).tolist() == MASK
    assert (column == before).all()


def test_numpy_repeated_masked_and_mapped(round_: Round, tmp_path: Any) -> None:
    repeated = numpy.broadcast_to(numpy.array("parcel.example"), (70_000,))
    assert repeated.strides == (0,)
    assert round_.matcher.match(repeated, "domain", now=NOW).sum() == 70_000
    masked = numpy.ma.masked_array(FIXED, mask=[True] + [False] * 6)
    assert round_.matcher.match(masked, "domain", now=NOW).tolist() == [False, *MASK[1:]]
    assert round_.matcher.report(masked, "domain", now=NOW).missing == 1
    mapped = numpy.memmap(tmp_path / "column", dtype=FIXED.dtype, mode="w+", shape=FIXED.shape)
    mapped[:] = FIXED
    assert round_.matcher.match(mapped, "domain", now=NOW).tolist() == MASK


def test_numpy_code_points_that_are_none(round_: Round) -> None:
    for order in "<>":
        points = numpy.array([ord("a"), 0xD800, 0x110000, 0xFFFFFFFF, 0], dtype=f"{order}u4")
        report = round_.matcher.report(points.view(f"{order}U1"), "domain", now=NOW)
        reasons = ["invalid-syntax", "invalid-utf8", "invalid-utf8", "invalid-utf8", "empty"]
        assert report.rejected == [(row, "domain", reason) for row, reason in enumerate(reasons)]
    wide = numpy.array([0x61, 0, 0x62, 0], dtype="u4").view("U4")
    assert round_.matcher.report(wide, "domain", now=NOW).rejected == [(0, "domain", "invalid-character")]
    assert round_.matcher.report(numpy.array([b"\xff\xfe"]), "domain", now=NOW).rejected == [(0, "domain", "invalid-utf8")]


def test_a_numpy_array_that_is_taken_away(round_: Round) -> None:
    column = numpy.array(["a.example"] * 150_000)

    def shrink(_: int) -> None:
        column.resize(1, refcheck=False)

    with pytest.raises(ValueError, match="the array changed"):
        round_.matcher.match(column, "domain", now=NOW, progress=shrink)


def test_a_class_that_poses_as_an_array_is_not_believed(round_: Round) -> None:
    class Liar:
        ndim = 1
        __array_struct__ = pyarrow.array(VALUES).__arrow_c_array__()[0]
        __array_interface__ = {"data": (1, False), "shape": (1 << 40,), "typestr": "<U9", "version": 3}

        def __len__(self) -> int:
            return 1

        def __getitem__(self, _: object) -> Any:
            return numpy.array(["parcel.example"])

        def tolist(self) -> list[str]:
            return ["not asked"]

    class Sub(numpy.ndarray):
        @property
        def __array_struct__(self) -> Any:
            return Liar.__array_struct__

    assert round_.matcher.match(Liar(), "domain", now=NOW) == [True]
    assert round_.matcher.match(FIXED.view(Sub), "domain", now=NOW).tolist() == MASK


MIXED = ["login-bank.example", "+6581234567", None, "x", "boss@mail.example", "login-bank.example", "a"]
KINDS = ["domain", "phone", "url", "no-such-kind", "email", None, "phone"]


@pytest.mark.parametrize(
    "kinds",
    [
        KINDS,
        tuple(KINDS),
        numpy.array(KINDS, dtype=object),
        numpy.array([kind or "" for kind in KINDS]),
        pandas.Series(KINDS, dtype="category"),
        polars.Series(KINDS, dtype=polars.Categorical),
        pyarrow.array(KINDS),
        pyarrow.chunked_array([KINDS[:3], KINDS[3:]]),
        pyarrow.array(KINDS).dictionary_encode(),
    ],
    ids=lambda kinds: type(kinds).__name__,
)
def test_a_kind_for_each_row(round_: Round, kinds: Any) -> None:
    for column in (MIXED, pyarrow.array(MIXED), pyarrow.array(MIXED).dictionary_encode()):
        report = round_.matcher.report(column, kinds, now=NOW)
        assert [(hit["row"], hit["kind"]) for hit in report.hits] == [(0, "domain"), (1, "phone"), (4, "email")]
        assert report.rejected == [(3, None, "unknown-kind"), (5, None, "unknown-kind"), (6, "phone", "has-letters")]
        assert report.missing == 1
        assert repr(report) == "<bisik.Report of 7 mixed rows: 3 hits, 3 rejected, 1 missing>"
        mask = round_.matcher.match(column, kinds, now=NOW)
        assert [row for row, hit in enumerate(mask if isinstance(mask, list) else mask.to_pylist()) if hit] == [0, 1, 4]


def test_kinds_and_rows_are_as_many(round_: Round) -> None:
    for kinds in (KINDS[:-1], [*KINDS, "url"], [], pyarrow.array(KINDS[:-1])):
        for column in (MIXED, pyarrow.array(MIXED), pyarrow.chunked_array([MIXED[:3], MIXED[3:]])):
            with pytest.raises(ValueError, match="differ in length"):
                round_.matcher.match(column, kinds, now=NOW)
    many = 70_000
    assert round_.matcher.match(["parcel.example"] * many, ["domain"] * many, now=NOW) == [True] * many
    for wrong in (5, None, [1], {"a": 1}, numpy.array([[1]]), pyarrow.array([1])):
        with pytest.raises(TypeError):
            round_.matcher.match(MIXED, wrong, now=NOW)


def test_lists_and_tuples(round_: Round) -> None:
    assert round_.matcher.match(VALUES, "domain", now=NOW) == MASK
    assert round_.matcher.match(tuple(VALUES), "domain", now=NOW) == MASK
    assert round_.matcher.match([], "domain", now=NOW) == []
    hits = round_.matcher.match(VALUES, "domain", hits=True, now=NOW)
    assert [hit["row"] for hit in hits] == [0, 3, 6]
    assert "expression" not in hits[0]
    shown = round_.matcher.match(VALUES, "domain", hits=True, expressions=True, now=NOW)
    assert shown[1]["expression"] == "parcel.example"


def test_lone_surrogates_and_bad_utf8_are_refused_rows(round_: Round) -> None:
    report = round_.matcher.report(["parcel.example", "\ud800.example"], "domain", now=NOW)
    assert report.rejected == [(1, "domain", "invalid-utf8")]
    column = pyarrow.array([b"parcel.example", b"\xff.example"], pyarrow.binary())
    assert round_.matcher.report(column, "domain", now=NOW).rejected == [(1, "domain", "invalid-utf8")]


class Exporter:
    """An object of a library that is not known, with one Arrow method."""

    def __init__(self, array: Any, method: str) -> None:
        self.array, self.method = array, method

    def __getattr__(self, name: str) -> Any:
        if name != self.__dict__["method"]:
            raise AttributeError(name)
        return getattr(self.array, name)


def test_any_arrow_exporter(round_: Round) -> None:
    assert round_.matcher.match(Exporter(pyarrow.array(VALUES), "__arrow_c_array__"), "domain", now=NOW) == MASK
    chunked = pyarrow.chunked_array([VALUES, VALUES])
    assert round_.matcher.match(Exporter(chunked, "__arrow_c_stream__"), "domain", now=NOW) == MASK * 2


def test_a_capsule_is_consumed_once(round_: Round) -> None:
    class Once:
        def __init__(self) -> None:
            self.pair = pyarrow.array(VALUES).__arrow_c_array__()

        def __arrow_c_array__(self) -> Any:
            return self.pair

    once = Once()
    assert round_.matcher.match(once, "domain", now=NOW) == MASK
    with pytest.raises(ValueError, match="consumed before"):
        round_.matcher.match(once, "domain", now=NOW)


@pytest.mark.parametrize(
    "column",
    [
        pyarrow.array([1, 2]),
        pyarrow.array([["a"]]),
        pyarrow.array([1, 1]).dictionary_encode(),
        pyarrow.table({"a": ["b"]}),
        polars.DataFrame({"a": ["b"]}),
        pandas.DataFrame({"a": ["b"]}),
        pandas.Series([1, 2]),
        polars.Series([1.5]),
        numpy.array([1]),
        numpy.array([["a"]]),
        numpy.array("a"),
    ],
    ids=repr,
)
def test_columns_without_text_are_type_errors(round_: Round, column: Any) -> None:
    with pytest.raises(TypeError):
        round_.matcher.match(column, "domain", now=NOW)


def test_progress_counts_every_row(round_: Round) -> None:
    rows = 150_000
    for column in (["a.example"] * rows, pyarrow.array(["a.example"] * rows), numpy.array(["a.example"] * rows)):
        steps: list[int] = []
        round_.matcher.match(column, "domain", now=NOW, progress=steps.append)
        assert sum(steps) == rows and len(steps) == 3

    def stop(_: int) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        round_.matcher.match(["a.example"], "domain", now=NOW, progress=stop)


def test_other_threads_advance_during_a_long_match(round_: Round) -> None:
    column = pyarrow.array([f"host-{number}.example" for number in range(65_536)])
    count = 0
    started, done = threading.Event(), threading.Event()

    def work() -> None:
        nonlocal count
        while not done.is_set():
            count += 1
            if count % 1_000 == 0:
                started.set()
                time.sleep(0.0005)

    thread = threading.Thread(target=work)
    interval = sys.getswitchinterval()
    # From here on nobody is asked to give way: the thread runs only while the main one has let go.
    sys.setswitchinterval(60)
    try:
        thread.start()
        started.wait()
        before = count
        # A busy machine may not get round to the thread in one match.
        for _ in range(200):
            round_.matcher.match(column, "domain", now=NOW)
            advanced = count - before
            if advanced > 1_000:
                break
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()
    assert advanced > 1_000


def test_threads_share_a_matcher(round_: Round) -> None:
    answers: list[list[bool]] = []

    def match() -> None:
        for _ in range(20):
            answers.append(round_.matcher.match(VALUES, "domain", now=NOW))

    threads = [threading.Thread(target=match) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 160 and all(answer == MASK for answer in answers)


def test_tables_of_every_library_publish(round_: Round) -> None:
    centre = bisik.keygen("A")
    columns = {"kind": ["domain", "domain"], "value": ["a.example", "b.example"], "confidence": [5, None]}
    digests = []
    for rows in (
        columns,
        pandas.DataFrame(columns),
        polars.DataFrame(columns),
        pyarrow.table(columns),
        [dict(zip(columns, row)) for row in zip(*columns.values())],
    ):
        published = bisik.publish(rows, sign=centre, feed="f", records=True, now=NOW)
        feed = bisik.Feed.open(published.bytes, trust=centre, now=NOW)
        hits = bisik.Matcher(feed).match(["a.example", "b.example"], "domain", hits=True, now=NOW)
        digests.append([(hit["row"], hit["confidence"]) for hit in hits])
    assert digests == [[(0, 5), (1, None)]] * 5
    for column in (
        ["a.example"],
        pandas.Series(["a.example"]),
        polars.Series(["a.example"]),
        pyarrow.array(["a.example"]),
        numpy.array(["a.example"]),
    ):
        assert bisik.publish(column, kind="domain", sign=centre, feed="f").counts == {"domain": 1}
    frame = pandas.DataFrame({"site": ["a.example"], "kind": ["phone"]})
    assert bisik.publish(frame, column="site", kind="domain", sign=centre, feed="f").counts == {"domain": 1}


def test_threads_change_no_row(round_: Round) -> None:
    """200,000 rows are more than one piece, and each piece is cut for the threads."""
    values = [[f"www{n}.parcel.example", f"a{n}.example", "a b", None][n % 4] for n in range(200_000)]
    one = bisik.Matcher(round_.feed)
    expected = one.match(values, kind="domain", now=NOW)
    report = one.report(values, kind="domain", now=NOW)
    assert sum(expected) == 50_000 and len(report.rejected) == 50_000
    for threads in (0, 2, 3):
        several = bisik.Matcher(round_.feed, threads=threads)
        assert several.match(values, kind="domain", now=NOW) == expected
        again = several.report(values, kind="domain", now=NOW)
        assert list(again.hits) == list(report.hits) and list(again.rejected) == list(report.rejected)
    with pytest.raises(OverflowError):
        bisik.Matcher(round_.feed, threads=-1)
