"""The errors that a use case may raise, one tree for all apps. `config.errors` maps them to HTTP once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from practice.blockers import Blocker


class DomainError(Exception):
    """`message` is the default text, `code` is for programs and never changes its meaning.

    `pointer` is a JSON pointer into the caller's input. `blockers` are all reasons of a refusal.
    `alternatives` are plain JSON values that the caller may try instead. `client_id` is whom it is about,
    where it is one: it decides who may read clinical reasons.
    """

    status = 400
    code = "invalid"
    message = _("This can't be done.")
    pointer: str | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        pointer: str | None = None,
        params: Mapping[str, Any] | None = None,
        blockers: Sequence[Blocker] = (),
        alternatives: Sequence[Any] = (),
        client_id: int | None = None,
    ) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.pointer = self.pointer if pointer is None else pointer
        self.params = dict(params or {})
        self.blockers = tuple(blockers)
        self.alternatives = list(alternatives)
        self.client_id = client_id
        super().__init__(self.code)

    def text(self) -> str:
        """The message in the active language."""
        translated = gettext(self.message)
        return translated % self.params if self.params else translated

    def reasons(self) -> list[str]:
        """Every reason in the active language: the blockers, or else the message."""
        return [blocker.text(gettext) for blocker in self.blockers] or [self.text()]


class Invalid(DomainError):
    message = _("The input is not valid.")


class NotAllowed(DomainError):
    status = 403
    code = "not_allowed"
    message = _("Your role may not do this.")


class OutOfScope(DomainError):
    """Missing and invisible look the same, so that an id can't be probed."""

    status = 404
    code = "not_found"
    message = _("There is no such record.")


class Refused(DomainError):
    """A rule says no. `blockers` has all reasons."""

    status = 409
    code = "refused"
    message = _("This is not possible now.")


class Taken(DomainError):
    """Someone else was faster; our check had passed."""

    status = 409
    code = "taken"
    message = _("That time was just taken.")


class Gone(DomainError):
    status = 410
    code = "gone"
    message = _("This has expired.")


class Stale(DomainError):
    status = 412
    code = "stale"
    message = _("Someone changed this record since you read it.")


class KeyReused(DomainError):
    status = 422
    code = "idempotency_key_reused"
    message = _("This idempotency key was used with another request.")


class StillRunning(DomainError):
    status = 409
    code = "idempotency_key_in_use"
    message = _("The first request with this idempotency key is still running.")


class Busy(DomainError):
    """The database could not give us its locks in time. Safe to repeat."""

    status = 503
    code = "busy"
    message = _("The clinic is busy at the moment. Please try again.")
