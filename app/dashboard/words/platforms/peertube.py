"""What the collector of PeerTube's API says, in French."""

FRENCH = {
    "the address of the server, as https://peertube.example": (
        "l’adresse du serveur, comme https://peertube.example"
    ),
    "A server finds its own videos and those of servers that it follows, by their tags (five at most).": (
        "Un serveur trouve ses vidéos et celles des serveurs qu’il suit, par leurs étiquettes (cinq au plus)."
    ),
    "Known videos and accounts are read again one by one: many take many calls.": (
        "Les vidéos et les comptes connus sont relus un par un\N{NO-BREAK SPACE}: beaucoup demandent beaucoup d’appels."
    ),
    "Dislikes are not kept. A video that Mastodon shows too counts once, under its name.": (
        "Les mentions «\N{NO-BREAK SPACE}je n’aime pas\N{NO-BREAK SPACE}» ne sont pas gardées. "
        "Une vidéo que Mastodon montre aussi compte une fois, sous son nom."
    ),
}  # fmt: skip
