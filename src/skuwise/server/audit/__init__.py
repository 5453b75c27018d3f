"""Who changed what from what to what and why: a chain of entries that only grows."""
