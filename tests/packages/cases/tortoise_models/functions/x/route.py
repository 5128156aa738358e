from tortoise import Tortoise

CONFIG = {"connections": {"default": "sqlite://:memory:"}, "apps": {"models": {"models": ["lib.models"]}}}


async def GET():
    await Tortoise.init(config=CONFIG)
    await Tortoise.generate_schemas()
    hero = Tortoise.apps["models"]["Hero"]
    await hero.create(name="Ada")
    found = await hero.all().values_list("name", flat=True)
    await Tortoise.close_connections()
    return list(found)
