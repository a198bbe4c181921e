"""Publishing rows of any shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bisik import _bisik, _rows
from bisik._bisik import Card, Feed, KeySet, OprfKey, Publication, RecipientSecret, SigningFile
from bisik._matcher import Path, Time

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def publish(
    rows: Any,
    *,
    sign: SigningFile | KeySet | Path,
    feed: str,
    kind: str | None = None,
    column: str | None = None,
    set: str = "tokens",
    records: bool = False,
    fpr: float | str | Decimal | None = None,
    valid: int | str | timedelta = "7d",
    seal_to: Card | KeySet | Path | Sequence[Card | KeySet | Path] | None = None,
    tlp: str = "amber",
    purpose: str = "",
    accept_enumeration: str | Iterable[str] = (),
    region: str | None = None,
    allow_unassigned: bool = False,
    bank: str | None = None,
    country: str | None = None,
    previous: Feed | Publication | Path | bytes | None = None,
    key: RecipientSecret | KeySet | Path | None = None,
    new_epoch: bool = False,
    delta: bool = False,
    guard: Iterable[tuple[str, str]] | None = None,
    contact: Mapping[str, str] | None = None,
    blind: OprfKey | Path | None = None,
    at_least: tuple[int, int] | None = None,
    now: Time | None = None,
    progress: Callable[[int], object] | None = None,
) -> Publication:
    """Turns rows into a signed, protected feed.

    ``rows`` is a pandas or polars DataFrame, a pyarrow table, a dict of columns or a list of dicts with the names ``kind``
    and ``value``, and optionally ``category``, ``confidence``, ``first_seen``, ``last_seen``, ``expires``, ``reference``,
    ``note``, ``country``, ``bank`` and ``region``; or with ``kind`` one column or list of values. A row's own kind and
    region come before the arguments; with ``column``, ``kind`` holds for every row. Times are datetimes, ISO 8601 text
    (UTC unless they say otherwise) or seconds.

    Rows that cannot be published are in ``Publication.rejects``. An open feed of a kind whose values can all be tried is
    refused unless ``accept_enumeration`` names the kind; ``seal_to`` makes a feed that only its recipients open. ``blind`` is the
    OPRF key of this feed and epoch: then nobody can try values without asking the server that has it.
    ``delta`` makes ``Publication.delta`` as well, which leads from ``previous`` to this version. ``at_least`` is the lowest version and
    epoch: who has the numbers on the disk before publishing, and gives the next ones after a crash, signs no number twice.

    >>> import bisik
    >>> centre, bank = bisik.keygen("Centre"), bisik.keygen("Bank")
    >>> rows = [{"kind": "phone", "value": "+65 8123 4567", "category": "impersonation"}, {"kind": "phone", "value": "999"}]
    >>> published = publish(rows, sign=centre, feed="calls", records=True, seal_to=[bank.card])
    >>> published.counts, published.rejects
    ({'phone': 1}, [(1, 'phone', 'guarded')])
    >>> feed = bisik.Feed.open(published.bytes, trust=centre.card, key=bank)
    >>> bisik.Matcher(feed).check("8123 4567", kind="phone", region="SG").hits[0]["category"]
    'impersonation'
    """
    table = _rows.of(rows, column, kind)
    if contact is not None and not isinstance(contact, Mapping):
        raise TypeError(f"contact must be a dict, not {type(contact).__name__}")
    options = {
        "kind": kind,
        "set": set,
        "records": records,
        "fpr": None if fpr is None else _rate(fpr),
        "valid": _seconds(valid),
        "seal_to": seal_to,
        "tlp": tlp,
        "purpose": purpose,
        "accept_enumeration": accept_enumeration,
        "region": region,
        "allow_unassigned": allow_unassigned,
        "bank": bank,
        "country": country,
        "previous": previous,
        "key": key,
        "new_epoch": new_epoch,
        "delta": delta,
        "guard": guard,
        "contact": None if contact is None else dict(contact),
        "blind": blind,
        "at_least": at_least,
        "now": now,
    }
    return _bisik.publish_chunks(table.chunks(), sign=sign, feed=feed, options=options, progress=progress)


def _rate(rate: object) -> int:
    """A rate in units of 10^-15, rounded down: it is one to stay under."""
    if isinstance(rate, bool) or not isinstance(rate, (float, int, str, Decimal)):
        raise TypeError(f"fpr must be a number such as 1e-9, not {type(rate).__name__}")
    try:
        units = int(Decimal(str(rate)).scaleb(15)) if abs(Decimal(str(rate))) < 1 else 0
    except (InvalidOperation, OverflowError):
        units = 0
    if units <= 0:
        raise ValueError("fpr must be between 1e-15 and 1")
    return units


def _seconds(valid: object) -> int:
    if isinstance(valid, timedelta):
        return _positive(int(valid.total_seconds()))
    if isinstance(valid, str):
        found = re.fullmatch(r"([0-9]{1,12})([smhd])", valid)
        if found is None:
            raise ValueError("valid must be a span such as 7d, 36h, 90m or 30s")
        return _positive(int(found[1]) * _UNITS[found[2]])
    if isinstance(valid, int) and not isinstance(valid, bool):
        return _positive(valid)
    raise TypeError(f"valid must be seconds, a timedelta or a span such as '7d', not {type(valid).__name__}")


def _positive(seconds: int) -> int:
    if seconds <= 0:
        raise ValueError("valid must be longer than nothing")
    return seconds
