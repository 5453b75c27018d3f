"""Plans: made in the background, kept as snapshots, listed row by row."""
