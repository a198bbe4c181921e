"""Bech32 (BIP 173) without its length limit: the texts of keys (docs/format.md, section 2)."""

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum


def _expand(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _regroup(values: bytes | list[int], source: int, target: int, pad: bool) -> list[int]:
    """Turns groups of `source` bits into groups of `target` bits."""
    accumulator = bits = 0
    out = []
    for value in values:
        accumulator = accumulator << source | value
        bits += source
        while bits >= target:
            bits -= target
            out.append(accumulator >> bits & (1 << target) - 1)
        accumulator &= (1 << bits) - 1
    if pad:
        if bits:
            out.append(accumulator << target - bits)
    elif bits >= source or accumulator:
        raise ValueError("left-over bits")
    return out


def encode(prefix: str, data: bytes) -> str:
    """The lower-case text of `data` under the human-readable part `prefix`."""
    values = _regroup(data, 8, 5, True)
    checksum = _polymod(_expand(prefix) + values + [0] * 6) ^ 1
    values += [checksum >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(ALPHABET[v] for v in values)


def decode(text: str) -> tuple[str, bytes]:
    """The human-readable part in lower case, and the bytes. Raises ValueError."""
    if text != text.lower() and text != text.upper():
        raise ValueError("mixed case")
    prefix, separator, rest = text.lower().rpartition("1")
    if not separator or not prefix or len(rest) < 6:
        raise ValueError("no Bech32 text")
    if any(not 33 <= ord(c) <= 126 for c in prefix):
        raise ValueError("character")
    values = [ALPHABET.find(c) for c in rest]
    if -1 in values or _polymod(_expand(prefix) + values) != 1:
        raise ValueError("character or checksum")
    return prefix, bytes(_regroup(values[:-6], 5, 8, False))
