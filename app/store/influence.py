"""Who made a campaign grow: the people and the largest accounts, what is theirs, and what can be told of their lift."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import func, select

from app.analysis.cascade import Mover, movers
from app.analysis.credit import Act, Lift, lifts
from app.analysis.shape import Floats, Ints
from app.analysis.statistics import columns
from app.analysis.usual import of_weeks
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import Account, CampaignInfluencer, Debut, Influencer, InfluencerAccount, Member, Post
from app.store import lives, outcomes, voices
from app.store.campaigns import Kept
from app.store.lives import Life
from app.store.outcomes import Brought
from app.store.subjects import subject_key

MOST_AUTHORS = 500
MOST_LIFTS = 20
"""Lifts are told of the people and of this many accounts: of a thousand tests some would be significant by chance."""
MOST_ACTS = 5_000
NO_STRANGERS = "!no-unauthenticated"
METHOD = (
    "own engagement is the last reading of their posts; lift is an event study: what the 12 hours after their posts"
    " gained beyond what is usual (the same hour of the weeks before, or a mix of other hashtags), shared by followers"
    " and age with whoever posted too, against the same hours a whole number of days earlier; uncovered buckets are"
    " left out, own engagement is in it, and credits never sum to more than was gained"
)


@dataclass(slots=True)
class Whose:
    """One row: a person (`influencer`), or an account that is nobody's yet."""

    key: str
    name: str | None
    influencer: str | None
    accounts: list[Account] = field(default_factory=list)
    followers_then: int | None = None
    posts: int = 0
    engagement: int = 0
    first_at: int | None = None
    withheld: bool = False
    mover: Mover | None = None
    rank: int | None = None
    lift: Lift | None = None
    brought: list[Brought] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Influence:
    rows: list[Whose]
    authors: int
    posts: int
    engagement: int
    unattributed: list[Brought]


@dataclass(frozen=True, slots=True)
class _Debuts:
    """Every author of the campaign, by account: when first, and with how many followers then."""

    account: Ints
    at: Ints
    followers: dict[int, int | None]


async def of_campaign(session: ReadSession, kept: Kept, authors: int, now: int) -> Influence:
    """The people of the campaign, then the `authors` largest other accounts by their own engagement."""
    subject = subject_key("campaign", kept.id)
    debuts = await _debuts(session, subject)
    rows = await _people(session, kept.id, debuts)
    mine = {account.id for row in rows for account in row.accounts}
    sums = await _sums(session, subject)
    rows += await _largest(session, sums, mine, authors)
    _add_sums(rows, sums, debuts)
    rows.sort(key=lambda row: (row.influencer is None, -row.engagement))
    life = await lives.read(session, kept, lives.step_for(await lives.since(session, kept, now), now), now)
    _add_movers(rows, life, debuts)
    await _add_lifts(session, rows, life, subject, now)
    brought = await outcomes.totals(session, kept.id)
    by_id = {row.influencer: row for row in rows if row.influencer}
    for each in brought:
        if each.influencer_id in by_id:
            by_id[each.influencer_id].brought.append(each)
    left = [each for each in brought if each.influencer_id not in by_id]
    posts, engagement = (int(sum(each[at] for each in sums.values())) for at in (0, 1))
    return Influence(rows, len(debuts.account), posts, engagement, left)


async def _debuts(session: ReadSession, subject: int) -> _Debuts:
    query = select(Debut.account_id, Debut.born_at, Debut.followers).where(Debut.subject_id == subject)
    rows = (await session.execute(query)).all()
    at = np.array([row[1] for row in rows], dtype=np.int64)
    return _Debuts(np.array([row[0] for row in rows], dtype=np.int64), np.sort(at), {row[0]: row[2] for row in rows})


async def _people(session: ReadSession, campaign: str, debuts: _Debuts) -> list[Whose]:
    """Who is named in the campaign, and whose account has posted under it."""
    named = select(CampaignInfluencer.influencer_id).where(CampaignInfluencer.campaign_id == campaign)
    claims = select(InfluencerAccount.influencer_id, InfluencerAccount.account_id)
    claims = claims.where(InfluencerAccount.account_id.is_not(None))
    owned = [(who, account) for who, account in await session.execute(claims)]
    there = {who for who, account in owned if account in debuts.followers}
    ids = sorted(there | set((await session.execute(named)).scalars()))
    found = select(Influencer.id, Influencer.name).where(among(session, Influencer.id, ids)).order_by(Influencer.id)
    rows = {who: Whose(who, name, who) for who, name in await session.execute(found)}
    wanted = {account: who for who, account in owned if who in rows and account is not None}
    for account in await _accounts(session, list(wanted)):
        rows[wanted[account.id]].accounts.append(account)
    return list(rows.values())


