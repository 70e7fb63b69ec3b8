from practice.models.consents import Consent, ConsentDocument
from practice.models.people import (
    CareTeamMember,
    Channel,
    ChannelConsent,
    Client,
    Clinician,
    ContactPoint,
    Licence,
    Psychiatrist,
    Role,
    SupportPerson,
    Therapist,
    User,
)
from practice.models.places import Closure, Location, Room, TimeOff, WorkingHours
from practice.models.records import Activity, ApiToken, Heartbeat, IdempotencyKey

__all__ = [
    "Activity",
    "ApiToken",
    "CareTeamMember",
    "Channel",
    "ChannelConsent",
    "Client",
    "Clinician",
    "Closure",
    "Consent",
    "ConsentDocument",
    "ContactPoint",
    "Heartbeat",
    "IdempotencyKey",
    "Licence",
    "Location",
    "Psychiatrist",
    "Role",
    "Room",
    "SupportPerson",
    "Therapist",
    "TimeOff",
    "User",
    "WorkingHours",
]
