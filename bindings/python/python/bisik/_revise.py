"""The next version of a feed without its list: withdrawals and additions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from bisik import _bisik, _rows
from bisik._bisik import Card, Feed, KeySet, OprfKey, Publication, RecipientSecret, SigningFile
from bisik._matcher import Path, Time
from bisik._publish import _seconds

_NAMING = ("value", "kind", "region", "bank", "country")


def revise(
    previous: Feed | Publication | Path | bytes,
    /,
    *,
    sign: SigningFile | KeySet | Path,
    withdraw: Any = None,
    reason: str | None = None,
    add: Any = None,
    kind: str | None = None,
    column: str | None = None,
    skip_unlisted: bool = False,
    valid: int | str | timedelta | None = None,
    seal_to: Card | KeySet | Path | Sequence[Card | KeySet | Path] | None = None,
    accept_enumeration: str | Iterable[str] = (),
    region: str | None = None,
    allow_unassigned: bool = False,
    bank: str | None = None,
    country: str | None = None,
    key: RecipientSecret | KeySet | Path | None = None,
    delta: bool = False,
    guard: Iterable[tuple[str, str]] | None = None,
    blind: OprfKey | Path | None = None,
    at_least: tuple[int, int] | None = None,
    now: Time | None = None,
) -> Publication:
    """Makes the version after ``previous`` from that version alone: entries taken out, entries added, all others carried over unseen.

    ``withdraw`` and ``add`` are rows as ``publish`` takes them. The version tells those who acted upon a withdrawn entry so, with the
    ``reason``: ``error``, ``cleared``, ``recovered``, ``order`` or ``other``. ``Publication.retractions`` is the same as a file of its own,
    for members who can no longer open the feed. A row that ``previous`` does not list is an error whose ``position`` is the row, or with
    ``skip_unlisted`` among ``Publication.rejects``, where the rows of ``add`` are counted on after those of ``withdraw``.
    Purpose, sharing, contact and form stay as they were, and so does the validity unless ``valid`` says otherwise. ``at_least`` as for
    ``publish``.

    >>> import bisik
    >>> centre = bisik.keygen("Centre")
    >>> first = bisik.publish(["shop.example", "win.example"], kind="domain", sign=centre, feed="names")
    >>> report = bisik.Matcher(first.bytes, trust=centre).report(["shop.example"], kind="domain")
    >>> [kept] = bisik.Remembered.of(report)
    >>> second = revise(first, sign=centre, withdraw=["shop.example"], reason="cleared", kind="domain")
    >>> second.counts, second.withdrawn
    ({'domain': 1}, 1)
    >>> told = bisik.RetractionList.of(bisik.Feed.open(second.bytes, trust=centre))
    >>> told.find(kept)["reason"]
    'cleared'
    """
    if (withdraw is None) != (reason is None):
        raise TypeError("withdraw and reason go together")
    options = {
        "previous": previous,
        "reason": reason,
        "kind": kind,
        "skip_unlisted": skip_unlisted,
        "valid": None if valid is None else _seconds(valid),
        "seal_to": seal_to,
        "accept_enumeration": accept_enumeration,
        "region": region,
        "allow_unassigned": allow_unassigned,
        "bank": bank,
        "country": country,
        "key": key,
        "delta": delta,
        "guard": guard,
        "blind": blind,
        "at_least": at_least,
        "now": now,
    }
    taken = _chunks(withdraw, column, kind, _NAMING)
    return _bisik.revise_chunks(taken, _chunks(add, column, kind, None), sign=sign, options=options)


def _chunks(rows: Any, column: str | None, kind: str | None, names: tuple[str, ...] | None) -> Iterator[dict[str, list[Any]]]:
    if rows is None:
        return iter(())
    table = _rows.of(rows, column, kind)
    if names is not None:
        # A withdrawal has no claim: a list with old ones can be given as it is.
        table.columns = {name: cells for name, cells in table.columns.items() if name in names}
    return table.chunks()
