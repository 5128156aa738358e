import asyncio
import starlette.formparsers

from edgeroutes.http import headers
