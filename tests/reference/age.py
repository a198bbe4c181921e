"""Opening files of the age v1 format (C2SP, age-encryption.org/v1) with X25519 identities."""

import base64
import binascii
import hmac
import re
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

import bech32
from errors import FormatError, require

PREFIX = b"age-encryption.org/"
ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
FIRST_LINE = PREFIX + b"v1\n"
LABEL = b"age-encryption.org/v1/X25519"
CHUNK = 65536
TAG = 16
MAX_STANZAS = 1024
MAX_HEADER = 2 * 1024 * 1024
ARGUMENTS = re.compile(rb"-> [\x21-\x7e]+(?: [\x21-\x7e]+)*")

Stanza = tuple[list[bytes], bytes]


def hkdf(material: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF with SHA-256, 32 bytes."""
    return HKDF(SHA256(), 32, salt, info).derive(material)


def unpadded(text: bytes) -> bytes:
    """Base64 without padding, in its one canonical form."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise FormatError("bad-header", "Base64") from error
    require(base64.b64encode(data).rstrip(b"=") == text, "bad-header", "Base64 is not canonical")
    return data


def recipient_of(secret: bytes) -> str:
    """The recipient text `age1…` of an identity."""
    return bech32.encode("age", X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())


def parse_header(data: bytes) -> tuple[list[Stanza], bytes, bytes, int]:
    """The stanzas, the bytes under the MAC, the MAC, and where the payload begins."""
    first, end, _ = data.partition(b"\n")
    other = bool(end) and first.startswith(PREFIX) and not first.startswith(FIRST_LINE[:-1])
    require(not other, "unsupported-version")
    require(data.startswith(FIRST_LINE), "bad-header", "first line")
    position = len(FIRST_LINE)
    stanzas: list[Stanza] = []

    def next_line() -> bytes:
        nonlocal position
        end = data.find(b"\n", position, MAX_HEADER)
        if end < 0:
            raise FormatError("limit-exceeded" if len(data) >= MAX_HEADER else "bad-header", "it does not end")
        line, position = data[position:end], end + 1
        return line

    while not data.startswith(b"---", position):
        line = next_line()
        require(ARGUMENTS.fullmatch(line) is not None, "bad-header", "stanza")
        require(len(stanzas) < MAX_STANZAS, "limit-exceeded", "stanzas")
        body = b""
        while True:  # full lines have 64 columns; a shorter one, perhaps empty, ends the body
            part = next_line()
            require(len(part) <= 64, "bad-header", "a long line")
            body += unpadded(part)
            if len(part) < 64:
                break
        stanzas.append((line.split(b" ")[1:], body))
    authenticated = data[: position + 3]
    mac_line = next_line()
    require(mac_line.startswith(b"--- "), "bad-header", "MAC line")
    mac = unpadded(mac_line[4:])
    require(len(mac) == 32 and bool(stanzas), "bad-header", "MAC or stanzas")
    kinds = [arguments[0] for arguments, _ in stanzas]
    require(b"scrypt" not in kinds or len(kinds) == 1, "bad-header", "scrypt beside others")
    return stanzas, authenticated, mac, position


def unwrap(stanza: Stanza, secret: bytes) -> bytes | None:
    """The file key, if the stanza is of type X25519 and made for this identity."""
    arguments, body = stanza
    if arguments[0] != b"X25519":
        return None
    require(len(arguments) == 2 and len(body) == 32, "bad-header", "X25519 stanza")
    share = unpadded(arguments[1])
    require(len(share) == 32, "bad-header", "X25519 share")
    private = X25519PrivateKey.from_private_bytes(secret)
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(share))
    except ValueError as error:  # the all-zero secret of a share of low order
        raise FormatError("bad-header", "X25519 share of low order") from error
    wrap_key = hkdf(shared, share + private.public_key().public_bytes_raw(), LABEL)
    try:
        return ChaCha20Poly1305(wrap_key).decrypt(bytes(12), body, None)
    except InvalidTag:
        return None


def open_payload(file_key: bytes, data: bytes) -> bytes:
    """STREAM: chunks of 64 KiB, the last one marked in its nonce and empty only if it is the first."""
    require(len(data) >= 16, "bad-header", "the nonce ends early")
    require(len(data) >= 16 + TAG, "cannot-open", "payload ends early")
    cipher = ChaCha20Poly1305(hkdf(file_key, data[:16], b"payload"))
    out = b""
    chunks = [data[i:i + CHUNK + TAG] for i in range(16, len(data), CHUNK + TAG)]
    for counter, chunk in enumerate(chunks):
        last = counter == len(chunks) - 1
        try:
            plain = cipher.decrypt(counter.to_bytes(11, "big") + bytes([last]), chunk, None)
        except InvalidTag as error:
            raise FormatError("cannot-open", "payload") from error
        require(bool(plain) or counter == 0, "cannot-open", "an empty last chunk")
        out += plain
    return out


def decrypt(data: bytes, secrets: list[bytes]) -> tuple[bytes, bytes]:
    """The plaintext, and the identity that opened the file."""
    stanzas, authenticated, mac, payload = parse_header(data)
    for stanza in stanzas:
        for secret in secrets:
            file_key = unwrap(stanza, secret)
            if file_key is not None:
                expected = hmac.digest(hkdf(file_key, b"", b"header"), authenticated, sha256)
                require(hmac.compare_digest(mac, expected), "cannot-open", "header MAC")
                return open_payload(file_key, data[payload:]), secret
    hybrid = any(arguments[0] == b"mlkem768x25519" for arguments, _ in stanzas)
    raise FormatError("unsupported-recipient" if hybrid else "no-matching-key")
