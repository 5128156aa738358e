class Stamp:
    def __init__(self, get_response):
        self.get_response = get_response
        self.async_capable = False

    def __call__(self, request):
        request.stamp = "stamped"
        return self.get_response(request)
