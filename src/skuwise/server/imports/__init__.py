"""How data come in: staged, checked, previewed, committed whole, reversible."""
