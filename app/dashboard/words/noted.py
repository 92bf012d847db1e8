"""The words of what stands on a campaign's curve besides its posts."""

EN = {
    "noted": "Notes on the curve",
    "noted.number": "Mark",
    "noted.note": "Note",
    "noted.more": "read more",
    "noted.count": "how many",
    "noted.since": "in all, since the beginning of this range",
}

FR = {
    "noted": "Notes sur la courbe",
    "noted.number": "Repère",
    "noted.note": "Note",
    "noted.more": "en lire plus",
    "noted.count": "combien",
    "noted.since": "en tout, depuis le début de cette période",
}
