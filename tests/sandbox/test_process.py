"""The world that happens by itself: the same for all who ask, and shaped as the demo needs it."""

import itertools
from collections import Counter

import pytest

from sandbox import demo, people
from sandbox.growth import Growth
from sandbox.ids import BLUESKY, MASTODON, NETWORKS, fold, number_of, place_of, rkey
from sandbox.posts import DAY, HOUR, MINUTE, Levels
from sandbox.process import Process

NOW = 1_795_500_000_000


@pytest.fixture(scope="module")
def world() -> Process:
    return Process(7, demo.began(NOW))


def test_two_processes_of_one_seed_agree_whatever_was_asked_before(world: Process) -> None:
    other = Process(7, world.began)
    late = list(other.births(NOW - HOUR, NOW))
    assert late == list(world.births(NOW - HOUR, NOW))
    assert list(other.births(other.began, NOW)) == list(world.births(world.began, NOW))


def test_another_seed_is_another_world(world: Process) -> None:
    assert list(Process(8, world.began).births(NOW - HOUR, NOW)) != list(world.births(NOW - HOUR, NOW))


def test_time_only_adds(world: Process) -> None:
    before = [born.post.native_id for born in world.births(world.began, NOW - DAY)]
    after = [born.post.native_id for born in world.births(world.began, NOW)]
    assert after[: len(before)] == before


def test_every_id_is_used_once_and_leads_back_to_its_post(world: Process) -> None:
    births = list(world.births(world.began, NOW))
    assert len({born.post.native_id for born in births}) == len({born.post.position for born in births}) == len(births)
    for born in births[::50]:
        assert place_of(rkey(born.post.position)) == born.post.position
        assert number_of(born.post.person.did) == born.post.person.number
        assert people.named(born.post.person.name) == born.post.person
        assert world.find(born.post.network, born.post.position, NOW) == born.shown(NOW)


def test_the_cascade_breaks_out_ten_days_ago_and_the_association_stays_steady(world: Process) -> None:
    days: dict[str, Counter[int]] = {}
    for campaign in demo.CAMPAIGNS:
        found = itertools.chain(*(world.posts(tag, NOW) for tag in campaign.tags))
        days[campaign.slug] = Counter((post.created_at - world.began) // DAY for post in found)
    led, steady = days["love-army"], days["water-for-rohingya"]
    assert led[74] > 10 * max(led[day] for day in range(60, 73))
    assert max(steady.values()) < 6 * sum(steady.values()) / 84
    assert 2_000 < sum(led.values()) + sum(steady.values()) < 5_000


def test_a_post_comes_every_few_minutes_until_it_takes_off(world: Process) -> None:
    quiet = demo.began(NOW) + demo.TAKES_OFF - NOW
    live = list(world.births(NOW, NOW + quiet))
    assert 15 * quiet < len(live) * HOUR < 100 * quiet
    assert {born.post.network for born in live} == set(NETWORKS)


def test_timelines_run_both_ways_and_hold_each_post_once(world: Process) -> None:
    tag = "LOVEARMYFORROHINGYAS"
    for network in NETWORKS:
        down = list(world.newest(network, tag, NOW))
        assert (
            down[::-1] == list(world.posts(tag, NOW, network=network)) == list(world.after(network, tag, NOW, above=0))
        )
        middle = down[len(down) // 2].position
        assert [post.position for post in world.newest(network, tag, NOW, below=middle)][:1] == [
            down[len(down) // 2 + 1].position
        ]
        assert {fold(spelled) for post in down for spelled in post.tags} <= {
            fold(tag),
            "rohingya",
            "lovearmy4rohingyas",
        }
        assert len({spelled for post in down for spelled in post.tags if fold(spelled) == fold(tag)}) >= 3


def test_what_is_deleted_is_gone_and_what_is_edited_says_so(world: Process) -> None:
    births = list(world.births(world.began, NOW))
    deleted = next(born for born in births if born.deleted_at and born.deleted_at < NOW)
    edited = next(born for born in births if born.edited_at and born.edited_at < NOW)
    assert deleted.deleted_at is not None
    assert edited.edited_at is not None
    assert world.find(deleted.post.network, deleted.post.position, deleted.deleted_at - 1) is not None
    assert world.find(deleted.post.network, deleted.post.position, deleted.deleted_at) is None
    shown = world.find(edited.post.network, edited.post.position, edited.edited_at)
    assert shown is not None
    assert (shown.edited_at, shown.tags, shown.native_id) == (edited.edited_at, edited.post.tags, edited.post.native_id)
    assert shown.text != edited.post.text


def test_nothing_shows_before_it_is_written(world: Process) -> None:
    newest = next(world.newest(BLUESKY, "LoveArmyForRohingyas", NOW + HOUR))
    assert newest.created_at > NOW
    assert world.find(BLUESKY, newest.position, newest.created_at - 1) is None
    assert all(post.created_at <= NOW for post in world.newest(MASTODON, "LoveArmyForRohingyas", NOW))


def test_counters_rise_fast_then_slowly_and_fall_when_likes_are_taken_back() -> None:
    growth = Growth((1_000, 100, 10, 1), tau=10 * MINUTE, power=0.4, fall=0.05, falls_at=5 * HOUR)
    at = [growth.levels(age) for age in (0, HOUR, 5 * HOUR - 1, 5 * HOUR, 40 * DAY)]
    assert at[0] == Levels()
    assert at[1].likes > (at[2].likes - at[1].likes)
    assert at[3].likes < at[2].likes
    assert at[4].likes <= 1_000
    assert min(min(levels) for levels in at) == 0


def test_most_posts_are_hardly_seen_and_those_who_lead_are(world: Process) -> None:
    levels = [(world.levels(born.post, NOW), born.post.person) for born in world.births(world.began, NOW - DAY)]
    likes = sorted(level.likes for level, _ in levels)
    assert likes[len(likes) // 2] <= 5
    assert min(level.likes for level, person in levels if person in people.LEADERS) > 100


def test_some_posts_lose_likes(world: Process) -> None:
    falls = [born for born in world.births(NOW - 3 * DAY, NOW) if born.growth.fall]
    before = [(born, born.post.created_at + int(born.growth.falls_at)) for born in falls]
    assert any(world.levels(born.post, at + 1).likes < world.levels(born.post, at - 1).likes for born, at in before)
