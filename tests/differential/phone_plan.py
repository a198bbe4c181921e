#!/usr/bin/env python3
"""Finds the blocks of src/identifier/phone_plan/table/ in the metadata of libphonenumber, and compares.

    python3 tests/differential/phone_plan.py [--write]

A block is a country code, a length and four leading digits. It is whole if every completion of it matches the
general pattern and that of a type, lengths included, of one of the code's regions, which is what makes a number valid.
That is decided exactly, with an automaton of the patterns, not by trying numbers. Exits 1 if the table is not what is
found; `--write` mends it.

A block is left out where the library could drop something of its numbers: where the region's pattern of trunk and
carrier prefixes, or its pattern of international prefixes, can match at the beginning, or can match more than the
trunk prefix when that stands before. So `+CC NSN`, and in the region `NSN` and trunk prefix + `NSN`, are one number.
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
TABLE = os.path.join(ROOT, "src", "identifier", "phone_plan", "table")
# The metadata of the library in use (`Kind::data_version`).
VERSION = "9.0.42"
# The zones of E.164, by the first digit of the country code.
ZONES = {
    "1": "North America", "2": "Africa", "3": "Europe, south and west", "4": "Europe, north and middle", "5": "Latin America",
    "6": "South-East Asia and Oceania", "7": "Russia", "8": "East Asia", "9": "West and South Asia",
}
# Leading digits of a block.
LEADING = 4
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
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
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
        if op is sre.AT:
            return at  # an end of the text: more is accepted without it
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

    def may_begin(self, digits):
        """Whether the pattern can match at the beginning of a number that begins with these digits."""
        states = self.start
        for digit in digits:
            if self.accepts(states):
                return True
            states = self.step(states, digit)
        return bool(states)

    def may_match_beyond(self, trunk, digits):
        """Whether the pattern can match more of trunk prefix and digits than the trunk prefix."""
        states = self.step(self.start, trunk)
        for digit in digits:
            states = self.step(states, digit)
            if self.accepts(states):
                return True
        return bool(states)


class Plan:
    """The numbers of one length that are valid in one region, and match the general pattern of the code's main region."""

    def __init__(self, metadata, main, length):
        def automaton(description):
            pattern = description and description.national_number_pattern
            if not pattern or length not in description.possible_length:
                return None
            return Automaton(pattern)

        # A number matches both patterns of `general` and one of `types`.
        self.general = [automaton(metadata.general_desc)]
        if main is not metadata:
            self.general.append(automaton(main.general_desc))
        found = (automaton(getattr(metadata, name)) for name in TYPES)
        self.types = [one for one in found if one]
        self.length = length
        self.whole = functools.cache(self.whole)

    def whole(self, general, types, left):
        """Whether all completions of `left` more digits are valid."""
        if not all(general) or not any(types):
            return False
        if left == 0:
            return all(one.accepts(at) for one, at in zip(self.general, general)) and any(
                one.accepts(at) for one, at in zip(self.types, types)
            )
        return all(self.whole(*self.after(general, types, digit), left - 1) for digit in "0123456789")

    def after(self, general, types, digit):
        return (
            tuple(one.step(at, digit) for one, at in zip(self.general, general)),
            tuple(one.step(at, digit) for one, at in zip(self.types, types)),
        )

    def blocks(self, keep):
        """The blocks that are whole and to be kept. None begins with 0."""
        if all(self.general) and self.types:
            start = tuple(one.start for one in self.general), tuple(one.start for one in self.types)
            yield from self.below("", start, keep)

    def below(self, digits, at, keep):
        if len(digits) == LEADING:
            if self.whole(*at, self.length - LEADING) and keep(digits):
                yield int(digits)
            return
        for digit in "0123456789" if digits else "123456789":
            after = self.after(*at, digit)
            if all(after[0]) and any(after[1]):
                yield from self.below(digits + digit, after, keep)


def one_of_their_own(metadata, before):
    """Tells whether numbers of a block are the region's, of those that share its country code: the library takes the
    first one whose leading digits, or else patterns, match."""
    leading = metadata.leading_digits and re.compile(metadata.leading_digits)
    others = [Automaton(one.leading_digits) for one in before if one.leading_digits]
    return lambda digits: (
        (not leading or leading.match(digits)) and not any(one.may_begin(digits) for one in others)
    )


def joined(blocks):
    """Rising blocks as ranges."""
    ranges = []
    for block in blocks:
        if ranges and ranges[-1][1] == block - 1:
            ranges[-1] = (ranges[-1][0], block)
        else:
            ranges.append((block, block))
    return ranges


