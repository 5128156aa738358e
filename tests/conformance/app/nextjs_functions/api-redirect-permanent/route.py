from nextjs_functions._shared.handlers import permanently_redirect_to_target

GET = POST = permanently_redirect_to_target
