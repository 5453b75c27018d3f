"""Demand: what customers wanted, estimated from what was sold and from when the shelf was empty."""
