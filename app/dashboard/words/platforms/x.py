"""What the collector of X says, in French."""

FRENCH = {
    "another address of the same API; X's own where it is left out": (
        "une autre adresse de la même API ; celle de X si l’on n’en nomme aucune"
    ),
    "the bearer token of an app in X's developer console, with credits": (
        "le jeton (« bearer token ») d’une application de la console des développeurs de X, avec des crédits"
    ),
    "Each post read costs $0.005, each account $0.010, a call for counts $0.005.": (
        "Chaque publication lue coûte 0,005 $, chaque compte 0,010 $, un appel pour des comptages 0,005 $."
    ),
    "Nothing is read before you set how many dollars may be spent in 31 days, and never more than those.": (
        "Rien n’est lu avant que vous ne fixiez combien de dollars peuvent être dépensés en 31 jours, et jamais plus."
    ),
    "Search reaches seven days back. X counts all posts of a hashtag, also those that a search does not show.": (
        "La recherche remonte à sept jours. X compte toutes les publications d’un hashtag, même celles "
        "qu’une recherche ne montre pas."
    ),
    "X reads a post for free a second time on the same day; here it is counted again, so that the cap holds.": (
        "X ne facture pas une deuxième lecture le même jour ; ici elle est comptée à nouveau, pour "
        "que le plafond tienne."
    ),
    "What is deleted or protected on X goes here within a day; exports hold ids, times and counters only.": (
        "Ce qui est supprimé ou protégé sur X disparaît ici en un jour ; les exports ne contiennent que les "
        "identifiants, dates et compteurs."
    ),
}
