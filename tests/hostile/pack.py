"""Packs files that are much alike into one JSON document, and unpacks them.

The bytes of a file are a list of pieces, joined: a text is hex, `[file, offset, length]` is a piece of an earlier file.
"""

import re
from typing import Any

WINDOW = 20
STEP = 4
Piece = str | list[int]


def pack(files: list[bytes]) -> list[list[Piece]]:
    """The pieces of each file."""
    known: dict[bytes, tuple[int, int]] = {}
    packed = []
    for number, data in enumerate(files):
        pieces: list[Piece] = []
        position = fresh = 0
        while position < len(data):
            found = known.get(data[position:position + WINDOW])
            if found is None:
                position += 1
                continue
            source, offset = files[found[0]], found[1]
            start = position
            while start > fresh and offset > 0 and data[start - 1] == source[offset - 1]:
                start, offset = start - 1, offset - 1
            length = position - start + WINDOW
            longest = min(len(data) - start, len(source) - offset)
            while length < longest and source[offset + length] == data[start + length]:
                length += 1
            if fresh < start:
                pieces.append(data[fresh:start].hex())
            pieces.append([found[0], offset, length])
            position = fresh = start + length
        if fresh < len(data):
            pieces.append(data[fresh:].hex())
        packed.append(pieces)
        for offset in range(0, len(data) - WINDOW + 1, STEP):
            known.setdefault(data[offset:offset + WINDOW], (number, offset))
    return packed


def unpack(packed: list[list[Any]]) -> list[bytes]:
    """The bytes of each file."""
    files: list[bytes] = []
    for pieces in packed:
        data = b""
        for piece in pieces:
            if isinstance(piece, str):
                data += bytes.fromhex(piece)
            else:
                number, offset, length = piece
                data += files[number][offset:offset + length]
        files.append(data)
    return files


def shorten(data: bytes) -> list[str | list[str | int]]:
    """Bytes as texts in Latin-1, where long repetitions are `[text, times]`."""
    pieces: list[str | list[str | int]] = []
    fresh = 0
    for found in re.finditer(rb"(.{1,12}?)\1{99,}", data, re.DOTALL):
        pieces += [data[fresh:found.start()].decode("latin-1")] * (fresh < found.start())
        pieces.append([found[1].decode("latin-1"), len(found[0]) // len(found[1])])
        fresh = found.end()
    pieces += [data[fresh:].decode("latin-1")] * (fresh < len(data))
    assert b"".join((piece if isinstance(piece, str) else str(piece[0]) * int(piece[1])).encode("latin-1") for piece in pieces) == data
    return pieces
