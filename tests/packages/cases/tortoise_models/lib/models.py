from tortoise import fields
from tortoise.models import Model


class Hero(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(9)
