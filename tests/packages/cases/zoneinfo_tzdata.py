# /// script
# dependencies = ["tzdata"]
# ///
from datetime import datetime
from zoneinfo import ZoneInfo, reset_tzpath


def GET():
    reset_tzpath(())
    return datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")).isoformat()
