"""The package as it is installed: typed, small, with one exported symbol."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bisik
from bisik import _bisik

LIBRARY = Path(str(_bisik.__file__))


def test_everything_public_is_documented() -> None:
    for name in bisik.__all__:
        item = getattr(bisik, name)
        assert name.startswith("__") or item.__doc__, name
        if isinstance(item, type):
            for member in vars(item):
                if not member.startswith("_"):
                    assert getattr(item, member).__doc__, f"{name}.{member}"


def test_the_stub_travels_with_the_package() -> None:
    home = Path(bisik.__file__).parent
    assert (home / "py.typed").is_file() and (home / "_bisik.pyi").is_file()


@pytest.mark.skipif(shutil.which("nm") is None or sys.platform != "linux", reason="needs nm")
def test_only_the_entry_point_is_exported() -> None:
    listed = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, capture_output=True, text=True).stdout
    names = {line.split()[-1] for line in listed.splitlines()}
    assert names == {"PyInit__bisik"}


def test_no_library_is_imported_that_the_caller_did_not_import() -> None:
    code = (
        "import sys, bisik; keys = bisik.keygen('A');"
        "feed = bisik.publish(['a.example'], kind='domain', sign=keys, feed='f').bytes;"
        "assert bisik.Matcher(feed, trust=keys).match(['a.example'], 'domain') == [True];"
        "print([name for name in ('numpy', 'pandas', 'polars', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