def country(regions):
    """(trunk prefix, unclear blocks, {length: ranges}) of a country code.

    Unclear are blocks at which something else could be dropped than the trunk prefix before them."""
    each = [PhoneMetadata.metadata_for_region(region) for region in regions]
    metadata = each[0]
    international = Automaton(metadata.international_prefix) if metadata.international_prefix else None
    prefixes = Automaton(metadata.national_prefix_for_parsing) if metadata.national_prefix_for_parsing else None

    def is_plain(digits):
        return not (prefixes and prefixes.may_begin(digits)) and not (international and international.may_begin(digits))

    def is_plain_behind(trunk):
        return lambda digits: (
            is_plain(digits)
            and not prefixes.may_match_beyond(trunk, digits)
            and not (international and international.may_begin(trunk + digits))
        )

    def plans(keep):
        every = {}
        for length in metadata.general_desc.possible_length:
            blocks = set()
            for place, one in enumerate(each):
                is_own = one_of_their_own(one, each[:place])
                if length > LEADING:
                    blocks.update(Plan(one, metadata, length).blocks(lambda digits: is_own(digits) and keep(digits)))
            if blocks:
                every[length] = joined(sorted(blocks))
        return every

    def size(found):
        return sum(last - first + 1 for ranges in found.values() for first, last in ranges)

    def unclear(keep):
        return joined(block for block in range(1000, 10_000) if not keep(str(block)))

    alone = plans(is_plain)
    trunk = metadata.national_prefix
    if trunk and len(trunk) == 1 and prefixes and prefixes.accepts(prefixes.step(prefixes.start, trunk)):
        behind = plans(is_plain_behind(trunk))
        # Where carrier prefixes stand behind the trunk prefix, numbers with it are left to the library.
        if size(behind) * 5 >= size(alone) * 4:
            return trunk, unclear(is_plain_behind(trunk)), behind
    return None, unclear(is_plain), alone


def found():
    """(country code, region) -> what `country` finds, for the region whose plan the code has."""
    table = {}
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        if regions[0] != "001":
            trunk, unclear, plans = country(regions)
            if plans:
                table[str(code), regions[0]] = trunk, unclear, plans
    return dict(sorted(table.items()))


def path(zone):
    return os.path.join(TABLE, f"zone{zone}.rs")


def written():
    """What the table of the library says, in the same form."""
    table = {}
    token = r'country\(\s*"(?P<region>\w\w)",\s*"(?P<code>\d+)",\s*(?P<trunk>None|Some\(\'\d\'\))|plan\(\s*(?P<length>\d+)|\((?P<a>\d+), (?P<b>\d+)\)'
    for zone in ZONES:
        if not os.path.exists(path(zone)):
            continue
        with open(path(zone), encoding="utf-8") as file:
            text = file.read()
        for match in re.finditer(token, text[text.index("COUNTRIES"):]):
            if match["region"]:
                ranges, plans = [], {}
                trunk = match["trunk"][6] if match["trunk"] != "None" else None
                table[match["code"], match["region"]] = trunk, ranges, plans
            elif match["length"]:
                ranges = plans[int(match["length"])] = []
            else:
                ranges.append((int(match["a"]), int(match["b"])))
    return table


def rust(zone, table):
    """The table of one zone, a plan a paragraph."""
    lines = [
        f"//! Country codes that begin with {zone}: {ZONES[zone]}. Written by `tests/differential/phone_plan.py`.\n\n",
        "use crate::identifier::phone_plan::table::plan::{Country, country, plan};\n\n",
        "#[rustfmt::skip]\npub(super) static COUNTRIES: &[Country] = &[\n",
    ]
    def blocks(ranges, indent):
        text = textwrap.fill(" ".join(f"({first},~{last})," for first, last in ranges), 120)
        return textwrap.indent(text, indent).replace("~", " ")

    for (code, region), (trunk, unclear, plans) in table.items():
        if not code.startswith(zone):
            continue
        prefix = f"Some('{trunk}')" if trunk else "None"
        left = f"&[\n{blocks(unclear, ' ' * 8)}\n    ]" if unclear else "&[]"
        lines.append(f'    country("{region}", "{code}", {prefix}, {left}, &[\n')
        for length, ranges in plans.items():
            lines.append(f"        plan({length}, &[\n{blocks(ranges, ' ' * 12)}\n        ]),\n")
        lines.append("    ]),\n")
    return "".join(lines) + "];\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write the table anew")
    arguments = parser.parse_args()
    table = found()
    every = [one for _, _, plans in table.values() for ranges in plans.values() for one in ranges]
    blocks = sum(last - first + 1 for first, last in every)
    print(f"phonenumbers {VERSION}: {blocks} whole blocks in {len(every)} ranges of {len(table)} country codes")
    if arguments.write:
        for zone in ZONES:
            with open(path(zone), "w", encoding="utf-8") as file:
                file.write(rust(zone, table))
    if written() != table:
        print("the table is not what is found: run with --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
