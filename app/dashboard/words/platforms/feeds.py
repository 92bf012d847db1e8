"""What the collector of blogs' feeds says, in French."""

FRENCH = {
    "the address of the feed itself (RSS, Atom or JSON Feed), as https://blog.example/feed/": (
        "l’adresse du flux lui-même (RSS, Atom ou JSON Feed), comme https://blog.example/feed/"
    ),
    "A feed shows its last items, often ten: what was written before is not seen.": (
        "Un flux montre ses derniers articles, souvent dix : ce qui a été écrit avant ne se voit pas."
    ),
    "Hashtags are a post's categories, and the hashtags in its title and words.": (
        "Les hashtags sont les catégories d’un article, et les hashtags de son titre et de son texte."
    ),
    "Comments are counted where the feed counts them; there are no likes and no followers.": (
        "Les commentaires sont comptés là où le flux les compte ; il n’y a ni mentions j’aime ni abonnés."
    ),
    "A post is read again for as long as it stands in the feed.": (
        "Un article est relu tant qu’il figure dans le flux."
    ),
}
