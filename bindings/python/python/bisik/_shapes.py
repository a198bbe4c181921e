"""The shapes of columns: how each library's values are read, and how its answers look.

No library is imported here that the caller has not imported before.
"""

from __future__ import annotations

import sys
from typing import Any

from bisik._bisik import Report


class Shape:
    """A list or tuple, or an Arrow column of a library that is not known here."""

    def __init__(self, column: Any) -> None:
        self.values = column

    def mask(self, mask: bytearray) -> Any:
        """The answer for each row."""
        return [flag == 1 for flag in mask]

    def table(self, report: Report, expressions: bool) -> Any:
        """The hits."""
        return report.to_dicts(expressions=expressions)


class _Numpy(Shape):
    def __init__(self, column: Any, numpy: Any) -> None:
        super().__init__(column)
        self.numpy = numpy

    def mask(self, mask: bytearray) -> Any:
        return _flags(self.numpy, mask)


class _Pandas(Shape):
    def __init__(self, column: Any, pandas: Any) -> None:
        self.column = column
        self.pandas = pandas
        super().__init__(self._values(column))

    def _values(self, column: Any) -> Any:
        if isinstance(column.dtype, self.pandas.CategoricalDtype):
            column = column.astype(column.cat.categories.dtype)
        # The Arrow array inside, or one made of it; a Series' own export would copy it.
        array = getattr(column.array, "__arrow_array__", None)
        if array is not None and "pyarrow" in sys.modules:
            return array()
        if isinstance(column.dtype, self.pandas.StringDtype) or column.dtype == object:
            return column.astype(object).where(column.notna(), None).to_numpy(dtype=object)
        return column.to_numpy()

    def mask(self, mask: bytearray) -> Any:
        return self.pandas.Series(_flags(sys.modules["numpy"], mask), index=self.column.index, name=self.column.name)

    def table(self, report: Report, expressions: bool) -> Any:
        frame = self.pandas.DataFrame(report.to_columns(expressions=expressions))
        return frame.astype({name: "Int64" for name in _OPTIONAL_NUMBERS})


class _Polars(Shape):
    def __init__(self, column: Any, polars: Any) -> None:
        super().__init__(column)
        self.polars = polars

    def mask(self, mask: bytearray) -> Any:
        numpy = sys.modules.get("numpy")
        values = [flag == 1 for flag in mask] if numpy is None else _flags(numpy, mask)
        return self.polars.Series(self.values.name, values, dtype=self.polars.Boolean)

    def table(self, report: Report, expressions: bool) -> Any:
        pl = self.polars
        types = {"text": pl.String, "number": pl.Int64, "rate": pl.Float64}
        schema = {name: types[kind] for name, kind in _schema(expressions)}
        return pl.DataFrame(report.to_columns(expressions=expressions), schema=schema)


class _Pyarrow(Shape):
    def __init__(self, column: Any, pyarrow: Any) -> None:
        super().__init__(column)
        self.pyarrow = pyarrow

    def mask(self, mask: bytearray) -> Any:
        pa = self.pyarrow
        flags = pa.Array.from_buffers(pa.uint8(), len(mask), [None, pa.py_buffer(mask)]).cast(pa.bool_())
        if not isinstance(self.values, pa.ChunkedArray):
            return flags
        chunks, start = [], 0
        for chunk in self.values.chunks:
            chunks.append(flags.slice(start, len(chunk)))
            start += len(chunk)
        return pa.chunked_array(chunks, type=pa.bool_())

    def table(self, report: Report, expressions: bool) -> Any:
        pa = self.pyarrow
        types = {"text": pa.string(), "number": pa.int64(), "rate": pa.float64()}
        schema = pa.schema([(name, types[kind]) for name, kind in _schema(expressions)])
        return pa.table(report.to_columns(expressions=expressions), schema=schema)


def _flags(numpy: Any, mask: bytearray) -> Any:
    return numpy.frombuffer(mask, dtype=bool) if mask else numpy.zeros(0, dtype=bool)


_NUMBERS = ("row", "version", "expires")
_OPTIONAL_NUMBERS = ("confidence", "first_seen", "last_seen", "entry_expires")
_COLUMNS = (
    *("row", "kind", "certainty", "false_positive_rate", "matched", "matched_kind", "feed", "version", "publisher"),
    *("expires", "hit_id", "record", "category", "confidence", "first_seen", "last_seen", "entry_expires"),
    *("reference", "note"),
)


def _schema(expressions: bool) -> list[tuple[str, str]]:
    names = [*_COLUMNS, "expression"] if expressions else [*_COLUMNS]
    numbers = {*_NUMBERS, *_OPTIONAL_NUMBERS}
    return [(n, "number" if n in numbers else "rate" if n == "false_positive_rate" else "text") for n in names]


def is_a(value: Any, library: str, *names: str) -> bool:
    """Whether a value is of one of these classes of a library, if that is imported at all."""
    module = sys.modules.get(library)
    return module is not None and any(isinstance(value, getattr(module, name, ())) for name in names)


def of(column: Any) -> Shape:
    """The shape of a column."""
    if is_a(column, "pandas", "Series"):
        return _Pandas(column, sys.modules["pandas"])
    if is_a(column, "polars", "Series"):
        return _Polars(column, sys.modules["polars"])
    if is_a(column, "pyarrow", "Array", "ChunkedArray"):
        return _Pyarrow(column, sys.modules["pyarrow"])
    if is_a(column, "numpy", "ndarray"):
        return _Numpy(column, sys.modules["numpy"])
    return Shape(column)
