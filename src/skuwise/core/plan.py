"""One plan: the whole loop, top to bottom."""
