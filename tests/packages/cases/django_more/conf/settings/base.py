from pathlib import Path
import environ
env = environ.Env()
BASE_DIR = Path(__file__).parent.parent.parent
SECRET_KEY = "x"
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "crispy_forms", "crispy_bootstrap5", "django_filters", "rest_framework", "shop.apps.ShopConfig"]
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}, "pg": {"ENGINE": "django.db.backends.postgresql", "NAME": "x"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}, "r": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9"}}
STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "DIRS": [BASE_DIR / "templates"], "OPTIONS": {"context_processors": ["shop.context.extra"]}}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES = {"shop": "db.shop_migrations"}
