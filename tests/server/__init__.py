"""The system of record. Every test here runs on SQLite and, a second time, on PostgreSQL."""
