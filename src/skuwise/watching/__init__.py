"""Watching a shop week by week: the journal of alarms and automatic changes on disk, and the digest of it."""
