"""An endpoint's address as its owner writes it: checked, told apart by its kind, sealed where it holds a secret."""

import json
from dataclasses import dataclass

from app import outbound
from app.access.seal import Keyring
from app.alerts import channels
from app.alerts.channels import Channel
from app.alerts.letters import Enclosed, Letter, webhook
from app.alerts.mail import Mail, Mailbox
from app.alerts.words import told
from app.errors import Invalid
from app.outbound import ForbiddenAddress
from app.settings import Settings
from app.store.sending import Claimed


@dataclass(frozen=True, slots=True)
class Address:
    """`secret` is the whole of it, where it may not be shown."""

    kind: str
    shown: str
    secret: str | None = None

    def sealed(self, keys: Keyring, endpoint_id: str) -> str | None:
        return None if self.secret is None else keys.seal(self.secret, _purpose(endpoint_id))


def _purpose(endpoint_id: str) -> str:
    return f"address of endpoint {endpoint_id}"


async def checked(url: str, settings: Settings) -> Address:
    """Invalid says what would be right."""
    if url.startswith(("http://", "https://")):
        if wrong := channels.foreign(url):
            raise Invalid("url", url, wrong)
        await _allowed(url, url, settings)
        return Address("webhook", url)
    try:
        channel = channels.read(url)
    except ValueError as error:
        raise Invalid("url", "…", str(error)) from None
    await _allowed(channel, "…", settings)
    return Address(channel.kind, channel.shown, url)


async def _allowed(called: str | Channel | Mailbox, shown: str, settings: Settings) -> None:
    try:
        if isinstance(called, Mailbox):
            await outbound.check_mail_host(called.host, called.port, settings.allow_networks)
        else:
            url = called if isinstance(called, str) else called.url.replace("{id}", "")
            await outbound.check_url(url, settings.allow_networks)
    except ForbiddenAddress as error:
        raise Invalid("url", shown, str(error)) from None


def letter(claimed: Claimed, keys: Keyring, at: int, enclosed: Enclosed | None = None) -> Letter | Mail:
    """What goes over the wire: the signed body, or for people's eyes what it says. Unsealable as Keyring.unseal."""
    if claimed.kind == "webhook":
        return webhook(claimed, keys, at)
    channel = channels.read(keys.unseal(claimed.url_sealed or "", _purpose(claimed.endpoint_id)))
    body = json.loads(claimed.body)
    text = told(body, claimed.language)
    if isinstance(channel, Mailbox):
        return channel.letter(text, claimed.event_id, body["timestamp"], enclosed)
    return channel.letter(text, claimed.event_id, body["timestamp"])
