"""What the words of an event are, in English and in French; `words` puts the facts in."""

TITLES = {
    "en": {
        "alert.firing": "{subject}: {rule}",
        "alert.escalated": "{subject}: {rule}, twice its earlier peak",
        "alert.resolved": "{subject}: {rule} is over",
        "alert.flapping": "{subject}: {rule} comes and goes; quiet until it settles",
        "source.stale": "{subject} fell silent",
        "source.recovered": "{subject} speaks again",
        "delivery.failing": "{endpoint} does not take what is sent to it",
        "endpoint.disabled": "{endpoint} was disabled",
        "endpoint.test": "A test for {endpoint}",
        "compliance.redacted": "Something that was said before is taken back",
        "digest": "{rule}: {when}",
        "report": "{name}: the report of {when}",
    },
    "fr": {
        "alert.firing": "{subject} : {rule}",
        "alert.escalated": "{subject} : {rule}, le double du pic précédent",
        "alert.resolved": "{subject} : {rule}, c’est fini",
        "alert.flapping": "{subject} : {rule} va et vient ; silence jusqu’à ce que cela se calme",
        "source.stale": "{subject} se tait",
        "source.recovered": "{subject} parle de nouveau",
        "delivery.failing": "{endpoint} ne prend pas ce qui lui est envoyé",
        "endpoint.disabled": "{endpoint} a été désactivé",
        "endpoint.test": "Un essai pour {endpoint}",
        "compliance.redacted": "Quelque chose qui avait été dit est retiré",
        "digest": "{rule} : {when}",
        "report": "{name} : le rapport du mois ({when})",
    },
}
PHRASES = {
    "en": {
        "measured": "{value} {unit} in {window}",
        "usual": "usually {baseline}",
        "incomplete": "not all was observed",
        "nothing": "Nothing was observed.",
        "unseen": "{subject}: nothing was observed",
        "moved": "{subject}: posts {posts}, new authors {authors}, engagement {engagement}, spikes {spikes}",
        "before": "In brackets: the period before.",
        "more": "And {n} more.",
        "month": "Posts {posts}, new authors {authors}, engagement {engagement}. In brackets: the month before.",
        "brought": "It brought in: {what}.",
        "observed": "Observed: {share} of the month.",
    },
    "fr": {
        "measured": "{value} {unit} en {window}",
        "usual": "d’habitude {baseline}",
        "incomplete": "tout n’a pas été observé",
        "nothing": "Rien n’a été observé.",
        "unseen": "{subject} : rien n’a été observé",
        "moved": (
            "{subject} : publications {posts}, nouveaux auteurs {authors}, réactions {engagement}, envolées {spikes}"
        ),
        "before": "Entre parenthèses : la période précédente.",
        "more": "Et {n} de plus.",
        "month": (
            "Publications {posts}, nouveaux auteurs {authors}, réactions {engagement}. Entre parenthèses : le mois"
            " précédent."
        ),
        "brought": "Cela a rapporté : {what}.",
        "observed": "Observé : {share} du mois.",
    },
}
UNITS = {
    "fr": {
        "posts": "publications", "authors": "auteurs", "engagement": "réactions", "views": "vues",
    }
}  # fmt: skip
BROUGHT = {
    "en": {"donation": "donations", "sign-up": "sign-ups", "pledge": "pledges"},
    "fr": {"donation": "dons", "sign-up": "inscriptions", "pledge": "promesses"},
}
