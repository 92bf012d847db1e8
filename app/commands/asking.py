"""What `sources add` was not told, and its platform needs: asked for where a person sits at a terminal."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

import collectors
from app import joining
from app.errors import Invalid
from app.store.sources import NewSource

_OPTIONS = {"token": "--token-file", "limit": "--limit", "url": "--url", "identifier": "--identifier"}


@contextmanager
def by_option() -> Iterator[None]:
    """The page and the command share the words of what is wrong; a command adds the option that one types."""
    try:
        yield
    except Invalid as problem:
        one = problem.errors[0]
        option = _OPTIONS.get(one.field)
        said = f"{one.message} ({option})" if option and option not in one.message else one.message
        raise Invalid(one.field, one.value, said) from None


def filled(
    platform: str,
    name: str,
    url: str | None,
    identifier: str | None,
    file: str | None,
    limits: Sequence[str],
    *,
    shared: bool = False,
) -> tuple[NewSource, str | None]:
    """The source, and its token where one was typed. Without a terminal nothing is asked: what is missing is told."""
    if platform not in collectors.PLATFORMS:
        raise Invalid("platform", platform, f"must be one of {', '.join(sorted(collectors.PLATFORMS))}")
    offer, secret, said = collectors.offer(platform), None, list(limits)
    if sys.stdin.isatty():
        if offer.needs_url and url is None and not shared:
            url = typer.prompt(f"Address ({offer.url_words})", err=True)
        heard = joining.is_heard(platform, url) and file is None
        if offer.needs_identifier and identifier is None and file is None:
            words = f"{offer.identifier_words}{'; empty: its stream alone, no search' if heard else ''}"
            default = "" if heard else None
            identifier = typer.prompt(f"Identifier ({words})", default=default, show_default=False, err=True) or None
        if offer.needs_credential and file is None and not (heard and identifier is None):
            secret = typer.prompt(f"Token ({offer.credential_words})", hide_input=True, err=True)
        for one in joining.to_be_set(offer):
            if not any(text.startswith(f"{one.name}=") for text in said):
                said.append(f"{one.name}={typer.prompt(f'Limit, as {joining.example(one)}: {one.name}', err=True)}")
    return NewSource(platform, name, url, identifier, file, limits=joining.limits(platform, said)), secret
