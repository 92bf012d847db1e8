"""The data dictionary: what each column of each file is, in one place. `docs/exports.md` shows the same (a test looks).

A word: what it is, in which unit, and what it means where there is nothing.
"""

from dataclasses import dataclass
from typing import Any

from app.store.columns import File, Holds

TYPES: dict[Holds, str] = {
    "time": "datetime", "count": "integer", "share": "number", "amount": "string", "platform": "string", "id": "string",
    "tag": "string", "tags": "string", "word": "string", "free": "string",
}  # fmt: skip
"""What a cell holds, in the words of Frictionless' table schema."""


@dataclass(frozen=True, slots=True)
class Word:
    what: str
    null: str = "not said by the platform"
    unit: str = ""


NEVER = "never empty"
_PLATFORM = Word("the platform's name, in small letters", NEVER)
_POST_ID = Word("the post's id on its platform; on federated networks the global one (ActivityPub uri, at://)", NEVER)
_TAG = Word("the hashtag with its #, in small letters", NEVER)
_LOOK = Word("when the counts were read", NEVER, "UTC")
_WHEN = "UTC"


def _level(name: str) -> Word:
    return Word(f"{name} as shown at that instant; may fall", unit=name)


def _gain(name: str) -> Word:
    return Word(f"{name} gained in the bucket; negative where more were lost", "not observed, or never said", name)


WORDS: dict[str, dict[str, Word]] = {
    "posts": {
        "platform": _PLATFORM,
        "native_id": _POST_ID,
        "created_at": Word("when it was posted, as the platform says", "left out of ids alone by the terms", _WHEN),
        "hashtags": Word("all hashtags that it ever carried here, as written, separated by spaces", "carried none"),
        "author_id": Word("the author's account: a pseudonym (p_…), or with --identified its id", "author not known"),
        "author": Word("the author's handle", "not known, or the export is pseudonymous"),
        "followers": Word("the author's followers as shown at the post's first look", unit="accounts"),
        "text": Word("what it says, mentions as they are", "nothing, gone, or withheld"),
        "url": Word("its page", "not known, or the export is pseudonymous"),
        "lang": Word("its language, as the platform says"),
        "in_reply_to": Word("id of the post that it answers", "answers none, or not said"),
        "repost_of": Word("id of the post that it repeats", "repeats none, or not said"),
        "quote_of": Word("id of the post that it quotes", "quotes none, or not said"),
        "edited_at": Word("when it was last edited", "never, or not said", _WHEN),
        "followers_at": Word("when the followers were shown", "a file said so, or not known", _WHEN),
        "labels": Word("labels that it carries, separated by spaces", "none"),
        "state": Word("`gone` where the platform does not show it any more", "still there when last looked at"),
        "added_hashtags": Word("`#tag=time` for hashtags that an edit added: it counts under them from then", "none"),
        "followed_hashtags": Word("which of the hashtags are followed; `-` for none", "all of them"),
        "coverage": Word(
            "`stated`: nothing is claimed of what was observed around it but what the coverage file says",
            "the span of the rows may be taken as covered",
        ),
    },
    "snapshots": {
        "platform": _PLATFORM,
        "native_id": _POST_ID,
        "observed_at": _LOOK,
        **{name: _level(name) for name in ("likes", "reposts", "replies", "quotes", "views", "bookmarks")},
        "nth": Word("2, 3, … for further looks at the same instant by other sources", "the first, or only one"),
    },
    "accounts": {
        "platform": _PLATFORM,
        "native_id": Word("the account: a pseudonym (p_…), or with --identified its id", NEVER),
        "observed_at": _LOOK,
        "followers": Word("how many followed it", unit="accounts"),
        "handle": Word("its handle now", "not known, or the export is pseudonymous"),
        "name": Word("its name now", "not known, or the export is pseudonymous"),
        "posts": Word("how much it had posted", unit="posts"),
    },
    "counts": {
        "platform": _PLATFORM,
        "hashtag": _TAG,
        "start": Word("where the platform's own bucket begins", NEVER, _WHEN),
        "end": Word("where it ends; not in it", NEVER, _WHEN),
        "posts": Word("posts, as the platform counts", NEVER, "posts"),
        "authors": Word("authors, as the platform counts", unit="accounts"),
        "views": Word("views, as the platform counts", unit="views"),
        "engagement": Word("engagement, as the platform counts", unit="interactions"),
        "source": Word("the source that was told", "the platform's own import"),
    },
    "coverage": {
        "platform": _PLATFORM,
        "source": Word("the source that looked, or owed a look", "the platform's own import"),
        "hashtag": _TAG,
        "from": Word("where the stretch begins", NEVER, _WHEN),
        "to": Word("where it ends; not in it", NEVER, _WHEN),
        "state": Word("`complete`, `partial`, `missed` or `imported` (covered, not proved)", NEVER),
        "reason": Word("why it was not, or not wholly, observed", "nothing to say"),
    },
    "outcomes": {
        "id": Word("the sender's id", NEVER),
        "occurred_at": Word("when it was given or signed", NEVER, _WHEN),
        "kind": Word("what it is: donation, sign-up, …", NEVER),
        "amount": Word("a decimal as text; negative for a refund", "no money", "the currency"),
        "currency": Word("ISO 4217", "no money"),
        "code": Word("the code that it bears", "none"),
        "donors": Word("for how many people it stands", "not said", "people"),
    },
    "curves": {
        "kind": Word("`hashtag` or `campaign`", NEVER),
        "subject": Word("which one: a hashtag without its #, a campaign's slug", NEVER),
        "time": Word("where the bucket begins", NEVER, _WHEN),
        "posts": Word("posts that began to count", "not observed", "posts"),
        "posts_total": Word("all posts up to the bucket's end", "none known yet", "posts"),
        "authors_new": Word("authors with their first post here", "not observed", "accounts"),
        "authors_total": Word("all authors up to the bucket's end", "none known yet", "accounts"),
        **{name: _gain(name) for name in ("likes", "reposts", "replies", "quotes", "views")},
        "engagement": Word("likes, reposts, replies and quotes gained, as far as known", "none known", "interactions"),
        "engagement_total": Word("all engagement up to the bucket's end", "none known yet", "interactions"),
        "followers": Word("followers of the new authors", "not observed, or not said", "accounts"),
        "potential_impressions": Word("followers of the authors of all posts, summed", "as for followers", "accounts"),
        "coverage": Word("how much of the bucket was observed", NEVER, "share, 0 to 1"),
        "estimated": Word("the part of the gain between looks over 2 hours apart", "nothing gained", "share, 0 to 1"),
    },
}  # fmt: skip


def of(kind: str, file: File) -> list[dict[str, Any]]:
    """One entry for each column of the file, in order."""
    words = WORDS[kind]
    return [
        {
            "name": name, "type": TYPES[holds], "unit": words[name].unit or None,
            "description": words[name].what, "null": words[name].null,
        }
        for name, holds in file.columns.items()
    ]  # fmt: skip


def page(kind: str, file: File) -> str:
    """The table that the documentation shows."""
    lines = ["| column | type | unit | what | empty |", "|---|---|---|---|---|"]
    for one in of(kind, file):
        cells = (one["name"], one["type"], one["unit"] or "", one["description"], one["null"])
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