async def _accounts(session: ReadSession, ids: Sequence[int]) -> list[Account]:
    query = select(Account).where(among(session, Account.id, ids)).order_by(Account.id)
    return list((await session.execute(query)).scalars())


_LEVELS = [func.coalesce(getattr(Post, name), 0) for name in ("likes", "reposts", "replies", "quotes")]


async def _sums(session: ReadSession, subject: int) -> dict[int | None, tuple[int, int, int]]:
    """By author (None: not known): posts, engagement by the last readings, and the first post."""
    engagement = func.sum(_LEVELS[0] + _LEVELS[1] + _LEVELS[2] + _LEVELS[3])
    query = select(Member.author_id, func.count(), engagement, func.min(Member.born_at))
    query = query.join(Post, Post.id == Member.post_id).where(Member.subject_id == subject)
    rows = await session.execute(query.group_by(Member.author_id))
    return {who: (int(posts), int(gained), int(first)) for who, posts, gained, first in rows}


async def _largest(
    session: ReadSession, sums: dict[int | None, tuple[int, int, int]], mine: set[int], most: int
) -> list[Whose]:
    others = [(-gained, who) for who, (_, gained, _) in sums.items() if who is not None and who not in mine]
    order = [who for _, who in sorted(others)[:most]]
    accounts = {account.id: account for account in await _accounts(session, order)}
    shy = select(Post.author_id).where(among(session, Post.author_id, order), Post.labels.contains(NO_STRANGERS))
    withheld = set((await session.execute(shy.distinct())).scalars())
    return [
        Whose(str(who), accounts[who].name or accounts[who].handle, None, [accounts[who]], withheld=who in withheld)
        for who in order
    ]


def _add_sums(rows: list[Whose], sums: dict[int | None, tuple[int, int, int]], debuts: _Debuts) -> None:
    for row in rows:
        theirs = [account.id for account in row.accounts if account.id in sums]
        row.posts, row.engagement = (sum(sums[account][at] for account in theirs) for at in (0, 1))
        row.first_at = min((sums[account][2] for account in theirs), default=None)
        known = [followers for account in theirs if (followers := debuts.followers.get(account)) is not None]
        row.followers_then = sum(known) if known else None


def _add_movers(rows: list[Whose], life: Life, debuts: _Debuts) -> None:
    posts = columns.floats(life.columns["posts"])
    first = {row.key: row.first_at for row in rows if row.first_at is not None}
    found = {mover.who: mover for mover in movers(first, life.edges, posts, debuts.at)}
    for row in rows:
        row.mover = found.get(row.key)
        if row.first_at is not None:
            row.rank = int(np.searchsorted(debuts.at, row.first_at, "left")) + 1


async def _add_lifts(session: ReadSession, rows: list[Whose], life: Life, subject: int, now: int) -> None:
    whose = {
        account.id: row.key
        for row in [*(r for r in rows if r.influencer), *[r for r in rows if not r.influencer][:MOST_LIFTS]]
        for account in row.accounts
    }
    query = select(Member.author_id, Member.born_at, Post.followers).join(Post, Post.id == Member.post_id)
    query = query.where(Member.subject_id == subject, among(session, Member.author_id, list(whose)))
    acts = [
        Act(whose[who or 0], at, max(1.0, float(followers or 1)))
        for who, at, followers in await session.execute(query.order_by(Member.born_at).limit(MOST_ACTS + 1))
    ]
    if not acts or len(acts) > MOST_ACTS:
        return
    gain = _gain(life, now)
    found = {lift.who: lift for lift in lifts(gain, await _usual(session, life, gain, acts, now), life.edges, acts)}
    for row in rows:
        row.lift = found.get(row.key)


def _gain(life: Life, now: int) -> Floats:
    curve = columns.read(life.columns, life.edges, now)
    gain = np.full(len(life.edges) - 1, np.nan)
    gain[: len(curve.gain)] = np.where(curve.seen(), curve.gain, np.nan)
    return gain


async def _usual(session: ReadSession, life: Life, gain: Floats, acts: Sequence[Act], now: int) -> Floats:
    """The same hour of the weeks before; where there are too few of those, a mix of other hashtags."""
    usual = of_weeks(gain, life.edges)
    until = max(0, int(np.searchsorted(life.edges, acts[0].at, "right")) - 1)
    if not np.isnan(usual[until:]).all():
        return usual
    return await voices.mixed(session, life, gain, until, now)
