"""What the collector of TikTok says, in French."""

FRENCH = {
    "another address of the same API; TikTok's own where it is left out": (
        "une autre adresse de la même API ; celle de TikTok si l’on n’en nomme aucune"
    ),
    "the client secret of a project that TikTok has approved for its Research API": (
        "le secret (« client secret ») d’un projet que TikTok a approuvé pour son API de recherche"
    ),
    "the client key of that project": "la clé (« client key ») de ce projet",
    "Only researchers of non-profit institutions may use it: no business, no brand, no agency.": (
        "Seuls les chercheurs d’institutions à but non lucratif peuvent s’en servir : ni entreprise, ni marque, ni "
        "agence."
    ),
    "Videos and their counters are shown some two days late, or more: no alert can be in time.": (
        "Les vidéos et leurs compteurs sont montrés avec deux jours de retard ou plus : aucune alerte ne peut venir à "
        "temps."
    ),
    "A project may ask 1,000 times a day, all of its people together. Reposts are shares, bookmarks favorites.": (
        "Un projet peut demander 1 000 fois par jour, pour toutes ses personnes. Les partages sont les « shares », les "
        "signets les favoris."
    ),
    "What is deleted on TikTok is deleted here within fifteen days.": (
        "Ce qui est supprimé sur TikTok l’est ici en quinze jours."
    ),
}
