"""The world that a test writes, and its ledger."""

from sandbox.ids import BLUESKY, MASTODON
from sandbox.posts import DAY, Levels
from sandbox.script import Script
from tests.sandbox.hand import Hand


def test_the_ledger_knows_what_must_and_what_may_have_been_seen(script: Script, now: Hand) -> None:
    person = script.join("ada")
    kept = script.add_post(MASTODON, person, "one #Farm")
    start = now.at
    now.at += 10
    late = script.add_post(MASTODON, person, "two #farm")
    gone = script.add_post(BLUESKY, person, "three #farm")
    now.at += 10
    script.delete(kept)
    script.delete(gone)
    assert script.visible(MASTODON, "FARM", start) == {kept.native_id}
    assert script.always_visible(MASTODON, "farm", start, start + 15) == {kept.native_id}
    assert script.ever_visible(MASTODON, "farm", start, now.at) == {kept.native_id, late.native_id}
    assert script.visible(MASTODON, "farm", now.at) == {late.native_id}
    assert script.visible(BLUESKY, "farm", now.at) == set()
    script.restore(kept)
    assert script.visible(MASTODON, "farm", now.at) == {kept.native_id, late.native_id}


def test_an_edit_may_take_a_tag_away_and_add_one(script: Script, now: Hand) -> None:
    post = script.add_post(MASTODON, script.join("ada"), "one #Farm")
    now.at += 5
    script.edit(post, "one #Field")
    assert script.visible(MASTODON, "farm", now.at) == set()
    assert script.visible(MASTODON, "field", now.at) == {post.native_id}
    assert script.visible(MASTODON, "farm", now.at - 1) == {post.native_id}


def test_every_state_that_a_look_may_have_seen_is_kept(script: Script, now: Hand) -> None:
    post = script.add_post(BLUESKY, script.join("ada"), "one #Farm")
    start = now.at
    for _ in range(3):
        now.at += 10
        script.like(post)
    now.at += 10
    script.unlike(post)
    assert script.levels_between(post.native_id, start + 10, start + 20) == {Levels(1), Levels(2)}
    assert script.levels_between(post.native_id, start + 25, now.at) == {Levels(2), Levels(3)}
    assert script.unlike(post, 9) == Levels(0)


def test_a_backdated_post_stands_where_its_date_puts_it_and_a_future_one_does_not(script: Script, now: Hand) -> None:
    person = script.join("ada")
    first = script.add_post(BLUESKY, person, "#farm now")
    old = script.add_post(BLUESKY, person, "#farm before", created_at=now.at - 3 * DAY)
    now.at += 1
    ahead = script.add_post(BLUESKY, person, "#farm tomorrow", created_at=now.at + DAY)
    assert [post.native_id for post in script.newest(BLUESKY, "farm", now.at)] == [
        ahead.native_id,
        first.native_id,
        old.native_id,
    ]
    assert script.visible(BLUESKY, "farm", now.at - 2) == set()
