from django.urls import include, path

urlpatterns = [path("", include("site_.shop.urls"))]
