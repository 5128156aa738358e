import importlib.util
import os
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).resolve().parent
STEPS = HERE / "steps"
paths = [*STEPS.rglob("*.py"), *files("lib.resources").iterdir()]
names = os.listdir(os.path.join(os.path.dirname(__file__), "listed"))
for path in paths:
    importlib.util.spec_from_file_location(path.stem, path)
