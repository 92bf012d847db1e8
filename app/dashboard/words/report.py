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
    "people.one": "{n} auteur",
    "people.many": "{n} auteurs",
}
