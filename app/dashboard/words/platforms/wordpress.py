"""What the collector of WordPress says, in French."""

FRENCH = {
    "the address of the blog, as https://blog.example": "l’adresse du blog, comme https://blog.example",
    "an application password of a user, for a blog that shows its REST API to users alone": (
        "un mot de passe d’application d’un utilisateur, pour un blog qui ne montre son API REST qu’à ses utilisateurs"
    ),
    "the name of that user": "le nom de cet utilisateur",
    "Replies are comments; WordPress counts no likes and no followers.": (
        "Les réponses sont les commentaires ; WordPress ne compte ni mentions j’aime ni abonnés."
    ),
    "Where the posts of a page have more than 100 comments, these are counted when the posts are read again.": (
        "Quand les articles d’une page ont plus de 100 commentaires, ceux-ci sont comptés à la relecture des articles."
    ),
    "Posts are found by the blog's tag of that name; where it has none, by the hashtag in their words.": (
        "Les articles sont trouvés par l’étiquette du blog qui porte ce nom ; s’il n’y en a pas, par le hashtag dans "
        "leur texte."
    ),
    "Where a blog's REST API is closed, the feed of its tag is read, and no post by itself.": (
        "Là où l’API REST d’un blog est fermée, c’est le flux de l’étiquette qui est lu, et aucun article par lui-même."
    ),
}
