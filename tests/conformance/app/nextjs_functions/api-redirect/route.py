from nextjs_functions._shared.handlers import redirect_to_target

GET = POST = redirect_to_target
