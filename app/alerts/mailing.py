"""One try of a mail: handed to its server over a checked socket, encrypted unless it stays inside, and judged."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress

import httpx
from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from app import outbound
from app.alerts.mail import Mail, Mailbox
from app.alerts.post import CONNECT_S, KEPT, WITHIN_S
from app.alerts.schedule import Outcome
from app.outbound import ForbiddenAddress, Network


class _Unfit(Exception):
    """The server is not there, or cannot do what is needed; says what."""


_LINGER_S = 2.0  # for the farewell, once it is taken


async def send(mail: Mail, allow: Sequence[Network], resolver: outbound.Resolver) -> Outcome:
    """Nothing is raised: whatever goes wrong is the outcome. It never says what an address resolved to."""
    taken: Outcome | None = None
    try:
        async with asyncio.timeout(WITHIN_S):
            smtp, inside = await _dialled(mail.box, allow, resolver)
            try:
                await _hand_over(smtp, mail, inside=inside)
                taken = Outcome(250)
                with suppress(SMTPException, OSError):
                    await smtp.quit(timeout=_LINGER_S)
            finally:
                smtp.close()
    except ForbiddenAddress:
        return Outcome(problem="the address may not be called")
    except (_Unfit, SMTPException, OSError, ValueError) as error:  # a TimeoutError is an OSError
        return taken or _refused(error)
    return taken


async def _dialled(box: Mailbox, allow: Sequence[Network], resolver: outbound.Resolver) -> tuple[SMTP, bool]:
    # It reads every authority's certificate, which takes longer than others should wait.
    tls = await asyncio.to_thread(httpx.create_ssl_context, trust_env=False)
    try:
        async with asyncio.timeout(CONNECT_S):
            wire, inside = await outbound.mail_socket(box.host, box.port, allow, resolver)
    except TimeoutError:
        raise
    except OSError:
        raise _Unfit("no connection") from None
    smtp = SMTP(
        hostname=box.host, sock=wire, use_tls=box.tls, start_tls=False, timeout=WITHIN_S, tls_context=tls,
        local_hostname=_literal(wire.getsockname()[0]),
    )  # fmt: skip
    return smtp, inside


def _literal(address: str) -> str:
    """How we greet: the machine's name is nobody's business."""
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


async def _hand_over(smtp: SMTP, mail: Mail, *, inside: bool) -> None:
    box = mail.box
    await smtp.connect()
    await smtp.ehlo()
    if not box.tls:
        if smtp.supports_extension("starttls"):
            await smtp.starttls()
            await smtp.ehlo()
        elif not inside:
            raise _Unfit("it offers no STARTTLS, and nothing is sent in the clear")
    if box.user is not None:
        if not smtp.supported_auth_methods:
            raise _Unfit("it takes no user and password")
        await smtp.login(box.user, box.password)
    # One reader: taken or refused, and nothing between that would be sent to some again.
    await smtp.sendmail(box.sender, [box.to], mail.content)


def _refused(error: Exception) -> Outcome:
    if isinstance(error, _Unfit):
        return Outcome(problem=str(error))
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPAuthenticationError):
        # What it says here may hold what it was given.
        return Outcome(error.code, "it refused the user or the password")
    if isinstance(error, SMTPResponseException):
        answer = error.message[:KEPT].replace("\0", "\ufffd")
        return Outcome(error.code, f"answered {error.code}", answer=answer or None)
    if isinstance(error, TimeoutError):
        return Outcome(problem="no answer in time", slow=True)
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return Outcome(problem="its certificate is not trusted, or TLS failed")
    return Outcome(problem="the connection broke")
