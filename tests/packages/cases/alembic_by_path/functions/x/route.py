from pathlib import Path
from alembic.config import Config
from alembic.script import ScriptDirectory
ROOT = Path(__file__).resolve().parents[2]


def GET():
    config = Config()
    config.set_main_option("script_location", str(ROOT / "db" / "migrations"))
    return [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
