"""What each platform asks of whoever passes its data on, in our own short words: a manifest repeats them.

No legal advice, and terms change: a manifest names what was known when this version was made.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Terms:
    """`ids_only`: a published file should hold ids and no more. `created_at`: may stand beside them.

    `ids_identify`: a post's id holds its author's name or account id.
    """

    republish: str
    delete: str
    ids_only: bool = False
    created_at: bool = True
    ids_identify: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


UNKNOWN = Terms(
    "Not known to this version: read the platform's terms before you publish more than counts.",
    "Take out what was deleted there.",
    ids_identify=True,
)
_META = Terms(
    "Meta's platform terms hold: publish sums, no profiles of people; posts only where your approval says so.",
    "On request, and when a post is deleted.",
    ids_only=True,
)
TERMS: dict[str, Terms] = {
    "mastodon": Terms(
        "Each server has rules of its own, and each author their rights in the text: publish counts and ids, text only "
        "with a basis for it. Leave out those who ask not to be indexed.",
        "When the server says that a post was deleted.",
        ids_identify=True,
    ),
    "bluesky": Terms(
        "Posts are public and their authors keep their rights. Keep the labels; who carries !no-unauthenticated asks "
        "not to be shown to readers who are not logged in.",
        "When a post or an account is deleted or taken down.",
        ids_identify=True,
    ),
    "x": Terms(
        "Pass on ids: up to 1.5 million in 30 days for each recipient, whole posts only in small numbers. No matching "
        "of people with other platforms.",
        "Within 24 hours of a deletion or a request.",
        ids_only=True, created_at=False,
    ),
    "youtube": Terms(
        "Name YouTube as the source. Figures that were read by key alone may not be kept stale, and numbers derived "
        "across channels need a look at the developer policies.",
        "Refreshed or deleted within 30 days of reading.",
        ids_only=True,
    ),
    "instagram": _META,
    "threads": _META,
    "tiktok": Terms(
        "Research API: for the approved project alone, not for business; publish sums.",
        "Compared with the platform every 15 days, and removed where it was removed there.",
        ids_only=True,
    ),
    "reddit": Terms(
        "Approval and, for business, a contract are needed. No finding out who somebody is elsewhere.",
        "Within 48 hours of a deletion.",
        ids_only=True,
    ),
}  # fmt: skip


def of(platform: str) -> Terms:
    return TERMS.get(platform, UNKNOWN)
