# /// script
# dependencies = ["azure-storage-blob", "azure-identity"]
# ///
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobClient


def GET():
    return [BlobClient.from_blob_url("https://a.blob.core.windows.net/c/b").blob_name, DefaultAzureCredential.__name__]
