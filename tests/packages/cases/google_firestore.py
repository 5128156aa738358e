# /// script
# dependencies = ["google-cloud-firestore"]
# ///
from google.cloud import firestore


def GET():
    return [firestore.SERVER_TIMESTAMP.description, firestore.Increment(1).value]
