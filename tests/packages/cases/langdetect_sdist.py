# /// script
# dependencies = ["langdetect"]
# ///
from langdetect import DetectorFactory, detect

DetectorFactory.seed = 0


def GET():
    return detect("Dies ist ein kurzer deutscher Satz, der erkannt werden soll.")
