"""Walks, as pure values: where they begin, when they are done, what they prove, and what becomes of unfinished ones."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.polling import walks
from app.polling.walks import Walk, Window

LAG = 10


def window(now: int = 1_000, walked_to: int | None = 900, rewalk: int | None = None, back: int | None = None) -> Window:
    return Window(now, walked_to, back, LAG, rewalk)


@pytest.mark.parametrize(
    ("given_window", "since", "goal", "overlaps"),
    [
        (window(walked_to=None), None, None, False),
        (window(walked_to=None), 400, 400, False),
        (window(walked_to=None, back=300), None, 300, False),
        (window(), None, 890, True),
        (window(rewalk=700), None, 300, False),
        (window(rewalk=50), None, 890, True),
        (window(), 200, 200, False),
        (window(), 950, 890, True),
    ],
    ids=["all", "since", "look back", "plain", "deep", "short rewalk", "older since", "newer since"],
)
def test_where_a_walk_goes(given_window: Window, since: int | None, goal: int | None, overlaps: bool) -> None:
    walk = walks.begin(given_window, since)
    assert (walk.top, walk.goal, walk.overlaps) == (1_000, goal, overlaps)


def test_a_page_proves_what_is_newer_than_its_newest_post() -> None:
    walk = walks.after_page(Walk(1_000, 100), "a", [950, 120, 940])
    assert (walk.low, walk.oldest, walk.cursor) == (951, 120, "a")
    assert not walks.is_done(walk)
    assert walks.is_done(walks.after_page(walk, "b", [99, 90]))
    assert not walks.is_done(walks.after_page(walk, "b", [100, 90])), "another of that instant may follow"
    assert walks.after_page(walk, "b", []).low == 951
    assert walks.after_page(walk, "b", [990]).low == 951, "what was reached stays reached"


def test_a_page_of_new_posts_only_ends_no_walk_that_should_meet_known_ones() -> None:
    old = walks.after_page(Walk(1_000, 900, overlaps=True), "a", [10, 20])
    assert not walks.is_done(old, all_new=True)
    assert walks.is_done(old, all_new=False)
    assert walks.is_done(walks.after_page(old, None, [10]), all_new=True)


@pytest.mark.parametrize(
    ("walk", "ended", "reach", "stretch"),
    [
        (Walk(1_000, 800, "c", 950), False, None, (950, 970)),
        (Walk(1_000, 800, None, 790), True, None, (800, 970)),
        (Walk(1_000, None, None, 700, 650), True, None, (650, 970)),
        (Walk(1_000, None, None), True, None, None),
        (Walk(1_000, 985, None, 985), True, None, None),
        (Walk(1_000, 100, None, 500), True, 400, (400, 970)),
    ],
    ids=["so far", "to its goal", "all there is", "nothing there", "within the lag", "as far as the platform shows"],
)
def test_what_a_walk_proves(walk: Walk, ended: bool, reach: int | None, stretch: tuple[int, int] | None) -> None:
    assert walks.proved(replace(walk, low=970), walk, LAG, ended=ended, reach=reach) == stretch
    whole = walks.proved(replace(walk, low=None), walk, LAG, ended=ended, reach=reach)
    assert whole == (stretch and (stretch[0], 990)) or (stretch is None and whole == (985, 990))


def test_what_a_platform_does_not_show_is_neither_proved_nor_empty() -> None:
    """A feed of its last ten items: the oldest of them is the end of what is known."""
    feed = walks.after_page(Walk(1_000, 100), None, [950, 700], cut=True)
    assert walks.proved(Walk(1_000, 100), feed, LAG, ended=True) == (700, 990)
    assert walks.hidden_below(feed) == (100, 700)
    assert walks.hidden_below(walks.after_page(Walk(1_000, 100), None, [950, 90], cut=True)) is None
    assert walks.hidden_below(walks.after_page(Walk(1_000, 100), None, [950, 700])) is None


def test_what_a_walk_still_owes() -> None:
    assert walks.owed(Walk(1_000, 800, "c", 950), LAG, 0) == (800, 950)
    assert walks.owed(Walk(1_000, 800), LAG, 0) == (800, 990)
    assert walks.owed(Walk(1_000, None, "c", 950), LAG, 600) == (600, 950)
    assert walks.owed(Walk(1_000, None, "c", 500), LAG, 600) is None


def test_walks_that_never_began_become_part_of_the_new_one() -> None:
    kept, lost = walks.push([Walk(950, 850), Walk(900, 700), Walk(600, 500, "c", 560)], Walk(1_000, 940, overlaps=True))
    assert kept == [Walk(1_000, 700), Walk(600, 500, "c", 560)]
    assert lost == []
    assert walks.push([Walk(950, None)], Walk(1_000, 940))[0] == [Walk(1_000, None)]


def test_a_gap_that_the_new_walk_leads_through_is_taken_in() -> None:
    assert walks.push([Walk(950, 100, "c", 945)], Walk(1_000, 940))[0] == [Walk(1_000, 100)]
    apart = [Walk(950, 100, "c", 930)]
    assert walks.push(apart, Walk(1_000, 940))[0] == [Walk(1_000, 940), *apart]


def test_more_gaps_than_are_kept_are_given_up_oldest_first() -> None:
    there = [Walk(top, top - 50, "c", top - 20) for top in range(3_000, 1_000, -100)]
    kept, lost = walks.push(there, Walk(3_100, 3_090))
    assert len(kept) == walks.MOST
    assert lost == [there[-1]]


def test_the_gap_that_goes_back_furthest_is_deepened() -> None:
    there = [Walk(950, 900, "c", 930), Walk(600, 500, "c", 560)]
    assert walks.deepened(there, 300) == [there[0], Walk(600, 300, "c", 560)]
    assert walks.deepened(there, 550) == walks.deepened(there, None) == there
    assert walks.deepened([Walk(600, None, "c", 560)], 300) == [Walk(600, None, "c", 560)]


def test_walks_are_kept_as_text() -> None:
    there = [Walk(1_000, 800, "c", 950, 900, True), Walk(600)]
    assert walks.load(walks.dump(there)) == there
    assert walks.load("[]") == []


@given(st.randoms(use_true_random=False), st.integers(1, 7), st.integers(1, 4))
def test_whatever_is_cut_off_in_the_end_all_is_read(dice: random.Random, size: int, limit: int) -> None:
    """A model of passes: posts come, pages are read, passes fail or end at their limit. Then there is time."""
    posts: list[int] = []
    read: set[int] = set()
    left: list[Walk] = []
    walked_to: int | None = None
    proved: list[tuple[int, int]] = []
    for turn in range(1, 30):
        now = turn * 5
        posts += sorted(dice.randrange(now - 5, now) for _ in range(dice.randrange(12) if turn < 9 else 0))
        left, lost = walks.push(left, walks.begin(Window(now, walked_to, None, LAG, None)))
        assert not lost
        walked_to = now
        pages = limit if turn < 12 else 50
        for walk in list(left):
            if turn < 12 and dice.random() < 0.3:
                continue
            while pages > 0:
                pages -= 1
                before = len(posts) if walk.cursor is None else int(walk.cursor)
                page = posts[max(0, before - size) : before]
                cursor = str(before - size) if before > size else None
                after = walks.after_page(walk, cursor, [min(post, now) for post in page])
                done = walks.is_done(after, all_new=bool(page) and not read & set(range(before - len(page), before)))
                read |= set(range(before - len(page), before))
                left = [one for one in left if one.top != walk.top] + ([] if done else [after])
                left.sort(key=lambda one: -one.top)
                if stretch := walks.proved(walk, after, LAG, ended=done):
                    proved.append(stretch)
                if done:
                    break
                walk = after  # noqa: PLW2901
        for place, post in enumerate(posts):
            assert place in read or not any(start <= post < end for start, end in proved)
    assert left == []
    assert read == set(range(len(posts)))


def test_what_could_not_be_read_lies_on_its_page_or_between_its_posts() -> None:
    walk = walks.after_page(Walk(1_000, 100), "a", [950, 920], "an item")
    assert walk.flaw == "an item"
    out_of_order = walks.after_page(walk, "b", [960, 910])
    assert out_of_order.flaw == "an item", "it came no further"
    assert walks.after_page(out_of_order, "c", [900, 880]).flaw is None


def test_a_place_that_fails_is_counted_where_the_platform_answers_otherwise() -> None:
    walk = Walk(1_000, 100, "c", 950)
    assert walks.after_failure(walk, answering=False) == Walk(1_000, 100, None, 950)
    failed = walks.after_failure(walk, answering=True)
    assert failed == Walk(1_000, 100, None, 950, failures=1)
    assert walks.push([failed], Walk(1_010, 940))[0] == [Walk(1_010, 100, failures=1)], "also by who takes it in"
