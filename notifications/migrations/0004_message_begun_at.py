from django.db import migrations, models

# Of messages from before nobody noted whether they were begun: they may have been.
MAY_HAVE_BEEN_BEGUN = "UPDATE notifications_message SET begun_at = started_at WHERE begun_at IS NULL"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_reachable_again")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="begun_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="provider called"),
        ),
        migrations.RunSQL(MAY_HAVE_BEEN_BEGUN, migrations.RunSQL.noop),
    ]
