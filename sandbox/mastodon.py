"""The half of the server that speaks Mastodon's API: tag timelines, look-ups, accounts, the instance."""

from collections.abc import Callable
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.ids import DOMAIN, MASTODON, instant, number_of_account, position
from sandbox.mastodon_door import PAGING, Door, Refusal, json_answer
from sandbox.mastodon_json import account, local_id, place_of, status
from sandbox.people import OBSERVER
from sandbox.posts import DAY, MINUTE, Post, World

_PAGE, _BATCH, _ACCOUNTS = 40, 20, 40


class Mastodon:
    def __init__(self, world: World, now: Callable[[], int], door: Door) -> None:
        self.world, self.now, self.door, self.flavour = world, now, door, door.flavour
        self._day = lru_cache(maxsize=256)(self._count)

    def routes(self) -> list[Route]:
        paths = {
            "/api/v1/timelines/tag/{tag}": self.timeline,
            "/api/v1/statuses/{id}": self.status,
            "/api/v1/statuses": self.statuses,
            "/api/v1/accounts/lookup": self.lookup,
            "/api/v1/accounts/verify_credentials": self.me,
            "/api/v1/accounts/{id}": self.account,
            "/api/v1/accounts": self.accounts,
            "/api/v1/tags/{name}": self.tag,
            "/api/v1/instance": self.instance,
            "/api/v2/instance": self.instance,
        }
        return [Route(path, self.door.answering(answer)) for path, answer in paths.items()]

    def timeline(self, request: Request) -> Response:
        self.door.log_in(request)
        tag, now = request.path_params["tag"], self.now()
        if self.flavour.unknown_tag != 200 and not self.world.knows(tag, now):
            raise Refusal(self.flavour.unknown_tag, "Not Found: tag was not found, or not useable on this instance")
        posts = [] if self.door.feeds == "disabled" else self._page(request, tag, now)
        response = json_answer([status(self.world, post, now, self.flavour) for post in posts])
        if posts:
            response.headers["link"] = self._link(request, posts)
        return response

    def _page(self, request: Request, tag: str, now: int) -> list[Post]:
        limit = min(_number(request, "limit") or 20, _PAGE)
        below, above, since = (self._place(request, name) for name in ("max_id", "min_id", "since_id"))
        if above is not None:
            up = (post for post in self.world.after(MASTODON, tag, now, above=above) if self._listed(post))
            return list(islice(takewhile(lambda post: below is None or post.position < below, up), limit))[::-1]
        down = (post for post in self.world.newest(MASTODON, tag, now, below=below) if self._listed(post))
        return list(islice(takewhile(lambda post: since is None or post.position > since, down), limit))

    def _place(self, request: Request, name: str) -> int | None:
        given = request.query_params.get(name)
        if given is None:
            return None
        place = place_of(given, self.flavour)
        if place is None and not self.flavour.ulids:
            raise Refusal(500, "Internal Server Error")
        return place  # an id that is none is overlooked where ids are ULIDs, as it is there

    def _listed(self, post: Post) -> bool:
        if post.answers is None or self.flavour.replies == "all":
            return True
        return self.flavour.replies == "own" and post.answers.person == post.person

    def _link(self, request: Request, posts: list[Post]) -> str:
        home = f"https://{DOMAIN}" if self.flavour.links_home else str(request.base_url).rstrip("/")
        base = f"{home}{quote(request.url.path)}"
        kept = [(name, value) for name, value in request.query_params.multi_items() if name not in PAGING]
        older = urlencode([*kept, ("max_id", local_id(posts[-1].position, self.flavour))])
        newer = urlencode([*kept, ("min_id", local_id(posts[0].position, self.flavour))])
        return f'<{base}?{older}>; rel="next", <{base}?{newer}>; rel="prev"'

    def status(self, request: Request) -> Response:
        self.door.log_in(request)
        now, place = self.now(), place_of(request.path_params["id"], self.flavour)
        post = self.world.find(MASTODON, place, now) if place is not None else None
        if post is None:
            raise Refusal(404, "Record not found")
        return json_answer(status(self.world, post, now, self.flavour))

    def statuses(self, request: Request) -> Response:
        now, ids = self.now(), self._ids(request, _BATCH)
        places = {place_of(given, self.flavour) for given in ids} - {None}
        found = [self.world.find(MASTODON, place, now) for place in places if place is not None]
        return json_answer([status(self.world, post, now, self.flavour) for post in found if post])

    def accounts(self, request: Request) -> Response:
        ids = self._ids(request, _ACCOUNTS)
        numbers = [number for given in dict.fromkeys(ids) if (number := number_of_account(given)) is not None]
        people = [self.world.person(number) for number in numbers]
        return json_answer([account(person, self.now(), self.flavour) for person in people if person])

    def _ids(self, request: Request, most: int) -> list[str]:
        if not self.flavour.modern:
            raise Refusal(405, "405 method not allowed")
        self.door.log_in(request)
        ids = request.query_params.getlist("id[]")
        if len(ids) > most:
            raise Refusal(422, "Validation failed: too many ids")
        return ids

    def account(self, request: Request) -> Response:
        self.door.log_in(request)
        number = number_of_account(request.path_params["id"])
        return self._account(self.world.person(number) if number is not None else None)

    def me(self, request: Request) -> Response:
        self.door.log_in(request)
        if "authorization" not in request.headers:
            raise Refusal(401, "The access token is invalid")
        return self._account(OBSERVER)

    def lookup(self, request: Request) -> Response:
        self.door.log_in(request)
        return self._account(self.world.named(request.query_params.get("acct", "").removesuffix(f"@{DOMAIN}")))

    def _account(self, person: Any) -> Response:
        if person is None:
            raise Refusal(404, "Record not found")
        return json_answer(account(person, self.now(), self.flavour))

    def tag(self, request: Request) -> Response:
        """Uses and users of the last seven days, all of them strings."""
        self.door.log_in(request, needed=not self.flavour.html_errors)
        name, now = request.path_params["name"].lower(), self.now()
        if not self.flavour.modern and not self.world.knows(name, now):
            raise Refusal(404, "Not Found")
        history = []
        for day in range(now // DAY, now // DAY - 7, -1):
            uses, users = self._day(name, day, now - now % (5 * MINUTE))
            history.append({"day": str(day * DAY // 1_000), "uses": str(uses), "accounts": str(users)})
        shown = history if self.flavour.modern else []
        return json_answer({"id": "1", "name": name, "url": f"https://{DOMAIN}/tags/{name}", "history": shown})

    def _count(self, tag: str, day: int, until: int) -> tuple[int, int]:
        posts = self.world.after(MASTODON, tag, until, above=position(day * DAY, 0) - 1)
        within = takewhile(lambda post: instant(post.position) < (day + 1) * DAY, posts)
        names = [post.person.account_id for post in within]
        return len(names), len(set(names))

    def instance(self, request: Request) -> Response:
        old = request.url.path.startswith("/api/v1/")
        if self.flavour.html_errors and not old:
            raise Refusal(500, "Internal Error")
        facts: dict[str, Any] = {"title": "Sandbox", "version": self.flavour.version, "languages": ["en"]}
        if old:
            return json_answer({"uri": DOMAIN, **facts})
        access = {"hashtag_feeds": {"local": self.door.feeds, "remote": self.door.feeds}}
        streaming = {"streaming": str(request.base_url).rstrip("/").replace("http", "ws", 1)}
        said = {"timelines_access": access, "urls": streaming} if self.flavour.modern else {}
        return json_answer({"domain": DOMAIN, "configuration": said, **facts})


def _number(request: Request, name: str) -> int | None:
    given = request.query_params.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
