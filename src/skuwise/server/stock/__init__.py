"""Stock by state: a ledger of movements that only grows, the levels it sums to, and counts by day."""
