"""What the collector of Mastodon's API says, in French."""

FRENCH = {
    "A server counts the likes, reposts and replies that reached it: lower bounds for posts of other servers.": (
        "Un serveur compte les mentions j’aime, partages et réponses qui lui sont parvenus : des "
        "minimums pour les publications d’autres serveurs."
    ),
    "Replies under a tag: Mastodon lists all, GoToSocial those to oneself, Takahe none.": (
        "Réponses sous un hashtag : Mastodon les donne toutes, GoToSocial celles à soi-même, Takahe aucune."
    ),
    "A tag that stands only in a content warning is in no timeline.": (
        "Un hashtag qui n’est que dans un avertissement n’est dans aucun fil."
    ),
    "GoToSocial counts every boost, also several by one account; Takahe still counts deleted replies.": (
        "GoToSocial compte chaque partage, même plusieurs d’un seul compte ; Takahe compte encore les "
        "réponses supprimées."
    ),
    "an access token of a user with the right to read; many Mastodon servers need none": (
        "un jeton d’accès d’un utilisateur qui a le droit de lire ; beaucoup de serveurs Mastodon n’en demandent pas"
    ),
    "the address of the server, as https://mastodon.example": "l’adresse du serveur, comme https://mastodon.example",
}
