from __future__ import annotations

import typing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from lib.models import User
    import boto3
else:
    from lib import runtime

if typing.TYPE_CHECKING:
    import nowhere

if not TYPE_CHECKING:
    from lib import negated

if __name__ == "__main__":
    import lib.script
