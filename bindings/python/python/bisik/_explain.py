"""Canonical forms with the steps that lead to them."""

from __future__ import annotations

from typing import NamedTuple

from bisik import _bisik
from bisik.errors import BisikError


class Explanation(NamedTuple):
    """What became of a value. It holds the value: show it to the person who gave it, never to a log."""

    canonical: str | None
    """The canonical form, or ``None`` if there is none."""
    error: BisikError | None
    """Why there is none."""
    steps: list[tuple[str, str]]
    """Each step as (rule, text after it)."""


def explain(
    kind: str,
    value: str,
    /,
    *,
    region: str | None = None,
    allow_unassigned: bool = False,
    bank: str | None = None,
    country: str | None = None,
) -> Explanation:
    """The canonical form of a value, or why there is none, with each step.

    >>> explanation = explain("domain", " WWW.Example.COM. ")
    >>> explanation.canonical
    'www.example.com'
    >>> explain("phone", "9123 4567").error.kind
    'missing-region'
    """
    options = {"region": region, "bank": bank, "country": country}
    return Explanation(*_bisik.explain(kind, value, allow_unassigned=allow_unassigned, **options))
