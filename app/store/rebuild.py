"""Makes a subject's numbers again from the facts, or proves that they are what the facts say."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, delete, select

from app.analysis.contribution import COLUMNS, METRICS, UNKNOWN, Looks
from app.analysis.shape import FIVE_MINUTES
from app.analysis.sums import GRAINS, Amounts, Rows, fold, join, unfold
from app.db.dialect import lock_rows
from app.db.engine import ReadSession, Session
from app.models import (
    Account,
    CampaignHashtag,
    Debut,
    DetectorState,
    Hashtag,
    InfluencerAccount,
    Member,
    Post,
    Rollup,
    Subject,
    Tagging,
)
from app.store import facts, looks, members, news, remembered, rollups, sealing
from app.store.facts import Facts
from app.store.rollups import Belongs, Ledger

CHUNK = 2_000
"""Posts at a time: what is held in memory does not grow with the history."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A sum that is not what the facts say (grain 0: a member, or a post's last levels). `bucket` in milliseconds."""

    subject: str
    grain: int
    platform: str
    bucket: int
    column: str
    stored: int
    rebuilt: int


async def rebuild(session: Session, subject: int, now: int) -> int:
    """Decide anew which posts count under the subject, and sum them up; one transaction. Returns how many do."""
    await _hold_definition(session, subject)
    await lock_rows(session, Subject, [subject])
    # Its detectors learn their past anew: of another person's account, or another hashtag, they knew nothing.
    for table in (Member, Debut, Rollup, DetectorState):
        await session.execute(delete(table).where(table.subject_id == subject))
    news.note(session, news.POINTS, [subject], now)  # though no post may be left
    belongs = await who_belongs(session, subject)
    for start in range(0, len(belongs), CHUNK):
        part = belongs[start : start + CHUNK]
        posts, seen, wrong = await _facts(session, part)
        await remembered.remind(session, [right for _, right in wrong])
        posts |= {right.id: right for _, right in wrong}
        ledger = Ledger()
        await members.add(session, posts, part, ledger)
        looks.count(list(posts.values()), seen, part, ledger)
        await rollups.write(session, ledger, now)
    await sealing.put_back(session, subject)
    return len(belongs)


async def _facts(
    session: ReadSession, part: Sequence[Belongs]
) -> tuple[dict[int, Facts], Looks, list[tuple[Facts, Facts]]]:
    """The posts, all looks at them, and those posts whose row says otherwise than the looks (as it should be)."""
    posts = await facts.known(session, [place.post for place in part])
    seen = await facts.looks_of(session, list(posts), {key: place for place, key in enumerate(posts)})
    return posts, seen, remembered.misremembered(list(posts.values()), seen)


async def who_belongs(session: ReadSession, subject: int, as_of: int | None = None) -> list[Belongs]:
    """Posts that count under the subject; those that were known at `as_of` to carry its hashtag."""
    row = (await session.execute(select(Subject.kind, Subject.ref).where(Subject.id == subject))).one()
    query = select(Tagging.post_id, Tagging.since_at, Post.born_at).join(Post, Post.id == Tagging.post_id)
    if row.kind == "hashtag":
        query = query.join(Hashtag, Hashtag.id == Tagging.hashtag_id).where(Hashtag.tag == row.ref)
    elif row.kind == "campaign":
        tags = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == row.ref)
        query = query.where(Tagging.hashtag_id.in_(tags))
    else:
        people = select(InfluencerAccount.account_id).where(InfluencerAccount.influencer_id == row.ref)
        query = query.where(Post.author_id.in_(people), Tagging.hashtag_id.in_(_followed()))
    if as_of is not None:
        query = query.where(Post.found_at <= as_of, facts.tag_known(as_of))
    found: dict[int, Belongs] = {}
    for post, since, born in await session.execute(query):
        place = Belongs(subject, post, born if since is None else since, since is not None)
        there = found.get(post)
        if there is None or (there.late and (not place.late or place.born_at < there.born_at)):
            found[post] = place
    return sorted(found.values(), key=lambda place: place.post)


def _followed() -> Select[int]:
    """Hashtags that have a curve of their own."""
    return select(Hashtag.id).join(Subject, and_(Subject.kind == "hashtag", Subject.ref == Hashtag.tag))


async def _hold_definition(session: Session, subject: int) -> None:
    """Wait for writers who decide by the old definition, and let none begin before this one is committed."""
    row = (await session.execute(select(Subject.kind, Subject.ref).where(Subject.id == subject))).one()
    if row.kind == "influencer":
        claims = select(InfluencerAccount.account_id).where(InfluencerAccount.influencer_id == row.ref)
        accounts = await session.execute(claims.where(InfluencerAccount.account_id.is_not(None)))
        await lock_rows(session, Account, [key for key in accounts.scalars() if key is not None], "redefine")
    else:
        tags = select(Hashtag.id).where(Hashtag.tag == row.ref)
        if row.kind == "campaign":
            tags = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == row.ref)
        await lock_rows(session, Hashtag, (await session.execute(tags)).scalars(), "redefine")


