"""Read, normalise and check what a shop gives: a folder of files or tables in memory.

Every line is used or quarantined with its reason; nothing is dropped and nothing is guessed silently.
"""

from skuwise.dataset.contract import Dataset, LineCounts, Settings
from skuwise.dataset.load import load_dataset

__all__ = ["Dataset", "LineCounts", "Settings", "load_dataset"]
