"""Sources as they are shown, the state of the service, and logins."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from app.api.schemas.common import Asked, Line, Time, Told, example


class BudgetBody(Told):
    """What may be spent in a window, what was spent in the last one, and what is left now.

    `resets_at` where the platform told it. Of unit `dollar` the numbers have cents; all others are whole.
    """

    name: str
    unit: str
    limit: int | float
    window_s: float
    spent: int | float
    remaining: int | float
    resets_at: Time | None


class StreamBody(Told):
    """`live` while it is heard; `cut` is tried again by itself; `stopped` needs a person; `off`: there is none.

    `heard_to`: up to when all was heard, by the stream's own clock.
    """

    state: Literal["live", "cut", "stopped", "off"]
    reason: str | None
    state_at: Time
    heard_to: Time | None


class SourceBody(Told):
    """`lateness_s`: how long the most overdue of its tracks has been due.

    `cost_this_month`: dollars spent in the last 31 days, as text; null where the platform bills nothing.
    """

    model_config = example(
        {
            "name": "mastodon.example",
            "platform": "mastodon",
            "kind": "live",
            "base_url": "https://mastodon.example",
            "state": "waiting",
            "reason": "rate limit reached",
            "state_at": "2026-11-24T04:05:06Z",
            "waits_until": "2026-11-24T04:10:00Z",
            "tracks": 2,
            "lateness_s": 12.5,
            "budgets": [
                {
                    "name": "calls",
                    "unit": "call",
                    "limit": 300,
                    "window_s": 300,
                    "spent": 300,
                    "remaining": 0,
                    "resets_at": "2026-11-24T04:10:00Z",
                }
            ],
            "cost_this_month": None,
            "stream": {
                "state": "live",
                "reason": None,
                "state_at": "2026-11-24T04:00:00Z",
                "heard_to": "2026-11-24T04:05:06Z",
            },
        }
    )
    name: str
    platform: str
    kind: Literal["live", "import"]
    base_url: str | None
    state: str
    reason: str | None
    state_at: Time
    waits_until: Time | None
    tracks: int
    lateness_s: float | None
    budgets: list[BudgetBody]
    cost_this_month: str | None
    stream: StreamBody | None


class SourceList(Told):
    items: list[SourceBody]
    next: str | None


class Health(Told):
    model_config = example({"status": "ok"})
    status: Literal["ok"]


class Readiness(Told):
    model_config = example({"status": "ready", "revision": "0001"})
    status: Literal["ready"]
    revision: str


Secret = Annotated[SecretStr, Field(max_length=1024)]


class Credentials(Asked):
    model_config = example({"name": "amina", "password": "correct horse battery"})
    name: Line
    password: Secret


class Login(Credentials):
    """`code`: of the authenticator app, or a recovery code, where the user has a second factor."""

    model_config = example({"name": "amina", "password": "correct horse battery"})
    code: Secret | None = None


class SetUp(Credentials):
    """`code` is the one-time code in the log of the last start."""

    model_config = example({"code": "abcd-efgh-ijkl-mnop", "name": "amina", "password": "correct horse battery"})
    code: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class LoggedIn(Told):
    """`csrf` goes into the header X-CSRF-Token of requests that change something and carry the cookie."""

    model_config = example({"name": "amina", "csrf": "3b1f…"})
    name: str
    csrf: str
