from typing import Annotated

from edgeroutes import File


async def POST(file: Annotated[object, File(max_bytes=20, types=["text/*"])]):
    content = await file.read()
    return {"name": file.filename, "size": len(content), "text": content.decode()}
