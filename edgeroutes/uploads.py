"""Files of clients in S3, sent there directly or through the function: `from edgeroutes.uploads import Uploads`."""

from __future__ import annotations

from edgeroutes.guards.content_types import sniff
from edgeroutes.guards.filenames import safe_filename
from edgeroutes.guards.uploads import Upload, Uploads

__all__ = ["Upload", "Uploads", "safe_filename", "sniff"]
