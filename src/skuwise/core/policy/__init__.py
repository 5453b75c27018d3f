"""Policy: from a distribution of demand to levels, and from stock and levels to an order."""
