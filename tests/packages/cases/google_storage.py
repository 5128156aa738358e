# /// script
# dependencies = ["google-cloud-storage"]
# ///
from google.cloud import storage


def GET():
    return storage.Client.create_anonymous_client().bucket("b").path
