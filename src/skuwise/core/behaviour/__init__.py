"""Behaviour: how fast, how steadily, how seasonally and how valuably an item sells."""
