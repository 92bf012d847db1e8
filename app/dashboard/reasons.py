"""The reasons that statistics give, in the reader's language. They come in English and are known by their form."""

import re

from app.dashboard.words import Words

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
FRENCH = {
    "goes on": "se poursuit",
    "no launch": "pas de lancement",
    "declared": "déclaré",
    "not known": "inconnu",
    "fewer than N engagements": "moins de {} engagements",
    "authors are not told apart here": "les auteurs ne sont pas distingués ici",
    "no author is known": "aucun auteur n’est connu",
    "who gave twice counts twice": "qui a donné deux fois compte deux fois",
    "no donations": "aucun don",
    "no engagement": "aucun engagement",
    "reach is known in bounds only": "la portée n’est connue qu’en bornes",
    "authors from before the launch are not in the sum": "les auteurs d’avant le lancement ne sont pas dans la somme",
    "posts were missed": "des publications ont été manquées",
    "the sum of followers is of part of the authors": "la somme des abonnés ne porte que sur une partie des auteurs",
    "nothing was gained in a bucket that is over": "rien n’a été gagné dans un pas achevé",
    "a higher peak may lie in the gap: not all of the time was observed": (
        "un pic plus haut peut se trouver dans la lacune : tout le temps n’a pas été observé"
    ),
    "provisional": "provisoire",
    "shorter than a bucket": "plus court qu’un pas",
    "nothing to double at its beginning": "rien à doubler au début",
    "grew by less than N % in N h": "a grandi de moins de {} % en {} h",
    "posts were missed: what they gained is not in it": "des publications ont été manquées : leur gain n’y est pas",
    "posts were missed before: it may have been earlier": "des publications ont été manquées : peut-être plus tôt",
    "nothing was gained": "rien n’a été gagné",
    "posts were born before the curve begins: what is still to come is not known": (
        "des publications sont nées avant le début de la courbe : ce qui reste à venir est inconnu"
    ),
    "N% of the growth is expected to be there: needs N%": "{} % de la croissance attendue est là : il en faut {} %",
    "of N by the newest look, N% of what is expected": "de {} au dernier relevé, {} % de ce qui est attendu",
    "N was not seen reached": "{} n’a pas été vu atteint",
    "N was reached before the curve begins": "{} était atteint avant le début de la courbe",
    "needs N posts, has N": "demande {} publications, en a {}",
    "cannot be rarefied to N posts, has N": "ne peut être ramené à {} publications, en a {}",
    "has N authors: the N largest are all of them": "a {} auteurs : les {} plus grands sont tous les auteurs",
    "needs N blocks of common buckets with something in them, has N": (
        "demande {} blocs de pas communs où il y a quelque chose, en a {}"
    ),
    "nothing was gained by one of the two": "l’une des deux n’a rien gagné",
    "not known of one of the two": "inconnu pour l’une des deux",
    "nothing to divide by": "rien par quoi diviser",
}
_OTHERS = {"fr": FRENCH}


def told(w: Words, reason: str) -> str:
    """In the reader's language where it is known there, in English else; numbers as they are written there."""
    return "; ".join(_one(w, part) for part in reason.split("; "))


def is_known(w: Words, reason: str) -> bool:
    return all(_NUMBER.sub("N", part) in _OTHERS.get(w.lang, {}) for part in reason.split("; "))


def _one(w: Words, part: str) -> str:
    known = _OTHERS.get(w.lang, {}).get(_NUMBER.sub("N", part))
    if known is None:
        return _NUMBER.sub(lambda found: _written(w, found[0]), part)
    return known.format(*(_written(w, one) for one in _NUMBER.findall(part)))


def _written(w: Words, text: str) -> str:
    return w.number(float(text) if "." in text else int(text))
