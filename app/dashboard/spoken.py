"""What the service keeps or says in English of a source, a delivery or a request, in the reader's language.

Reasons are kept as they were said; here they are known again by their form. What is not known stays English, marked so.
"""

import re

from markupsafe import Markup, escape

from app.dashboard import reasons
from app.dashboard.words import Words

FRENCH = {
    # of a source, and of what was not observed
    "not read yet": "pas encore lu",
    "older than what the platform shows": "plus ancien que ce que la plateforme montre",
    "the server asked to wait": "le serveur a demandé d’attendre",
    "the instance did not answer": "l’instance n’a pas répondu",
    "page limit of {} reached; the next pass goes on": "limite de {} pages atteinte ; le prochain passage continue",
    "three empty pages in a row": "trois pages vides de suite",
    "given up: newer posts came faster than they could be read": (
        "abandonné : les nouvelles publications sont venues plus vite qu’elles ne pouvaient être lues"
    ),
    "given up: {}": "abandonné : {}",
    "a kept cursor was not taken: {}": "un curseur gardé n’a pas été accepté : {}",
    "suspect: {} of {} posts that it had shown before were not shown": (
        "douteux : {} publications sur {} qui avaient été montrées ne l’ont plus été"
    ),
    "cut off: the worker stopped": "coupé : le service s’est arrêté",
    "the machine that watches was switched off": "la machine qui observe était éteinte",
    "the worker stopped": "le service s’est arrêté",
    "the stream was cut off": "le flux a été coupé",
    "the stream came to its end": "le flux a pris fin",
    "no stream from {} on": "pas de flux depuis {}",
    "this source cannot be searched: its stream alone finds posts": (
        "cette source ne se laisse pas chercher : seul son flux trouve des publications"
    ),
    "the budget {} is used up": "le budget {} est épuisé",
    "no whole answer in time": "pas de réponse entière à temps",
    "no connection in time": "pas de connexion à temps",
    "no connection ({})": "pas de connexion ({})",
    "the connection was cut ({})": "la connexion a été coupée ({})",
    "no address": "pas d’adresse",
    "not a name that can be looked up": "pas un nom qui se laisse chercher",
    "its address may not be called": "son adresse ne peut pas être appelée",
    "{} says nothing of itself": "{} ne dit rien de lui-même",
    "{} does not take this token": "{} n’accepte pas ce jeton",
    "{} does not take this identifier and app password": (
        "{} n’accepte pas cet identifiant et ce mot de passe d’application"
    ),
    "{} ({}) shows hashtags to its users only: give a user's token": (
        "{} ({}) ne montre les hashtags qu’à ses utilisateurs : donner le jeton d’un utilisateur"
    ),
    "{} has switched its hashtag timelines off: its answers are empty for every tag": (
        "{} a coupé ses fils de hashtags : ses réponses sont vides pour tous"
    ),
    "{} has no tag timeline: does it speak Mastodon's API?": (
        "{} n’a pas de fil de hashtag : parle-t-il l’API de Mastodon ?"
    ),
    "{} is not an http or https URL": "{} n’est pas une adresse http ou https",
    "{} is not a URL: {}": "{} n’est pas une adresse : {}",
    "this is not a URL: {}": "ce n’est pas une adresse : {}",
    "only http and https URLs are called": "seules les adresses http et https sont appelées",
    "a URL may not carry a user or a password": "une adresse ne porte ni utilisateur ni mot de passe",
    "give a host name, or an IP address in its usual spelling": (
        "donner un nom d’hôte, ou une adresse IP écrite comme d’habitude"
    ),
    "a mastodon source needs the URL of its server": "une source mastodon demande l’adresse de son serveur",
    # of a delivery
    "the address may not be called": "l’adresse ne peut pas être appelée",
    "no answer in time": "pas de réponse à temps",
    "no connection": "pas de connexion",
    "the connection broke": "la connexion s’est rompue",
    "its certificate is not trusted, or TLS failed": "son certificat n’est pas sûr, ou TLS a échoué",
    "it refused the user or the password": "l’utilisateur ou le mot de passe a été refusé",
    "it takes no user and password": "il n’accepte ni utilisateur ni mot de passe",
    "it offers no STARTTLS, and nothing is sent in the clear": "pas de STARTTLS, et rien n’est envoyé en clair",
    "its secret does not open: was the key file replaced?": (
        "son secret ne s’ouvre pas : le fichier de clé a-t-il été remplacé ?"
    ),
    "answered {}: redirects are not followed": "a répondu {} : les redirections ne sont pas suivies",
    "answered {}": "a répondu {}",
    "it answered 410 Gone": "il a répondu 410 Gone",
    "nothing came through for five days": "rien n’est passé pendant cinq jours",
    "by its owner": "par son propriétaire",
    "the endpoint was disabled": "le destinataire a été désactivé",
    "the endpoint was disabled: {}": "le destinataire a été désactivé : {}",
    "the endpoint was deleted": "le destinataire a été supprimé",
    "the endpoint is gone": "le destinataire n’est plus là",
    # of a request
    "must lie before to ({})": "doit précéder la fin ({})",
    "lies too far back for one page; ask for a shorter range": (
        "remonte trop loin pour une page ; demander une période plus courte"
    ),
    "makes more than {} rows, too many for a page; step={} would do": (
        "ferait plus de {} lignes, trop pour une page ; step={} conviendrait"
    ),
    "makes more than {} rows, too many for a page; ask for a shorter range": (
        "ferait plus de {} lignes, trop pour une page ; demander une période plus courte"
    ),
    "is kept for the last 14 days only; step=15m would do": (
        "n’est gardé que pour les 14 derniers jours ; step=15m conviendrait"
    ),
    "is outside the years that can be shown": "est hors des années qui peuvent être montrées",
    "{} is not an IANA time zone (such as Europe/Paris)": "{} n’est pas un fuseau horaire IANA (comme Europe/Paris)",
    "must be one of {}": "doit être l’un de : {}",
    "must be one of the list": "doit être dans la liste",
    "must not lie in the future (it is {})": "ne doit pas être dans l’avenir (il est {})",
    "must be a form as browsers send it": "doit être un formulaire comme un navigateur l’envoie",
    "has at most {} KiB": "a au plus {} Kio",
    "is what a link to older ones holds": "vient d’un lien vers des plus anciens",
    "there is no campaign {}: the page /start or POST /api/v1/campaigns makes one": (
        "il n’y a pas de campagne {} : la première page les montre toutes"
    ),
    "there is no such campaign": "il n’y a pas de telle campagne",
    "is named twice": "est nommé deux fois",
    "this form is too old: check the source again": "ce formulaire est trop ancien : vérifier la source de nouveau",
    "this needs a token with the scope {}": "cela demande un jeton avec le droit {}",
    "this is not the password that you have now": "ce n’est pas votre mot de passe actuel",
    "this is not the set-up code: the newest one is in the log of the last start": (
        "ce n’est pas le code d’installation : le plus récent est dans le journal du dernier démarrage"
    ),
    "too many wrong logins from this address: try again in an hour": (
        "trop de connexions manquées depuis cette adresse : réessayer dans une heure"
    ),
    "a user's name has 1 to 64 characters that can be shown": (
        "un nom d’utilisateur a 1 à 64 caractères qui se laissent montrer"
    ),
    "a password has {} to {} characters": "un mot de passe a {} à {} caractères",
    "a password is not the user's name": "un mot de passe n’est pas le nom de l’utilisateur",
    "there is a user {} already": "il y a déjà un utilisateur {}",
    "there is no user {}": "il n’y a pas d’utilisateur {}",
    "there is no rule {}": "il n’y a pas de règle {}",
    "there is no alert {}": "il n’y a pas d’alerte {}",
    "there is no silence {}": "il n’y a pas de silence {}",
    "there is no endpoint {}": "il n’y a pas de destinataire {}",
    "there is no delivery {}": "il n’y a pas de livraison {}",
    "there is no such link": "il n’y a pas de tel lien",
    "there is no such file": "il n’y a pas de tel fichier",
    "there is no such post": "il n’y a pas de telle publication",
    "no annotation {} on this campaign": "pas de note {} sur cette campagne",
    "no source {}: see groundswell sources list": "pas de source {} : voir groundswell sources list",
    "this link has ended": "ce lien a pris fin",
    "what this link has shown is no longer there": "ce que ce lien montrait n’est plus là",
    "it was changed at this very moment: read it again": "cela vient d’être changé : relire la page",
    "its endpoint was deleted: there is nobody to send it to": (
        "son destinataire a été supprimé : il n’y a personne à qui l’envoyer"
    ),
    "the endpoint is disabled: PATCH it with enabled true first": ("le destinataire est désactivé : l’activer d’abord"),
    "the rule {} tells this endpoint: change whom it tells, or delete the rule, first": (
        "la règle {} prévient ce destinataire : changer d’abord qui elle prévient, ou la supprimer"
    ),
    "nobody disables themselves: someone else does, or groundswell users disable": (
        "personne ne se désactive soi-même : un autre le fait, ou groundswell users disable"
    ),
    "a source named {} exists: choose another name": "une source nommée {} existe : choisir un autre nom",
    "a source named {} was removed; its history keeps the name: choose another name": (
        "une source nommée {} a été retirée ; son historique garde le nom : en choisir un autre"
    ),
    "use a to z, 0 to 9, dot, dash and underscore, at most 63": "a à z, 0 à 9, point, tiret, souligné ; 63 au plus",
    "no launch is declared, and none was found ({}); {}": "aucun lancement n’est déclaré ni trouvé ({}) ; {}",
}
_TABLES = {
    "fr": [
        (re.compile("(.+?)".join(re.escape(part) for part in english.split("{}"))), french)
        for english, french in sorted(FRENCH.items(), key=lambda pair: (pair[0].count("{}"), -len(pair[0])))
    ]
}
_OF = re.compile(r"([^\s:]+): (.+)")
"""`one.example: no connection`."""


def told(w: Words, text: str) -> str | None:
    """None where it is only known in English."""
    if w.lang not in _TABLES:
        return text
    for form, theirs in _TABLES[w.lang]:
        if found := form.fullmatch(text):
            return theirs.format(*(told(w, part) or part for part in found.groups()))
    if found := _OF.fullmatch(text):
        rest = told(w, found[2])
        return None if rest is None else f"{found[1]}{w('colon')}{rest}"
    return reasons.told(w, text) if reasons.is_known(w, text) else None


def spoken(w: Words, text: str) -> Markup:
    """For a page: what stays English says so, to whoever listens to it."""
    known = told(w, text)
    lang = Markup(' lang="en"') if known is None else Markup("")
    return Markup("<bdi{}>{}</bdi>").format(lang, escape(text if known is None else known))
