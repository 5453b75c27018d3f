"""The system of record: one truth that a team shares, kept in a database, planned in the background, open by an API.

Apps are named after the domain: ``catalog``, ``stock``, ``sales`` (what is), ``imports`` (how it comes in), ``rules``,
``planning``, ``purchasing`` (what is decided), ``accounts`` and ``audit`` (who), ``jobs`` and ``operations`` (how it
runs), ``listing`` and ``api`` (how it is asked). Nothing below this package knows of Django.
"""
