"""What the collector of VK says, in French."""

FRENCH = {
    "a service token of an app, or a user's token": "un jeton de service d’une application, ou d’un utilisateur",
    "VK finds posts by their words; one is kept where the hashtag itself stands in its text.": (
        "VK trouve les publications par leurs mots ; une publication est gardée si le hashtag même est dans son texte."
    ),
    "Followers come with posts: of a person the subscribers, of a community its members.": (
        "Les abonnés viennent avec les publications : pour une personne ses abonnés, pour une communauté ses membres."
    ),
}
