"""Which posts count under which subject: hashtags, campaigns and influencers, decided by what the post carries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.analysis.tags import normal, spelling
from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.db.types import hash_id
from app.errors import NotFound
from app.models import CampaignHashtag, Hashtag, InfluencerAccount, Subject


def hashtag_key(tag: str) -> int:
    """The id of a hashtag, and of its subject's ref, from any spelling."""
    return hash_id("#", normal(tag))


def subject_key(kind: str, ref: str) -> int:
    """The id of a subject: `hashtag` by its normal form, `campaign` and `influencer` by their id."""
    return hash_id(kind, ref)


async def ensure(session: Session, kind: str, refs: Sequence[str]) -> None:
    ids = [subject_key(kind, ref) for ref in refs]
    await put(session, Subject, {"id": ids, "kind": [kind] * len(refs), "ref": list(refs)})


async def ensure_hashtags(session: Session, tags: Iterable[str], now: int) -> None:
    """Rows for the hashtags that posts carry, followed or not: the first spelling met is kept."""
    spellings: dict[str, str] = {}
    for tag in tags:
        if name := normal(tag):
            spellings.setdefault(name, spelling(tag))
    names = sorted(spellings, key=hashtag_key)  # two writers meet new ones in the same order
    await put(session, Hashtag, {
        "id": [hashtag_key(name) for name in names], "tag": names, "spelling": [spellings[name] for name in names],
        "created_at": [now] * len(names), "version": [1] * len(names),
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """The subjects that hashtags and accounts lead to."""

    by_hashtag: Mapping[int, tuple[int, ...]]  # its own subject if it is followed, then its campaigns'
    by_account: Mapping[int, tuple[int, ...]]
    followed: frozenset[int]

    def subjects(self) -> list[int]:
        found = {subject for subjects in self.by_hashtag.values() for subject in subjects}
        return sorted(found.union(*self.by_account.values()))


async def scope(session: ReadSession, hashtags: Mapping[int, str], accounts: Sequence[int]) -> Scope:
    """`hashtags`: their ids and normal forms. Accounts lead to influencers."""
    own = {subject_key("hashtag", tag): key for key, tag in hashtags.items()}
    rows = await session.execute(select(Subject.id).where(among(session, Subject.id, list(own))))
    found: dict[int, list[int]] = {own[row.id]: [row.id] for row in rows}
    followed = frozenset(found)
    link = select(CampaignHashtag.hashtag_id, CampaignHashtag.campaign_id)
    for row in await session.execute(link.where(among(session, CampaignHashtag.hashtag_id, list(hashtags)))):
        found.setdefault(row.hashtag_id, []).append(subject_key("campaign", row.campaign_id))
    claim = select(InfluencerAccount.account_id, InfluencerAccount.influencer_id)
    people: dict[int, set[int]] = {}
    for account, person in await session.execute(claim.where(among(session, InfluencerAccount.account_id, accounts))):
        people.setdefault(account or 0, set()).add(subject_key("influencer", person))
    return Scope(
        {key: tuple(subjects) for key, subjects in found.items()},
        {key: tuple(subjects) for key, subjects in people.items()},
        followed,
    )


@dataclass(frozen=True, slots=True)
class Carried:
    """A hashtag on a post, and since when it counts there (None: from the post's birth)."""

    hashtag: int
    since: int | None


def memberships(scope: Scope, tags: Sequence[Carried], author: int | None) -> dict[int, int | None]:
    """The subjects that a post counts under, each with the time from which it does (None: from birth)."""
    found: dict[int, int | None] = {}
    for carried in tags:
        subjects = list(scope.by_hashtag.get(carried.hashtag, ()))
        if author is not None and carried.hashtag in scope.followed:
            subjects += scope.by_account.get(author, ())
        for subject in subjects:
            known = found.get(subject, carried.since)
            found[subject] = None if known is None or carried.since is None else min(known, carried.since)
    return found


def no_campaign(slug: str) -> NotFound:
    return NotFound(f"there is no campaign {slug!r}: the page /start or POST /api/v1/campaigns makes one")


def no_curve(kind: str, ref: str) -> NotFound:
    if kind == "hashtag":
        return NotFound(f"#{ref} is not followed: groundswell follow '#{ref}' begins, import brings history")
    return NotFound(f"there is no {kind} {ref!r}: GET /api/v1/{kind}s lists them")
