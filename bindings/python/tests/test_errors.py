"""Exceptions mirror the core's table of error kinds."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import bisik
from bisik import _bisik, errors


def test_every_kind_has_its_class() -> None:
    for row in _bisik.error_kinds():
        cls = errors.class_of(int(row["code"]))
        assert cls.__name__ == row["name"] and getattr(errors, str(row["name"])) is cls
        assert (cls.kind, cls.code, cls.advice) == (row["kind"], row["code"], row["advice"])
        assert issubclass(cls, bisik.BisikError) and cls.__doc__


def test_the_classes_are_generated() -> None:
    generator = Path(__file__).parents[1] / "generate_errors.py"
    subprocess.run([sys.executable, generator, "--check"], check=True)


def test_an_error_carries_position_and_advice() -> None:
    with pytest.raises(errors.DuplicateName) as caught:
        bisik.Card.parse("name: A\nname: B\n")
    error = caught.value
    assert (error.kind, error.code, error.position) == ("duplicate-name", 308, 2)
    assert str(error) == "a second name (at 2)" and error.advice
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.position) == (type(error), str(error), 2)


def test_wrong_values_are_value_errors() -> None:
    for kind, value in [("domain", "a b"), ("dragon", "a"), ("domain", "\ud800")]:
        with pytest.raises(ValueError):
            bisik.canonical(kind, value)


def test_an_unknown_code_is_still_an_error() -> None:
    assert errors.class_of(65_000) is bisik.BisikError
    assert str(bisik.BisikError()) == ""
    assert str(errors.Expired()) == "expired"
