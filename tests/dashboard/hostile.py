"""A world in which every word that somebody else wrote is an attack, and the address of every page in it."""

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.access import keyfile, shares, tokens, users
from app.alerts import signing
from app.clock import DAY, HOUR
from app.db.engine import Database, Session
from app.models import (
    Account,
    Alert,
    AlertRule,
    Annotation,
    Attempt,
    Audit,
    Campaign,
    Coverage,
    Delivery,
    Endpoint,
    Hashtag,
    Influencer,
    InfluencerAccount,
    InfluencerCode,
    Outcome,
    Post,
    PostText,
    Share,
    Silence,
    Source,
    Tagging,
    Token,
    User,
)
from app.settings import Settings
from app.store import annotations, campaigns, endpoints, outbox, outcomes, silences
from app.store.annotations import Note
from app.store.keep import post_key
from app.store.outcomes import Gift
from tests.alerts.outbox import alert
from tests.api.conftest import KEY
from tests.dashboard.alerting import OPEN, tell
from tests.dashboard.conftest import NOW

ENDPOINT = "end_0123456789abcdef"
ZALGO = "z̷̡̛̺̈́a̸̢̽l̶̰͝g̵̣̈́o̸͉̎"
MARK = "onerror=alert(1)"
"""In every attack: a page that shows one shows this as text."""
ATTACK = (
    f"=\"'><img src=x {MARK}></title></textarea></style></script><script>alert(1)</script>"
    f"{{{{7*7}}}}&amp;&#60;b&#62;]]>--><!--\u202e\u2066{ZALGO}" + "long" * 12
)
# Written past every check, as an older version, an import or another program could have.
WRITTEN: tuple[InstrumentedAttribute[object], ...] = (
    Source.name, Source.reason, Source.base_url, Source.identifier, Campaign.name, Influencer.name,
    InfluencerAccount.handle, InfluencerCode.spelling, Account.handle, Account.name, PostText.text, PostText.url,
    PostText.lang, Post.labels, Tagging.spelling, Hashtag.spelling, Coverage.reason, Annotation.text,
    Annotation.url, Outcome.code, Outcome.kind, AlertRule.name, Alert.rule_name, Silence.comment, Silence.author,
    Endpoint.name, Endpoint.url, Endpoint.disabled_why, Delivery.reason, Attempt.problem, Attempt.answer,
    Audit.actor, Audit.action, Audit.subject, Audit.ip, Share.author, User.name, Token.name,
)  # fmt: skip


async def overwrite(session: Session) -> None:
    for column in WRITTEN:
        await session.execute(update(column.class_).values({column.key: ATTACK}))


async def furnish(db: Database, person: str) -> dict[str, list[str]]:
    """Over the world `rain`: the addresses of every page, by the route that answers them."""
    keys = keyfile.keyring(Settings(_env_file=None, secret_key=KEY, database_url=db.url))
    await tell(db)
    async with db.write() as session:
        wet = await campaigns.by_slug(session, "wet")
        await annotations.create(session, wet.id, Note(NOW - DAY, "x", "https://one.example"), NOW)
        gift = Gift("g1", NOW - 20 * HOUR, "donation", "5.00", "EUR", "RAIN", 1)
        await outcomes.keep(session, wet.id, [gift], NOW)
        sealed = keys.seal(signing.new_keys(asymmetric=False), signing.purpose(ENDPOINT))
        it = endpoints.Described("x", "https://one.example", None)
        await endpoints.create(session, endpoints.Kept(ENDPOINT, 1, NOW, it, keys=sealed))
        await outbox.put(session, alert(1, NOW), None, NOW)
        delivery = (await session.execute(select(Delivery.id))).scalar_one()
        session.add(Attempt(delivery_id=delivery, number=1, at=NOW, took_ms=1, status=500, problem="x", answer="x"))
        await silences.create(session, silences.Quiet(("hashtag", "rain"), NOW, NOW + DAY, "x"), "local", NOW)
        _, campaign = await shares.create(session, keys, ["wet"], 30, ("https://www.example.org",), "local", NOW)
        await campaigns.create(
            session, campaigns.Described("dry", "Dry", "other", NOW - DAY, None, ("#Rain",)), NOW, 300
        )
        _, both = await shares.create(session, keys, ["wet", "dry"], 30, (), "local", NOW)
        await users.create(session, "amina", "correct horse battery", NOW)
        await tokens.create(session, keys, "x", frozenset({"admin"}), NOW)
        session.add(Audit(at=NOW, actor="local", action="login", subject="x", ip="::1"))
        await session.flush()
        await overwrite(session)
        await session.execute(update(Alert).values(evidence=f'[{{"post_id": "{post_key("mastodon", POST)}"}}]'))
    return addresses(person, campaign, both)


