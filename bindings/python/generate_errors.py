"""Writes python/bisik/errors.py from the core's table of error kinds; with --check, says whether it is current."""

from __future__ import annotations

import sys
from pathlib import Path

from bisik import _bisik

TARGET = Path(__file__).parent / "python" / "bisik" / "errors.py"

BLOCKS = {
    1: ("IdentifierError", "A value that has no canonical form.", ("BisikError", "ValueError")),
    2: ("PublicationError", "Something that cannot be published.", ("BisikError", "ValueError")),
    3: ("FileError", "A file that is no valid feed.", ("BisikError",)),
    4: ("TrustError", "A signature, a key or a time that cannot be relied upon.", ("BisikError",)),
    5: ("EnvelopeError", "A sealed file or a record that does not open.", ("BisikError",)),
    6: ("BlindError", "A fault in blind mode.", ("BisikError",)),
    7: ("LedgerError", "A fault with sightings, retractions or logs.", ("BisikError",)),
    8: ("MatchingError", "A look-up that has no answer.", ("BisikError",)),
    9: ("HostError", "Something that the system or the caller did.", ("BisikError", "ValueError")),
}

HEAD = '''"""The exceptions: one class a kind of error, under one class a block of kinds, under ``BisikError``.

Written by ``generate_errors.py`` from the core's one table. No message holds an identifier or a key.

>>> import bisik
>>> try:
...     bisik.canonical("phone", "9123 4567")
... except bisik.IdentifierError as error:
...     error.kind, error.code, type(error) is MissingRegion
('missing-region', 106, True)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from bisik import _bisik

_TABLE = {int(row["code"]): row for row in _bisik.error_kinds()}
_CLASSES: dict[int, type[BisikError]] = {}


class BisikError(Exception):
    """What every error of bisik is."""

    kind: ClassVar[str] = ""
    """The stable name of the kind, in words joined by hyphens."""
    code: ClassVar[int] = 0
    """The stable number of the kind."""
    advice: ClassVar[str] = ""
    """What a person can do next."""
    position: int | None
    """Where: a byte offset in files and values, an item's number in lists."""

    def __init_subclass__(cls, *, code: int = 0) -> None:
        if code:
            row = _TABLE[code]
            cls.code, cls.kind, cls.advice = code, str(row["kind"]), str(row["advice"])
            _CLASSES[code] = cls

    def __init__(self, message: str = "", position: int | None = None) -> None:
        super().__init__(message, position)
        self.position = position

    def __str__(self) -> str:
        place = "" if self.position is None else f" (at {self.position})"
        return f"{self.args[0] or self.kind}{place}"


def class_of(code: int) -> type[BisikError]:
    """The class of a code; ``BisikError`` for one that this version does not know."""
    return _CLASSES.get(code, BisikError)
'''


def text() -> str:
    parts = [HEAD]
    block = 0
    for row in _bisik.error_kinds():
        code = int(row["code"])
        if code // 100 != block:
            block = code // 100
            name, doc, bases = BLOCKS[block]
            parts.append(f'\n\nclass {name}({", ".join(bases)}):\n    """{doc}"""\n')
            if block == 2:
                parts.append(
                    "\n    rejects: Sequence[tuple[int, str | None, str]] = ()\n"
                    '    """The rows that were refused, as (row, kind, reason), if nothing else is left."""\n'
                )
            if block == 6:
                parts.append(
                    "\n    left: int | None\n"
                    '    """What may still be asked, if a budget does not hold a request."""\n'
                    "    retry_at: int | None\n"
                    '    """When more may be asked, in seconds since 1970, if it ever may."""\n'
                )
        summary = str(row["summary"])
        parts.append(f'\n\nclass {row["name"]}({BLOCKS[block][0]}, code={code}):\n')
        parts.append(f'    """{summary[0].upper()}{summary[1:]}."""\n')
    return "".join(parts)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text(encoding="utf-8") == text() else f"{TARGET.name} is not current: run this without --check")
    TARGET.write_text(text(), encoding="utf-8")
