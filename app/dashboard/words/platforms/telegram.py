"""What the collector of Telegram says, in French."""

FRENCH = {
    "another address of the same API; the session's own data centre where it is left out": (
        "une autre adresse de la même API ; sans elle, le centre de données de la session"
    ),
    "the session of an account, as Telethon's StringSession.save() writes it": (
        "la session d’un compte, telle que l’écrit StringSession.save() de Telethon"
    ),
    "the api_id under which that session was logged in": "l’api_id sous lequel cette session a été ouverte",
    "Needs the extra groundswell[telegram], and an account's session, which can do all that the account can.": (
        "Demande l’extra groundswell[telegram] et la session d’un compte, qui peut tout ce que peut le compte."
    ),
    "Only public channels are searched. Telegram may freeze an account that programs use: take one apart.": (
        "Seuls les canaux publics sont cherchés. Telegram peut geler un compte dont se sert un programme : "
        "prenez-en un à part."
    ),
    "Likes are reactions of every kind, reposts are forwards, replies are comments in the channel's group.": (
        "Les j’aime sont les réactions de toute sorte, les partages sont les transferts, "
        "les réponses sont les commentaires dans le groupe du canal."
    ),
    "Known posts are read again one by one: many posts take many calls.": (
        "Les publications connues sont relues une par une : beaucoup de publications demandent beaucoup d’appels."
    ),
}
