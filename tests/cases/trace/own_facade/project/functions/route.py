from edgeroutes import Request

from lib import answers
