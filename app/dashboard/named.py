"""What subjects of rules, alerts and silences are called on a page, and the page that each has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from app.dashboard import told as sentences
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import campaigns, hashtags, people, rules, source_reads
from app.store.rules import EVERY, Subject
from app.store.source_reads import Allowed

MOST = 400
"""Of each kind in a list to choose from; what is not in it is reached from its own page."""


@dataclass(frozen=True, slots=True)
class Name:
    """`choice` is how forms name it. `href` None: it has no page."""

    text: str
    choice: str
    href: str | None = None


async def names(session: ReadSession, subjects: Iterable[Subject], w: Words) -> dict[Subject, Name]:
    wanted = list(dict.fromkeys(subjects))
    called = await rules.called(session, wanted)
    persons = await people.names(session, [ref for kind, ref in wanted if kind == "influencer"])
    spelt = await hashtags.spellings(session, [ref for kind, ref in wanted if kind == "hashtag"])
    told = await rules.with_ids(session, [ref for kind, ref in wanted if kind == "rule"])
    found = {}
    for kind, ref in wanted:
        label, choice = called[kind, ref], f"{kind}:{called[kind, ref]}"
        if kind == "hashtag":
            every = ref == EVERY
            text, href = (
                (w("every_hashtag"), None) if every else (f"#{spelt.get(ref, ref)}", f"/hashtags/{quote(ref, safe='')}")
            )
        elif kind == "campaign":
            text, href = w("the_campaign", name=label), f"/campaigns/{quote(label, safe='')}"
        elif kind == "influencer":
            text, href = persons.get(ref, ref), f"/influencers/{quote(ref, safe='')}"
        elif kind == "rule":
            text, href = (
                w("the_rule", name=sentences.called(told[ref].it.name, w) if ref in told else ref),
                f"/rules/{quote(ref, safe='')}",
            )
        else:
            text, href = w("the_source", name=label), None
        found[kind, ref] = Name(text, choice, href)
    return found


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind to choose from, each with how the form names it."""

    kind: str
    choices: tuple[tuple[str, str], ...]


async def groups(
    session: ReadSession, w: Words, now: int, allowed: Mapping[str, Sequence[Allowed]], *, more: str
) -> list[Group]:
    """What a rule can be on (`more` "source" where it may be a source), or what a silence can be of ("rule" too)."""
    tags = [one.row for one in await hashtags.listed(session, None, MOST) if one.row.unfollowed_at is None]
    found = [
        Group("hashtag", (
            (f"hashtag:{EVERY}", w("every_hashtag")), *((f"hashtag:{row.tag}", f"#{row.spelling}") for row in tags),
        )),
        Group("campaign", tuple(
            (f"campaign:{one.it.slug}", one.it.name) for one in await campaigns.listed(session, None, MOST)
        )),
        Group("influencer", tuple(
            (f"influencer:{one.id}", one.name) for one in await people.listed(session, None, MOST)
        )),
    ]  # fmt: skip
    if more in ("source", "rule"):
        sources = await source_reads.listed(session, None, MOST, now, allowed)
        found.append(Group("source", tuple((f"source:{one.name}", one.name) for one in sources if one.kind == "live")))
    if more == "rule":
        kept = await rules.listed(session, None, MOST)
        found.append(Group("rule", tuple((f"rule:{one.id}", sentences.called(one.it.name, w)) for one in kept)))
    return [group for group in found if group.choices]
