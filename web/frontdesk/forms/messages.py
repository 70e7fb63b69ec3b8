from __future__ import annotations

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy

from notifications.models import Reminder, Switch
from practice.models import Channel
from web.frontdesk.forms.fields import Radio, spoken

PROVIDERS = ("twilio", "smtp")


class SettleForm(forms.Form):
    how = Radio(
        label=gettext_lazy("What was done"),
        choices=spoken(Reminder.Settled, without={Reminder.Settled.OTHER_CHANNEL}),
    )


def _switches() -> list[tuple[str, str]]:
    """Everything, then channels, providers and kinds."""
    everything = (f"{Switch.Scope.EVERYTHING}:", gettext("Everything"))
    channels = [(f"{Switch.Scope.CHANNEL}:{name}", capfirst(str(label))) for name, label in Channel.choices]
    providers = [(f"{Switch.Scope.PROVIDER}:{name}", name.capitalize()) for name in PROVIDERS]
    kinds = [(f"{Switch.Scope.KIND}:{name}", capfirst(str(label))) for name, label in Reminder.Kind.choices]
    return [everything, *channels, *providers, *kinds]


class SwitchForm(forms.Form):
    what = forms.ChoiceField(label=gettext_lazy("Messages"), choices=_switches)
    turn = Radio(
        label=gettext_lazy("Turn"),
        choices=lambda: [("off", gettext("Off: nothing goes out")), ("on", gettext("On"))],
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=200)
