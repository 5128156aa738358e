import concurrent.futures
import typing_extensions
from asyncio import iscoroutinefunction
from aws_lambda_powertools.shared import functions
from edgeroutes import Request

from . import asyncio
