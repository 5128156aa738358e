from edgeroutes import revalidate_tag


def update(id: int) -> None:
    revalidate_tag("orders", f"order:{id}")
