import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("practice", "0002_activity_append_only")]

    operations = [
        migrations.AddField(
            model_name="location",
            name="country",
            field=models.CharField(
                default="US",
                help_text="Two letters, for its public holidays.",
                max_length=2,
                verbose_name="country",
            ),
        ),
        migrations.CreateModel(
            name="PublicHoliday",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on", models.DateField(verbose_name="date")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("loaded_at", models.DateTimeField(verbose_name="loaded")),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="public_holidays",
                        to="practice.location",
                        verbose_name="location",
                    ),
                ),
            ],
            options={
                "verbose_name": "public holiday",
                "verbose_name_plural": "public holidays",
                "ordering": ("location", "on"),
                "constraints": [
                    models.UniqueConstraint(
                        models.F("location"),
                        models.F("on"),
                        name="practice_public_holiday_unique",
                        violation_error_message="This day was offered already.",
                    )
                ],
            },
        ),
    ]
