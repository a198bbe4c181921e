"""Blind mode: a member's batch, the publisher's server, and what goes wrong between them."""

from __future__ import annotations

import copy
import pickle
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest

import bisik
from bisik import errors

from .conftest import NOW

VALUES = ["8123 4567", None, "9123 4567", "no number", "+6581234567"]
MASK = [True, False, False, False, True]


@dataclass(frozen=True)
class Blind:
    """A centre with a blind feed and a salted one, a bank that asks."""

    centre: bisik.KeySet
    bank: bisik.KeySet
    key: bisik.OprfKey
    server: bisik.OprfServer
    matcher: bisik.Matcher

    def prepare(self, values: Any = VALUES, kind: Any = "phone", **named: Any) -> bisik.Prepared:
        return self.matcher.prepare(values, kind, **{"sign": self.bank, "region": "SG", "now": NOW, **named})

    def answer(self, prepared: bisik.Prepared) -> list[bytes]:
        read = bisik.BlindRequest.read
        return [self.server.blind_evaluate(read(request.bytes, clients=self.bank)) for request in prepared.requests]


@pytest.fixture(scope="module")
def blind() -> Blind:
    centre, bank = bisik.keygen("Example Centre"), bisik.keygen("Example Bank")
    key = bisik.OprfKey.generate(centre, "mules")
    rows = [{"kind": "phone", "value": "+6581234567", "category": "mule"}, {"kind": "domain", "value": "login.example"}]
    published = bisik.publish(rows, sign=centre, feed="mules", blind=key, records=True, now=NOW)
    salted = bisik.publish(["shop.example"], kind="domain", sign=centre, feed="shops", now=NOW)
    matcher = bisik.Matcher([published.bytes, salted.bytes], trust=centre, now=NOW)
    return Blind(centre, bank, key, bisik.OprfServer(key), matcher)


def test_a_round(blind: Blind) -> None:
    assert blind.matcher.has_blind
    with pytest.raises(errors.BlindQueryNeeded):
        blind.matcher.match(VALUES, "phone", region="SG", now=NOW)
    prepared = blind.prepare()
    assert (prepared.asked, prepared.queries, len(prepared.requests)) == (2, 2, 1)
    assert repr(prepared) == "<bisik.Prepared of 5 rows, 2 queries>"
    request = prepared.requests[0]
    assert (request.feed, request.queries) == (0, 2)
    report = blind.matcher.finish_report(prepared, blind.answer(prepared), now=NOW)
    assert [(hit["row"], hit["category"], hit["feed"]) for hit in report.hits] == [(0, "mule", "mules"), (4, "mule", "mules")]
    assert (report.rows, report.missing) == (5, 1)
    assert [(row, kind) for row, kind, _ in report.rejected] == [(3, "phone")]


def test_the_answer_has_the_shape_of_the_question(blind: Blind) -> None:
    def finish(values: Any, kind: Any = "phone", **named: Any) -> Any:
        prepared = blind.prepare(values, kind)
        return blind.matcher.finish(prepared, blind.answer(prepared), now=NOW, **named)

    assert finish(VALUES) == MASK
    assert finish(numpy.array(VALUES, dtype=object)).tolist() == MASK
    assert finish(pandas.Series(VALUES, name="n")).tolist() == MASK
    assert finish(polars.Series(VALUES)).to_list() == MASK
    assert finish(pyarrow.array(VALUES)).to_pylist() == MASK
    assert finish(pyarrow.array(VALUES).dictionary_encode()).to_pylist() == MASK
    assert [hit["row"] for hit in finish(VALUES, hits=True)] == [0, 4]
    assert finish(pandas.Series(VALUES), hits=True)["row"].tolist() == [0, 4]
    # Rows of different kinds, and a feed that is not blind beside the blind one.
    assert finish(["login.example", "shop.example", "x"], ["domain", "domain", "telephone"]) == [True, True, False]
    assert finish([]) == []


def test_the_state_is_used_once_and_can_be_kept(blind: Blind) -> None:
    prepared = blind.prepare()
    state, answers = prepared.to_bytes(), blind.answer(prepared)
    assert blind.matcher.finish(prepared, answers, now=NOW) == MASK
    assert repr(prepared) == "<bisik.Prepared, finished>"
    for again in (
        lambda: blind.matcher.finish(prepared, answers, now=NOW),
        lambda: prepared.requests,
        lambda: prepared.queries,
        prepared.to_bytes,
    ):
        with pytest.raises(errors.StateConsumed):
            again()
    kept = bisik.Prepared.from_bytes(state, blind.matcher)
    report = blind.matcher.finish_report(kept, b"".join(answers), now=NOW)
    assert [hit["row"] for hit in report.hits] == [0, 4]
    # What was missing is empty after that.
    assert [(row, reason) for row, _, reason in report.rejected][0] == (1, "empty")
    assert blind.matcher.finish(bisik.Prepared.from_bytes(state, blind.matcher), answers, now=NOW) == MASK
    # A wrong argument does not use the state up.
    kept = bisik.Prepared.from_bytes(state, blind.matcher)
    wrong: Any = [5]
    with pytest.raises(TypeError):
        blind.matcher.finish(kept, wrong, now=NOW)
    assert blind.matcher.finish(kept, answers, now=NOW) == MASK


def test_padding(blind: Blind) -> None:
    values = [f"+6591234{number}" for number in range(500, 505)]
    assert blind.prepare(values).queries == 8
    assert blind.prepare(values, pad=False).queries == 5
    assert blind.prepare(["x"]).requests == ()


