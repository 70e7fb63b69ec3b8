from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from practice import phones
from practice.identifiers import dea_is_well_formed, npi_is_well_formed
from practice.models.base import Revisioned, validate_time_zone


class Role(models.TextChoices):
    PRACTICE_ADMIN = "practice_admin", _("practice admin")
    FRONT_DESK = "front_desk", _("front desk")
    THERAPIST = "therapist", _("therapist")
    PSYCHIATRIST = "psychiatrist", _("psychiatrist")
    NURSE = "nurse", _("nurse")
    AUDITOR = "auditor", _("auditor")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{"roles": [Role.PRACTICE_ADMIN], **fields})


class User(AbstractBaseUser):
    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    roles = ArrayField(
        models.CharField(max_length=20, choices=Role.choices),
        verbose_name=_("roles"),
        default=list,
        blank=True,
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="practice_user_email_lower_case"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    def has_role(self, *roles: str) -> bool:
        return self.is_active and not set(roles).isdisjoint(self.roles)

    @property
    def is_staff(self) -> bool:
        """May sign in to the staff's pages; what is seen there is decided per role."""
        return bool(self.roles)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's own permissions are not used; pages that ask for one are for the practice admin."""
        return self.has_role(Role.PRACTICE_ADMIN)

    def has_module_perms(self, app_label: str) -> bool:
        return bool(self.roles)


def validate_npi(value: str) -> None:
    if value and not npi_is_well_formed(value):
        raise ValidationError(_("This is not a valid NPI: check the ten digits."), code="npi")


def validate_dea_number(value: str) -> None:
    if value and not dea_is_well_formed(value.strip().upper()):
        raise ValidationError(_("This is not a valid DEA number: check it once more."), code="dea")


class Clinician(Revisioned):
    class Kind(models.TextChoices):
        THERAPIST = "therapist", _("therapist")
        PSYCHIATRIST = "psychiatrist", _("psychiatrist")

    user = models.OneToOneField(
        User, models.PROTECT, null=True, blank=True, related_name="clinician", verbose_name=_("login")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=120)
    credentials = models.CharField(
        _("credentials"), max_length=80, blank=True, help_text=_("For example LMFT or MD.")
    )
    npi = models.CharField("NPI", max_length=10, blank=True)
    dea_number = models.CharField(_("DEA number"), max_length=9, blank=True)
    most_minutes_per_day = models.PositiveSmallIntegerField(
        _("most booked minutes a day"), null=True, blank=True
    )
    most_minutes_per_week = models.PositiveSmallIntegerField(
        _("most booked minutes a week"), null=True, blank=True, help_text=_("Weeks begin on Monday.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("clinician")
        verbose_name_plural = _("clinicians")
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind__in=["therapist", "psychiatrist"]),
                name="practice_clinician_kind_known",
            ),
            models.UniqueConstraint("npi", condition=~models.Q(npi=""), name="practice_clinician_npi_unique"),
        )

    def __str__(self) -> str:
        return f"{self.name}, {self.credentials}" if self.credentials else self.name

    def clean(self) -> None:
        super().clean()
        self.dea_number = self.dea_number.strip().upper()
        wrong = {}
        for name, validate in (("npi", validate_npi), ("dea_number", validate_dea_number)):
            try:
                validate(getattr(self, name))
            except ValidationError as refusal:
                wrong[name] = refusal
        if wrong:
            raise ValidationError(wrong)


class _TherapistManager(models.Manager["Therapist"]):
    def get_queryset(self) -> models.QuerySet[Therapist]:
        return super().get_queryset().filter(kind=Clinician.Kind.THERAPIST)


class _PsychiatristManager(models.Manager["Psychiatrist"]):
    def get_queryset(self) -> models.QuerySet[Psychiatrist]:
        return super().get_queryset().filter(kind=Clinician.Kind.PSYCHIATRIST)


class Therapist(Clinician):
    objects: ClassVar[models.Manager[Therapist]] = _TherapistManager()

    class Meta:
        proxy = True
        verbose_name = _("therapist")
        verbose_name_plural = _("therapists")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = self.Kind.THERAPIST
        super().save(*args, **kwargs)


class Psychiatrist(Clinician):
    objects: ClassVar[models.Manager[Psychiatrist]] = _PsychiatristManager()

    class Meta:
        proxy = True
        verbose_name = _("psychiatrist")
        verbose_name_plural = _("psychiatrists")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = self.Kind.PSYCHIATRIST
        super().save(*args, **kwargs)


