"""A chart as pixels, for where SVG is not taken: drawn by resvg, written in the fonts that this machine has."""

from functools import cache

import resvg_py

from app.errors import NotFound

ZOOM = 2
_PLAIN = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{}</svg>'


def png(svg: str) -> bytes:
    """NotFound where there is no font: a chart without its words would say nothing of what it is."""
    if not _can_write():
        told = "a PNG is written in the machine's fonts, and it has none: apt-get install fonts-dejavu-core"
        raise NotFound(f"{told}, and start again; or take the SVG")
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM, sans_serif_family="DejaVu Sans"))


@cache
def _can_write(*, fonts: bool = True) -> bool:
    blank, written = (_PLAIN.format(text) for text in ("", '<text y="30" font-family="sans-serif">Hg</text>'))
    drawn = [bytes(resvg_py.svg_to_bytes(svg_string=one, skip_system_fonts=not fonts)) for one in (blank, written)]
    return drawn[0] != drawn[1]
