"""What the collector of Reddit says, in French."""

FRENCH = {
    "the secret of an app that Reddit has approved": "le secret d’une application que Reddit a approuvée",
    "the app's id": "l’identifiant de l’application",
    "Reddit must approve who uses its API, and asks for a contract where the use is commercial.": (
        "Reddit doit approuver qui se sert de son API, et demande un contrat si l’usage est commercial."
    ),
    "Reddit has no hashtags: a post is found by its words, and kept where the hashtag stands among them.": (
        "Reddit n’a pas de hashtags : une publication est trouvée par ses mots, et gardée si le hashtag est parmi eux."
    ),
    "A search ends after about 1,000 posts. Likes are the score, which Reddit blurs; reposts are crossposts.": (
        "Une recherche s’arrête vers 1 000 publications. Les mentions j’aime sont le score, que Reddit brouille ; "
        "les partages sont les publications croisées."
    ),
    "People have no followers. Comments are counted, and not searched.": (
        "Personne n’a d’abonnés. Les commentaires sont comptés, mais pas cherchés."
    ),
}