async def verify(session: ReadSession, subject: int, now: int) -> AsyncIterator[Difference]:
    """Every sum of the subject that a rebuild from the facts would make different, membership included."""
    ref = (await session.execute(select(Subject.kind, Subject.ref).where(Subject.id == subject))).one()
    name = f"{ref.kind} {ref.ref}"
    belongs = await who_belongs(session, subject)
    for difference in await _members_differ(session, subject, belongs, name):
        yield difference
    ledger = Ledger()
    parts: list[Amounts] = []
    await _count_births(session, belongs, ledger)
    for start in range(0, len(belongs), CHUNK):
        part = belongs[start : start + CHUNK]
        posts, seen, wrong = await _facts(session, part)
        for difference in _posts_differ(wrong, name):
            yield difference
        looks.count(list(posts.values()), seen, part, ledger)
        # Folded at once, so that memory follows the curve and not the history.
        parts = [unfold(fold(join([*parts, ledger.amounts()]), FIVE_MINUTES))]
        ledger.parts, ledger.entries = [], []
    amounts = join([*parts, ledger.amounts()])
    sealed = await sealing.sums(session, subject)
    for grain in GRAINS:
        since = rollups.fine_since(now) if grain == FIVE_MINUTES else None
        want = sealing.plus(_as_sums(fold(amounts, grain), list(ledger.platforms), since), sealed, grain, since)
        have = await _stored(session, subject, grain, since)
        for key in sorted(want.keys() | have.keys()):
            nothing = (0,) * len(COLUMNS)
            rebuilt, stored = want.get(key, nothing), have.get(key, nothing)
            for column, a, b in zip(COLUMNS, stored, rebuilt, strict=True):
                if a != b:
                    yield Difference(name, grain, key[0], key[1], column, a, b)


def _posts_differ(wrong: Sequence[tuple[Facts, Facts]], name: str) -> Iterator[Difference]:
    for stored, right in wrong:
        pairs = [("last look", stored.looked_at, right.looked_at), ("ragged", stored.ragged, right.ragged)]
        pairs += [(metric, stored.levels[i], right.levels[i]) for i, metric in enumerate(METRICS)]
        for column, a, b in pairs:
            if a != b:
                said, is_so = (UNKNOWN if value is None else int(value) for value in (a, b))
                yield Difference(name, 0, stored.platform, stored.born_at, f"post {stored.id} {column}", said, is_so)


async def _count_births(session: ReadSession, belongs: Sequence[Belongs], ledger: Ledger) -> None:
    """Births and debuts, the latter found from all members at once."""
    firsts: dict[int, tuple[int, int, str, int]] = {}
    for start in range(0, len(belongs), CHUNK):
        part = belongs[start : start + CHUNK]
        posts = await facts.known(session, [place.post for place in part])
        for place in part:
            post = posts[place.post]
            ledger.birth(place, post)
            if post.author_id is not None:
                mine = (place.born_at, post.id, post.platform, post.followers or 0)
                firsts[post.author_id] = min(firsts.get(post.author_id, mine), mine)
    for born, _, platform, followers in firsts.values():
        ledger.add(belongs[0].subject, platform, born, "authors_new", 1)
        ledger.add(belongs[0].subject, platform, born, "followers", followers)


async def _members_differ(
    session: ReadSession, subject: int, belongs: Sequence[Belongs], name: str
) -> list[Difference]:
    query = select(Member.post_id, Member.born_at, Member.late).where(Member.subject_id == subject)
    have = {(row.post_id, row.born_at, row.late) for row in await session.execute(query)}
    want = {(place.post, place.born_at, place.late) for place in belongs}
    return [
        Difference(
            name, 0, "", born, f"member {post}", int((post, born, late) in have), int((post, born, late) in want)
        )
        for post, born, late in sorted(have ^ want)
    ]


def _as_sums(rows: Rows, platforms: list[str], since: int | None) -> dict[tuple[str, int], tuple[int, ...]]:
    keys = zip((platforms[p] for p in rows.platform.tolist()), rows.bucket.tolist(), strict=True)
    return {
        key: tuple(sums) for key, sums in zip(keys, rows.sums.tolist(), strict=True) if since is None or key[1] >= since
    }


async def _stored(
    session: ReadSession, subject: int, grain: int, since: int | None
) -> dict[tuple[str, int], tuple[int, ...]]:
    query = select(Rollup.platform, Rollup.bucket, *(getattr(Rollup, name) for name in COLUMNS))
    query = query.where(Rollup.subject_id == subject, Rollup.grain == grain)
    if since is not None:
        query = query.where(Rollup.bucket >= since)
    return {(row[0], row[1]): tuple(row[2:]) for row in await session.execute(query)}
