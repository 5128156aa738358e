from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "site_.shop"
