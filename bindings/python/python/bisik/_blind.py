"""A batch between blind request and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, final

from bisik import _bisik, _shapes
from bisik._bisik import PreparedRequest
from bisik.errors import StateConsumed

if TYPE_CHECKING:
    from bisik._matcher import Matcher


@final
class Prepared:
    """A batch between request and answer: a secret, made by ``Matcher.prepare`` and used once, by ``Matcher.finish``."""

    __slots__ = ("_native", "_shape")

    _native: _bisik.PreparedBatch
    _shape: _shapes.Shape

    def __init__(self) -> None:
        raise TypeError("a Prepared is made by Matcher.prepare or Prepared.from_bytes")

    @classmethod
    def _of(cls, native: _bisik.PreparedBatch, shape: _shapes.Shape) -> Prepared:
        made: Prepared = object.__new__(cls)
        object.__setattr__(made, "_native", native)
        object.__setattr__(made, "_shape", shape)
        return made

    @staticmethod
    def from_bytes(state: bytes | bytearray | memoryview, matcher: Matcher, /) -> Prepared:
        """Takes up what ``to_bytes`` gave, for a matcher with the same feeds in the same epochs.

        The shape of the column was not kept: ``Matcher.finish`` gives lists. Missing values are rejected as ``empty``.
        """
        engine = getattr(matcher, "_engine", None)
        return Prepared._of(_bisik.PreparedBatch.from_bytes(engine, state), _shapes.Shape([]))

    @property
    def requests(self) -> tuple[PreparedRequest, ...]:
        """What is to be sent, each to the server of the feed at ``feed`` among the matcher's; none if nothing has to be asked."""
        return self._native.requests()

    @property
    def queries(self) -> int:
        """How many evaluations all of it costs, padding included."""
        return self._native.counts()[2]

    @property
    def asked(self) -> int:
        """How many different values are asked, without padding."""
        return self._native.counts()[1]

    def to_bytes(self) -> bytes:
        """The state for a later ``finish``: as secret as the values themselves, and to be used once."""
        return self._native.to_bytes()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Prepared is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Prepared is frozen")

    def __repr__(self) -> str:
        try:
            rows, _, queries = self._native.counts()
        except StateConsumed:
            return "<bisik.Prepared, finished>"
        return f"<bisik.Prepared of {rows} rows, {queries} queries>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Prepared holds secrets and is not pickled: keep to_bytes() in a file of your own")

