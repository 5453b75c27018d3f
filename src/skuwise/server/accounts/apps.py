from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "skuwise.server.accounts"
    label = "accounts"
