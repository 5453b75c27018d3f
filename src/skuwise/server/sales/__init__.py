"""What was sold: order lines."""
