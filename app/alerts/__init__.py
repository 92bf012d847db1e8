"""From the store to the webhook: what is watched, what is said of it, and how it is delivered."""
