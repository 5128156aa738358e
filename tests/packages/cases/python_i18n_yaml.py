# /// script
# dependencies = ["python-i18n[yaml]"]
# ///
import i18n


def GET():
    return sorted(i18n.resource_loader.loaders)
