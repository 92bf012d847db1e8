"""What can go wrong at a platform, named for what the caller does next.

CollectorError
 |- RateLimited    wait until `until` (None: back off), then ask again; nothing is wrong
 |- Spent          the budget that we set ourselves is used up until `until`; do not call before
 |- Unavailable    try again with backoff: refused, timed out, 5xx, cut off
 |- Unauthorized   stop this credential and tell a person
 |- Refused        this request can never work (bad tag, unknown endpoint); do not repeat it
 |- Malformed      the answer made no sense; the page is refused whole
"""

from datetime import datetime


class CollectorError(Exception):
    """Base of all that a collector raises on purpose. The message never holds a credential or a whole body."""


class RateLimited(CollectorError):
    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class Spent(RateLimited):
    """Our own budget is used up: no call was made."""


class Unavailable(CollectorError):
    pass


class Unauthorized(CollectorError):
    pass


class Refused(CollectorError):
    pass


class Malformed(CollectorError):
    pass