class Licence(Revisioned):
    clinician = models.ForeignKey(
        Clinician, models.PROTECT, related_name="licences", verbose_name=_("clinician")
    )
    state = models.CharField(_("state"), max_length=2, help_text=_("Two letters, for example CA."))
    number = models.CharField(_("number"), max_length=40)
    valid_from_on = models.DateField(_("valid from"))
    valid_through_on = models.DateField(_("last valid day"))

    class Meta:
        verbose_name = _("licence")
        verbose_name_plural = _("licences")
        ordering = ("clinician", "state", "valid_through_on")
        constraints = (
            models.UniqueConstraint(
                "clinician",
                "state",
                "number",
                name="practice_licence_unique",
                violation_error_message=_("The clinician has this licence already."),
            ),
            models.CheckConstraint(
                condition=models.Q(valid_through_on__gte=models.F("valid_from_on")),
                name="practice_licence_dates",
                violation_error_message=_("The last valid day lies before the first."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.number}"

    def clean(self) -> None:
        super().clean()
        self.state = self.state.strip().upper()


class Client(Revisioned):
    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        SPANISH = "es", _("Spanish")

    class MessageDetail(models.TextChoices):
        PLAIN = "plain", _("plain: says what to do and when")
        DISCREET = "discreet", _("discreet: no health word at all")

    legal_name = models.CharField(_("legal name"), max_length=160)
    preferred_name = models.CharField(_("preferred name"), max_length=80, blank=True)
    pronouns = models.CharField(_("pronouns"), max_length=40, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    language = models.CharField(
        _("language"), max_length=5, choices=Language.choices, default=Language.ENGLISH
    )
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    state = models.CharField(
        _("state of residence"), max_length=2, help_text=_("Two letters, for example CA.")
    )
    location = models.ForeignKey(
        "practice.Location", models.PROTECT, related_name="clients", verbose_name=_("location")
    )
    message_detail = models.CharField(
        _("message detail"), max_length=10, choices=MessageDetail.choices, default=MessageDetail.PLAIN
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("registered"), auto_now_add=True)

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        ordering = ("legal_name", "pk")
        indexes = (
            GinIndex(
                fields=["legal_name", "preferred_name"],
                name="practice_client_name_trgm",
                opclasses=["gin_trgm_ops", "gin_trgm_ops"],
            ),
        )

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.preferred_name or self.legal_name

    def clean(self) -> None:
        super().clean()
        self.state = self.state.strip().upper()
        only_blanks = self.legal_name.isspace()
        self.legal_name, self.preferred_name = self.legal_name.strip(), self.preferred_name.strip()
        if only_blanks:
            raise ValidationError({"legal_name": ValidationError(_("A name is needed."), code="blank")})


class Channel(models.TextChoices):
    EMAIL = "email", _("email")
    SMS = "sms", _("SMS")


class ContactPoint(models.Model):
    """One address of a client. `value` is normalised: E.164 for SMS, lower case for email."""

    client = models.ForeignKey(
        Client, models.CASCADE, related_name="contact_points", verbose_name=_("client")
    )
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    value = models.CharField(_("address or number"), max_length=254)
    label = models.CharField(_("label"), max_length=40, blank=True)
    is_primary = models.BooleanField(_("primary"), default=True)

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        ordering = ("client", "channel", "-is_primary", "pk")
        constraints = (
            models.UniqueConstraint("client", "channel", "value", name="practice_contact_unique"),
            models.UniqueConstraint(
                "client", "channel", condition=models.Q(is_primary=True), name="practice_contact_one_primary"
            ),
        )
        indexes = (
            GinIndex(fields=["value"], name="practice_contact_value_trgm", opclasses=["gin_trgm_ops"]),
        )

    def __str__(self) -> str:
        return self.value

    def clean(self) -> None:
        super().clean()
        self.value = phones.normalise_contact(self.channel, self.value)


class ChannelConsent(models.Model):
    """Whether a client wants to be reached on a channel: one row each; the activity log has the changes."""

    client = models.ForeignKey(
        Client, models.CASCADE, related_name="channel_consents", verbose_name=_("client")
    )
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    granted_at = models.DateTimeField(_("granted"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    source = models.CharField(_("how we know"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("channel consent")
        verbose_name_plural = _("channel consents")
        constraints = (models.UniqueConstraint("client", "channel", name="practice_channel_consent_unique"),)

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {_('yes') if self.is_given else _('no')}"

    @property
    def is_given(self) -> bool:
        return self.granted_at is not None and self.withdrawn_at is None


class SupportPerson(Revisioned):
    client = models.ForeignKey(
        Client, models.CASCADE, related_name="support_persons", verbose_name=_("client")
    )
    name = models.CharField(_("name"), max_length=120)
    relationship = models.CharField(_("relationship"), max_length=60, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    email = models.EmailField(_("email"), blank=True)
    is_escort = models.BooleanField(_("takes the client home"), default=False)
    is_aftercare = models.BooleanField(_("stays with the client"), default=False)
    is_emergency = models.BooleanField(_("emergency contact"), default=False)
    may_be_contacted = models.BooleanField(_("client agreed that we call"), default=False)

    class Meta:
        verbose_name = _("support person")
        verbose_name_plural = _("support persons")
        ordering = ("client", "name", "pk")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.phone:
            try:
                self.phone = phones.normalise(self.phone)
            except ValidationError as wrong:
                raise ValidationError({"phone": wrong}) from wrong


class CareTeamMember(models.Model):
    """A clinician who may see this client, from `joined_at` until `left_at`."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="care_team", verbose_name=_("client"))
    clinician = models.ForeignKey(
        Clinician, models.PROTECT, related_name="care_teams", verbose_name=_("clinician")
    )
    joined_at = models.DateTimeField(_("joined"))
    left_at = models.DateTimeField(_("left"), null=True, blank=True)

    class Meta:
        verbose_name = _("care team member")
        verbose_name_plural = _("care team members")
        constraints = (
            models.UniqueConstraint(
                "client", "clinician", condition=models.Q(left_at=None), name="practice_care_team_unique"
            ),
        )

    def __str__(self) -> str:
        return str(self.clinician)
