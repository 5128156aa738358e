from lib import two
