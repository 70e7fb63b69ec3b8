import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0003_rules"),
        ("practice", "0003_holiday_calendar"),
        ("scheduling", "0003_group_sessions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InboundMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=20, verbose_name="provider")),
                ("provider_ref", models.CharField(max_length=120, verbose_name="provider's reference")),
                ("sender", models.CharField(max_length=254, verbose_name="from")),
                ("body", models.TextField(verbose_name="text")),
                ("received_at", models.DateTimeField(verbose_name="received")),
                (
                    "meaning",
                    models.CharField(
                        choices=[
                            ("confirm", "confirms"),
                            ("move", "wants another time"),
                            ("ride", "has a ride"),
                            ("call", "wants a call"),
                            ("stop", "wants no more texts"),
                            ("start", "wants texts again"),
                            ("help", "asks for help"),
                            ("unsafe", "may not be safe"),
                            ("unclear", "for a person to read"),
                        ],
                        max_length=10,
                        verbose_name="understood as",
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=20, verbose_name="answered with")),
                (
                    "booking",
                    models.ForeignKey(
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "reply",
                "verbose_name_plural": "replies",
                "ordering": ("-received_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="DeskTask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("unsafe", "may not be safe: call now"),
                            ("call", "wants a call"),
                            ("not_ready", "can't get ready alone"),
                            ("move", "wants another time"),
                            ("reply", "wrote something to read"),
                            ("who", "wrote from a number that is not one client's"),
                            ("texts", "wants texts again"),
                            ("locked", "gave a wrong birth date five times"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("item", models.CharField(blank=True, max_length=20, verbose_name="item")),
                ("detail", models.TextField(blank=True, verbose_name="in their words")),
                ("created_at", models.DateTimeField(verbose_name="since")),
                ("next_alert_at", models.DateTimeField(null=True, verbose_name="next alert")),
                ("alerted_at", models.DateTimeField(null=True, verbose_name="told to whoever is on call")),
                ("done_at", models.DateTimeField(null=True, verbose_name="done")),
                ("outcome", models.CharField(blank=True, max_length=200, verbose_name="what came of it")),
                (
                    "booking",
                    models.ForeignKey(
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practice.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "done_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="done by",
                    ),
                ),
                (
                    "reply",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="notifications.inboundmessage",
                        verbose_name="reply",
                    ),
                ),
            ],
            options={
                "verbose_name": "desk task",
                "verbose_name_plural": "desk tasks",
                "ordering": ("created_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="ClientLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("visit", "getting ready for a visit"),
                            ("aftercare", "care after a visit"),
                            ("support", "the support person's page"),
                            ("offer", "a sooner time"),
                        ],
                        max_length=10,
                        verbose_name="for",
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "booking_version",
                    models.PositiveIntegerField(null=True, verbose_name="version of the time"),
                ),
                (
                    "support_person_id",
                    models.PositiveBigIntegerField(null=True, verbose_name="support person"),
                ),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[("email", "email"), ("sms", "SMS")],
                        max_length=5,
                        verbose_name="channel",
                    ),
                ),
                ("sent_to", models.CharField(blank=True, max_length=254, verbose_name="sent to")),
                ("issued_at", models.DateTimeField(verbose_name="issued")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked")),
                (
                    "viewed_at",
                    models.DateTimeField(
                        help_text="Perhaps by a machine: mail filters open links.",
                        null=True,
                        verbose_name="first fetched",
                    ),
                ),
                (
                    "opened_at",
                    models.DateTimeField(
                        help_text="Somebody chose an answer on it.", null=True, verbose_name="first answered"
                    ),
                ),
                ("used_at", models.DateTimeField(null=True, verbose_name="last used")),
                (
                    "wrong_count",
                    models.PositiveSmallIntegerField(default=0, verbose_name="wrong birth dates"),
                ),
                ("locked_at", models.DateTimeField(null=True, verbose_name="locked")),
                (
                    "booking",
                    models.ForeignKey(
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
                    "offer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scheduling.waitlistoffer",
                        verbose_name="offer",
                    ),
                ),
            ],
            options={
                "verbose_name": "link",
                "verbose_name_plural": "links",
                "ordering": ("-issued_at", "-pk"),
                "indexes": [models.Index(fields=["booking", "purpose"], name="notifications_link_booking")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("booking__isnull", False),
                                ("booking_version__isnull", False),
                                ("offer", None),
                                ("purpose__in", ["visit", "aftercare"]),
                                ("support_person_id", None),
                            ),
                            models.Q(
                                ("booking__isnull", False),
                                ("booking_version__isnull", False),
                                ("offer", None),
                                ("purpose", "support"),
                                ("support_person_id__isnull", False),
                            ),
                            models.Q(
                                ("booking", None),
                                ("booking_version", None),
                                ("offer__isnull", False),
                                ("purpose", "offer"),
                                ("support_person_id", None),
                            ),
                            _connector="OR",
                        ),
                        name="notifications_link_is_about_one",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClientNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "about",
                    models.CharField(
                        choices=[("intention", "intention"), ("after", "after the visit")],
                        max_length=10,
                        verbose_name="about",
                    ),
                ),
                ("text", models.TextField(max_length=1000, verbose_name="text")),
                ("written_at", models.DateTimeField(verbose_name="written")),
                (
                    "booking",
                    models.ForeignKey(
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
            ],
            options={
                "verbose_name": "client's note",
                "verbose_name_plural": "clients' notes",
                "ordering": ("-written_at", "-pk"),
                "constraints": [
                    models.UniqueConstraint(
                        models.F("booking"), models.F("about"), name="notifications_note_one_of_a_kind"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(fields=["client", "-received_at"], name="notifications_inbound_client"),
        ),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(fields=["sender", "-received_at"], name="notifications_inbound_sender"),
        ),
        migrations.AddConstraint(
            model_name="inboundmessage",
            constraint=models.UniqueConstraint(
                models.F("provider"), models.F("provider_ref"), name="notifications_inbound_once"
            ),
        ),
        migrations.AddIndex(
            model_name="desktask",
            index=models.Index(
                condition=models.Q(("done_at", None)), fields=["created_at"], name="notifications_task_open"
            ),
        ),
        migrations.AddIndex(
            model_name="desktask",
            index=models.Index(
                condition=models.Q(("alerted_at", None), ("next_alert_at__isnull", False)),
                fields=["next_alert_at"],
                name="notifications_task_alert",
            ),
        ),
        migrations.AddConstraint(
            model_name="desktask",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at", None), ("done_by", None), ("outcome", "")),
                    models.Q(("done_at__isnull", False), ("done_by__isnull", False), ("outcome__gt", "")),
                    _connector="OR",
                ),
                name="notifications_task_done",
            ),
        ),
    ]
