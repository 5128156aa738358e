from lib import one