POST = "https://one.example/posts/3"


def addresses(person: str, campaign: str, both: str) -> dict[str, list[str]]:
    kinds = ("posts.csv", "posts.svg", "engagement_total.csv", "engagement_total.svg")
    return {
        "/": ["/"],
        "/alerts": ["/alerts"],
        "/alerts/{id}": [f"/alerts/{OPEN}"],
        "/campaigns/{slug}": ["/campaigns/wet", "/campaigns/wet?show=total&range=7d"],
        "/campaigns/{slug}/charts/{file}": [f"/campaigns/wet/charts/{kind}" for kind in kinds],
        "/campaigns/{slug}/influencers": ["/campaigns/wet/influencers"],
        "/campaigns/{slug}/notes": ["/campaigns/wet/notes"],
        "/campaigns/{slug}/outcomes": ["/campaigns/wet/outcomes"],
        "/campaigns/{slug}/report": ["/campaigns/wet/report"],
        "/compare": ["/compare?campaign=wet&campaign=dry"],
        "/compare/charts/{file}": [f"/compare/charts/gain.{kind}?campaign=wet&campaign=dry" for kind in ("csv", "svg")],
        "/deliveries": ["/deliveries"],
        "/endpoints": ["/endpoints"],
        "/endpoints/{id}": [f"/endpoints/{ENDPOINT}"],
        "/follow": ["/follow"],
        "/hashtags/{tag}": ["/hashtags/rain"],
        "/hashtags/{tag}/charts/{file}": [f"/hashtags/rain/charts/{kind}" for kind in kinds],
        "/influencers/{id}": [f"/influencers/{person}"],
        "/influencers/{id}/charts/{file}": [f"/influencers/{person}/charts/{kind}" for kind in kinds],
        "/login": ["/login"],
        "/posts/{post}": [f"/posts/{post_key('mastodon', POST)}"],
        "/rules": ["/rules"],
        "/rules/new": ["/rules/new", "/rules/new?kind=digest"],
        "/rules/{id}": ["/rules/rul_spikes"],
        "/s/{token}": [f"/s/{campaign}", f"/s/{both}"],
        "/s/{token}/charts/{file}": [f"/s/{campaign}/charts/posts.svg", f"/s/{both}/charts/gain.csv"],
        "/s/{token}/embed": [f"/s/{campaign}/embed"],
        "/settings": ["/settings"],
        "/settings/audit": ["/settings/audit"],
        "/settings/privacy": ["/settings/privacy"],
        "/settings/second": ["/settings/second"],
        "/settings/tokens": ["/settings/tokens"],
        "/settings/users": ["/settings/users"],
        "/setup": ["/setup"],
        "/shares": ["/shares"],
        "/silences": ["/silences"],
        "/sources": ["/sources"],
        "/sources/new": ["/sources/new", "/sources/new?platform=mastodon"],
        "/start": ["/start"],
    }


SAY_NOTHING = {"/login", "/setup", "/settings", "/settings/privacy", "/settings/second", "/sources/new"}
"""Pages on which stands nothing that somebody else wrote."""
