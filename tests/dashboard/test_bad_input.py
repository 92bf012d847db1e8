"""What will not do, what is gone and what is refused: each is a page that says so in the reader's language; and no
English is left on a page in French.
"""

import re

import pytest
from fastapi import FastAPI

from app.dashboard.spoken import FRENCH, told
from app.dashboard.words import LANGUAGES, Words
from app.db.engine import Database
from tests.dashboard.alerting import tell
from tests.dashboard.conftest import Page, browser_of, parsed, said

on_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# Where each goes wrong, the status, and what is said in English and in French.
WRONG = [
    ("/campaigns/wet?from=2026-02-28&to=2026-02-27", 422, "must lie before to", "doit précéder la fin (2026-02-27)"),
    ("/campaigns/wet?tz=Mars/Base", 422, "is not an IANA time zone", "n’est pas un fuseau horaire IANA"),
    ("/campaigns/wet?range=forever", 422, "must be one of", "doit être l’un de"),
    ("/campaigns/wet?step=5m&from=2001-01-01", 422, "too many for a page", "trop pour une page"),
    ("/campaigns/wet/report?tz=Mars/Base", 422, "is not an IANA time zone", "n’est pas un fuseau horaire IANA"),
    ("/campaigns/nothing", 404, "There is no campaign “nothing”.", "Il n’y a pas de campagne « nothing »."),
    ("/campaigns/nothing/notes", 404, "There is no campaign “nothing”.", "Il n’y a pas de campagne « nothing »."),
    ("/hashtags/nothing", 404, "#nothing is not followed", "#nothing n’est pas suivi"),
    ("/influencers/inf_nobody", 404, "There is no influencer", "Il n’y a pas d’influenceur"),
    ("/posts/999", 404, "there is no such post", "il n’y a pas de telle publication"),
    ("/rules/rul_nothing", 404, "there is no rule 'rul_nothing'", "il n’y a pas de règle 'rul_nothing'"),
    ("/alerts/alr_nothing", 404, "there is no alert", "il n’y a pas d’alerte"),
    ("/endpoints/end_nothing", 404, "there is no endpoint", "il n’y a pas de destinataire"),
    ("/compare?campaign=wet&campaign=nothing", 404, "there is no campaign 'nothing'", "pas de campagne 'nothing'"),
    ("/nowhere", 404, "There is no page at /nowhere.", "Il n’y a pas de page à l’adresse /nowhere."),
    ("/s/nobodyknowsthislink", 404, "Ask whoever sent it", "Demandez-en un nouveau"),
]


@on_file
async def test_what_will_not_do_is_a_page_that_says_so_and_what_to_do(app: FastAPI, rain: str) -> None:
    async with browser_of(app) as browser:
        for path, status, english, french in WRONG:
            for lang, words in (("en", english), ("fr", french)):
                answer = await browser.get(f"{path}{'&' if '?' in path else '?'}lang={lang}")
                text = said(answer)
                assert (answer.status_code, words in text) == (status, True), (path, lang, text)
                if lang == "fr":
                    assert left_over(parsed(answer)) == [], path


@on_file
async def test_no_english_is_left_on_a_page_in_french(app: FastAPI, db: Database, rain: str) -> None:
    """What people wrote, and what programs read, apart: those are marked."""
    await tell(db)
    pages = (
        "/", "/campaigns/wet", "/campaigns/wet?show=total&range=7d", "/hashtags/rain", f"/influencers/{rain}",
        "/compare",
        "/campaigns/wet/influencers", "/campaigns/wet/report", "/campaigns/wet/notes", "/campaigns/wet/outcomes",
        "/sources", "/sources/new", "/settings", "/settings/users", "/settings/tokens", "/settings/audit", "/alerts",
        "/alerts/alr_open", "/alerts/alr_over", "/rules", "/rules/rul_spikes", "/rules/new", "/rules/new?kind=digest",
        "/rules/new?kind=report", "/rules/new?kind=quiet", "/silences", "/endpoints", "/deliveries", "/shares",
        "/start",
        "/follow", "/login",
    )  # fmt: skip
    found = {}
    async with browser_of(app, Cookie="groundswell-lang=fr") as browser:
        for path in pages:
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            if rest := left_over(parsed(answer)):
                found[path] = rest
        assert len(left_over(parsed(await browser.get("/rules?lang=en")))) > 5  # it would be seen
    assert found == {}


def left_over(page: Page) -> list[str]:
    """Sentences and words of ours that are English and no French."""
    french = {_plain(text) for text in LANGUAGES["fr"].values()}
    english = {_plain(text) for text in LANGUAGES["en"].values()} - french
    shown = [
        _plain(text)
        for one in page.elements
        if one.attrs.get("lang") != "en"
        and not {"code", "style", "bdi", "option"} & {one.tag, *one.inside}
        and one.tag not in ("html", "head")  # they hold the style too
        for text in (one.text, one.attrs.get("aria-label"), one.attrs.get("title"), one.attrs.get("placeholder"))
        if text
    ]
    words = re.compile(r"\b(the|and|with|which|not|was|were|from|there|this|that|of|is|are)\b")
    return [text for text in shown if len(text) > 3 and (text in english or len(set(words.findall(text.lower()))) > 1)]


def _plain(text: str) -> str:
    return " ".join(text.split())


def test_what_is_kept_in_english_is_told_in_french_with_its_parts() -> None:
    w = Words("fr")
    for kept, french in {
        "one.example: no whole answer in time": "one.example\N{NARROW NO-BREAK SPACE}: pas de réponse entière à temps",
        "given up: one.example: no address": "abandonné : one.example\N{NARROW NO-BREAK SPACE}: pas d’adresse",
        "answered 503": "a répondu 503",
        "answered 301: redirects are not followed": "a répondu 301 : les redirections ne sont pas suivies",
    }.items():
        assert told(w, kept) == french
    assert told(w, "something new") is None
    assert told(Words("en"), "something new") == "something new"
    assert all(english.count("{}") == french.count("{}") for english, french in FRENCH.items())
