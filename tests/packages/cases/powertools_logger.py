# /// script
# dependencies = ["aws-lambda-powertools"]
# ///
from aws_lambda_powertools import Logger


def GET():
    return Logger(service="x").name
