"""How the server is run: health, metrics, logs, backup and restore, upgrades."""
