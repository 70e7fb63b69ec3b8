import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import practice.models.base


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0002_waitlist"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GroupSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                ("seats", models.PositiveSmallIntegerField(verbose_name="seats")),
                ("starts_at", models.DateTimeField(verbose_name="start")),
                ("ends_at", models.DateTimeField(verbose_name="end")),
                ("starts_on", models.DateField(verbose_name="day on the clinic's clock")),
                ("starts_local", models.TimeField(verbose_name="start on the clinic's clock")),
                (
                    "time_zone",
                    models.CharField(
                        max_length=64,
                        validators=[practice.models.base.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                ("fold", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("moved_at", models.DateTimeField(null=True, verbose_name="moved")),
                ("cancelled_at", models.DateTimeField(null=True, verbose_name="cancelled")),
                ("cancel_reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
            ],
            options={
                "verbose_name": "group session",
                "verbose_name_plural": "group sessions",
                "ordering": ("starts_at", "pk"),
            },
        ),
        migrations.AddField(
            model_name="appointmenttype",
            name="most_members",
            field=models.PositiveSmallIntegerField(
                default=1,
                help_text="More than one makes it a group session, which clients join.",
                verbose_name="most clients",
            ),
        ),
        migrations.AddField(
            model_name="phase",
            name="people",
            field=models.PositiveSmallIntegerField(
                default=1,
                help_text="Two therapists at once: of group sessions only.",
                verbose_name="how many",
            ),
        ),
        migrations.AlterField(
            model_name="occupancy",
            name="booking",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="occupancies",
                to="scheduling.booking",
                verbose_name="booking",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointmenttype",
            constraint=models.CheckConstraint(
                condition=models.Q(("most_members__gte", 1), ("most_members__lte", 50)),
                name="scheduling_type_members",
                violation_error_message="A session has 1 to 50 clients.",
            ),
        ),
        migrations.AddConstraint(
            model_name="phase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("people", 1), models.Q(("people", 2), ("role", "therapist")), _connector="OR"
                ),
                name="scheduling_phase_people",
                violation_error_message="At most two, and only of therapists.",
            ),
        ),
        migrations.AddField(
            model_name="groupsession",
            name="appointment_type",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scheduling.appointmenttype",
                verbose_name="appointment type",
            ),
        ),
        migrations.AddField(
            model_name="groupsession",
            name="location",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="practice.location",
                verbose_name="location",
            ),
        ),
        migrations.AddField(
            model_name="groupsession",
            name="opened_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="opened by",
            ),
        ),
        migrations.AddField(
            model_name="groupsession",
            name="psychiatrist",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="practice.clinician",
                verbose_name="psychiatrist",
            ),
        ),
        migrations.AddField(
            model_name="groupsession",
            name="room",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="practice.room",
                verbose_name="room",
            ),
        ),
        migrations.AddField(
            model_name="groupsession",
            name="second_therapist",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="practice.clinician",
                verbose_name="second therapist",
            ),
        ),
        migrations.AddField(
            model_name="groupsession",
            name="therapist",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="practice.clinician",
                verbose_name="therapist",
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="group_session",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="members",
                to="scheduling.groupsession",
                verbose_name="group session",
            ),
        ),
        migrations.AddField(
            model_name="occupancy",
            name="group_session",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="occupancies",
                to="scheduling.groupsession",
                verbose_name="group session",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("booking__isnull", False), ("group_session", None)),
                    models.Q(("booking", None), ("client", None), ("group_session__isnull", False)),
                    _connector="OR",
                ),
                name="scheduling_occupancy_of_one_session",
            ),
        ),
        migrations.AddIndex(
            model_name="groupsession",
            index=models.Index(fields=["location", "starts_at"], name="scheduling_group_day"),
        ),
        migrations.AddConstraint(
            model_name="groupsession",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="scheduling_group_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupsession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cancel_reason", ""), ("cancelled_at", None)),
                    models.Q(("cancelled_at__isnull", False), models.Q(("cancel_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="scheduling_group_cancelled",
            ),
        ),
    ]
