from lib.helper import H
RESULT = H
