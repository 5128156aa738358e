from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def GET():
    return [
        path.relative_to(ROOT).as_posix()
        for folder in ("parts", "more")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix == ".txt"
    ]
