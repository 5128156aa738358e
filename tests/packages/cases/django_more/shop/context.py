def extra(request): return {}
