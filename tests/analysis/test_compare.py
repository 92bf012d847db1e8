"""Campaigns side by side: aligned, cut, on what was covered for all; the ratio against a general fit."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.analysis import aligned, compare
from app.analysis.aligned import Campaign, Gifts
from app.analysis.statistics.columns import HOUR
from tests.analysis.statistics.curves import columns, hours, isclose

MONDAY = 4 * 24 * HOUR  # 1970-01-05


def campaign(slug: str, launch: int, posts: list[int], engagement: list[int | None], **more: Any) -> Campaign:
    covered = more.pop("covered", [1.0] * len(posts))
    start = more.pop("start", MONDAY)
    return Campaign(
        slug, slug.title(), "other", columns(posts, engagement, coverage=covered), hours(len(posts), start),
        launch=launch, **more,
    )  # fmt: skip


def gifts(*rows: tuple[int, float, int]) -> Gifts:
    at, amount, donors = (np.array(column) for column in zip(*rows, strict=True))
    return Gifts(at.astype(np.int64), np.round(amount * 1_000_000).astype(np.int64), donors.astype(np.int64))


def old(**more: Any) -> Campaign:
    return campaign("old", MONDAY + 2 * HOUR + 5, [9, 9, 2, 2, 2, 2, 2, 2], [0, 0, 10, 20, 30, 40, 50, 60], **more)


def young(**more: Any) -> Campaign:
    return campaign("young", MONDAY + 27 * HOUR, [1] * 5, [5, 5, 20, 5, 5], start=MONDAY + 27 * HOUR, **more)


def test_day_0_is_the_launch_and_the_youngest_cuts() -> None:
    found = compare.compare([old(), young()], MONDAY + 100 * HOUR)
    first, second = found["campaigns"]
    assert found["age_hours"] == 5
    assert first["series"]["gain"] == [10, 20, 30, 40, 50]
    assert second["series"]["total"] == [5, 10, 30, 35, 40]
    assert found["intersection"] == {"buckets": 5, "of": 5, "hours": [[0, 5]]}
    assert aligned.cut([old(), young()], MONDAY + 100 * HOUR) == [
        (MONDAY + 2 * HOUR, MONDAY + 7 * HOUR), (MONDAY + 27 * HOUR, MONDAY + 32 * HOUR),
    ]  # fmt: skip
    json.dumps(found, allow_nan=False)


def test_a_bucket_that_is_not_over_is_not_compared() -> None:
    assert compare.compare([old(), young()], MONDAY + 30 * HOUR)["age_hours"] == 3


def test_only_what_was_covered_for_all_is_summed_and_it_is_printed() -> None:
    one, two = old(covered=[1, 1, 1, 0.5, 1, 1, 1, 1]), young(covered=[1, 1, 1, 0, 1])
    found = compare.compare([one, two], MONDAY + 100 * HOUR)
    assert found["intersection"] == {"buckets": 3, "of": 5, "hours": [[0, 1], [2, 3], [4, 5]]}
    assert found["campaigns"][0]["series"]["total"] == [10, None, 40, None, 90]
    assert found["campaigns"][1]["series"]["gain"] == [5, None, 20, None, 5]
    row = {row["name"]: row for row in found["table"]}["engagement"]
    assert (row["values"]["old"]["value"], row["values"]["young"]["value"]) == (90, 30)


def test_weekday_and_hour_of_the_launches_are_shown() -> None:
    first, second = compare.compare([old(), young()], MONDAY + 100 * HOUR, zone="Europe/Paris")["campaigns"]
    assert (first["weekday"], first["hour"]) == (0, 3)
    assert (second["weekday"], second["hour"]) == (1, 4)
    assert second["hours_later_in_the_week_than_first"] == 25


def test_per_post_per_follower_and_per_day() -> None:
    def last(per: str) -> list[float]:
        found = compare.compare([old(), young()], MONDAY + 100 * HOUR, per=per)
        return [each["series"]["total"][-1] for each in found["campaigns"]]

    assert last("post") == [150 / 10, 40 / 5]
    assert last("follower") == [150 / 1000, 40 / 500]
    assert last("day") == [150 * 24 / 5, 40 * 24 / 5]


def test_a_ratio_per_post_is_that_of_the_rates() -> None:
    found = compare.compare([old(), young()], MONDAY + 100 * HOUR, per="post")["log_ratios"][0]
    assert (found["of"], found["to"]) == ("young", "old")
    assert isclose(found["value"], math.log((40 / 5) / (150 / 10)))
    assert isclose(found["ratio"][1], (40 / 5) / (150 / 10))
    assert found["whole_weeks"]["reason"] == "younger than a week: weekdays differ"


def fitted(mine: list[int], other: list[int]) -> tuple[float, float, float]:
    """The same model as a general regression: an effect a block and one of the campaign, by Newton; then the sandwich.

    Given the blocks' totals, the campaign's part of each is binomial: the sandwich is that of its weighted regression.
    """
    n, y = len(mine), np.array([*mine, *other], dtype=float)
    design = np.column_stack([np.vstack([np.eye(n), np.eye(n)]), np.r_[np.ones(n), np.zeros(n)]])
    beta = np.r_[np.log((np.array(mine) + np.array(other)) / 2), 0.0]
    for _ in range(200):
        mean = np.exp(design @ beta)
        beta = beta + np.linalg.solve(design.T @ (design * mean[:, None]), design.T @ (y - mean))
    mean = np.exp(design @ beta)
    total = mean[:n] + mean[n:]
    root = np.sqrt(np.diag(mean[:n] * mean[n:] / total))
    column = np.ones((n, 1))
    bread = np.linalg.inv(column.T @ root @ root @ column)
    hat = np.diag(root @ column @ bread @ column.T @ root)
    meat = column.T @ np.diag(((y - mean)[:n] / (1 - hat)) ** 2) @ column
    poisson = np.linalg.inv(design.T @ (design * mean[:, None]))[-1, -1]
    error = math.sqrt(max((bread @ meat @ bread)[0, 0], poisson))
    reach = stats.t.ppf(0.975, max(1.0, total.sum() ** 2 / (total**2).sum() - 1)) * error
    return float(beta[-1]), float(beta[-1]) - reach, float(beta[-1]) + reach


def test_the_log_ratio_is_that_of_a_quasi_poisson_regression() -> None:
    mine, other = [30, 10, 25, 60, 5, 11, 19], [12, 9, 30, 20, 9, 2, 8]
    found = compare.log_ratio(np.array(mine, dtype=float), np.array(other, dtype=float))
    for got, expected in zip((found.value, found.low, found.high), fitted(mine, other), strict=True):
        assert isclose(got, expected)


def test_a_long_comparison_is_fitted_on_twelve_blocks() -> None:
    rng = np.random.default_rng(3)
    mine, other = rng.poisson(9, 240), rng.poisson(5, 240)
    found = compare.log_ratio(mine.astype(float), other.astype(float))
    blocks = [x.reshape(12, 20).sum(axis=1).tolist() for x in (mine, other)]
    for got, expected in zip((found.value, found.low, found.high), fitted(*blocks), strict=True):
        assert isclose(got, expected)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=60))
def test_a_ratio_turned_round_changes_its_sign(rows: list[tuple[int, int]]) -> None:
    mine, other = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    one, two = compare.log_ratio(mine, other), compare.log_ratio(other, mine)
    assert (one.value is None) == (two.value is None)
    if one.value is not None and two.low is not None:
        assert isclose(one.value, -(two.value or 0))
        assert isclose(one.high, -two.low)


def test_the_interval_holds_the_truth_about_95_times_in_100() -> None:
    """Bursts (a gamma a bucket) make it overdispersed: with one dispersion for all blocks it held 62 in 100."""
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(400):
        decay = 200 / (1 + np.arange(96))
        mine, other = (rng.poisson(decay * 2**k * rng.gamma(2, 0.5, 96)).astype(float) for k in (1, 0))
        found = compare.log_ratio(mine, other)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= math.log(2) <= found.high
    assert 0.90 <= held / 400 <= 0.995


def test_the_table_reads_like_the_articles() -> None:
    one = old(
        ended=MONDAY + 50 * HOUR, posts_per_author=[5] * 10 + [1] * 5, largest=400,
        gifts={"EUR": gifts((MONDAY + 3 * HOUR, 50, -1), (MONDAY + 4 * HOUR, 30.5, 3), (MONDAY + 5 * HOUR, -10, 1),
                            (MONDAY, 999, -1), (MONDAY + 8 * HOUR, 999, -1)),
               "USD": gifts((MONDAY + 3 * HOUR, 7, -1))},
    )  # fmt: skip
    two = young(posts_per_author=[3] * 11)
    found = {row["name"]: row["values"] for row in compare.compare([one, two], MONDAY + 100 * HOUR)["table"]}
    mine = {name: values["old"]["value"] for name, values in found.items()}
    assert mine["duration"] == 48 - 5 / HOUR
    assert mine["donors"] == 1 + 3 + 1
    assert mine["amount_EUR"] == 70.5
    assert mine["average_gift_EUR"] == 70.5 / 4
    assert mine["amount_USD"] == 7
    assert mine["per_1000_engagements_EUR"] == 70.5 * 1000 / 150
    assert (mine["posts"], mine["authors"], mine["engagement"], mine["potential_impressions"]) == (10, 10, 150, 1000)
    assert found["reach"]["old"]["low"] == 400
    assert found["reach"]["old"]["high"] is None
    assert found["reach"]["young"]["high"] == 500
    assert mine["peak"] == 50
    assert mine["top10_share"] == 50 / 55
    assert found["gini"]["old"]["value"] != found["gini"]["young"]["value"]
    assert found["amount_EUR"]["young"]["reason"] == "no donations"
    assert found["duration"]["young"]["reason"] == "goes on"
    assert found["half_life"]["old"]["value"] is None
    money = ["amount_EUR", "average_gift_EUR", "amount_USD", "average_gift_USD"]
    assert [*found][:9] == ["duration", "donors", *money, "posts", "authors", "engagement"]


def test_a_launch_that_nobody_declared_is_marked_as_found() -> None:
    quiet = [1, 0] * 20
    found = Campaign("c", "C", "other", columns([*quiet, 90, 95, 99, 5], [1] * 44), hours(44))
    shown = compare.compare([found, old()], MONDAY + 100 * HOUR)["campaigns"][0]
    assert shown["launch"]["value"] == "1970-01-02T16:00:00Z"
    assert shown["launch"]["reason"] == "found, not declared"
    fresh = Campaign("d", "D", "other", columns([0, 3, 1], [1, 1, 1]), hours(3))
    shown = compare.compare([fresh, old()], MONDAY + 100 * HOUR)["campaigns"][0]
    assert "the first post" in shown["launch"]["reason"]


def test_what_cannot_be_compared_says_so() -> None:
    with pytest.raises(ValueError, match="2 to 5 campaigns, not 1"):
        compare.compare([old()], MONDAY)
    coarse = Campaign("e", "E", "other", columns([1, 1], [1, 1]), np.array([0, 6, 12]) * HOUR)
    with pytest.raises(ValueError, match="one step"):
        compare.compare([old(), coarse], MONDAY)
    none = Campaign("f", "F", "other", columns([0, 0], [0, 0]), hours(2))
    found = compare.compare([old(), none], MONDAY + 100 * HOUR)
    assert found["age_hours"] == 0
    assert found["table"] == []
    assert found["log_ratios"][0]["value"] is None


def test_a_metric_that_one_of_them_never_shows_is_null() -> None:
    found = compare.compare([old(), young()], MONDAY + 100 * HOUR, metric="views")
    assert found["campaigns"][0]["series"]["total"] == [None] * 5
    assert found["log_ratios"][0]["reason"] == "not known of one of the two"
