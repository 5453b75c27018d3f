"""Purchase orders from proposal to receipt."""
