"""Plans on disk: an immutable folder of tables that people and programs read, and that gives back the same plan."""

from skuwise.snapshot.folder import SnapshotError, read_plan, write_plan
from skuwise.snapshot.tables import tables

__all__ = ["SnapshotError", "read_plan", "tables", "write_plan"]
