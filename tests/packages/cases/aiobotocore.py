# /// script
# dependencies = ["aiobotocore"]
# ///
from aiobotocore.session import get_session


async def GET():
    async with get_session().create_client(
        "s3", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    ) as client:
        return client.meta.service_model.service_name
