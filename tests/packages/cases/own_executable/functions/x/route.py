import subprocess
from pathlib import Path

from lib import tools


def GET():
    return subprocess.run(
        [Path(tools.__file__).parent / "bin" / "hi.sh"], capture_output=True, text=True, check=True
    ).stdout
