#!/usr/bin/env python3
"""Compares the phone form with Google's libphonenumber as ported to Python (`phonenumbers`).

    python3 tests/differential/phones.py [--ftc FILE] [--count N]

Makes a virtual environment beside the build, installs `phonenumbers` in it and starts itself there. The numbers are
those of FILE (US national numbers, one a line) and generated ones of all eleven ASEAN states, valid and malformed.
Every difference falls under a rule of docs/canonical.md section 3 or is unexplained; exits 1 if one is.
"""
import argparse
import collections
import os
import random
import re
import subprocess
import sys
import unicodedata
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
# The metadata of the library in use (`Kind::data_version`); another version differs by what was assigned meanwhile.
VERSION = "9.0.42"
ASEAN = ["BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "TL", "VN"]


def in_environment():
    """Starts this script again with `phonenumbers` at hand."""
    home = os.path.join(TARGET, "phones-venv")
    python = os.path.join(home, "bin", "python")
    if not os.path.exists(python):
        venv.create(home, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"phonenumbers=={VERSION}"], check=True)
    os.execv(python, [python] + sys.argv)


try:
    import phonenumbers
    from phonenumbers import PhoneNumberFormat, PhoneNumberType, PhoneMetadata
except ImportError:
    in_environment()


def library(region, value):
    """E.164 as the library reads it, or why not."""
    try:
        number = phonenumbers.parse(value, region or None)
    except phonenumbers.NumberParseException as error:
        return None, f"parse {error.error_type}"
    if not phonenumbers.is_valid_number(number):
        return None, "not valid"
    if number.extension:
        return None, "extension"
    return phonenumbers.format_number(number, PhoneNumberFormat.E164), ""


def valid(text):
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, None))
    except phonenumbers.NumberParseException:
        return False


def explanation(region, value, ours, theirs):
    """The rule of docs/canonical.md that a difference falls under, or None."""
    plain = unicodedata.normalize("NFKC", value)
    digits = "".join(str(unicodedata.decimal(c)) for c in plain if c.isdecimal())
    plus = plain.lstrip("( ").startswith("+")
    if ours == "!has-letters" or ours == "!has-extension":
        return "letters and extensions are refused"
    if ours == "!invalid-character":
        return "characters outside a number are refused"
    if not plus and digits.startswith("00"):
        meant = "+" + digits[2:]
        if ours == "!invalid-syntax" and theirs and valid(meant):
            return "00 read in two valid ways is refused"
        if not ours.startswith("!") and valid(meant) and library(None, meant)[0] == ours:
            return "00 is read as +"
    if ours == "!invalid-syntax":
        if plain.count("+") > 0 and not re.match(r"[\s(]*\++[^+]*$", plain):
            return "a plus inside the number is refused"
        metadata = PhoneMetadata.metadata_for_region(region) if region else None
        if metadata and not plus:
            prefix = metadata.international_prefix or ""
            if re.match(f"(?:{prefix})", digits) and not prefix.isdigit():
                return "a carrier's prefix is refused"
            if digits.startswith(str(metadata.country_code)) and valid("+" + digits) and theirs:
                return "a country code that may be part of the number is refused"
    if plus and digits.startswith("0") and ours == "!not-valid":
        return "+0 is no country code"
    return None


def generated(count, seed=1):
    """(region, value) pairs: numbers of the eleven plans in the ways that people write and break them."""
    rnd = random.Random(seed)

    def digits(length):
        return "".join(rnd.choice("0123456789") for _ in range(length))

    for _ in range(count):
        region = rnd.choice(ASEAN)
        metadata = PhoneMetadata.metadata_for_region(region)
        code = str(metadata.country_code)
        trunk = metadata.national_prefix or ""
        kind = rnd.choice([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE])
        example = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
        national = phonenumbers.national_significant_number(example)
        keep = rnd.randint(1, min(5, len(national)))
        number = national[:keep] + digits(len(national) - keep + rnd.choice([0, 0, 0, 0, -1, 1, 2]))
        if rnd.random() < 0.3:
            number = digits(rnd.randint(3, 13))
        gaps = rnd.choice(["", " ", "-", ".", " - "])
        if gaps and len(number) > 5:
            cut = rnd.randint(1, len(number) - 3)
            number = number[:cut] + gaps + number[cut:cut + 3] + gaps + number[cut + 3:]
        other = rnd.choice(ASEAN + ["US", "AU", "CN", "JP", "IT"])
        way = rnd.randrange(16)
        value = {
            0: f"+{code}{number}",
            1: f"+{code} {number}",
            2: f"+{code} {trunk}{number}",
            3: f"+{code} (0){number}",
            4: f"{trunk}{number}",
            5: f"{number}",
            6: f"{code}{number}",
            7: f"00{code}{number}",
            8: f"001{code}{number}",
            9: f"00 {code} {trunk}{number}",
            10: f"({trunk}{number[:2]}) {number[2:]}",
            11: f"+{code}-{trunk}-{number}",
            12: f"{rnd.choice(['007', '008', '009', '010', '011', '012', '013', '018', '019', '+00', '0'])}{code}{number}",
            13: f"+{code}{number}" + rnd.choice([" ext 12", "x9", " #4", "a", "/", " or", ",1"]),
            14: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() or c == "+" else c for c in f"+{code}{number}"),
            15: f"{trunk}{trunk}{number}",
        }[way]
        yield rnd.choice([region, region, region, other, ""]), value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ftc", default=os.path.join(ROOT, "..", "shared", "data", "phones", "ftc_dnc_2021-04-14_16.txt"))
    parser.add_argument("--count", type=int, default=100_000)
    arguments = parser.parse_args()

    rows = []
    if os.path.exists(arguments.ftc):
        with open(arguments.ftc, encoding="utf-8") as lines:
            rows += [("US", line.rstrip("\n")) for line in lines if line.strip()]
    else:
        print(f"skipped: {arguments.ftc} is missing")
    ftc = len(rows)
    rows += list(generated(arguments.count))

    build = ["cargo", "build", "--quiet", "--example", "canon_lines"]
    subprocess.run(build, cwd=ROOT, check=True)
    program = os.path.join(TARGET, "debug", "examples", "canon_lines")
    lines = "".join(f"phone\t{region}\t{value}\n" for region, value in rows)
    output = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(output) == len(rows), "one line out for each line in"

    reasons = collections.Counter()
    accepted = 0
    for (region, value), ours in zip(rows, output):
        theirs, why = library(region, value)
        accepted += not ours.startswith("!")
        if ours == theirs or (ours.startswith("!") and theirs is None):
            continue
        reason = explanation(region, value, ours, theirs)
        reasons[reason] += 1
        if reason is None:
            print(f"unexplained: {region!r} {value!r}: {ours}, phonenumbers {theirs or why}")
    print(f"{ftc} given and {len(rows) - ftc} generated numbers, {accepted} accepted, phonenumbers {VERSION}")
    for reason, count in sorted(reasons.items(), key=str):
        print(f"{count:8} {reason or 'UNEXPLAINED'}")
    return 1 if reasons[None] else 0


if __name__ == "__main__":
    sys.exit(main())
