"""The OPRF of blind feeds (docs/format.md, section 11): RFC 9497 with ristretto255-SHA512 in mode 1, on plain integers.

Slow and not constant in time: for comparison alone.
"""

import hashlib
from dataclasses import dataclass

from errors import require
from keys import D, ORDER, P

SQRT_M1 = pow(2, (P - 1) // 4, P)
SUITE = "ristretto255-SHA512"
CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"


def sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    """The non-negative root of u/v, or of SQRT_M1 · u/v (RFC 9496, section 4.2)."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, absolute(r)


def absolute(value: int) -> int:
    """The even one of a value and its negative."""
    value %= P
    return P - value if value & 1 else value


# Constants of RFC 9496, section 4.1.
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) * (D - 1) % P


@dataclass(frozen=True)
class Point:
    """A point in extended coordinates."""

    x: int
    y: int
    z: int
    t: int

    def __add__(self, other: "Point") -> "Point":
        a, b = (self.y - self.x) * (other.y - other.x), (self.y + self.x) * (other.y + other.x)
        c, d = 2 * self.t * other.t * D, 2 * self.z * other.z
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point(e * f % P, g * h % P, f * g % P, e * h % P)

    def __mul__(self, scalar: int) -> "Point":
        result, base = IDENTITY, self
        while scalar:
            if scalar & 1:
                result += base
            base, scalar = base + base, scalar >> 1
        return result


IDENTITY = Point(0, 1, 1, 0)


def decode(data: bytes) -> Point:
    """An element other than the identity, from its one encoding (RFC 9496, section 4.3.1)."""
    s = int.from_bytes(data, "little")
    require(len(data) == 32 and s < P and s & 1 == 0, "bad-element")
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, root = sqrt_ratio(1, v * u2 * u2)
    den_x, den_y = root * u2 % P, root * root * u2 * v % P
    x, y = absolute(2 * s * den_x), u1 * den_y % P
    t = x * y % P
    require(square and t & 1 == 0 and y != 0 and s != 0, "bad-element")
    return Point(x, y, 1, t)


def encode(point: Point) -> bytes:
    """The one encoding of an element (RFC 9496, section 4.3.2)."""
    x, y, z, t = point.x, point.y, point.z, point.t
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    _, root = sqrt_ratio(1, u1 * u2 * u2)
    den1, den2 = root * u1 % P, root * u2 % P
    z_inverse = den1 * den2 * t % P
    if t * z_inverse % P & 1:
        x, y, inverse = y * SQRT_M1 % P, x * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        inverse = den2
    if x * z_inverse % P & 1:
        y = -y % P
    return absolute(inverse * (z - y)).to_bytes(32, "little")


def _map(data: bytes) -> Point:
    """MAP of RFC 9496, section 4.3.4."""
    t = (int.from_bytes(data, "little") & (2**255 - 1)) % P
    r = SQRT_M1 * t * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    s, c = (s, P - 1) if square else (-absolute(s * t) % P, r)
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return Point(w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P)


def lp2(data: bytes) -> bytes:
    """Two bytes of length, the higher first, then the bytes."""
    return len(data).to_bytes(2, "big") + data


def expand(message: bytes, dst: bytes) -> bytes:
    """64 bytes of expand_message_xmd with SHA-512 (RFC 9380, section 5.3.1)."""
    suffix = dst + bytes([len(dst)])
    first = hashlib.sha512(bytes(128) + message + bytes([0, 64, 0]) + suffix).digest()
    return hashlib.sha512(first + b"\x01" + suffix).digest()


def hash_to_group(message: bytes) -> Point:
    """The element of an input."""
    uniform = expand(message, b"HashToGroup-" + CONTEXT)
    return _map(uniform[:32]) + _map(uniform[32:])


def hash_to_scalar(message: bytes, context: bytes = CONTEXT) -> int:
    """The scalar of a transcript."""
    return int.from_bytes(expand(message, b"HashToScalar-" + context), "little") % ORDER


def finish(message: bytes, element: bytes) -> bytes:
    """The output for an input and its evaluated element."""
    return hashlib.sha512(lp2(message) + lp2(element) + b"Finalize").digest()


def evaluate(key: int, message: bytes) -> bytes:
    """The function, as the holder of the key computes it."""
    return finish(message, encode(hash_to_group(message) * key))


def finalize(message: bytes, blind: int, evaluated: bytes) -> bytes:
    """The function, from an answer to what was blinded; the proof is checked apart."""
    return finish(message, encode(decode(evaluated) * pow(blind, -1, ORDER)))


def composites(public: bytes, sent: list[bytes], evaluated: list[bytes], context: bytes = CONTEXT) -> tuple[Point, Point]:
    """M and Z of RFC 9497, section 2.2.1."""
    seed = hashlib.sha512(lp2(public) + lp2(b"Seed-" + context)).digest()
    m = z = IDENTITY
    for number, (c, d) in enumerate(zip(sent, evaluated)):
        weight = hash_to_scalar(lp2(seed) + number.to_bytes(2, "big") + lp2(c) + lp2(d) + b"Composite", context)
        m, z = m + decode(c) * weight, z + decode(d) * weight
    return m, z


def challenge(public: bytes, points: tuple[Point, Point, Point, Point], context: bytes = CONTEXT) -> int:
    """The challenge of a proof, from M, Z, t2 and t3."""
    transcript = b"".join(lp2(encode(point)) for point in points)
    return hash_to_scalar(lp2(public) + transcript + b"Challenge", context)


def prove(key: int, sent: list[bytes], evaluated: list[bytes], random: int, context: bytes = CONTEXT) -> bytes:
    """GenerateProof of RFC 9497, section 2.2.1, of whatever elements, true or not."""
    public = encode(BASE * key)
    m, z = composites(public, sent, evaluated, context)
    stated = challenge(public, (m, z, BASE * random, m * random), context)
    return b"".join(scalar.to_bytes(32, "little") for scalar in (stated, (random - stated * key) % ORDER))


def check_proof(public: bytes, sent: list[bytes], evaluated: list[bytes], proof: bytes) -> None:
    """VerifyProof of RFC 9497, section 2.2.2."""
    require(len(sent) == len(evaluated) and len(proof) == 64, "count-mismatch")
    m, z = composites(public, sent, evaluated)
    stated, response = (int.from_bytes(part, "little") for part in (proof[:32], proof[32:]))
    require(stated < ORDER and response < ORDER, "bad-proof")
    t2 = BASE * response + decode(public) * stated
    t3 = m * response + z * stated
    require(challenge(public, (m, z, t2, t3)) == stated, "bad-proof")


# The generator of RFC 9496, section 4.1.
BASE = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))
