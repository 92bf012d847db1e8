"""What the collector of Instagram says, in French."""

FRENCH = {
    "another address of the same API; Instagram's own where it is left out": (
        "une autre adresse de la même API ; celle d’Instagram si l’on n’en nomme aucune"
    ),
    "a user's token of an app that Meta has reviewed for Instagram Public Content Access": (
        "un jeton d’utilisateur d’une application que Meta a examinée pour « Instagram Public Content Access »"
    ),
    "the number of the professional account, as the API names it": (
        "le numéro du compte professionnel, tel que l’API le nomme"
    ),
    "An account may ask for 30 hashtags in seven days; one that was asked for stays free for those days.": (
        "Un compte peut demander 30 hashtags en sept jours ; un hashtag déjà demandé reste gratuit pendant ces jours."
    ),
    "Only the last 24 hours are shown: what falls between two readings a day apart is lost.": (
        "Seules les dernières 24 heures sont montrées : ce qui tombe entre deux lectures à plus d’un jour est perdu."
    ),
    "A post cannot be read again by its id: it grows here as long as the search still shows it.": (
        "Une publication ne peut pas être relue par son identifiant : elle grandit ici tant que la recherche la montre."
    ),
    "Who wrote a post is not told, so there are no followers; likes are unknown where their author hides them.": (
        "L’auteur d’une publication n’est pas dit, donc pas d’abonnés ; les mentions j’aime sont inconnues si l’auteur "
        "les cache."
    ),
}
