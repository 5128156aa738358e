from edgeroutes import redirect


def GET():
    try:
        redirect("/x")
    except Exception as caught:
        return {"location": caught.location, "status": caught.status}
