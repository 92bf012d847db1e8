"""A platform's own counts beside a curve's buckets: where they nest, and nowhere else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.native import Count, nested
from app.clock import DAY, HOUR

Told = tuple[int | None, int | None, int | None, int | None]


def days(*told: Told, start: int = 0, step: int = DAY) -> list[Count]:
    return [Count(start + n * step, start + (n + 1) * step, one) for n, one in enumerate(told)]


def edges(count: int, step: int = DAY, start: int = 0) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(count + 1, dtype=np.int64) * step + start


def test_days_stand_beside_days() -> None:
    told = days((3, 2, None, 9), (0, 0, None, None), start=DAY)
    assert nested(edges(4), [told]) == {
        "native_posts": [None, 3, 0, None], "native_authors": [None, 2, 0, None],
        "native_engagement": [None, 9, None, None],
    }  # fmt: skip


def test_days_make_up_a_whole_week_and_authors_do_not_add_up() -> None:
    week = days(*[(n, 1, 10, None) for n in range(7)])
    assert nested(edges(2, 7 * DAY), [week]) == {"native_posts": [21, None], "native_views": [70, None]}
    assert nested(edges(1, 7 * DAY), [week[:6]]) == {}
    assert nested(edges(1, 7 * DAY), [week[:3] + week[4:]]) == {}


def test_days_do_not_nest_in_hours_nor_in_days_of_another_zone() -> None:
    told = days((3, 2, None, None), (4, 2, None, None))
    assert nested(edges(48, HOUR), [told]) == {}
    assert nested(edges(2, start=-HOUR), [told]) == {}


def test_of_several_sources_and_hashtags_the_largest_is_shown_and_none_is_added() -> None:
    hours = days(*[(1, None, None, None)] * 24, step=HOUR)
    series = [days((3, 3, 5, None)), days((9, 1, None, None)), hours]
    assert nested(edges(1), series) == {"native_posts": [24], "native_authors": [3], "native_views": [5]}


@given(st.lists(st.integers(0, 99), min_size=1, max_size=60), st.integers(1, 12), st.integers(-5, 5))
def test_what_is_shown_is_never_more_than_was_told(posts: list[int], hours: int, shift: int) -> None:
    told = days(*[(n, None, None, None) for n in posts], step=HOUR)
    shown = nested(edges(80, hours * HOUR, shift * HOUR), [told]).get("native_posts", [])
    assert sum(value or 0 for value in shown) <= sum(posts)
    for place, value in enumerate(shown):
        if value is not None:
            begin = place * hours + shift
            assert value == sum(posts[begin : begin + hours])
    if shift == 0:
        assert len([v for v in shown if v is not None]) == len(posts) // hours
