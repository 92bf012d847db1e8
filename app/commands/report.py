"""`groundswell report`: a campaign's report for a board, as a page of its own or as a PDF."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.commands import show
from app.commands.frame import database, now, run, settings
from app.errors import Invalid, Problem

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
LONGEST_S = 60


def report(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="its slug")],
    out: Annotated[Path, typer.Option(help="a file: .html, or .pdf where Chromium or Chrome is installed")],
    start: Annotated[str | None, typer.Option("--from", help="RFC 3339. Default: the first post")] = None,
    end: Annotated[str | None, typer.Option("--to", help="likewise. Default: now")] = None,
    tz: Annotated[str, typer.Option(help="an IANA zone: where days begin")] = "UTC",
    lang: Annotated[Literal["en", "fr"], typer.Option(help="the report's language")] = "en",
) -> None:
    """Write the report of a campaign: its curve, what it brought in, who made it grow, and what was not seen."""
    form = out.suffix.lower()
    if form not in (".html", ".pdf"):
        raise Invalid("out", str(out), f"{out} does not say what to write: name it .html or .pdf")
    browser = _browser() if form == ".pdf" else None
    given = {"from": start, "to": end, "tz": tz}
    text = run(_written(campaign, {name: value for name, value in given.items() if value}, lang))
    if browser is None:
        out.write_text(text, "utf-8")
    else:
        _print(browser, text, out)
    show.say(f"{out}: the report of {campaign}")


async def _written(slug: str, given: dict[str, str], lang: str) -> str:
    from app.dashboard import asked, report
    from app.dashboard.words import Words
    from app.store import campaigns

    async with database(settings()) as db, db.read() as session:
        kept = await campaigns.by_slug(session, slug)
        return await report.written(session, kept, asked.read(given, lang), Words(lang), now())


def _browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        told = "a PDF is printed by Chromium or Chrome, and none is on the path: install one (apt-get install chromium)"
        raise Problem(f"{told}, or write .html, which any browser prints to A4")
    return found


def _print(browser: str, text: str, out: Path) -> None:
    """By a browser with a profile of its own; the page asks for nothing else."""
    with tempfile.TemporaryDirectory(prefix="groundswell-") as home:
        page, made = Path(home, "report.html"), Path(home, "report.pdf")
        page.write_text(text, "utf-8")
        alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [
            browser, "--headless", *alone, "--disable-gpu", f"--user-data-dir={home}/profile", "--no-first-run",
            "--no-pdf-header-footer", f"--print-to-pdf={made}", page.as_uri(),
        ]  # fmt: skip
        said = _waited(command, browser)
        if not made.exists():
            last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or ["without a word"]
            raise Problem(f"{browser} printed nothing ({last[0][:200]}): write .html and print that")
        shutil.move(made, out)


def _waited(command: Sequence[str], browser: str) -> bytes:
    """What it said, once it has ended; the bar counts the seconds."""
    with (
        show.progress("printing") as bar,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as printing,  # noqa: S603
    ):
        for second in range(LONGEST_S):
            try:
                return printing.communicate(timeout=1)[1]
            except subprocess.TimeoutExpired:
                bar(second + 1, LONGEST_S)
        printing.kill()
    raise Problem(f"{browser} did not print within {LONGEST_S} s: write .html and print that")
