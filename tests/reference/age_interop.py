#!/usr/bin/env python3
"""Opens and seals age files with another implementation (the PyPI package pyrage, which is written on rage).

    age_interop.py open KEYFILE SEALED OUT     KEYFILE: an age identity file
    age_interop.py seal RECIPIENT IN OUT       RECIPIENT: age1…

Exits 0 if it worked, 1 if the file does not open or the key is refused, 2 if it was called wrongly.
"""

import sys
from pathlib import Path

import pyrage


def identities(path):
    """The X25519 identities of an age identity file."""
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]


def open_file(key_file, sealed, out):
    Path(out).write_bytes(pyrage.decrypt(Path(sealed).read_bytes(), identities(key_file)))


def seal_file(recipient, plain, out):
    to = pyrage.x25519.Recipient.from_str(recipient)
    Path(out).write_bytes(pyrage.encrypt(Path(plain).read_bytes(), [to]))


def main(arguments):
    command = {"open": open_file, "seal": seal_file}.get(arguments[0]) if len(arguments) == 4 else None
    if command is None:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        command(*arguments[1:])
    except (pyrage.DecryptError, pyrage.EncryptError, pyrage.IdentityError, pyrage.RecipientError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
