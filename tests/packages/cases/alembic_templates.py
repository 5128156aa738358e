# /// script
# dependencies = ["alembic"]
# ///
from alembic import command
from alembic.config import Config


def GET():
    lines = []
    config = Config()
    config.print_stdout = lambda text, *args: lines.append(text % args if args else text)
    command.list_templates(config)
    return {"value": len(lines) > 3}
