# /// script
# dependencies = ["aws-lambda-powertools[validation]"]
# ///
from aws_lambda_powertools.utilities.validation import SchemaValidationError, validate


def GET():
    try:
        validate(event={"a": "x"}, schema={"properties": {"a": {"type": "number"}}})
    except SchemaValidationError as error:
        return str(error)
