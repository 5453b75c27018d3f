"""Lifecycle: where an item is in its life, since when and on what evidence."""
