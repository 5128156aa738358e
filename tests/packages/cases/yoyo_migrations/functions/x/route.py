from yoyo import read_migrations


def GET():
    return [m.id for m in read_migrations("db/migrations")]
