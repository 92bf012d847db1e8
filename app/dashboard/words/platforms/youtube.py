"""What the collector of YouTube says, in French."""

FRENCH = {
    "another address of the same API; YouTube's own where it is left out": (
        "une autre adresse de la même API ; celle de YouTube si l’on n’en nomme aucune"
    ),
    "an API key of a Google Cloud project for which the YouTube Data API is switched on": (
        "une clé d’API d’un projet Google Cloud pour lequel l’API YouTube Data est activée"
    ),
    "A key may search 100 times a day: four hashtags by the hour, and no more unless Google grants it.": (
        "Une clé peut chercher 100 fois par jour : quatre hashtags par heure, pas plus, sauf si Google l’accorde."
    ),
    "A search shows at most about 500 videos, and not all of them: it is made for viewers, not for counting.": (
        "Une recherche montre environ 500 vidéos au plus, et pas toutes : elle est faite pour regarder, non pour "
        "compter."
    ),
    "Likes, comments and subscribers are unknown where a channel hides them; subscribers are rounded.": (
        "Les mentions j’aime, commentaires et abonnés sont inconnus là où une chaîne les cache ; les abonnés sont "
        "arrondis."
    ),
    "A video counts where the hashtag stands in its title, its description or its keywords.": (
        "Une vidéo compte si le hashtag est dans son titre, sa description ou ses mots-clés."
    ),
}
