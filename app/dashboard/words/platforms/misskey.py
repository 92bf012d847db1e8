"""What the collector of Misskey's API says, in French."""

FRENCH = {
    "the address of the server, as https://misskey.example": "l’adresse du serveur, comme https://misskey.example",
    "an access token with the right to read; most servers need none": (
        "un jeton d’accès qui a le droit de lire ; la plupart des serveurs n’en demandent pas"
    ),
    "Likes are reactions of every kind; a server counts those that reached it.": (
        "Les mentions j’aime sont des réactions de toute sorte ; un serveur compte celles qui lui sont parvenues."
    ),
    "Posts are kept under the name of Mastodon's network: one that both show counts once.": (
        "Les publications sont gardées sous le nom du réseau de Mastodon : celle que les deux montrent compte une fois."
    ),
}
