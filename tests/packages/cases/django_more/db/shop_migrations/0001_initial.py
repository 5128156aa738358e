from django.db import migrations, models


def fill(apps, _):
    apps.get_model("shop", "Pet").objects.create(name="Rex")


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.CreateModel("Pet", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=9))]),
        migrations.RunPython(fill),
    ]
