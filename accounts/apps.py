from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who the customer is."""

    name = "accounts"
