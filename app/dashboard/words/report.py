"""The words of the report for a board."""

EN = {
    "report": "Report",
    "report.says": "From {from} to {to}: {what}.",
    "report.gave": "{what}: {amounts}.",
    "report.live": "The campaign’s page",
    "report.curve": "How it grew",
    "report.was": "What it was and brought in",
    "report.nobody": "Nobody has posted yet, as far as was observed.",
    "report.method": "Gains between looks follow one fixed curve. What was not observed is shown as a gap.",
    "report.monthly": "Monthly by mail",
    "mailed.of": "The report of {month}, in the time of {zone}",
    "mailed.gave": "In this month it brought in:",
    "mailed.live": "The whole report, to print or to pass on",
    "mailed.people": "Over its whole life, of {n} authors: who wrote most, and what their posts gained.",
    "mailed.why": "You get this once a month by a rule in Groundswell, where it can be changed and ended.",
    "people.one": "{n} author",
    "people.many": "{n} authors",
}

FR = {
    "report": "Rapport",
    "report.says": "Du {from} au {to} : {what}.",
    "report.gave": "{what} : {amounts}.",
    "report.live": "La page de la campagne",
    "report.curve": "Comment elle a grandi",
    "report.was": "Ce qu’elle a été et rapporté",
    "report.nobody": "Personne n’a encore publié, pour ce qui a été observé.",
    "report.method": "Entre deux relevés, le gain suit une courbe fixe. Ce qui n’a pas été observé reste un trou.",
    "report.monthly": "Chaque mois par courriel",
    "mailed.of": "Le rapport du mois : {month}, à l’heure de {zone}",
    "mailed.gave": "Ce mois-ci, cela a rapporté :",
    "mailed.live": "Le rapport entier, à imprimer ou à transmettre",
    "mailed.people": "Sur toute sa vie, parmi {n} auteurs : qui a le plus écrit, et ce que ses publications ont gagné.",
    "mailed.why": "Vous recevez ceci une fois par mois par une règle de Groundswell, où elle se change et s’arrête.",
    "people.one": "{n} auteur",
    "people.many": "{n} auteurs",
}
