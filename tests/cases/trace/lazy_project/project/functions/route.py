from lib.facade import shown
import lib.attached
from lib.stubbed import thing
from lib.structured import Model
