from lib import *
from plain import *
