"""Work in the background: a queue in the database, run in processes of its own, with progress, cancel and retry."""
