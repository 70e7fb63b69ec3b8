from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("practice", "0002_activity_append_only")]

    operations = []
