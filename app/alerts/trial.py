"""A test of an endpoint: the true signature and the true guard, sent once by whoever asks, and written down."""

import secrets

from app import outbound
from app.access.seal import Keyring, Unsealable
from app.alerts import mailing, notices
from app.alerts.addresses import letter as letter_of
from app.alerts.mail import Mail
from app.alerts.post import client, post
from app.alerts.schedule import Outcome
from app.clock import Clock, to_ms
from app.db.engine import Session
from app.settings import Settings
from app.store import deliveries, outbox
from app.store.endpoints import Kept
from app.store.outbox import Event
from app.store.sending import Claimed, Tried


async def send(settings: Settings, keys: Keyring, clock: Clock, to: Kept) -> tuple[Event, Tried]:
    """No session is open meanwhile, and nothing is tried again."""
    at, began = to_ms(clock.now()), clock.monotonic()
    event = notices.test(to.id, to.it.name, secrets.token_hex(8), at)
    outcome = await _sent(settings, keys, clock, _letter_to(to, event), at)
    took = int((clock.monotonic() - began) * 1_000)
    return event, Tried(at, took, outcome.status, outcome.problem, outcome.answer)


def _letter_to(to: Kept, event: Event) -> Claimed:
    return Claimed(
        outbox.delivery_id(event.id, to.id), 0, event.id, event.type, event.body, to.id, to.it.name, to.it.kind,
        to.it.language, to.it.url, to.it.url_sealed, to.keys, to.previous, to.previous_until, to.health.failures, 0, 0,
    )  # fmt: skip


async def _sent(settings: Settings, keys: Keyring, clock: Clock, claimed: Claimed, at: int) -> Outcome:
    try:
        letter = letter_of(claimed, keys, at)
    except Unsealable:
        return Outcome(problem="its secret does not open: was the key file replaced?")
    if isinstance(letter, Mail):
        return await mailing.send(letter, settings.allow_networks, outbound.SYSTEM_RESOLVER)
    async with client(settings, outbound.SYSTEM_RESOLVER, 1) as calling:
        return await post(calling, letter, clock.now())


async def write_down(session: Session, to: Kept, event: Event, tried: Tried) -> str:
    """The delivery's id."""
    name = outbox.delivery_id(event.id, to.id)
    await outbox.add(session, event)
    await deliveries.add_test(session, name, event.id, to.id, tried)
    return name
