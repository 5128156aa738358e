INSTALLED_APPS = ["blog", "django.contrib.admin"]
ROOT_URLCONF = "lib.urls"
WSGI = "lib.server.application"
