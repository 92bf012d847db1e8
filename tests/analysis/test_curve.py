"""What a curve shows of its sums: None where nothing is known, gaps where nothing was observed."""

import numpy as np
import pytest

from app.analysis import curve
from app.analysis.contribution import COLUMN, COLUMNS
from app.analysis.curve import Buckets


def buckets(rows: list[dict[str, int]], covered: list[float], before: dict[str, int] | None = None) -> Buckets:
    sums = np.zeros((len(rows), len(COLUMNS)), dtype=np.int64)
    for place, row in enumerate(rows):
        for name, value in row.items():
            sums[place, COLUMN[name]] = value
    earlier = np.zeros(len(COLUMNS), dtype=np.int64)
    for name, value in (before or {}).items():
        earlier[COLUMN[name]] = value
    return Buckets(np.arange(len(rows) + 1) * 3_600_000, sums, earlier, np.array(covered))


def test_a_covered_quiet_bucket_is_zero_and_an_uncovered_one_is_none() -> None:
    columns = curve.series(buckets([{"posts": 1, "gave_likes": 1, "likes": 4}, {}, {}], [1, 1, 0]))
    assert columns["posts"] == [1, 0, None]
    assert columns["likes"] == [4, 0, None]
    assert columns["posts_total"] == [1, 1, 1]
    assert columns["engagement_total"] == [4, 4, 4]


def test_what_was_seen_in_an_uncovered_bucket_is_shown() -> None:
    columns = curve.series(buckets([{"posts": 2, "gave_likes": 1, "likes": 3}], [0]))
    assert (columns["posts"], columns["likes"], columns["coverage"]) == ([2], [3], [0.0])


def test_a_metric_that_no_post_gave_is_unknown_and_not_zero() -> None:
    columns = curve.series(buckets([{"posts": 1, "gave_likes": 1}, {"posts": 1, "gave_views": 1, "views": 9}], [1, 1]))
    assert columns["views"] == [None, 9]
    assert columns["quotes"] == [None, None]
    assert columns["likes"] == [0, 0]
    assert columns["engagement"] == [0, 0]


def test_engagement_is_unknown_only_where_none_of_its_parts_is_known() -> None:
    columns = curve.series(buckets([{"posts": 1, "gave_views": 1, "views": 5}], [1]))
    assert (columns["engagement"], columns["engagement_total"], columns["views"]) == ([None], [None], [5])


def test_what_came_before_counts_in_totals_and_tells_what_is_known() -> None:
    before = {"posts": 3, "gave_likes": 2, "likes": 40, "authored": 3, "authors_new": 2}
    columns = curve.series(buckets([{}], [1], before))
    assert (columns["posts_total"], columns["engagement_total"], columns["authors_total"]) == ([3], [40], [2])
    assert columns["likes"] == [0]


def test_authors_and_followers_that_nobody_told_are_unknown() -> None:
    columns = curve.series(buckets([{"posts": 2}], [1]))
    unknown = ("authors_new", "authors_total", "followers", "potential_impressions")
    assert [columns[name] for name in unknown] == [[None]] * 4


def test_a_hashtag_without_posts_has_zeros_where_it_was_watched() -> None:
    columns = curve.series(buckets([{}, {}], [1, 0]))
    assert (columns["posts"], columns["engagement"], columns["posts_total"]) == ([0, None], [0, None], [0, 0])


def test_the_estimated_share_is_of_absolute_gains_and_none_where_nothing_moved() -> None:
    columns = curve.series(buckets([{"posts": 1, "moved": 8, "estimated": 2}, {}], [1, 1]))
    assert columns["estimated"] == [0.25, None]


def test_coverage_is_the_mean_over_the_tracks_that_owed() -> None:
    edges = np.array([0, 10, 20, 30])
    whole, half, late = ([(0, 30)], [(0, 30)]), ([(0, 30)], [(5, 10), (20, 30)]), ([(20, 30)], [(20, 25)])
    assert curve.coverage(edges, [whole, half, late]).tolist() == pytest.approx(
        [0.75, 0.5, (1 + 1 + 0.5) / 3], abs=1e-6
    )
    assert curve.coverage(edges, []).tolist() == [0, 0, 0]


def test_only_what_was_owed_can_be_covered() -> None:
    assert curve.coverage(np.array([0, 10]), [([(5, 10)], [(0, 10)])]).tolist() == [1.0]


def test_totals_say_at_least_where_something_was_not_observed_the_newest_apart() -> None:
    columns = curve.series(buckets([{"posts": 1}, {"posts": 2}], [1, 0.5]))
    assert curve.totals(columns, over=1)["at_least"] is False
    assert curve.totals(columns, over=2)["at_least"] is True
    assert curve.totals(columns, over=1)["posts"] == 3
    assert [curve.totals(columns, over=n)["newest_is_partial"] for n in (1, 2)] == [True, False]


def test_many_stretches_are_met_in_one_walk() -> None:
    spans = [(n * 10, n * 10 + 7) for n in range(50_000)]
    edges = np.array([0, 250_000, 500_000])
    assert curve.coverage(edges, [([(0, 500_000)], spans)]).tolist() == [0.7, 0.7]
