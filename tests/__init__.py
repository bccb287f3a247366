"""What the bot promises, checked."""
