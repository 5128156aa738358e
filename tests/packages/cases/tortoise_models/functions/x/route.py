from tortoise import Tortoise

CONFIG = {"connections": {"default": "sqlite://:memory:"}, "apps": {"models": {"models": ["lib.models"]}}}


async def GET():
    await Tortoise.init(config=CONFIG)
    await Tortoise.generate_schemas()
    from lib import models

    await models.Hero.create(name="Ada")
    found = await models.Hero.all().values_list("name", flat=True)
    await Tortoise.close_connections()
    return list(found)
