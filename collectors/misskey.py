"""Misskey's API, which Sharkey, Firefish and CherryPick also speak: every call is a POST, and nobody need log in."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
import msgspec

from collectors.answer import Answer
from collectors.contract import Allowance, Credential, Keeper, Meter, Offer
from collectors.errors import RateLimited, Refused, Unauthorized
from collectors.http import Http
from collectors.paging import pages
from collectors.plain import as_written
from collectors.policy import Policy
from collectors.posts import Account, Engagement, Looked, Page, Post
from collectors.rates import no_rates, utc_now
from collectors.reading import Count, Id, Moment, Reader, utc
from collectors.tags import hashtags

LIMIT = 100
TERMS = "Each server's own rules. Posts of those who ask not to be indexed are kept without words and name."
_FAILED = frozenset({400, 401, 403, 404, 410, 429})


class _User(msgspec.Struct, rename="camel"):
    id: Id
    username: Id
    host: str | None = None
    name: str | None = None
    followers_count: Count | None = None
    notes_count: Count | None = None
    noindex: bool | None = None


class _Note(msgspec.Struct, rename="camel"):
    id: Id
    created_at: Moment
    user: _User | None = None
    text: str | None = None
    cw: str | None = None
    visibility: str | None = None
    tags: list[str] = []
    reactions: dict[str, Count] | None = None
    reaction_count: Count | None = None
    renote_count: Count | None = None
    replies_count: Count | None = None
    uri: Id | None = None
    url: Id | None = None
    reply_id: Id | None = None
    renote_id: Id | None = None


_NOTES, _USERS = Reader(_Note), Reader(_User)


class Misskey:
    """One server, walked by `untilId`, whose ids it sorts itself."""

    offer: ClassVar[Offer] = Offer(
        platform="misskey",
        network="mastodon",
        metrics=frozenset({"likes", "reposts", "replies"}),
        allowances=(Allowance("calls", 300, timedelta(minutes=5)),),  # ours: servers name no figure
        page_size=LIMIT,
        batch_size=1,
        accounts_batch=LIMIT,
        needs_url=True,
        url_words="the address of the server, as https://misskey.example",
        credential_words="an access token with the right to read; most servers need none",
        notes=(
            "Likes are reactions of every kind; a server counts those that reached it.",
            "Posts are kept under the name of Mastodon's network: one that both show counts once.",
        ),
        policy=Policy(withheld=frozenset({"noindex"}), terms=TERMS),
    )

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  a token is all that there is to keep
    ) -> None:  # fmt: skip
        if base_url is None:
            raise Refused("a misskey source needs the URL of its server")
        self._http = Http(client, base_url, meter, no_rates, secret=credential.secret if credential else None, now=now)

    async def check(self) -> Mapping[str, str]:
        if not (version := (await self._ask("meta", {"detail": False})).said("version")):
            raise Refused(f"{self._http.base.host} answers, but not as Misskey does")
        said = {"server": self._http.base.host, "software": "misskey", "version": version}
        if self._http.secret:
            said["account"] = _USERS.one((await self._ask("i", {})).body).username
        return said

    def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None,  # noqa: ARG002
    ) -> AsyncIterator[Page]:  # fmt: skip
        """Back in time from `cursor` or the newest: ids do not tell the time on every server."""

        async def read(before: str | None) -> Page:
            asked = {"tag": tag, "limit": LIMIT, **({"untilId": before} if before else {})}
            notes, skipped = _NOTES.many((await self._ask("notes/search-by-tag", asked)).body)
            return Page(self._posts(notes), notes[-1].id if notes else None, skipped)

        return pages(cursor, read, f"#{tag} at {self._http.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        answers = [(id_, await self._ask("notes/show", {"noteId": id_}, none="NO_SUCH_NOTE")) for id_ in ids]
        found = [_NOTES.one(one.body) for _, one in answers if one.status == httpx.codes.OK]
        return Looked(self._posts(found), absent=frozenset(id_ for id_, one in answers if one.status != httpx.codes.OK))

    async def accounts(self, ids: Sequence[str]) -> Looked:
        users, skipped = _USERS.many((await self._ask("users/show", {"userIds": list(ids)})).body)
        absent = frozenset(() if skipped else {*ids} - {user.id for user in users})
        return Looked(accounts=tuple(map(self._account, users)), absent=absent, skipped=skipped)

    async def _ask(self, path: str, body: Mapping[str, object], none: str | None = None) -> Answer:
        """Its errors are told apart by their code: one status stands for several."""
        answer = await self._http.post(f"/api/{path}", body, spend=("calls",), expect=_FAILED, reads=True)
        said = answer.words()
        if answer.status == httpx.codes.OK or (none and none in said):
            return answer
        if "RATE_LIMIT" in said:
            raise RateLimited(str(self._http.failure(answer)))
        if "AUTHENTICATION" in said or "CREDENTIAL" in said or "PERMISSION" in said:
            raise Unauthorized(str(self._http.failure(answer)))
        raise self._http.failure(answer)

    def _posts(self, notes: Sequence[_Note]) -> tuple[Post, ...]:
        """A renote without words is no post of its own; what is not public is not ours to keep."""
        return tuple(self._post(note) for note in notes if note.text and note.visibility in (None, "public", "home"))

    def _post(self, note: _Note) -> Post:
        text, user = note.text or "", note.user
        here = f"{self._http.base}/notes/{note.id}"
        likes = note.reaction_count if note.reactions is None else sum(note.reactions.values())
        labels = [name for name, so in (("sensitive", note.cw), ("noindex", user and user.noindex)) if so]
        return Post(
            note.uri or here, utc(note.created_at), Engagement(likes, note.renote_count, note.replies_count), note.id,
            self._account(user) if user else None, as_written(text, note.tags) or hashtags(text, note.cw), text,
            note.url or note.uri or here, None, note.reply_id, None, note.renote_id, None, tuple(labels),
        )  # fmt: skip

    def _account(self, user: _User) -> Account:
        """Known by its profile's address, as Mastodon's API names it too."""
        host = user.host or self._http.base.netloc.decode()
        native = f"{'https' if user.host else self._http.base.scheme}://{host}/@{user.username}"
        handle, labels = f"{user.username}@{host}", ("noindex",) if user.noindex else ()
        return Account(native, handle, user.name, user.followers_count, user.notes_count, user.id, labels)
