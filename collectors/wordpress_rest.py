"""WordPress's REST API: where it answers, the numbers of tags, how many comments posts have; and the feed beside it."""

from collections import Counter
from collections.abc import Collection, Sequence

import httpx

from collectors import feed_apart
from collectors.answer import Answer
from collectors.contract import Keeper
from collectors.errors import CollectorError, Malformed, Refused
from collectors.feed_reading import ACCEPT, Feed
from collectors.http import Http, Params
from collectors.wordpress_post import COMMENTS, TAGS

LIMIT = 100
MOST_PAGES = 20  # of comments, for a page of posts; beyond, each post is asked for by itself
_CLOSED = frozenset({401, 403, 404})
_ELSEWHERE = frozenset({301, 302, 404})  # or a web page: a blog's front page stands at every address that it lacks


class Rest:
    """By its pretty address, else by the plain one, which every WordPress has; which it is, is kept."""

    def __init__(self, http: Http, keeper: Keeper) -> None:
        self._http, self._keeper = http, keeper

    async def get(self, path: str, params: Params = (), *, expect: Collection[int] = ()) -> Answer:
        kept = await self._keeper.load()
        if "plain" not in kept:
            answer = await self._http.get(f"/wp-json{path}", params, expect={*expect, *_ELSEWHERE})
            if answer.is_json():
                return self._expected(answer, expect)
            if answer.status not in _ELSEWHERE and answer.body.lstrip()[:1] != b"<":
                return answer
        answer = await self._http.get("/", [("rest_route", path), *params], expect=expect)
        if "plain" not in kept and answer.is_json():
            await self._keeper.save({**kept, "plain": "yes"})
        return answer

    def _expected(self, answer: Answer, expect: Collection[int]) -> Answer:
        if answer.status == httpx.codes.OK or answer.status in expect:
            return answer
        raise self._http.failure(answer)

    async def tag(self, tag: str) -> int | None:
        """Its number, which the blog gave it for good: kept, and not asked for with each search."""
        key, kept = _key(tag), await self._keeper.load()
        if key not in kept:
            answer = await self.get("/wp/v2/tags", [("slug", tag.casefold()), ("_fields", "id,slug,name")])
            found = next((one for one in TAGS.many(answer.body)[0] if one.is_named(tag)), None)
            if found is None:
                return None
            kept = {**await self._keeper.load(), key: str(found.id)}
            await self._keeper.save(kept)
        return int(kept[key])

    async def forget(self, tag: str) -> None:
        """A tag that finds nothing may have been made anew, under another number."""
        kept = await self._keeper.load()
        await self._keeper.save({name: value for name, value in kept.items() if name != _key(tag)})

    async def replies(self, ids: Sequence[int], *, whole: bool) -> dict[int, int]:
        """The comments of many posts in few calls. What a blog keeps to itself is not in it.

        Unless the `whole` is asked for, one call must do: where it does not, nothing is said.
        """
        seen: dict[int, int] = {}
        asked = [("post", ",".join(map(str, ids))), ("per_page", str(LIMIT)), ("_fields", "id,post")]
        for page in range(1, MOST_PAGES + 1 if ids else 1):
            more = [("page", str(page))] if page > 1 else []
            answer = await self.get("/wp/v2/comments", [*asked, *more], expect=_CLOSED)
            if answer.status != httpx.codes.OK:
                return {}
            comments, _ = COMMENTS.many(answer.body)
            seen |= {comment.id: comment.post for comment in comments}
            if len(comments) < LIMIT:
                counted = Counter(seen.values())
                return {id_: counted[id_] for id_ in ids}
            if not whole:
                return {}
            if number(answer.headers.get("x-wp-totalpages", "")) > len(ids):
                break
        return {id_: count for id_ in ids if (count := await self._replies_of(id_)) is not None}

    async def _replies_of(self, id_: int) -> int | None:
        asked = [("post", str(id_)), ("per_page", "1"), ("_fields", "id")]
        answer = await self.get("/wp/v2/comments", asked, expect=_CLOSED)
        told = number(answer.headers.get("x-wp-total", ""))
        return told if told >= 0 and answer.status == httpx.codes.OK else None


async def feed(http: Http, closed: CollectorError | None, *paths: str) -> Feed:
    """From the first of the addresses where one is. None is: what was `closed` before is what is wrong."""
    wrong = closed
    for path in paths:
        answer = await http.get(path.rstrip("?&"), expect=_ELSEWHERE, headers={"accept": ACCEPT})
        if answer.status == httpx.codes.NOT_FOUND and closed is None:
            return Feed("", ())  # past its last page
        if answer.status == httpx.codes.OK:
            try:
                return await feed_apart.read(answer.body, f"{http.base}{path}")
            except Malformed as error:
                wrong = wrong or Malformed(f"{http.base.host}: {error}")
    raise wrong or Refused(f"{http.base.host} has no feed any more")


def number(text: str) -> int:
    """-1 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else -1


def _key(tag: str) -> str:
    return f"tag {tag.casefold()}"
