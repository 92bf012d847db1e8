"""The words inside a chart that leaves the page as a file: where it is from, how much was seen, and when."""

EN = {
    "file.get": "This chart as a file:",
    "file.source": "Source: Groundswell, read from {where}",
    "file.source.none": "no platform yet",
    "file.covered.all": "All of this time was observed.",
    "file.covered.part": "{share} of this time was observed; sums are lower bounds.",
    "file.covered.none": "None of this time was observed.",
    "file.unseen": "Observed in part or not at all: {what}.",
    "file.unseen.more": "{n} more",
    "file.dated": "State of {time}; times in {zone}; step: {step}.",
}

FR = {
    "file.get": "Ce graphique en fichier :",
    "file.source": "Source : Groundswell, d’après {where}",
    "file.source.none": "aucune plateforme encore",
    "file.covered.all": "Toute cette période a été observée.",
    "file.covered.part": "{share} de cette période a été observé ; les sommes sont des minimums.",
    "file.covered.none": "Rien de cette période n’a été observé.",
    "file.unseen": "Observé en partie ou pas du tout : {what}.",
    "file.unseen.more": "{n} de plus",
    "file.dated": "État au {time} ; heures de {zone} ; pas : {step}.",
}
