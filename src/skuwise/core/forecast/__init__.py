"""Forecast: the distribution of demand over the time that an order has to cover."""
