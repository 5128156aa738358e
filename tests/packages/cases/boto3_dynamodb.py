# /// script
# dependencies = ["boto3"]
# ///
import boto3


def GET():
    return boto3.client("dynamodb", region_name="eu-central-1").meta.service_model.service_name
