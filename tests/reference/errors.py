"""The one exception of the reference implementation; its kind is a name of docs/format.md."""


class FormatError(Exception):
    """A refusal. `kind` is the stable name of the error, for example `hash-mismatch`."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(f"{kind}: {message}" if message else kind)
        self.kind = kind


def require(condition: bool, kind: str, message: str = "") -> None:
    """Refuses with `kind` unless the condition holds."""
    if not condition:
        raise FormatError(kind, message)
