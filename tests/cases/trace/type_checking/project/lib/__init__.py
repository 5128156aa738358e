TYPE_CHECKING = False
if TYPE_CHECKING:
    from lib.models import User
