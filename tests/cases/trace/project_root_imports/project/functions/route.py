import json
from functions._shared.greeting import greet
from lib.db import connect
from lib import sub, VERSION
import lib.deep.inner as inner
