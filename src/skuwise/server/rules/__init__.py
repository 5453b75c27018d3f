"""Rulebooks, overrides and the changes that the watch makes or proposes."""
