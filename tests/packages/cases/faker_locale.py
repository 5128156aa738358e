# /// script
# dependencies = ["faker"]
# ///
from faker import Faker


def GET():
    Faker.seed(1)
    return Faker("de_DE").name()
