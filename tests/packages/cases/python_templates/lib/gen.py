from pathlib import Path


def render():
    return (Path(__file__).parent / "scaffold" / "setup.py").read_text() + (Path(__file__).parent / "scaffold" / "pkg" / "__init__.py").read_text()
