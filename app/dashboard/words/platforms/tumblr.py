"""What the collector of Tumblr says, in French."""

FRENCH = {
    "the consumer key of an app registered at Tumblr": (
        "la clé (« consumer key ») d’une application enregistrée chez Tumblr"
    ),
    "Likes are notes: likes, reblogs and replies together, which Tumblr does not tell apart.": (
        "Les mentions j’aime sont des « notes » : j’aime, reblogs et réponses, que Tumblr ne distingue pas."
    ),
    "Followers are shown to a blog's owner alone. Reblogs are found as posts where they carry the tag.": (
        "Les abonnés ne sont montrés qu’au propriétaire d’un blog. "
        "Les reblogs sont trouvés comme publications s’ils portent le hashtag."
    ),
    "Known posts are read again one by one: many posts take many calls.": (
        "Les publications connues sont relues une à une : beaucoup de publications font beaucoup d’appels."
    ),
    "Tumblr takes the key in the address of each call; it goes to Tumblr alone and into no log.": (
        "Tumblr prend la clé dans l’adresse de chaque appel ; elle ne va qu’à Tumblr, et dans aucun journal."
    ),
}
