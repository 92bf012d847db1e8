"""What the collector of Bluesky says, in French."""

FRENCH = {
    "A deactivated account's posts vanish and come back with it; likes of accounts that are gone stay counted.": (
        "Les publications d’un compte désactivé disparaissent et reviennent avec lui ; les mentions "
        "j’aime de comptes disparus restent comptées."
    ),
    "A post in the text's words only, with no tag marked by its client, is not found under the tag.": (
        "Une publication dont le hashtag n’est que dans le texte, sans être marqué par son logiciel, n’est pas trouvée."
    ),
    "an app password from the settings, never the account's own": (
        "un mot de passe d’application pris dans les réglages, jamais celui du compte"
    ),
    "a server of one's own that answers everything; the network where it is left out": (
        "un serveur à soi qui répond à tout ; le réseau entier si l’on n’en nomme aucun"
    ),
    "the handle": "le nom public du compte",
}
