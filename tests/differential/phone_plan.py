#!/usr/bin/env python3
"""Finds the blocks of src/identifier/phone_plan/table.rs in the metadata of libphonenumber, and compares.

    python3 tests/differential/phone_plan.py [--write]

A block is a country, a length and four leading digits. It is whole if every completion of it matches the country's
general pattern and that of a type, lengths included, which is what makes a number valid. That is decided exactly, with
an automaton of the patterns, not by trying numbers. Exits 1 if the table is not what is found; `--write` mends it.
"""
import argparse
import functools
import os
import re
import subprocess
import sys
import textwrap
import venv

try:
    from re import _constants as sre, _parser as sre_parse
except ImportError:  # before Python 3.11
    import sre_constants as sre
    import sre_parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
TABLE = os.path.join(ROOT, "src", "identifier", "phone_plan", "table.rs")
# The metadata of the library in use (`Kind::data_version`).
VERSION = "9.0.42"
STATES = {
    "BN": "Brunei", "KH": "Cambodia", "ID": "Indonesia", "LA": "Laos", "MY": "Malaysia", "MM": "Myanmar",
    "PH": "Philippines", "SG": "Singapore", "TH": "Thailand", "TL": "Timor-Leste", "VN": "Viet Nam",
}
TYPES = [
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan", "voicemail",
]


def in_environment():
    """Starts this script again with `phonenumbers` at hand."""
    home = os.path.join(TARGET, "phones-venv")
    python = os.path.join(home, "bin", "python")
    if not os.path.exists(python):
        venv.create(home, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"phonenumbers=={VERSION}"], check=True)
    os.execv(python, [python] + sys.argv)


try:
    from phonenumbers import PhoneMetadata
except ImportError:
    in_environment()


class Automaton:
    """A pattern over the ten digits, as sets of states of Thompson's construction."""

    def __init__(self, pattern):
        self.digits = []  # state -> {digit: [next]}
        self.free = []  # state -> [next], without a digit
        start, self.last = self.state(), None
        self.last = self.add(sre_parse.parse(pattern), start)
        self.start = self.closed({start})
        self.step = functools.cache(self.step)

    def state(self):
        self.digits.append({})
        self.free.append([])
        return len(self.free) - 1

    def add(self, items, at):
        """Appends a sequence after the state `at`; the state after it."""
        for op, argument in items:
            at = self.one(op, argument, at)
        return at

    def one(self, op, argument, at):
        if op in (sre.LITERAL, sre.IN):
            after = self.state()
            members = [(op, argument)] if op is sre.LITERAL else argument
            for digit in "0123456789":
                if any(self.holds(member, digit) for member in members):
                    self.digits[at].setdefault(digit, []).append(after)
            return after
        if op is sre.BRANCH:
            after = self.state()
            for branch in argument[1]:
                begin = self.state()
                self.free[at].append(begin)
                self.free[self.add(branch, begin)].append(after)
            return after
        if op is sre.SUBPATTERN:
            return self.add(argument[-1], at)
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, body = argument
            assert most is not sre.MAXREPEAT, "no pattern of a plan is endless"
            after = self.state()
            for count in range(most + 1):
                if count >= least:
                    self.free[at].append(after)
                if count < most:
                    at = self.add(body, at)
            return after
        raise ValueError(f"{op} in a pattern")

    @staticmethod
    def holds(member, digit):
        op, argument = member
        if op is sre.LITERAL:
            return argument == ord(digit)
        if op is sre.RANGE:
            return argument[0] <= ord(digit) <= argument[1]
        if op is sre.CATEGORY and argument is sre.CATEGORY_DIGIT:
            return True
        raise ValueError(f"{op} in a class")

    def closed(self, states):
        todo, seen = list(states), set(states)
        while todo:
            for after in self.free[todo.pop()]:
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
        return frozenset(seen)

    def step(self, states, digit):
        return self.closed({after for state in states for after in self.digits[state].get(digit, [])})

    def accepts(self, states):
        return self.last in states


