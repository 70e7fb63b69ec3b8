import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0001_initial"),
        ("scheduling", "0001_initial"),
        ("treatment_plans", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="booking",
            name="booked_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="booked by",
            ),
        ),
        migrations.CreateModel(
            name="FreedTime",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="start")),
                ("ends_at", models.DateTimeField(verbose_name="end")),
                (
                    "because",
                    models.CharField(
                        choices=[
                            ("cancelled", "cancelled"),
                            ("moved", "moved"),
                            ("expired", "not confirmed"),
                            ("absence", "an absence ended"),
                            ("rest", "the rest of a time that was taken"),
                            ("by_hand", "opened by the desk"),
                        ],
                        max_length=10,
                        verbose_name="because",
                    ),
                ),
                ("freed_at", models.DateTimeField(verbose_name="freed")),
                ("look_at", models.DateTimeField(verbose_name="asked about next")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("filled", "filled from the waitlist"),
                            ("gone", "no longer free"),
                            ("hidden", "not offered"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "booking",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scheduling.booking",
                        verbose_name="of the booking",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.location",
                        verbose_name="location",
                    ),
                ),
                (
                    "psychiatrist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.clinician",
                        verbose_name="psychiatrist",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.room",
                        verbose_name="room",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.clinician",
                        verbose_name="therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "freed time",
                "verbose_name_plural": "freed times",
                "ordering": ("starts_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="WaitlistClinician",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "clinician",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.clinician",
                        verbose_name="clinician",
                    ),
                ),
            ],
            options={
                "verbose_name": "waitlist clinician",
                "verbose_name_plural": "waitlist clinicians",
            },
        ),
        migrations.CreateModel(
            name="WaitlistEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        blank=True,
                        default=list,
                        size=7,
                        verbose_name="weekdays",
                    ),
                ),
                (
                    "times",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=django.contrib.postgres.fields.ArrayField(
                            base_field=models.TimeField(), size=2
                        ),
                        blank=True,
                        default=list,
                        size=5,
                        verbose_name="times of day",
                    ),
                ),
                ("earliest_on", models.DateField(blank=True, null=True, verbose_name="not before")),
                ("latest_on", models.DateField(blank=True, null=True, verbose_name="not after")),
                (
                    "notice_minutes",
                    models.PositiveIntegerField(
                        default=0, verbose_name="notice that the client needs in minutes"
                    ),
                ),
                ("since_at", models.DateTimeField(verbose_name="waits since")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("taken", "has taken a time"),
                            ("withdrawn", "no longer wants"),
                            ("ended", "ended by itself"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="added by",
                    ),
                ),
                (
                    "appointment_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scheduling.appointmenttype",
                        verbose_name="appointment type",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "clinicians",
                    models.ManyToManyField(
                        blank=True,
                        related_name="+",
                        through="scheduling.WaitlistClinician",
                        to="practice.clinician",
                        verbose_name="only with these clinicians",
                    ),
                ),
                (
                    "instead_of",
                    models.ForeignKey(
                        blank=True,
                        help_text="The booking that is moved when the client says yes: its time becomes free.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scheduling.booking",
                        verbose_name="instead of",
                    ),
                ),
                (
                    "planned_session",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="treatment_plans.plannedsession",
                        verbose_name="planned session",
                    ),
                ),
            ],
            options={
                "verbose_name": "waitlist entry",
                "verbose_name_plural": "waitlist entries",
                "ordering": ("since_at", "pk"),
            },
        ),
        migrations.AddField(
            model_name="waitlistclinician",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="scheduling.waitlistentry",
                verbose_name="waitlist entry",
            ),
        ),
        migrations.CreateModel(
            name="WaitlistLocation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="scheduling.waitlistentry",
                        verbose_name="waitlist entry",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.location",
                        verbose_name="location",
                    ),
                ),
            ],
            options={
                "verbose_name": "waitlist location",
                "verbose_name_plural": "waitlist locations",
            },
        ),
        migrations.AddField(
            model_name="waitlistentry",
            name="locations",
            field=models.ManyToManyField(
                related_name="+",
                through="scheduling.WaitlistLocation",
                to="practice.location",
                verbose_name="locations",
            ),
        ),
        migrations.CreateModel(
            name="WaitlistOffer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="start")),
                ("ends_at", models.DateTimeField(verbose_name="end")),
                ("sent_at", models.DateTimeField(verbose_name="asked")),
                ("expires_at", models.DateTimeField(verbose_name="answer by")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "asked"),
                            ("accepted", "yes"),
                            ("declined", "no"),
                            ("lost", "someone else was first"),
                            ("expired", "no answer"),
                            ("withdrawn", "taken back"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "booking",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scheduling.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offers",
                        to="scheduling.waitlistentry",
                        verbose_name="waitlist entry",
                    ),
                ),
                (
                    "freed_time",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offers",
                        to="scheduling.freedtime",
                        verbose_name="freed time",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.location",
                        verbose_name="location",
                    ),
                ),
                (
                    "psychiatrist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.clinician",
                        verbose_name="psychiatrist",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.room",
                        verbose_name="room",
                    ),
                ),
                (
                    "sent_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.clinician",
                        verbose_name="therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "waitlist offer",
                "verbose_name_plural": "waitlist offers",
                "ordering": ("-sent_at", "pk"),
            },
        ),
        migrations.AddIndex(
            model_name="freedtime",
            index=models.Index(
                condition=models.Q(("status", "open")), fields=["look_at"], name="scheduling_freed_look"
            ),
        ),
        migrations.AddConstraint(
            model_name="freedtime",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="scheduling_freed_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="freedtime",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("status", "open")),
                    models.Q(("closed_at__isnull", False), ("status__in", ["filled", "gone", "hidden"])),
                    _connector="OR",
                ),
                name="scheduling_freed_status",
            ),
        ),
        migrations.AddIndex(
            model_name="waitlistentry",
            index=models.Index(
                condition=models.Q(("status", "waiting")),
                fields=["since_at"],
                name="scheduling_waitlist_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("status", "waiting")),
                    models.Q(("closed_at__isnull", False), ("status__in", ["taken", "withdrawn", "ended"])),
                    _connector="OR",
                ),
                name="scheduling_waitlist_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("earliest_on", None),
                    ("latest_on", None),
                    ("latest_on__gte", models.F("earliest_on")),
                    _connector="OR",
                ),
                name="scheduling_waitlist_dates",
                violation_error_message="The last day lies before the first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekdays__contained_by", [0, 1, 2, 3, 4, 5, 6])),
                name="scheduling_waitlist_weekdays",
                violation_error_message="A weekday is 0 (Monday) to 6.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("notice_minutes__lte", 43200)),
                name="scheduling_waitlist_notice",
                violation_error_message="Notice is 30 days at most.",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.UniqueConstraint(
                models.F("planned_session"),
                condition=models.Q(("planned_session__isnull", False), ("status", "waiting")),
                name="scheduling_waitlist_session_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.UniqueConstraint(
                models.F("client"),
                models.F("appointment_type"),
                condition=models.Q(("planned_session", None), ("status", "waiting")),
                name="scheduling_waitlist_type_once",
            ),
        ),
        migrations.AddIndex(
            model_name="waitlistoffer",
            index=models.Index(
                condition=models.Q(("status", "open")), fields=["expires_at"], name="scheduling_offer_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistoffer",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="scheduling_offer_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistoffer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_at__gt", models.F("sent_at")), ("expires_at__lt", models.F("starts_at"))
                ),
                name="scheduling_offer_expiry",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistoffer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_at", None), ("status", "open")),
                    models.Q(
                        ("answered_at__isnull", False),
                        ("status__in", ["accepted", "declined", "lost", "expired", "withdrawn"]),
                    ),
                    _connector="OR",
                ),
                name="scheduling_offer_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistoffer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("booking__isnull", False), ("status", "accepted")),
                    models.Q(models.Q(("status", "accepted"), _negated=True), ("booking", None)),
                    _connector="OR",
                ),
                name="scheduling_offer_accepted_is_booked",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistoffer",
            constraint=models.UniqueConstraint(
                models.F("entry"), models.F("freed_time"), name="scheduling_offer_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistoffer",
            constraint=models.UniqueConstraint(
                models.F("entry"),
                condition=models.Q(("status", "open")),
                name="scheduling_offer_one_question",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistoffer",
            constraint=models.UniqueConstraint(
                models.F("client"),
                models.F("starts_at"),
                condition=models.Q(("status", "open")),
                name="scheduling_offer_once_per_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistoffer",
            constraint=models.UniqueConstraint(
                models.F("freed_time"),
                condition=models.Q(("status", "accepted")),
                name="scheduling_offer_one_winner",
            ),
        ),
    ]
