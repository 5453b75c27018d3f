"""The calls of the API, written by ``skuwise.server.api.client_source``."""
