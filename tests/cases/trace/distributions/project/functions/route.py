from google.cloud import storage
import google.auth.transport
from six.moves import urllib
import native._core
import stray
from PIL import Image
