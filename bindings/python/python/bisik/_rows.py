"""Rows of indicators, in chunks of columns as the native module reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timezone
from typing import Any

from bisik._shapes import is_a
from bisik.errors import MissingColumn

_CHUNK = 1 << 16
_TEXTS = ("kind", "country", "bank", "region", "category", "reference", "note")
_TIMES = ("first_seen", "last_seen", "expires")
_FIELDS = (*_TEXTS, *_TIMES, "confidence")
_UNREADABLE = -1


class Rows:
    """Columns by name, each a function from a range of rows to a list."""

    def __init__(self, length: int, columns: dict[str, Callable[[int, int], list[Any]]]) -> None:
        self.length = length
        self.columns = columns

    def chunks(self) -> Iterator[dict[str, list[Any]]]:
        """The rows, in pieces."""
        for start in range(0, self.length, _CHUNK):
            stop = min(start + _CHUNK, self.length)
            yield {name: [_reader(name)(cell) for cell in cells(start, stop)] for name, cells in self.columns.items()}


def of(rows: Any, column: str | None, kind: str | None) -> Rows:
    """Recognises tables, lists of rows, and single columns."""
    for name, argument in (("column", column), ("kind", kind)):
        if argument is not None and not isinstance(argument, str):
            raise TypeError(f"{name} must be a str, not {type(argument).__name__}")
    if isinstance(rows, (list, tuple)):
        if any(isinstance(row, Mapping) for row in rows):
            return _of_mappings(rows, column, kind)
        return _of_column(rows, column, kind)
    if isinstance(rows, Mapping):
        return _of_table(list(rows), rows.__getitem__, column, kind)
    if is_a(rows, "pandas", "DataFrame") or is_a(rows, "polars", "DataFrame"):
        return _of_table(list(rows.columns), rows.__getitem__, column, kind)
    if is_a(rows, "pyarrow", "Table", "RecordBatch"):
        return _of_table(rows.schema.names, rows.column, column, kind)
    return _of_column(rows, column, kind)


def _of_column(values: Any, column: str | None, kind: str | None) -> Rows:
    length, cells = _cells(values)
    if column is not None:
        raise TypeError("column= names a column of a table, and this is no table")
    if kind is None:
        raise TypeError("a single column of values needs kind=")
    return Rows(length, {"value": cells})


def _of_table(names: list[Any], get: Callable[[Any], Any], column: str | None, kind: str | None) -> Rows:
    value = "value" if column is None else column
    if value not in names:
        raise MissingColumn("the table lacks the column of values")
    columns = {}
    length, columns["value"] = _cells(get(value))
    for name in _FIELDS:
        if name in names and name != value and not (name == "kind" and column is not None and kind is not None):
            other, columns[name] = _cells(get(name))
            if other != length:
                raise ValueError(f"the columns {value} and {name} differ in length")
    return Rows(length, columns)


def _of_mappings(rows: Any, column: str | None, kind: str | None) -> Rows:
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise TypeError(f"row {number} must be a dict like the others, not {type(row).__name__}")
    names = {name for row in rows for name in row}

    def get(name: str) -> list[Any]:
        return [row.get(name) for row in rows]

    return _of_table(list(names), get, column, kind)


def _cells(column: Any) -> tuple[int, Callable[[int, int], list[Any]]]:
    """The length of a column, and its cells by range with ``None`` for missing ones."""
    if isinstance(column, (list, tuple)):
        return len(column), lambda start, stop: list(column[start:stop])
    if is_a(column, "pandas", "Series"):

        def of_pandas(start: int, stop: int) -> list[Any]:
            part = column.iloc[start:stop]
            return list(part.astype(object).where(part.notna(), None).tolist())

        return len(column), of_pandas
    if is_a(column, "polars", "Series"):
        return len(column), lambda start, stop: list(column[start:stop].to_list())
    if is_a(column, "pyarrow", "Array", "ChunkedArray"):
        return len(column), lambda start, stop: list(column.slice(start, stop - start).to_pylist())
    if is_a(column, "numpy", "ndarray") and column.ndim == 1:
        return len(column), lambda start, stop: list(column[start:stop].tolist())
    raise TypeError(f"rows must be a data frame, a table, a column, or a list of dicts or str, not {type(column).__name__}")


def _reader(name: str) -> Callable[[Any], Any]:
    if name in _TIMES:
        return _time
    if name == "confidence":
        return _whole
    return _present if name in _TEXTS else _known


def _known(cell: Any) -> Any:
    """NaN is how some libraries write a missing text."""
    return None if isinstance(cell, float) and cell != cell else cell


def _present(cell: Any) -> Any:
    return None if cell == "" else _known(cell)


def _whole(cell: Any) -> int | None:
    cell = _present(cell)
    if cell is None:
        return None
    if isinstance(cell, str):
        text = cell.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else _UNREADABLE
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and 0 <= cell < 2**53 else _UNREADABLE
    return cell if isinstance(cell, int) and not isinstance(cell, bool) and 0 <= cell < 2**53 else _UNREADABLE


def _time(cell: Any) -> int | None:
    """Seconds since 1970. Eight digits are a date, any other run of digits is seconds."""
    cell = _present(cell)
    if isinstance(cell, str):
        text = cell.strip()
        if text.isascii() and text.isdigit() and len(text) != 8:
            return _whole(text)
        if len(text) == 8 and text.isdigit():
            text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        try:
            cell = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
        except ValueError:
            return _UNREADABLE
    if isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime.combine(cell, time())
    if not isinstance(cell, datetime):
        return _whole(cell)
    if cell.tzinfo is None:
        cell = cell.replace(tzinfo=timezone.utc)
    try:
        return max(int(cell.timestamp()), _UNREADABLE)
    except (OverflowError, ValueError):
        return _UNREADABLE
