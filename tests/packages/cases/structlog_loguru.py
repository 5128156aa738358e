# /// script
# dependencies = ["structlog", "loguru", "rich"]
# ///
import structlog
from loguru import logger


def GET():
    return [structlog.processors.JSONRenderer()(None, "info", {"a": 1}), logger.level("INFO").no]
