"""What every value that leaves a collector keeps, whatever came in."""

from collections.abc import Iterable
from datetime import datetime

from collectors.posts import Account, CountBucket, Engagement, Page, Post
from tests.collectors.exchanges import Given

LARGEST = 2**63 - 1


def assert_sound(given: Given) -> None:
    for page in given.pages:
        _page(page)
    for post in given.posts:
        _post(post)
    for account in given.accounts:
        _account(account)
    for bucket in given.counts:
        _bucket(bucket)
    assert all(_text(id_) for id_ in given.absent)
    assert all(_text(key) and _text(value, empty=True) for key, value in (given.facts or {}).items())


def _page(page: Page) -> None:
    assert page.cursor is None or _text(page.cursor)
    assert isinstance(page.cut, bool)
    assert all(_text(reason) for reason in page.skipped)
    for post in page.posts:
        _post(post)


def _post(post: Post) -> None:
    assert _text(post.native_id)
    assert _aware(post.created_at)
    assert post.edited_at is None or _aware(post.edited_at)
    _counts(getattr(post.engagement, name) for name in Engagement.__struct_fields__)
    for maybe in (post.local_id, post.url, post.in_reply_to, post.repost_of, post.quote_of):
        assert maybe is None or _text(maybe)
    for shown in (post.text, post.lang):
        assert shown is None or _text(shown, empty=True)
    assert isinstance(post.tags, tuple)
    assert all(_text(tag, empty=True) for tag in (*post.tags, *post.labels))
    if post.author is not None:
        _account(post.author)


def _account(account: Account) -> None:
    assert _text(account.native_id)
    assert account.local_id is None or _text(account.local_id)
    for shown in (account.handle, account.name):
        assert shown is None or _text(shown, empty=True)
    _counts((account.followers, account.posts))


def _bucket(bucket: CountBucket) -> None:
    assert _aware(bucket.start)
    assert _aware(bucket.end)
    assert bucket.start < bucket.end
    _counts((bucket.posts, bucket.authors, bucket.views, bucket.engagement))


def _text(value: object, *, empty: bool = False) -> bool:
    """Text that both databases take: no NUL, no half of a surrogate pair."""
    assert isinstance(value, str)
    value.encode()
    assert "\0" not in value
    return bool(value) or empty


def _counts(values: Iterable[int | None]) -> None:
    for value in values:
        assert value is None or (type(value) is int and 0 <= value <= LARGEST)


def _aware(moment: datetime) -> bool:
    return moment.tzinfo is not None and moment.utcoffset() is not None
