from lib.app import app as shop


def GET():
    shop.loader.import_default_modules()
    return [sorted(t for t in shop.tasks if not t.startswith("celery"))]
