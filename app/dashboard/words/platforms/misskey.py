"""What the collector of Misskey's API says, in French."""

FRENCH = {
    "the address of the server, as https://misskey.example": "l’adresse du serveur, comme https://misskey.example",
    "an access token with the right to read; most servers need none": (
        "un jeton d’accès qui a le droit de lire ; la plupart des serveurs n’en demandent pas"
    ),
    "Likes are reactions of every kind; a server counts those that reached it.": (
        "Les mentions j’aime sont des réactions de toute sorte ; un serveur compte celles qui lui sont parvenues."
    ),
    "Known posts are read again one by one: many posts take many calls.": (
        "Les publications connues sont relues une à une : beaucoup de publications font beaucoup d’appels."
    ),
    "A post that a Mastodon source shows too is counted once on each of the two platforms.": (
        "Une publication qu’une source Mastodon montre aussi est comptée une fois sur chacune des deux plateformes."
    ),
}
