"""What people fill in. The rules themselves stand beside the actions; forms ask them and keep what was typed."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from babel import Locale
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, pgettext_lazy, to_locale
from django.utils.translation import gettext_lazy as _

from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.forms import suggesting
from serai.core.viewer import Viewer
from serai.directory import criteria, identifiers, names, places, policies, queries, vocabularies
from serai.directory.actions import Facts, Finding
from serai.directory.actions.entries import clean_website, clean_year
from serai.directory.models import Identifier, Organisation, OrganisationName, Place, Relation

T = TypeVar("T")


def asked(rule: Callable[..., T], *args: Any, **options: Any) -> T:
    """Ask a rule of the actions; what it refuses becomes an error at the field."""
    try:
        return rule(*args, **options)
    except Invalid as error:
        raise ValidationError(str(error.message)) from None


class ActionForm(forms.Form):
    """A form whose action may still refuse, since the world has moved on: then the form comes back as it was."""

    def perform(self, action: Callable[[], T]) -> T | None:
        """Run the action. None, with the reason at its field, when it refuses."""
        try:
            return action()
        except (Invalid, Conflict, NotAllowed) as error:
            fields = {name: text for name, text in error.fields.items() if name in self.fields}
            for name, text in fields.items():
                self.add_error(name, str(text))
            if not fields:
                self.add_error(None, str(error.message))
            return None


def language_choices() -> list[tuple[str, str]]:
    """Languages with a two-letter code by name in the language of the page, Chinese by script."""
    reader = Locale.parse(to_locale(get_language() or "en"))
    found = [
        (code, str(name))
        for code, name in reader.languages.items()
        if len(code) == 2 or code in {"zh_Hans", "zh_Hant"}
    ]
    order = places.sort_order(get_language() or "en")
    return [("", str(_("not known"))), *sorted(found, key=lambda pair: order.getSortKey(pair[1]))]


def country_choices() -> list[tuple[str, str]]:
    return [
        ("", "—"),
        *((place.code, places.place_name(place)) for place in places.by_name(places.countries())),
    ]


def date_field(label: Any, *, required: bool = False, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


# --- facts ------------------------------------------------------------------------------------------------
class FactsForm(ActionForm):
    """What is said of an organisation beside its names. Checked facts are shut when `may_change_checked` is false."""

    kinds = forms.MultipleChoiceField(
        label=_("What it is"),
        choices=Organisation.Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("More than one may fit: a university with a science park is both."),
    )
    country = forms.ChoiceField(label=_("Country or region"), choices=country_choices)
    city = forms.CharField(label=_("City"), required=False, max_length=150)
    website = forms.CharField(label=_("Website"), required=False, max_length=500)
    established = forms.IntegerField(label=_("Founded in"), required=False, help_text=_("A year."))
    size_class = forms.ChoiceField(
        label=_("Size"), required=False, choices=[("", "—"), *vocabularies.SizeClass.choices]
    )
    sectors = forms.MultipleChoiceField(
        label=_("Sectors"),
        required=False,
        choices=vocabularies.Sector.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    fields_of_science = forms.MultipleChoiceField(
        label=_("Fields of science"),
        required=False,
        choices=vocabularies.FieldOfScience.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, may_change_checked: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("kinds", "country", "website"):
            self.fields[name].disabled = not may_change_checked

    @staticmethod
    def initial_of(organisation: Organisation) -> dict[str, Any]:
        facts = Facts.of(organisation)
        return {**vars(facts), "country": facts.country.code if facts.country else ""}

    def clean_city(self) -> str:
        city = self.cleaned_data["city"]
        return asked(names.clean_name, city, limit=150) if city.strip() else ""

    def clean_website(self) -> str:
        return asked(clean_website, self.cleaned_data["website"])

    def clean_established(self) -> int | None:
        return asked(clean_year, self.cleaned_data["established"])

    def facts(self) -> Facts:
        data = self.cleaned_data
        return Facts(
            kinds=data["kinds"],
            country=Place.objects.filter(code=data["country"], kind=Place.Kind.COUNTRY).first(),
            city=data["city"],
            website=data["website"],
            established=data["established"],
            size_class=data["size_class"],
            sectors=data["sectors"],
            fields_of_science=data["fields_of_science"],
        )


class RegisterForm(FactsForm):
    """A new organisation. When one of the same name in the same country is here already, it asks first."""

    name = forms.CharField(
        label=_("Legal name"), max_length=500, help_text=_("As in its register, in its own script.")
    )
    name_language = forms.ChoiceField(
        label=_("Language of the name"), required=False, choices=language_choices
    )
    confirmed = forms.BooleanField(
        label=_("None of these: register a new one"), required=False, widget=forms.HiddenInput
    )

    field_order = ("name", "name_language", "kinds", "country", "city", "website", "established")

    def __init__(self, *args: Any, viewer: Viewer, **options: Any) -> None:
        super().__init__(*args, **options)
        self.viewer = viewer
        self.similar: list[Organisation] = []
        for name in ("size_class", "sectors", "fields_of_science"):
            del self.fields[name]

    def clean_name(self) -> str:
        return asked(names.clean_name, self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("name") and data.get("country") and not data.get("confirmed"):
            country = places.in_country(data["country"])
            same = queries.same_named([data["name"]], country)
            self.similar = list(
                same.filter(pk__in=policies.visible_organisations(self.viewer).values("pk"))[:5]
            )
        if self.similar:
            self.fields["confirmed"].widget = forms.CheckboxInput()
            raise ValidationError(_("An organisation of this name is here already. Is it yours?"))
        return data

    def facts(self) -> Facts:
        data = self.cleaned_data
        return Facts(
            kinds=data["kinds"],
            country=places.in_country(data["country"]),
            city=data["city"],
            website=data["website"],
            established=data["established"],
        )


# --- parts ------------------------------------------------------------------------------------------------
class NameForm(ActionForm):
    text = forms.CharField(label=_("Name"), max_length=500)
    language = forms.ChoiceField(label=_("Language"), required=False, choices=language_choices)
    kind = forms.ChoiceField(label=_("Kind of name"), choices=OrganisationName.Kind.choices, initial="label")

    def clean_text(self) -> str:
        return asked(names.clean_name, self.cleaned_data["text"])


class TextForm(ActionForm):
    language = forms.ChoiceField(label=_("Language"), choices=language_choices)
    summary = forms.CharField(
        label=_("Summary"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One or two sentences; everybody can read them."),
    )
    description = forms.CharField(
        label=_("Description"), required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 8})
    )


class IdentifierForm(ActionForm):
    scheme = forms.ChoiceField(label=_("Scheme"), choices=Identifier.Scheme.choices)
    value = forms.CharField(
        label=_("Number"), max_length=200, help_text=_("Addresses and spaces may stay in.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("scheme") and data.get("value"):
            try:
                data["value"] = identifiers.normalise(data["scheme"], data["value"])
            except Invalid as error:
                self.add_error("value", str(error.message))
        return data


class LabelForm(ActionForm):
    name = forms.CharField(
        label=_("Label"),
        max_length=200,
        help_text=_("A level, accreditation or distinction, as its issuer calls it."),
    )
    language = forms.ChoiceField(label=_("Language of the label"), choices=language_choices, initial="en")
    issuer = forms.CharField(label=_("Given by"), max_length=200)
    issued_on = date_field(_("Given on"), required=True)
    valid_until = date_field(_("Valid until"), help_text=_("Leave empty if it does not end."))

    def clean_name(self) -> str:
        return asked(names.clean_name, self.cleaned_data["name"], limit=200)

    def clean_issuer(self) -> str:
        return asked(names.clean_name, self.cleaned_data["issuer"], limit=200)


class OtherField(forms.CharField):
    """Another organisation, by its name, an identifier or the address of its page here.

    The form that holds it sets `viewer`; only organisations that person sees are found.
    """

    viewer: Viewer

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), **suggesting("organisation_suggest")}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        visible = policies.visible_organisations(self.viewer)
        known = next(filter(None, map(_uuid, reversed(text.rstrip("/").split("/")))), None)
        if known:
            return self._one(list(visible.filter(pk=known)))
        exact = list(visible.select_related("country").filter(name__iexact=text).order_by("pk")[:6])
        return self._one(exact or list(queries.found(self.viewer, queries.Search(text=text))[:6]))

    def _one(self, found: list[Organisation]) -> Organisation:
        if not found:
            raise ValidationError(_("No organisation of this name is here."))
        if len(found) > 1:
            listed = "; ".join(f"{o.name} ({o.country.code if o.country else '—'})" for o in found[:5])
            raise ValidationError(
                _(
                    "Several organisations fit: %(names)s. Write more of the name, or paste the address of its page."
                ),
                params={"names": listed},
            )
        return found[0]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class RelationForm(ActionForm):
    kind = forms.ChoiceField(label=_("This organisation"), choices=Relation.Kind.choices)
    target = OtherField(
        label=_("Other organisation"), help_text=_("Its name, an identifier, or the address of its page.")
    )
    since = date_field(_("Since"))
    until = date_field(_("Until"))

    def __init__(self, *args: Any, viewer: Viewer, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["target"].viewer = viewer  # type: ignore[attr-defined]


# --- stewards ---------------------------------------------------------------------------------------------
class VerificationForm(ActionForm):
    """For each criterion whether it is met and what shows it; a reason when the entry goes back."""

    reason = forms.CharField(
        label=_("Reason, if it goes back"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What the managers should correct. They read this."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for criterion in criteria.CRITERIA:
            self.fields[f"{criterion.name}_met"] = forms.BooleanField(
                label=criterion.question, required=False
            )
            self.fields[f"{criterion.name}_evidence"] = forms.CharField(
                label=pgettext_lazy("verification", "What shows it"),
                required=False,
                max_length=500,
                help_text=criterion.evidence,
            )

    def pairs(self) -> list[tuple[Any, Any]]:
        """(bound tick, bound evidence) of each criterion in the published order."""
        return [(self[f"{name}_met"], self[f"{name}_evidence"]) for name in criteria.NAMES]

    def findings(self) -> Mapping[str, Finding]:
        data = self.cleaned_data
        return {
            name: Finding(data[f"{name}_met"], data[f"{name}_evidence"])
            for name in criteria.NAMES
            if data[f"{name}_met"] or data[f"{name}_evidence"].strip()
        }

    def require_all(self) -> bool:
        """Whether every criterion is met and shown; the missing ones get their message."""
        for name in criteria.NAMES:
            if not self.cleaned_data[f"{name}_met"]:
                self.add_error(f"{name}_met", _("Not met: then the entry goes back with a reason."))
            elif not self.cleaned_data[f"{name}_evidence"].strip():
                self.add_error(f"{name}_evidence", _("Write what shows it."))
        return not self.errors


class SuspendForm(ActionForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The managers read it."),
    )


class EndForm(ActionForm):
    ending = forms.ChoiceField(
        label=_("What happened"),
        choices=[(s.value, s.label) for s in queries.ENDINGS],
        widget=forms.RadioSelect,
    )
    successor = OtherField(
        label=_("Which organisation succeeds it"),
        required=False,
        help_text=_(
            "Its name, an identifier, or the address of its page. After a merger the listings are the successor's, "
            "until you list the organisation again."
        ),
    )
    reason = forms.CharField(
        label=_("Note"), required=False, max_length=500, help_text=_("Everybody can read it.")
    )

    def __init__(self, *args: Any, viewer: Viewer, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["successor"].viewer = viewer  # type: ignore[attr-defined]
