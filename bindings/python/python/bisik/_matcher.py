"""Matching columns of any library: the answer has the shape of the question."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NoReturn, final, overload

from bisik import _bisik, _shapes
from bisik._bisik import Card, Feed, KeySet, RecipientSecret, Report, SigningFile, TrustStore
from bisik._blind import Prepared

Path = str | os.PathLike[str]
FeedLike = Feed | Path | bytes
Trust = Card | KeySet | TrustStore | Path
Time = int | float | datetime
# A name, or a column of names: what a column is, types of other libraries cannot say here.
Kind = str | Any


@final
class Matcher:
    """Looks values up in one or several feeds at once.

    ``feeds`` are ``Feed`` objects, or paths or bytes that are opened with ``trust`` and ``key`` as by ``Feed.open``.
    ``guard`` lists (kind, value) pairs of your own that must never be acted upon, next to the built-in list.
    ``threads`` look columns up side by side, 0 for as many as the process may run; they live as long as one call, and
    results are the same.

    >>> import bisik
    >>> centre = bisik.keygen("Example Anti-Scam Centre")
    >>> published = bisik.publish(["login-bank.example"], kind="domain", sign=centre, feed="names")
    >>> matcher = Matcher([published.bytes], trust=centre.card)
    >>> matcher.match(["https://login-bank.example/id", "https://bank.example/"], kind="url")
    [True, False]
    >>> [hit["matched"] for hit in matcher.check("x@login-bank.example", kind="email").hits]
    ['email-domain']
    """

    __slots__ = ("_engine", "_feeds")

    def __init__(
        self,
        feeds: FeedLike | Sequence[FeedLike],
        *,
        trust: Trust | Sequence[Trust] | dict[Card, Sequence[str]] | None = None,
        key: RecipientSecret | KeySet | Path | Sequence[RecipientSecret | KeySet | Path] | None = None,
        guard: Iterable[tuple[str, str]] | None = None,
        now: Time | None = None,
        threads: int = 1,
    ) -> None:
        several: Sequence[Any] = feeds if isinstance(feeds, (list, tuple)) else [feeds]
        opened: list[Feed] = []
        for feed in several:
            if not isinstance(feed, Feed):
                if trust is None:
                    raise TypeError("feeds that are not open yet need trust=: the cards of their publishers")
                feed = Feed.open(feed, trust=trust, key=key, now=now)
            opened.append(feed)
        object.__setattr__(self, "_feeds", tuple(opened))
        object.__setattr__(self, "_engine", _bisik.Engine(opened, guard, threads))

    _engine: _bisik.Engine
    _feeds: tuple[Feed, ...]

    @classmethod
    def _over(cls, engine: _bisik.Engine, feeds: Sequence[Feed]) -> Matcher:
        matcher = object.__new__(cls)
        object.__setattr__(matcher, "_feeds", tuple(feeds))
        object.__setattr__(matcher, "_engine", engine)
        return matcher

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """The feeds."""
        return self._feeds

    @property
    def has_blind(self) -> bool:
        """Whether a feed is blind: then batches are prepared and finished, and ``match`` refuses."""
        return self._engine.has_blind

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Matcher is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Matcher is frozen")

    def __repr__(self) -> str:
        return f"<bisik.Matcher of {len(self._feeds)} feed{'s' if len(self._feeds) != 1 else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Matcher holds secrets and is not pickled: open its feeds on each worker")

    @overload
    def match(
        self,
        column: list[str | None] | list[str] | tuple[str | None, ...],
        kind: Kind,
        *,
        hits: Literal[False] = False,
        region: str | None = None,
        allow_unassigned: bool = False,
        bank: str | None = None,
        country: str | None = None,
        expressions: bool = False,
        now: Time | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> list[bool]: ...

    @overload
    def match(
        self,
        column: list[str | None] | list[str] | tuple[str | None, ...],
        kind: Kind,
        *,
        hits: Literal[True],
        region: str | None = None,
        allow_unassigned: bool = False,
        bank: str | None = None,
        country: str | None = None,
        expressions: bool = False,
        now: Time | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> list[dict[str, Any]]: ...

    @overload
    def match(
        self,
        column: Any,
        kind: Kind,
        *,
        hits: bool = False,
        region: str | None = None,
        allow_unassigned: bool = False,
        bank: str | None = None,
        country: str | None = None,
        expressions: bool = False,
        now: Time | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Any: ...

    def match(
        self,
        column: Any,
        kind: Kind,
        *,
        hits: bool = False,
        region: str | None = None,
        allow_unassigned: bool = False,
        bank: str | None = None,
        country: str | None = None,
        expressions: bool = False,
        now: Time | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Any:
        """Which rows of a column are listed: a mask of the column's own library, or with ``hits`` a table of hits.

        ``column`` is a list or tuple, a numpy array, a pandas or polars Series, a pyarrow array, or anything else that
        exports Arrow text. ``kind`` is a name, or such a column of names, one for each row. Missing values, and values that have no canonical form, are ``False``: ``report`` tells which
        those are. ``progress`` is called with the number of rows done since it was called before, as ``tqdm.update``
        wants it. ``expressions`` adds to the table what was listed, which is as sensitive as your own values.
        """
        if not isinstance(expressions, bool):
            raise TypeError(f"expressions must be a bool, not {type(expressions).__name__}")
        shape = _shapes.of(column)
        mask, report = self._engine.run(
            shape.values,
            _kind(kind),
            region=region,
            allow_unassigned=allow_unassigned,
            bank=bank,
            country=country,
            now=now,
            progress=progress,
            report=hits,
        )
        return shape.mask(mask) if report is None else shape.table(report, expressions)

    def report(
        self,
        column: Any,
        kind: Kind,
        *,
        region: str | None = None,
        allow_unassigned: bool = False,
        bank: str | None = None,
        country: str | None = None,
        now: Time | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Report:
        """The hits of a column together with the rows that could not be looked up, and why.

        >>> import bisik
        >>> centre = bisik.keygen("Example Anti-Scam Centre")
        >>> published = bisik.publish(["a.example"], kind="domain", sign=centre, feed="names")
        >>> report = Matcher([published.bytes], trust=centre).report(["a.example", "not a name", None], kind="domain")
        >>> report
        <bisik.Report of 3 domain rows: 1 hits, 1 rejected, 1 missing>
        >>> report.rejected
        [(1, 'domain', 'invalid-character')]
        """
        _, report = self._engine.run(
            _shapes.of(column).values,
            _kind(kind),
            region=region,
            allow_unassigned=allow_unassigned,
            bank=bank,
            country=country,
            now=now,
            progress=progress,
            report=True,
        )
        assert report is not None
        return report

    def check(
        self,
        value: str,
        kind: str,
        *,
        region: str | None = None,
        allow_unassigned: bool = False,
        bank: str | None = None,
        country: str | None = None,
        now: Time | None = None,
    ) -> Report:
        """Looks one value up. A value without canonical form is an ``IdentifierError``."""
        return self._engine.check(
            value,
            kind,
            region=region,
            allow_unassigned=allow_unassigned,
            bank=bank,
            country=country,
            now=now,
        )

    def prepare(
        self,
        column: Any,
        kind: Kind,
        *,
        sign: SigningFile | KeySet | Path,
        pad: bool = True,
        region: str | None = None,
        allow_unassigned: bool = False,
        bank: str | None = None,
        country: str | None = None,
        now: Time | None = None,
    ) -> Prepared:
        """Blinds a column for the servers of blind feeds: send each of its requests, then ``finish`` with the answers.

        ``sign`` signs the requests; each server knows its card. ``pad`` fills requests up to a power of two, which hides how many
        values there are and counts against the budget. Feeds that are not blind are matched by ``finish`` as well.

        >>> import bisik
        >>> centre, bank = bisik.keygen("Centre"), bisik.keygen("Bank")
        >>> key = bisik.OprfKey.generate(centre, "calls")
        >>> published = bisik.publish(["+6581234567"], kind="phone", sign=centre, feed="calls", blind=key)
        >>> matcher = Matcher(published.bytes, trust=centre)
        >>> prepared = matcher.prepare(["8123 4567", None, "9123 4567"], kind="phone", sign=bank, region="SG")
        >>> prepared
        <bisik.Prepared of 3 rows, 2 queries>
        >>> server = bisik.OprfServer(key)
        >>> answers = []
        >>> for request in prepared.requests:
        ...     answers.append(server.blind_evaluate(bisik.BlindRequest.read(request.bytes, clients=[bank.card])))
        >>> matcher.finish(prepared, answers)
        [True, False, False]
        """
        shape = _shapes.of(column)
        native = _bisik.PreparedBatch.prepare(
            self._engine,
            shape.values,
            _kind(kind),
            sign=sign,
            pad=pad,
            region=region,
            allow_unassigned=allow_unassigned,
            bank=bank,
            country=country,
            now=now,
        )
        return Prepared._of(native, shape)

    def finish(
        self,
        prepared: Prepared,
        answers: bytes | Sequence[bytes],
        *,
        hits: bool = False,
        expressions: bool = False,
        now: Time | None = None,
    ) -> Any:
        """Checks the servers' proofs, and gives what ``match`` would have given for the prepared column.

        ``prepared`` is used up, whatever comes of it: keep its ``to_bytes`` until the answers are there. The order of ``answers``
        does not matter; one of them may hold several answers, one after the other.
        """
        if not isinstance(hits, bool) or not isinstance(expressions, bool):
            raise TypeError("hits and expressions must be a bool")
        shape = _prepared(prepared)._shape
        mask, report = prepared._native.finish(self._engine, answers, now=now)
        return shape.table(report, expressions) if hits else shape.mask(mask)

    def finish_report(self, prepared: Prepared, answers: bytes | Sequence[bytes], *, now: Time | None = None) -> Report:
        """As ``finish``, and gives what ``report`` would have given."""
        return _prepared(prepared)._native.finish(self._engine, answers, now=now)[1]


def _prepared(prepared: object) -> Prepared:
    if not isinstance(prepared, Prepared):
        raise TypeError(f"prepared must be a Prepared, not {type(prepared).__name__}")
    return prepared


def _kind(kind: Kind) -> Any:
    return kind if isinstance(kind, str) else _shapes.of(kind).values