class Plan:
    """The numbers of one length that are valid in one country."""

    def __init__(self, metadata, length):
        def automaton(description):
            pattern = description and description.national_number_pattern
            if not pattern or length not in description.possible_length:
                return None
            return Automaton(pattern)

        self.general = automaton(metadata.general_desc)
        found = (automaton(getattr(metadata, name)) for name in TYPES)
        self.types = [one for one in found if one]
        self.length = length
        self.whole = functools.cache(self.whole)

    def whole(self, general, types, left):
        """Whether all completions of `left` more digits are valid."""
        if not general or not any(types):
            return False
        if left == 0:
            return self.general.accepts(general) and any(one.accepts(at) for one, at in zip(self.types, types))
        return all(self.whole(*self.after(general, types, digit), left - 1) for digit in "0123456789")

    def after(self, general, types, digit):
        return self.general.step(general, digit), tuple(one.step(at, digit) for one, at in zip(self.types, types))

    def ranges(self):
        """The blocks that are whole, as ranges. None begins with 0, the one trunk prefix."""
        blocks = []
        if not self.general or not self.types:
            return blocks
        for block in range(1000, 10_000):
            at = self.general.start, tuple(one.start for one in self.types)
            for digit in str(block):
                at = self.after(*at, digit)
            if self.whole(*at, self.length - 4):
                if blocks and blocks[-1][1] == block - 1:
                    blocks[-1][1] = block
                else:
                    blocks.append([block, block])
        return [tuple(block) for block in blocks]


def found():
    """region -> (country code, trunk prefix, {length: ranges})"""
    states = {}
    for region in STATES:
        metadata = PhoneMetadata.metadata_for_region(region)
        # What the short way of national numbers stands on.
        trunk = metadata.national_prefix_for_parsing
        assert trunk in (None, "0") and not metadata.national_prefix_transform_rule, region
        assert metadata.international_prefix.startswith("00" if trunk else "0"), region
        assert not metadata.general_desc.national_number_pattern.startswith("+"), region
        plans = {length: Plan(metadata, length).ranges() for length in metadata.general_desc.possible_length if length > 4}
        states[region] = (str(metadata.country_code), trunk, {length: ranges for length, ranges in plans.items() if ranges})
    return states


def written():
    """What the table of the library says, in the same form."""
    with open(TABLE, encoding="utf-8") as file:
        text = file.read()
    text = text[text.index("static COUNTRIES"):]
    states, length = {}, None
    token = r'country\(\s*"(?P<region>\w\w)",\s*"(?P<code>\d+)",\s*(?P<trunk>\w+)|plan\(\s*(?P<length>\d+)|\((?P<a>\d+), (?P<b>\d+)\)'
    for match in re.finditer(token, text):
        if match["region"]:
            plans = {}
            states[match["region"]] = (match["code"], "0" if match["trunk"] == "ZERO" else None, plans)
        elif match["length"]:
            length = int(match["length"])
            plans[length] = []
        else:
            plans[length].append((int(match["a"]), int(match["b"])))
    return states


def rust(states):
    """The table, a plan a paragraph."""
    lines = ["#[rustfmt::skip]\npub(super) static COUNTRIES: [Country; 11] = [\n"]
    for region, (code, trunk, plans) in states.items():
        lines.append(f'    // {STATES[region]}\n    country("{region}", "{code}", {"ZERO" if trunk else "None"}, &[\n')
        for length, ranges in plans.items():
            blocks = textwrap.fill(" ".join(f"({first},~{last})," for first, last in ranges), 108)
            lines.append(f"        plan({length}, &[\n{textwrap.indent(blocks, ' ' * 12)}\n        ]),\n".replace("~", " "))
        lines.append("    ]),\n")
    return "".join(lines) + "];\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write the table anew")
    arguments = parser.parse_args()
    states = found()
    blocks = sum(last - first + 1 for _, _, plans in states.values() for ranges in plans.values() for first, last in ranges)
    ranges = sum(len(ranges) for _, _, plans in states.values() for ranges in plans.values())
    print(f"phonenumbers {VERSION}: {blocks} whole blocks in {ranges} ranges of {len(states)} states")
    if arguments.write:
        with open(TABLE, encoding="utf-8") as file:
            text = file.read()
        with open(TABLE, "w", encoding="utf-8") as file:
            file.write(text[:text.index("#[rustfmt::skip]")] + rust(states))
    if written() != states:
        print("the table is not what is found: run with --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
