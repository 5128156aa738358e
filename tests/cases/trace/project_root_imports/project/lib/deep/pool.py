from ..db import connect
