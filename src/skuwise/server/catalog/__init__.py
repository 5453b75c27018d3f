"""Products, SKUs, bundles, listings, suppliers and their terms, locations, channels, prices."""
