from edgeroutes import Request, permanent_redirect, redirect, see_other

KINDS = {
    "redirect": lambda: redirect("/hello"),
    "permanent": lambda: permanent_redirect("https://example.org/x?y=1"),
    "see-other": lambda: see_other("../up"),
    "unicode": lambda: redirect("/caf\u00e9 noir"),
}


async def GET(kind: str):
    KINDS[kind]()


POST = GET


async def PUT(request: Request, kind: str):
    redirect(f"{request.url.origin}/{kind}")
