"""The database itself refuses to change or delete what is only ever added: entries of the audit, movements of stock."""

from __future__ import annotations

from typing import Any

TABLES = ("audit_auditentry", "stock_stockmovement")
_REFUSED = "rows are only ever added"
_FUNCTION = f"""CREATE OR REPLACE FUNCTION skuwise_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"""


def statements(vendor: str) -> list[str]:
    """What makes the tables append-only in a kind of database."""
    made = [_FUNCTION] if vendor == "postgresql" else []
    for table in TABLES:
        for what in ("UPDATE", "DELETE"):
            then = (
                "FOR EACH ROW EXECUTE FUNCTION skuwise_append_only()"
                if vendor == "postgresql"
                else f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )
            made.append(f"CREATE TRIGGER {_name(table, what)} BEFORE {what} ON {table} {then}")
    return made


def undone(vendor: str) -> list[str]:
    """What takes it back."""
    return [
        f"DROP TRIGGER {_name(table, what)}{f' ON {table}' if vendor == 'postgresql' else ''}"
        for table in TABLES
        for what in ("UPDATE", "DELETE")
    ]


def make(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """For a migration."""
    for statement in statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def drop(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """For a migration taken back."""
    for statement in undone(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def _name(table: str, what: str) -> str:
    return f"{table}_no_{what.lower()}"
