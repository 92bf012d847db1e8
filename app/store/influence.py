"""Who made a campaign grow: the people and the largest accounts, what is theirs, and what can be told of their lift."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select

from app.analysis.cascade import Mover, movers
from app.analysis.credit import Act, Lift, lifts, untold
from app.analysis.shape import Floats
from app.analysis.statistics import columns
from app.analysis.statistics.measured import Measured
from app.analysis.usual import of_weeks
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import Account, AccountLook, CampaignInfluencer, Influencer, InfluencerAccount, Post
from app.store import lives, outcomes, reshares, voices
from app.store.campaigns import Kept
from app.store.crowd import Crowd, Theirs
from app.store.curves import moment
from app.store.facts import account_look_known
from app.store.lives import Life
from app.store.outcomes import Brought
from app.store.reshares import UNTOLD, Reshares

MOST_AUTHORS = 500
MOST_LIFTS = 20
"""Lifts are told of the people and of this many accounts: of a thousand tests some would be significant by chance."""
MOST_ACTS = 5_000
NO_STRANGERS = "!no-unauthenticated"
METHOD = (
    "own engagement is the last reading of their posts; lift is an event study: what the 12 hours after their posts"
    " gained beyond what is usual (the same hour of the weeks before, or a mix of other hashtags), shared by followers"
    " and age with whoever posted too, against the same hours a whole number of days earlier; uncovered buckets are"
    " left out, own engagement is in it, and credits never sum to more than was gained; reshares are credited event by"
    " event where a platform shows reposts: each to those before it in its cascade, by followers and age, so that all"
    " credits and what nothing explains sum to the reposts that were seen"
)


@dataclass(slots=True)
class Whose:
    """One row: a person (`influencer`), or an account that is nobody's yet."""

    key: str
    name: str | None
    influencer: str | None
    accounts: list[Account] = field(default_factory=list)
    followers_then: int | None = None
    followers_now: int | None = None
    posts: int = 0
    engagement: int = 0
    first_at: int | None = None
    withheld: bool = False
    mover: Mover | None = None
    rank: int | None = None
    lift: Lift | None = None
    reshares: Measured = UNTOLD
    own_reshares: float | None = None
    brought: list[Brought] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Influence:
    rows: list[Whose]
    authors: int
    posts: int
    engagement: int
    unattributed: list[Brought]
    reshares: Reshares
    now: int


async def of_campaign(
    session: ReadSession, kept: Kept, authors: int, now: int, as_of: int | None = None
) -> Influence:  # fmt: skip
    """The people of the campaign, then the `authors` largest other accounts by their own engagement.

    `as_of`: what would have been shown then. Whose an account is, and its name, is taken as it is now.
    """
    now = moment(as_of, now)
    life = await lives.read(session, await lives.begin(session, kept, now, as_of))
    crowd = Crowd(session, life)
    theirs = await crowd.authors()
    rows = await _people(session, kept.id, theirs)
    mine = {account.id for row in rows for account in row.accounts}
    rows += await _largest(session, theirs, mine, authors)
    await _add_followers(session, rows, as_of)
    _add_sums(rows, theirs)
    rows.sort(key=lambda row: (row.influencer is None, -row.engagement))
    _add_movers(rows, life, theirs)
    await _add_lifts(session, rows, life, crowd)
    reshared = await reshares.of_life(session, life)
    for row in rows:
        row.reshares, row.own_reshares = reshared.credit((one.platform, one.id) for one in row.accounts)
    brought = await outcomes.totals(session, kept.id, as_of=as_of)
    by_id = {row.influencer: row for row in rows if row.influencer}
    for each in brought:
        if each.influencer_id in by_id:
            by_id[each.influencer_id].brought.append(each)
    left = [each for each in brought if each.influencer_id not in by_id]
    known = sum(1 for who in theirs if who is not None)
    posts, engagement = (sum(getattr(one, name) for one in theirs.values()) for name in ("posts", "engagement"))
    return Influence(rows, known, posts, engagement, left, reshared, now)


async def _people(session: ReadSession, campaign: str, theirs: Mapping[int | None, Theirs]) -> list[Whose]:
    """Who is named in the campaign, and whose account has posted under it."""
    named = select(CampaignInfluencer.influencer_id).where(CampaignInfluencer.campaign_id == campaign)
    claims = select(InfluencerAccount.influencer_id, InfluencerAccount.account_id)
    claims = claims.where(InfluencerAccount.account_id.is_not(None))
    owned = [(who, account) for who, account in await session.execute(claims)]
    there = {who for who, account in owned if account in theirs}
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


