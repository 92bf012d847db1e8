"""The words of the way in."""

EN = {
    "log_in": "Log in",
    "log_out": "Log out",
    "user": "Name",
    "password": "Password",
    "setup": "Set up",
    "setup_says": "Make the first user. The one-time code is in the log of the last start.",
    "setup_code": "Set-up code",
    "make_user": "Make the user",
    "login_wrong": "Name and password do not belong together.",
}

FR = {
    "log_in": "Se connecter",
    "log_out": "Se déconnecter",
    "user": "Nom",
    "password": "Mot de passe",
    "setup": "Mise en place",
    "setup_says": "Créer le premier compte. Le code à usage unique est dans le journal du dernier démarrage.",
    "setup_code": "Code de mise en place",
    "make_user": "Créer le compte",
    "login_wrong": "Le nom et le mot de passe ne vont pas ensemble.",
}
