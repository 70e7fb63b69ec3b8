"""What every page of the admin has in common: roles, scope, activity, and no name in an address.

`RoleAdmin` is for records that are edited as they stand; `UseCaseAdmin` for those that only a use case
writes: here they are read.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models, transaction
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice import activity, present
from practice.access import CLINICAL, DESK, visible_to
from practice.models import Activity, User
from practice.models.base import Revisioned

READS_CLIENTS_BY_NAME = DESK | CLINICAL  # an auditor reads the activity log, and no names

POSTED_SEARCH = "search"
SEARCHES_KEPT = 20


def user_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _is_one_of(request: HttpRequest, roles: frozenset[Any]) -> bool:
    """Also asked about nobody: the sign-in page has the site's context too."""
    return isinstance(request.user, User) and request.user.has_role(*roles)


class RoleRules(BaseModelAdmin):
    """Which roles may see, write and remove; none unless named.

    `client` is the path from a row to its client, None for rows about no client.
    """

    viewers: frozenset[Any] = frozenset()
    editors: frozenset[Any] = frozenset()
    removers: frozenset[Any] = frozenset()
    client: str | None = None

    # The browser's own pickers: one labelled field each, usable by keyboard, no script.
    formfield_overrides = {
        models.DateField: {"widget": forms.DateInput({"type": "date"}, format="%Y-%m-%d")},
        models.TimeField: {"widget": forms.TimeInput({"type": "time"}, format="%H:%M")},
        models.DateTimeField: {
            "form_class": forms.DateTimeField,
            "widget": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        },
    }

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_one_of(request, self.viewers | self.editors)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_one_of(request, self.editors)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_one_of(request, self.editors)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_one_of(request, self.removers)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        return visible_to(user_of(request), rows, client=self.client, roles=self.viewers | self.editors)


class RevisionForm(forms.ModelForm):
    """Refuses to write over what somebody else changed since the form was opened."""

    read_revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["read_revision"] = self.instance.revision

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk and cleaned.get("read_revision") != self.instance.revision:
            raise forms.ValidationError(
                _("Someone changed this record since you opened it. Open it again, then make your change."),
                code="stale",
            )
        return cleaned


class PrivateChangeList(ChangeList):
    """Shows the words that were searched for, of which the address has only a token."""

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        about = self.model_admin
        self.search_is_private = isinstance(about, RoleRules) and about.client is not None
        self.shown_query = searched_words(request, self.query) if self.search_is_private else self.query


class RoleAdmin(RoleRules, admin.ModelAdmin):
    list_per_page = 50
    show_full_result_count = False

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        if self._is_guarded(request, obj):
            kwargs.setdefault("form", RevisionForm)
        form: type[forms.ModelForm] = super().get_form(request, obj, change=change, **kwargs)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))
        if self._is_guarded(request, obj) and "read_revision" not in flatten_fieldsets(fieldsets):
            name, options = fieldsets[0]
            fieldsets[0] = (name, {**options, "fields": [*options["fields"], "read_revision"]})
        return fieldsets

    def _is_guarded(self, request: HttpRequest, obj: Any) -> bool:
        is_plain = self.form is forms.ModelForm
        return is_plain and isinstance(obj, Revisioned) and self.has_change_permission(request, obj)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Locked while it is being written, so that nobody's change is lost between read and save."""
        found = super().get_object(request, object_id, from_field)
        is_write = request.method == "POST" and transaction.get_connection().in_atomic_block
        if is_write and isinstance(found, Revisioned):
            rows = type(found)._default_manager.select_for_update(no_key=True, of=("self",))
            found.revision = rows.get(pk=found.pk).revision
        return found

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        _count_revision(obj)
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for instance in formset.save(commit=False):
            _count_revision(instance)
            instance.save()
        for gone in formset.deleted_objects:
            gone.delete()

    # What is written is remembered in the activity log, in the same transaction

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        fields = [name for name in form.changed_data if name != "read_revision"]
        for formset in formsets or ():
            if formset.new_objects or formset.changed_objects or formset.deleted_objects:
                fields.append(formset.prefix)
        return {"fields": fields}

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._record(request, obj, "added", message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._record(request, obj, "changed", message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[models.Model]) -> list[Any]:
        for obj in queryset:
            self._record(request, obj, "removed", {})
        return []

    def _record(self, request: HttpRequest, obj: models.Model, verb: str, data: Mapping[str, Any]) -> None:
        with transaction.atomic():
            activity.record(
                f"{obj._meta.model_name}.{verb}", obj, actor=user_of(request), at=present.now(), data=data
            )

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None or not self.has_view_permission(request, obj):
            raise PermissionDenied
        rows = Activity.objects.filter(
            subject_type=obj._meta.concrete_model._meta.label_lower, subject_id=obj.pk
        ).select_related("actor")[:200]
        entries = Paginator([HistoryEntry.of(row) for row in rows], 200).get_page(1)
        return super().history_view(
            request,
            object_id,
            {"action_list": entries, "pagination_required": False, **(extra_context or {})},
        )

    # Searching for a person must not write the name into an address, which logs and browsers keep

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PrivateChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and POSTED_SEARCH in request.POST:
            query = request.GET.copy()
            query.pop(SEARCH_VAR, None)
            words = request.POST[POSTED_SEARCH].strip()
            if words:
                query[SEARCH_VAR] = remember_search(request, words)
            return HttpResponseRedirect(f"?{query.urlencode()}")
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        if self.client is not None and search_term:
            search_term = searched_words(request, search_term)
            if not search_term:
                return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)


class UseCaseAdmin(RoleAdmin):
    """Read here, written by use cases only: no add, no change, no delete."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LabelledFormSet(BaseInlineFormSet):
    """In a table the column's heading is no label of the field."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for name, field in form.fields.items():
            label = gettext("Remove") if name == "DELETE" else capfirst(str(field.label or name))
            field.widget.attrs.setdefault("aria-label", label)


class RoleInline(RoleRules, admin.TabularInline):
    extra = 0
    formset = LabelledFormSet


@dataclass(frozen=True)
class HistoryEntry:
    """An activity row as the admin's history page wants it."""

    action_time: datetime
    user: Any
    get_change_message: str

    @classmethod
    def of(cls, row: Activity) -> HistoryEntry:
        fields = row.data.get("fields") or []
        words = f"{row.action}: {', '.join(map(str, fields))}" if fields else row.action
        return cls(row.at, row.actor or _System(), words)


class _System:
    def get_username(self) -> str:
        return gettext("the system")


def remember_search(request: HttpRequest, words: str) -> str:
    """Keep the words in the session; returns the token that stands for them in addresses."""
    kept: Sequence[list[str]] = request.session.get("searches", [])
    token = secrets.token_urlsafe(6)
    request.session["searches"] = [*kept[-SEARCHES_KEPT + 1 :], [token, words[:200]]]
    return token


def searched_words(request: HttpRequest, token: str) -> str:
    """What was searched for, '' if the token is none of this session."""
    return dict(request.session.get("searches", [])).get(token, "")


def _count_revision(obj: Any) -> None:
    if isinstance(obj, Revisioned) and obj.pk:
        obj.revision += 1