async def _largest(session: ReadSession, theirs: Mapping[int | None, Theirs], mine: set[int], most: int) -> list[Whose]:
    others = [(-one.engagement, who) for who, one in theirs.items() if who is not None and who not in mine]
    order = [who for _, who in sorted(others)[:most]]
    accounts = {account.id: account for account in await _accounts(session, order)}
    shy = select(Post.author_id).where(among(session, Post.author_id, order), Post.labels.contains(NO_STRANGERS))
    withheld = set((await session.execute(shy.distinct())).scalars())
    return [
        Whose(str(who), accounts[who].name or accounts[who].handle, None, [accounts[who]], withheld=who in withheld)
        for who in order
    ]


async def _add_followers(session: ReadSession, rows: Sequence[Whose], as_of: int | None) -> None:
    """Their followers now; or by the last look at the account that was made by then."""
    now = {account.id: account.followers for row in rows for account in row.accounts}
    if as_of is not None:
        query = select(AccountLook.account_id, AccountLook.followers).where(
            among(session, AccountLook.account_id, list(now)), account_look_known(as_of),
            AccountLook.followers.is_not(None),
        )  # fmt: skip
        looked = await session.execute(query.order_by(AccountLook.observed_at))
        now = {row[0]: row[1] for row in looked}
    for row in rows:
        known = [followers for account in row.accounts if (followers := now.get(account.id)) is not None]
        row.followers_now = sum(known) if known else None


def _add_sums(rows: list[Whose], theirs: Mapping[int | None, Theirs]) -> None:
    for row in rows:
        mine = [theirs[account.id] for account in row.accounts if account.id in theirs]
        row.posts, row.engagement = (sum(getattr(one, name) for one in mine) for name in ("posts", "engagement"))
        row.first_at = min((one.first_at for one in mine), default=None)
        known = [one.followers for one in mine if one.followers is not None]
        row.followers_then = sum(known) if known else None


def _add_movers(rows: list[Whose], life: Life, theirs: Mapping[int | None, Theirs]) -> None:
    posts = columns.floats(life.columns["posts"])
    firsts = np.sort(np.array([one.first_at for who, one in theirs.items() if who is not None], dtype=np.int64))
    first = {row.key: row.first_at for row in rows if row.first_at is not None}
    found = {mover.who: mover for mover in movers(first, life.edges, posts, firsts)}
    for row in rows:
        row.mover = found.get(row.key)
        if row.first_at is not None:
            row.rank = int(np.searchsorted(firsts, row.first_at, "left")) + 1


async def _add_lifts(session: ReadSession, rows: list[Whose], life: Life, crowd: Crowd) -> None:
    whose = {
        account.id: row.key
        for row in [*(r for r in rows if r.influencer), *[r for r in rows if not r.influencer][:MOST_LIFTS]]
        for account in row.accounts
    }
    acts = [
        Act(whose[one.author], one.at, max(1.0, float(one.followers or 1)))
        for one in await crowd.acts(list(whose), MOST_ACTS)
    ]
    if len(acts) > MOST_ACTS:
        why = f"their posts are more than {MOST_ACTS}"
        found = {who: untold(who, why) for who in dict.fromkeys(act.who for act in acts)}
    elif acts:
        gain = _gain(life)
        found = {lift.who: lift for lift in lifts(gain, await _usual(session, life, gain, acts), life.edges, acts)}
    else:
        found = {}
    for row in rows:
        row.lift = found.get(row.key)


def _gain(life: Life) -> Floats:
    curve = columns.read(life.columns, life.edges, life.now)
    gain = np.full(len(life.edges) - 1, np.nan)
    gain[: len(curve.gain)] = np.where(curve.seen(), curve.gain, np.nan)
    return gain


async def _usual(session: ReadSession, life: Life, gain: Floats, acts: Sequence[Act]) -> Floats:
    """The same hour of the weeks before; where there are too few of those, a mix of other hashtags."""
    usual = of_weeks(gain, life.edges)
    until = max(0, int(np.searchsorted(life.edges, acts[0].at, "right")) - 1)
    if not np.isnan(usual[until:]).all():
        return usual
    return await voices.mixed(session, life, gain, until)
