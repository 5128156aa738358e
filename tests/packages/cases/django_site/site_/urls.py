from django.urls import include, path

urlpatterns = [path("x", include("site_.shop.urls"))]
