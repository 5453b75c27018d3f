"""Who: people, their roles down to brand and channel, their keys."""
