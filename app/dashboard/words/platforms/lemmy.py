"""What the collector of Lemmy's API says, in French."""

FRENCH = {
    "the address of the server, as https://lemmy.example": "l’adresse du serveur, comme https://lemmy.example",
    "a log-in token; most servers need none": ("un jeton de connexion ; la plupart des serveurs n’en demandent pas"),
    "Lemmy has no hashtags: a post is found by its words, and kept where the hashtag stands among them.": (
        "Lemmy n’a pas de hashtags : une publication est trouvée par ses mots, et gardée si le hashtag est parmi eux."
    ),
    "Likes are votes up; votes down are not kept. People have no followers.": (
        "Les mentions j’aime sont des votes pour ; les votes contre ne sont pas gardés. Personne n’a d’abonnés."
    ),
    "Comments are counted, and not searched. A post that Mastodon shows too counts once, under its name.": (
        "Les commentaires sont comptés, mais pas cherchés. "
        "Une publication que Mastodon montre aussi compte une fois, sous son nom."
    ),
}
