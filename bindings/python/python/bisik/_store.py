"""Stores of feeds that ``bisik pull`` keeps current."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, final

from bisik import _bisik
from bisik._bisik import Card, KeySet, RecipientSecret
from bisik._matcher import Matcher, Path, Time, Trust


@final
class Store:
    """A folder of feeds that ``bisik pull --into`` keeps current. Reading it needs no lock.

    >>> import tempfile
    >>> Store.open(tempfile.mkdtemp())
    Traceback (most recent call last):
        ...
    bisik.errors.NotAStore: the folder is no store of feeds
    """

    __slots__ = ("_native",)

    _native: _bisik.NativeStore

    def __init__(self) -> None:
        raise TypeError("Store.open opens a store")

    @staticmethod
    def open(path: Path, /) -> Store:
        """Opens a store."""
        store = object.__new__(Store)
        store._native = _bisik.NativeStore.open(path)
        return store

    @property
    def generation(self) -> int:
        """The number of the last change."""
        return self._native.generation

    def status(self, *, now: Time | None = None) -> list[dict[str, Any]]:
        """A dict for each feed, by what was written down when it was verified; nothing is verified anew."""
        return self._native.status(now=now)

    def matcher(
        self,
        *,
        trust: Trust | Sequence[Trust] | dict[Card, Sequence[str]],
        key: RecipientSecret | KeySet | Path | Sequence[RecipientSecret | KeySet | Path] | None = None,
        guard: Iterable[tuple[str, str]] | None = None,
        now: Time | None = None,
    ) -> StoreMatcher:
        """Opens and verifies all feeds. One that cannot be used is left out: see ``StoreMatcher.dropped``."""
        matcher = object.__new__(StoreMatcher)
        matcher._native = self._native.matcher(trust, key, guard, now)
        return matcher


@final
class StoreMatcher:
    """A matcher that is exchanged when its store changes; threads may share it.

    Take ``current()`` for each batch, and call ``reload_if_changed()`` once a second or so.
    """

    __slots__ = ("_native",)

    _native: _bisik.StoreEngine

    def __init__(self) -> None:
        raise TypeError("Store.matcher makes a StoreMatcher")

    def current(self, *, now: Time | None = None) -> Matcher:
        """The feeds as they were last loaded, without those that have expired since."""
        engine, feeds, _, _ = self._native.current(now)
        return Matcher._over(engine, feeds)

    def dropped(self, *, now: Time | None = None) -> list[dict[str, Any]]:
        """The feeds that are left out: ``feed``, ``publisher_id``, ``kind`` and ``message`` of why."""
        return self._native.current(now)[2]

    def reload(self, *, now: Time | None = None) -> None:
        """Reads the store again: new versions are verified, unchanged feeds are taken over."""
        self._native.reload(False, now)

    def reload_if_changed(self, *, now: Time | None = None) -> bool:
        """Reads the store again if it changed. One small file is read to know."""
        return self._native.reload(True, now)
