"""A whole round: publish, open, match."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import bisik
from bisik import errors

from .conftest import NOW, Round


def test_a_sealed_feed_with_records_comes_back(round_: Round) -> None:
    assert round_.published.rejects == []
    assert round_.published.counts == {"phone": 1, "email": 1, "domain": 2, "url": 1}
    assert len(round_.feed) == 5
    assert round_.feed.publisher_name == "Example Anti-Scam Centre"
    assert round_.feed.digest == round_.published.digest
    assert round_.feed.manifest == round_.published.manifest
    assert round_.feed.sealed
    hits = round_.matcher.check("www.login-bank.example", kind="domain", now=NOW).hits
    assert [(hit["matched"], hit["category"], hit["confidence"], hit["record"]) for hit in hits] == [
        ("parent-domain", "phishing", 90, "opened")
    ]
    assert round_.matcher.check("parcel.example", "domain", now=NOW).hits[0]["first_seen"] == 1_767_323_045


def test_a_national_number_needs_its_region(round_: Round) -> None:
    assert round_.matcher.match(["8123 4567"], "phone", region="sg", now=NOW) == [True]
    with pytest.raises(errors.MissingRegion):
        round_.matcher.check("8123 4567", "phone", now=NOW)


def test_only_the_addressed_reader_opens_it(round_: Round) -> None:
    with pytest.raises(errors.Sealed):
        bisik.Feed.open(round_.published.bytes, trust=round_.centre, now=NOW)
    with pytest.raises(errors.NoMatchingKey):
        bisik.Feed.open(round_.published.bytes, trust=round_.centre, key=bisik.keygen("Other"), now=NOW)
    assert bisik.Feed.open(round_.published.bytes, trust=round_.centre, key=round_.centre, now=NOW).sealed


def test_only_trusted_publishers_are_read(round_: Round) -> None:
    with pytest.raises(errors.Untrusted):
        bisik.Feed.open(round_.published.bytes, trust=[], key=round_.bank, now=NOW)
    with pytest.raises(errors.Untrusted):
        bisik.Feed.open(round_.published.bytes, trust=[bisik.keygen("Other").card], key=round_.bank, now=NOW)
    with pytest.raises(errors.NotAuthorised):
        bisik.Feed.open(round_.published.bytes, trust={round_.centre.card: ["other"]}, key=round_.bank, now=NOW)
    assert bisik.Feed.open(round_.published.bytes, trust={round_.centre.card: "scams"}, key=round_.bank, now=NOW)


def test_times_are_enforced(round_: Round) -> None:
    def opened(now: int | float | datetime) -> bisik.Feed:
        return bisik.Feed.open(round_.published.bytes, trust=round_.centre, key=round_.bank, now=now)

    with pytest.raises(errors.Expired):
        opened(NOW + 7 * 86_400)
    with pytest.raises(errors.NotYetValid):
        opened(NOW - 1_000)
    assert opened(NOW + 0.5)
    assert opened(datetime.fromtimestamp(NOW, timezone.utc))
    with pytest.raises(ValueError, match="time zone"):
        opened(datetime.fromtimestamp(NOW))
    with pytest.raises(errors.Expired):
        round_.matcher.match(["a.example"], "domain", now=NOW + 8 * 86_400)


def test_the_clock_is_the_default() -> None:
    centre = bisik.keygen("A")
    published = bisik.publish(["a.example"], kind="domain", sign=centre, feed="f", valid=timedelta(hours=1))
    assert published.manifest["expires"] - published.manifest["issued"] == 3_600
    assert bisik.Matcher(published.bytes, trust=centre).match(["a.example"], "domain") == [True]


def test_an_enumerable_kind_is_refused_in_the_open() -> None:
    centre = bisik.keygen("A")
    with pytest.raises(errors.Enumerable):
        bisik.publish(["+6581234567"], kind="phone", sign=centre, feed="f")
    published = bisik.publish(["+6581234567"], kind="phone", sign=centre, feed="f", accept_enumeration=["phone"])
    assert not published.sealed
    assert any(row["scope"] == "mobiles of Singapore" for row in published.exposure())


def test_an_empty_list_of_members_is_no_open_feed() -> None:
    with pytest.raises(ValueError, match="seal_to names nobody"):
        bisik.publish(["a.example"], kind="domain", sign=bisik.keygen("A"), feed="f", seal_to=[])


@pytest.mark.parametrize("kind_of_set", ["bloom", "fuse"])
def test_filters_say_probable(kind_of_set: str) -> None:
    centre = bisik.keygen("A")
    published = bisik.publish(["a.example"], kind="domain", sign=centre, feed="f", set=kind_of_set, fpr=1e-6, now=NOW)
    feed = bisik.Feed.open(published.bytes, trust=centre, now=NOW)
    hit = bisik.Matcher(feed).check("a.example", "domain", now=NOW).hits[0]
    assert hit["certainty"] == "probable"
    assert 0 < hit["false_positive_rate"] <= 1e-6


def test_a_version_follows_another() -> None:
    centre = bisik.keygen("A")
    first = bisik.publish(["a.example"], kind="domain", sign=centre, feed="f", now=NOW)
    for previous in (first, first.bytes, bisik.Feed.open(first.bytes, trust=centre, now=NOW)):
        second = bisik.publish(["b.example"], kind="domain", sign=centre, feed="f", previous=previous, now=NOW + 1)
        assert second.manifest["version"] == 2
        assert second.manifest["previous"] == first.digest
        assert second.manifest["epoch"] == 1
    late = NOW + 30 * 86_400
    after = bisik.publish([], kind="domain", sign=centre, feed="f", previous=first, new_epoch=True, now=late)
    assert after.manifest["epoch"] == 2
    with pytest.raises(errors.PreviousMismatch):
        bisik.publish(["b.example"], kind="domain", sign=centre, feed="g", previous=first, now=NOW)


def test_rejects_name_rows_and_reasons() -> None:
    centre = bisik.keygen("A")
    rows = [
        {"kind": "domain", "value": "a.example"},
        {"kind": "domain", "value": "a b"},
        {"kind": "domain", "value": "gov.sg"},
        {"kind": "dragon", "value": "a"},
        {"kind": None, "value": "a"},
        {"kind": "domain", "value": None},
        {"kind": "domain", "value": "x\ud800.example"},
        {"kind": "domain", "value": "b.example", "expires": "1999-01-01"},
        {"kind": "domain", "value": "A.example."},
    ]
    published = bisik.publish(rows, sign=centre, feed="f")
    assert published.rows == 9
    assert published.merged == 1
    assert published.rejects == [
        (1, "domain", "invalid-character"),
        (2, "domain", "guarded"),
        (3, None, "unknown-kind"),
        (4, None, "unknown-kind"),
        (5, "domain", "empty"),
        (6, "domain", "invalid-utf8"),
        (7, "domain", "invalid-claim"),
    ]


def test_nothing_left_says_what_was_refused() -> None:
    with pytest.raises(errors.NothingAccepted) as caught:
        bisik.publish(["gov.sg", "com"], kind="domain", sign=bisik.keygen("A"), feed="f")
    assert caught.value.rejects == [(0, "domain", "guarded"), (1, "domain", "public-suffix")]


def test_my_own_guard_is_kept(round_: Round) -> None:
    guarded = bisik.Matcher([round_.feed], guard=[("domain", "parcel.example")])
    report = guarded.report(["parcel.example", "login-bank.example"], "domain", now=NOW)
    assert [hit["row"] for hit in report.hits] == [1]
    assert report.rejected == [(0, "domain", "guarded")]
    centre = bisik.keygen("A")
    published = bisik.publish(
        ["x.bank.example", "a.example"], kind="domain", sign=centre, feed="f", guard=[("domain", "bank.example")]
    )
    assert published.rejects == [(0, "domain", "guarded")]


def test_several_feeds_are_matched_at_once(round_: Round) -> None:
    other = bisik.keygen("Other Centre")
    published = bisik.publish(["parcel.example"], kind="domain", sign=other, feed="theirs", now=NOW)
    feeds = [round_.feed, bisik.Feed.open(published.bytes, trust=other, now=NOW)]
    hits = bisik.Matcher(feeds).match(["parcel.example"], "domain", hits=True, now=NOW)
    assert [(hit["feed"], hit["publisher"]) for hit in hits] == [
        ("scams", "Example Anti-Scam Centre"),
        ("theirs", "Other Centre"),
    ]
    with pytest.raises(errors.InvalidArgument):
        bisik.Matcher([round_.feed, round_.feed])


def test_files_work_like_objects(tmp_path: Path) -> None:
    bisik.keygen("Centre").save(tmp_path / "centre")
    bisik.keygen("Bank").save(str(tmp_path / "bank"))
    assert (tmp_path / "centre.sign").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "bank.key").stat().st_mode & 0o777 == 0o600
    published = bisik.publish(
        ["a.example"],
        kind="domain",
        sign=tmp_path / "centre.sign",
        feed="f",
        seal_to=str(tmp_path / "bank.pub"),
    )
    published.save(tmp_path / "f.bisik")
    published.save(tmp_path / "f.bisik")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("bank.key", "bank.pub", "bank.sign", "centre.key", "centre.pub", "centre.sign", "f.bisik")
    ]
    matcher = bisik.Matcher([tmp_path / "f.bisik"], trust=str(tmp_path / "centre.pub"), key=tmp_path / "bank.key")
    assert matcher.match(("a.example",), "domain") == [True]
    assert bisik.outline(tmp_path / "f.bisik", key=tmp_path / "bank.key")["sealed"]
    with pytest.raises(errors.AlreadyExists):
        bisik.keygen("Centre").save(tmp_path / "centre")
    (tmp_path / "bank.key").chmod(0o640)
    with pytest.raises(errors.Permissions):
        bisik.RecipientSecret.open(tmp_path / "bank.key")


def test_cards_travel() -> None:
    keys = bisik.keygen("Pusat Anti-Scam")
    card = keys.card
    assert bisik.Card.parse(card.to_text()) == card
    assert pickle.loads(pickle.dumps(card)) == card
    assert {card: 1}[keys.signing.card] == 1
    assert card.recipients == [keys.recipient.recipient]
    assert card != bisik.keygen("Pusat Anti-Scam").card


def test_canonical_forms_and_their_steps() -> None:
    assert bisik.canonical("phone", "9123 4567", region="SG") == "+6591234567"
    explanation = bisik.explain("domain", " WWW.Example.COM. ")
    assert explanation.canonical == "www.example.com"
    assert explanation.steps[-1][1] == "www.example.com"
    refused = bisik.explain("phone", "9123 4567")
    assert refused.canonical is None
    assert isinstance(refused.error, errors.MissingRegion)


def test_kinds_and_exposure_fit_a_table() -> None:
    assert [kind["name"] for kind in bisik.kinds()][:3] == ["phone", "email", "domain"]
    assert all(row["core_seconds"] > row["device_seconds"] for row in bisik.exposure())
    assert {row["kind"] for row in bisik.exposure("phone")} == {"phone"}


def test_objects_are_frozen(round_: Round) -> None:
    for item, name in [(round_.feed, "digest"), (round_.matcher, "feeds"), (round_.matcher, "_engine"), (round_.published, "x")]:
        with pytest.raises((AttributeError, TypeError)):
            setattr(item, name, 1)


def test_notebooks_see_tables_without_values(round_: Round) -> None:
    report = round_.matcher.report(["www.login-bank.example", "a b", None], "domain", now=NOW)
    assert (report.rows, len(report), report.missing, report.rejected_counts) == (3, 1, 1, {"invalid-character": 1})
    for item in (round_.feed, round_.published, report):
        page = item._repr_html_()
        assert page.count("<table>") == page.count("</table>") >= 2
        assert "login-bank" not in page
    strange = bisik.publish([], kind="domain", sign=bisik.keygen("<b>&"), feed="f", purpose="<script>")
    assert "<script>" not in strange._repr_html_() and "<b>" not in strange._repr_html_()
