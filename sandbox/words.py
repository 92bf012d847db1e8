"""What people write in the sandbox: sober sentences in three languages, and the ways in which they spell a hashtag."""

import random

_LOVE = {
    "en": (
        "A plane, blankets, rice. Let us fill it together. {tag}", "Just gave what a pizza costs. Your turn. {tag}",
        "{tag} every share brings one more family under a roof", "Watching the counter climb all night {tag}",
        "Our whole class gave today {tag}", "They said nobody would care. {tag}",
        "If you can only share, share. {tag} #Rohingya",
    ),
    "fr": (
        "Un avion, des couvertures, du riz : on le remplit ensemble. {tag}", "Même cinq euros comptent. {tag}",
        "{tag} on ne lâche rien", "Toute ma classe a donné aujourd’hui {tag}",
    ),
    "es": ("Compartir también ayuda. {tag}", "Hoy hemos donado en familia {tag}", "{tag} seguimos"),
}  # fmt: skip
_WATER = {
    "en": (
        "Eleven wells drilled this month, and how we count them: {tag}",
        "Clean water is two hours nearer for 300 families. {tag}",
        "{tag} our weekly report from the camps is out", "Thank you to the volunteers who tested every pump. {tag}",
        "What a litre costs, and where your money goes {tag} #Rohingya",
    ),
    "fr": ("Onze puits forés ce mois-ci. {tag}", "{tag} le rapport de la semaine est en ligne"),
    "es": ("Once pozos este mes. {tag}", "{tag} gracias a quienes revisan cada bomba"),
}  # fmt: skip


def sentence(dice: random.Random, steady: bool, tag: str) -> tuple[str, str]:
    """A text that carries `#tag`, and its language."""
    lang = dice.choices(("en", "fr", "es"), (60, 30, 10))[0]
    return dice.choice((_WATER if steady else _LOVE)[lang]).format(tag=f"#{tag}"), lang


def spelling(dice: random.Random, tags: tuple[str, ...]) -> str:
    """One of a campaign's tags, mostly the first, in one of the ways that people type it."""
    tag = tags[0] if len(tags) == 1 or dice.random() < 0.9 else dice.choice(tags[1:])
    return dice.choices((tag, tag.lower(), tag.upper(), tag[0].lower() + tag[1:]), (74, 16, 4, 6))[0]


def tags_of(text: str) -> tuple[str, ...]:
    """The hashtags that a text carries, as they are spelled there."""
    return tuple(word[1:].rstrip(".,:;!?") for word in text.split() if word.startswith("#") and len(word) > 1)
