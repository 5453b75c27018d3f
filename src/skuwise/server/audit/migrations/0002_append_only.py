"""Entries and movements can only be added."""

from django.db import migrations

from skuwise.server.audit.append_only import drop, make


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("stock", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]
