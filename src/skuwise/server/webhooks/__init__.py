"""Webhooks out: what happened, told to other programs, signed."""
