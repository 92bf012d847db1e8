"""A new source: only what its platform needs is asked for, and nothing is saved before its server has answered."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import collectors
from app import sources
from app.access import keyfile
from app.analysis import dollars
from app.clock import Clock, to_ms
from app.db.engine import Database
from app.errors import Invalid
from app.settings import Settings
from app.store import sources as rows
from app.store.sources import NewSource
from app.store.streams import Candidate
from collectors.contract import Allowance, Credential, Offer
from collectors.errors import Refused


async def join(
    db: Database, settings: Settings, clock: Clock, new: NewSource, secret: str | None = None, *,
    unchecked: bool = False, shares_with: str | None = None,
) -> Mapping[str, str]:  # fmt: skip
    """What the server says of itself; then it is a source. `secret`: a token that was typed, sealed before it is kept.

    Invalid names what is missing or refused; then nothing is saved.
    """
    if shares_with is not None:
        new = await _lent(db, new, shares_with)
    new = await sources.look_over(settings, new)
    new, credential = credential_of(new, secret)
    check_needs(new, credential)
    async with db.read() as session:
        await rows.check_free(session, new.name)
    facts = {} if unchecked else await sources.try_out(settings, clock, new, credential.secret if credential else None)
    if secret:
        sealed = keyfile.keyring(settings).seal(secret, sources.sealed_for(new.name))
        new = replace(new, credential_sealed=sealed)
    async with db.write() as session:
        await rows.insert(session, new, to_ms(clock.now()))
    return facts


async def _lent(db: Database, new: NewSource, to: str) -> NewSource:
    """Its credential shares the work of another source of the same platform, at the same address."""
    async with db.read() as session:
        row = await rows.named(session, to)
        first = row if row.lends_to is None else await rows.by_id(session, row.lends_to)
    if first.platform != new.platform:
        raise Invalid("shares_with", to, f"is a source of {first.platform}, not of {new.platform}")
    if new.url is not None and new.url.rstrip("/") != (first.base_url or "").rstrip("/"):
        raise Invalid("url", new.url, f"must be that of {first.name}, or be left out: another server has other posts")
    return replace(new, lends_to=first.id, url=first.base_url)


def credential_of(new: NewSource, secret: str | None) -> tuple[NewSource, Credential | None]:
    """A file may hold two lines: who, then the secret."""
    if new.credential_file is None:
        return new, Credential(secret, new.identifier) if secret else None
    if not Path(new.credential_file).is_file():
        raise Invalid("token_file", new.credential_file, "there is no such file")
    try:
        found = sources.credential_in(new.credential_file, new.identifier)
    except Refused as error:
        raise Invalid("token_file", new.credential_file, str(error)) from None
    return replace(new, identifier=found.identifier), found


def check_needs(new: NewSource, credential: Credential | None) -> None:
    """Invalid names the first thing that the platform needs and that is not there."""
    offer = collectors.offer(new.platform)
    if credential is None and is_heard(new.platform, new.url):
        return
    if offer.needs_identifier and not new.identifier:
        raise Invalid("identifier", None, f"{new.platform} asks for it: {offer.identifier_words}")
    if offer.needs_credential and credential is None:
        raise Invalid("token", None, f"{new.platform} asks for it: {offer.credential_words}")
    for one in to_be_set(offer):
        if one.name not in new.limits:
            raise Invalid("limit", None, f"say how much may be spent at most: {example(one)}")


def is_heard(platform: str, url: str | None) -> bool:
    """Whether its stream finds posts for whoever asks: then a source needs no token, and is not searched."""
    return sources.streams(Candidate(0, platform, url, with_credential=False, url=None))


def to_be_set(offer: Offer) -> list[Allowance]:
    """What only the owner can say: the platform grants none, or sets no bound."""
    return [one for one in offer.allowances if one.limit == 0]


def example(one: Allowance) -> str:
    days = one.window.total_seconds() / 86_400
    span = f"{days:g} days" if days >= 2 else "a day" if days == 1 else f"{one.window.total_seconds():g} s"
    what = "dollars" if one.unit == dollars.MICRO else f"{one.unit}s"
    return f"{one.name}={'25.00' if one.unit == dollars.MICRO else '100'} ({what} in {span})"


def limits(platform: str, said: Iterable[str]) -> dict[str, int]:
    """`name=value` each, as an owner writes it: dollars for money, whole numbers for all else."""
    known = {one.name: one for one in collectors.offer(platform).allowances}
    found = {}
    for text in said:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise Invalid("limit", text, f"must be NAME=VALUE, with a name of {', '.join(known)}")
        try:
            found[name] = dollars.units(value, known[name].unit)
        except ValueError as error:
            raise Invalid("limit", text, str(error)) from None
    return found
