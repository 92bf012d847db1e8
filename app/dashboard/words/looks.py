"""The words of a post's page."""

EN = {
    "looks.title": "A post",
    "looks.chart": "Engagement, each look a dot",
    "looks.says": "{n} when looked at last ({time}); {looks}",
    "looks.one": "{n} look",
    "looks.many": "{n} looks",
    "looks.caption": "Every look, times in {zone}",
    "looks.more": "There are more looks than these: the oldest {n} are here.",
    "looks.witness": "A ring: another source saw it too; curves read the filled ones alone.",
    "looks.none": "Not looked at in this range.",
    "looks.history": "every look at it",
    "measure.bookmarks": "Bookmarks",
}

FR = {
    "looks.title": "Une publication",
    "looks.chart": "Engagement, un point par relevé",
    "looks.says": "{n} au dernier relevé ({time}) ; {looks}",
    "looks.one": "{n} relevé",
    "looks.many": "{n} relevés",
    "looks.caption": "Chaque relevé, heures de {zone}",
    "looks.more": "Il y a plus de relevés que ceux-ci : voici les {n} plus anciens.",
    "looks.witness": "Un anneau : une autre source l’a vue aussi ; les courbes ne lisent que les points pleins.",
    "looks.none": "Aucun relevé sur cette période.",
    "looks.history": "chaque relevé",
    "measure.bookmarks": "Signets",
}
