from django.apps import apps
from django.http import JsonResponse
from django.template.loader import render_to_string


def show(request):
    models = [model.__name__ for model in apps.get_app_config("shop").get_models()]
    return JsonResponse({"models": models, "stamp": request.stamp, "html": render_to_string("shop/x.html", {"a": 1})})
