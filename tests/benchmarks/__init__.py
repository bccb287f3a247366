"""How fast and how large the bot is, as ratios against a bare client on the same homeserver."""
