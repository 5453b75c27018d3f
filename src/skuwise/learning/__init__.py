"""What all items of a shop teach about each of them."""

from skuwise.learning.model import LearnedModel, train

__all__ = ["LearnedModel", "train"]