def test_bad_answers(blind: Blind) -> None:
    prepared = blind.prepare()
    state, answers = prepared.to_bytes(), blind.answer(prepared)

    def finish(answers: Any) -> Any:
        return blind.matcher.finish(bisik.Prepared.from_bytes(state, blind.matcher), answers, now=NOW)

    for place in range(0, len(answers[0]), 5):
        changed = bytearray(answers[0])
        changed[place] ^= 1
        with pytest.raises(bisik.BisikError):
            finish([changed])
    with pytest.raises(errors.AnswerMissing) as missing:
        finish([])
    assert missing.value.position == 0
    other = bisik.OprfServer(bisik.OprfKey.generate(blind.centre, "mules"))
    request = bisik.BlindRequest.read(prepared.requests[0].bytes, clients=[blind.bank.card])
    with pytest.raises(errors.BadProof):
        finish([other.blind_evaluate(request)])
    with pytest.raises(errors.BadMessage):
        bisik.Prepared.from_bytes(answers[0], blind.matcher)


def test_requests(blind: Blind) -> None:
    data = blind.prepare().requests[0].bytes
    request = bisik.BlindRequest.read(data, clients=[blind.centre, blind.bank.card])
    assert (request.feed, request.epoch, request.count) == ("mules", 1, 2)
    assert request.client == blind.bank.card.publisher and request.publisher == blind.centre.card.publisher
    assert len(request.digest) == 64
    assert [one.digest for one in bisik.BlindRequest.read_all(data + data, clients=blind.bank)] == [request.digest] * 2
    with pytest.raises(errors.TrailingBytes):
        bisik.BlindRequest.read(data + data, clients=blind.bank)
    with pytest.raises(errors.UnknownClient):
        bisik.BlindRequest.read(data, clients=[])
    for key, error in ((bisik.OprfKey.generate(blind.centre, "other"), errors.WrongFeed), (bisik.OprfKey.generate(blind.centre, "mules", epoch=2), errors.WrongEpoch)):
        with pytest.raises(error):
            bisik.OprfServer(key).check(request)
        with pytest.raises(error):
            bisik.OprfServer(key).blind_evaluate(request)
    for place in range(0, len(data), 5):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(bisik.BisikError):
            bisik.BlindRequest.read(changed, clients=blind.bank)


def test_keys(blind: Blind, tmp_path: Path) -> None:
    key = bisik.OprfKey.generate(blind.centre.card, "mules", epoch=3, limit=10)
    key.save(tmp_path / "mules.oprf")
    again = bisik.OprfKey.open(tmp_path / "mules.oprf")
    assert (again.feed, again.epoch, again.limit, again.public_key) == ("mules", 3, 10, key.public_key)
    assert again.publisher == blind.centre.card.publisher
    key.check_evaluations(4, 6)
    with pytest.raises(errors.KeyExhausted):
        key.check_evaluations(4, 7)
    with pytest.raises(errors.AlreadyExists):
        key.save(tmp_path / "mules.oprf")
    (tmp_path / "mules.oprf").chmod(0o640)
    with pytest.raises(errors.Permissions):
        bisik.OprfServer(tmp_path / "mules.oprf")


def test_budgets() -> None:
    budget, account = bisik.Budget(per_day=10, total=15), bisik.Account()
    account = budget.charge(account, 8, now=NOW)
    assert account == bisik.Account(day=NOW // 86_400, used_today=8, used_total=8)
    with pytest.raises(errors.BudgetExhausted) as today:
        budget.charge(account, 3, now=NOW)
    assert (today.value.left, today.value.retry_at) == (2, (NOW // 86_400 + 1) * 86_400)
    with pytest.raises(errors.BudgetExhausted):
        budget.charge(account, 3, now=NOW - 86_400)
    with pytest.raises(errors.BudgetExhausted) as total:
        budget.charge(account, 8, now=NOW + 86_400)
    assert (total.value.left, total.value.retry_at) == (7, None)
    with pytest.raises(errors.TooManyElements) as batch:
        bisik.Budget().charge(account, 16_385, now=NOW)
    assert batch.value.left == 16_384
    assert bisik.Budget(per_day=None).charge(account, 16_384, now=NOW).used_total == 16_392
    assert eval(repr(budget)) == budget and eval(repr(account)) == account


def test_secrets_do_not_show(blind: Blind) -> None:
    secret = next(line for line in blind.key.to_text().splitlines() if line.startswith("BISIK-OPRF-KEY-"))
    prepared = blind.prepare(["login.example"], "domain")
    for item in (blind.key, blind.server, prepared):
        assert secret[20:] not in repr(item) and "login" not in repr(item)
        for refuse in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="not pickled: "):
                refuse(item)
    for faulty in (bisik.OprfKey.parse, bisik.OprfKey.open, bisik.OprfServer):
        with pytest.raises((ValueError, bisik.BisikError)) as caught:
            faulty(secret[:-1])
        assert secret[20:-2] not in repr(caught.value) + str(caught.value)


def test_other_threads_run_meanwhile(blind: Blind) -> None:
    ticks = 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.wait(0.0005):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        prepared = blind.prepare([f"+659{number:07}" for number in range(1_000_000, 1_002_000)])
        answers = blind.answer(prepared)
        before = ticks
        blind.matcher.finish(prepared, answers, now=NOW)
        assert ticks > before
    finally:
        stop.set()
        thread.join()
