"""The words of the second factor: switched on, off, asked for at the login."""

EN = {
    "second": "Second factor",
    "second.none": "Your login asks for the password alone.",
    "second.what": (
        "With a second factor it also asks for a code of an app on your phone, such as those that banks and mail "
        "services know. "
        "A password that somebody else has got hold of then opens nothing."
    ),
    "second.begin": "Set it up",
    "second.nobody": "Nobody is logged in: there is no login to protect.",
    "second.read": "Read this picture with your authenticator app, then type the code that it shows.",
    "second.picture": "QR code that holds the secret below",
    "second.by.hand": "Without a camera, type this secret into the app (by time, 6 digits, 30 seconds):",
    "second.first": "The code that the app shows now",
    "second.ends": "From then on every login asks for a code. Your other logins end.",
    "second.on.now": "Switch it on",
    "second.code.wrong": "This is not the code of this moment. Does the phone know the right time?",
    "second.is.on": "On since {time}: every login of yours asks for a code.",
    "second.is.off": "The second factor is off: the password alone is asked for.",
    "second.left.one": "{n} recovery code is left.",
    "second.left.many": "{n} recovery codes are left.",
    "second.again": "For ten new ones, switch it off and set it up again.",
    "second.off": "Switch it off",
    "second.off.says": "The app's secret and the recovery codes are forgotten.",
    "second.proof": "Your password, or a code",
    "second.off.now": "Switch it off",
    "second.proof.wrong": "This is neither your password nor a code that is still good.",
    "recovery": "Recovery codes",
    "recovery.on": "The second factor is on.",
    "recovery.once": "Write these codes down now: they are shown this once.",
    "recovery.says": (
        "Each opens the login once in place of a code, where the phone is lost. Keep them where the phone is not."
    ),
    "recovery.kept": "I have them",
    "login_code_says": (
        "The password is right. Now the code that your authenticator app shows, or one of your recovery codes."
    ),
    "login_code": "Code",
    "login_code_wrong": "This code is not right, or was used before. The app shows a new one every 30 seconds.",
    "login_code_slow": "Too many wrong codes. One of your recovery codes is taken, or a code in an hour.",
    "login_late": "That took too long. Please give name and password again.",
    "login_again": "Log in as someone else",
    "users.second": "Second factor",
    "users.second.on": "on",
    "users.second.off": "–",
    "users.reset": "Reset the second factor…",
    "users.reset.now": "Reset it for {name}",
    "users.reset.says": (
        "The login asks for the password alone until it is set up again. Make sure who is asking you for this."
    ),
    "users.reset.done": "The second factor is reset: the password alone is asked for.",
}

FR = {
    "second": "Second facteur",
    "second.none": "Votre connexion ne demande que le mot de passe.",
    "second.what": (
        "Avec un second facteur, elle demande aussi un code d’une application de votre téléphone, comme celles que"
        " connaissent "
        "les banques et les messageries. Un mot de passe tombé en d’autres mains n’ouvre alors plus rien."
    ),
    "second.begin": "Le mettre en place",
    "second.nobody": "Personne n’est connecté : il n’y a pas de connexion à protéger.",
    "second.read": (
        "Lisez cette image avec votre application d’authentification, puis saisissez le code qu’elle montre."
    ),
    "second.picture": "Code QR qui contient le secret ci-dessous",
    "second.by.hand": (
        "Sans appareil photo, saisissez ce secret dans l’application (selon l’heure, 6 chiffres, 30 secondes) :"
    ),
    "second.first": "Le code que l’application montre maintenant",
    "second.ends": "Dès lors, chaque connexion demande un code. Vos autres connexions prennent fin.",
    "second.on.now": "L’activer",
    "second.code.wrong": "Ce n’est pas le code de cet instant. Le téléphone est-il à l’heure ?",
    "second.is.on": "Actif depuis le {time} : chacune de vos connexions demande un code.",
    "second.is.off": "Le second facteur est désactivé : seul le mot de passe est demandé.",
    "second.left.one": "Il reste {n} code de secours.",
    "second.left.many": "Il reste {n} codes de secours.",
    "second.again": "Pour en avoir dix nouveaux, désactivez-le et mettez-le de nouveau en place.",
    "second.off": "Le désactiver",
    "second.off.says": "Le secret de l’application et les codes de secours sont oubliés.",
    "second.proof": "Votre mot de passe, ou un code",
    "second.off.now": "Le désactiver",
    "second.proof.wrong": "Ce n’est ni votre mot de passe, ni un code encore valable.",
    "recovery": "Codes de secours",
    "recovery.on": "Le second facteur est actif.",
    "recovery.once": "Notez ces codes maintenant : ils ne sont montrés que cette fois.",
    "recovery.says": (
        "Chacun ouvre la connexion une seule fois à la place d’un code, si le téléphone est perdu. "
        "Gardez-les là où le téléphone n’est pas."
    ),
    "recovery.kept": "Je les ai",
    "login_code_says": (
        "Le mot de passe est juste. Maintenant le code que montre votre application d’authentification, ou l’un de"
        " vos codes de secours."
    ),
    "login_code": "Code",
    "login_code_wrong": (
        "Ce code n’est pas juste, ou a déjà servi. L’application en montre un nouveau toutes les 30 secondes."
    ),
    "login_code_slow": "Trop de codes faux. Un de vos codes de secours est accepté, ou un code dans une heure.",
    "login_late": "Cela a pris trop de temps. Redonnez le nom et le mot de passe.",
    "login_again": "Se connecter sous un autre nom",
    "users.second": "Second facteur",
    "users.second.on": "actif",
    "users.second.off": "–",
    "users.reset": "Réinitialiser le second facteur…",
    "users.reset.now": "Le réinitialiser pour {name}",
    "users.reset.says": (
        "La connexion ne demandera que le mot de passe jusqu’à une nouvelle mise en place. Assurez-vous de qui "
        "vous le demande."
    ),
    "users.reset.done": "Le second facteur est réinitialisé : seul le mot de passe est demandé.",
}
