"""The index of words of each database."""

from django.db import migrations

POSTGRESQL = (
    "CREATE INDEX planning_search ON planning_planitem USING gin (to_tsvector('simple', search))",
    "DROP INDEX planning_search",
)
SQLITE = (
    "CREATE VIRTUAL TABLE planning_search USING fts5(search, content='planning_planitem', content_rowid='id', "
    "prefix='2 3', tokenize='unicode61 remove_diacritics 0')",
    "DROP TABLE planning_search",
)


def _statements(schema_editor):
    return POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE


def make(apps, schema_editor):
    schema_editor.execute(_statements(schema_editor)[0])


def drop(apps, schema_editor):
    schema_editor.execute(_statements(schema_editor)[1])


class Migration(migrations.Migration):
    dependencies = [("planning", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]
