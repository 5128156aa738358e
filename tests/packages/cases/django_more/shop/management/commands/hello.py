from django.core.management.base import BaseCommand
from shop.helper import H


class Command(BaseCommand):
    def handle(self, *a, **k):
        self.stdout.write(H)
