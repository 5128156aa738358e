from pathlib import Path

QUERIES = [path.read_text() for path in (Path(__file__).parent / "sql").glob("*.sql")]
