"""From what people type to clean values; the rules themselves are in the actions."""

from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.accounts.models import ApiToken, Membership
from serai.core.forms import suggesting


def _zones() -> list[tuple[str, str]]:
    return [
        (zone, zone.replace("_", " "))
        for zone in sorted(available_timezones())
        if "/" in zone or zone == "UTC"
    ]


class PreferencesForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=150)
    native_name = forms.CharField(
        label=_("Your name in your own script"),
        max_length=150,
        required=False,
        help_text=_("As on your card."),
    )
    language = forms.ChoiceField(label=_("Language of the pages"), choices=settings.LANGUAGES)
    reads = forms.MultipleChoiceField(
        label=_("Languages you read"),
        choices=settings.LANGUAGES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Texts in these are shown as written, not translated."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=lazy(_zones, list)())
    mail_notices = forms.BooleanField(label=_("Send me notices by mail"), required=False)


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What will use it, such as “reporting script”.")
    )
    scope = forms.ChoiceField(label=_("It may"), choices=ApiToken.Scope.choices)
    days = forms.IntegerField(
        label=_("Ends after (days)"),
        min_value=1,
        max_value=730,
        initial=90,
        help_text=_("At most two years."),
    )


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"))
    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        required=False,
        help_text=_("If you know it, so that they need not write it again."),
    )
    role = forms.ChoiceField(label=pgettext_lazy("membership", "Role"), choices=Membership.Role.choices)
    language = forms.ChoiceField(label=_("Language of the letter"), choices=settings.LANGUAGES)


class AcceptForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        min_length=12,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Four plain words are good."),
    )


class JoinForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=150)
    email = forms.EmailField(label=_("E-mail address"), help_text=_("The answer goes there."))
    organisation_name = forms.CharField(
        label=_("Your organisation"),
        max_length=300,
        widget=forms.TextInput(attrs=suggesting("organisation_suggest", take="label")),
    )
    country_code = forms.ChoiceField(label=_("Country or region"))
    message = forms.CharField(
        label=_("What would you like to do here?"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: object, countries: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["country_code"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *countries]
