import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf.settings")
import django
django.setup()


def GET():
    from django.core.cache import caches
    from django.core.management import call_command
    from django.contrib.auth.hashers import make_password
    from django.db import connections
    from django.template.loader import render_to_string
    from django.core.files.storage import storages
    import io
    out = io.StringIO()
    call_command("migrate", verbosity=0)
    call_command("hello", stdout=out)
    from shop.models import Pet
    from django import forms
    class F(forms.Form):
        a = forms.CharField()
    from django.utils import translation
    with translation.override("de"):
        from django.utils.translation import gettext as _
        de = str(_("January"))
    return [out.getvalue(), type(caches["r"]._cache).__name__, make_password("x")[:7], connections["pg"].vendor, connections["pg"].Database.__name__,
            render_to_string("shop/x.html", {"form": F(), "n": 3}), Pet.objects.count(), de, Pet.objects.first().name]
