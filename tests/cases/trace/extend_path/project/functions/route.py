from shared import here
from shared import there
from closed import there as nowhere
import closed.there
