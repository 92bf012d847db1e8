"""What the collector of Threads says, in French."""

FRENCH = {
    "another address of the same API; Threads' own where it is left out": (
        "une autre adresse de la même API ; celle de Threads si l’on n’en nomme aucune"
    ),
    "a user's token of an app that Meta has reviewed for threads_keyword_search": (
        "un jeton d’utilisateur d’une application que Meta a examinée pour threads_keyword_search"
    ),
    "Threads tells no likes, reposts or replies of other people's posts: it gives volume, and no engagement.": (
        "Threads ne dit ni mentions j’aime, ni partages, ni réponses des publications d’autrui : il donne le volume, "
        "pas l’engagement."
    ),
    "An app that Meta has not reviewed finds its own user's posts only, and is not told so.": (
        "Une application que Meta n’a pas examinée ne trouve que les publications de son propre utilisateur, sans "
        "qu’on le lui dise."
    ),
    "A post has one topic tag; other hashtags in its text are not searched. Followers are not told.": (
        "Une publication a un seul sujet ; les autres hashtags de son texte ne sont pas cherchés. Les abonnés ne sont "
        "pas dits."
    ),
    "A user may search 2,200 times in 24 hours; a search that finds nothing is free.": (
        "Un utilisateur peut chercher 2 200 fois en 24 heures ; une recherche qui ne trouve rien est gratuite."
    ),
}
