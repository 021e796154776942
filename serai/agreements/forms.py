"""HTTP input of the agreements' pages turned into clean values."""

import re
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from serai.agreements import policies, queries
from serai.agreements.actions import NewParty, NewText, Terms
from serai.agreements.fields import Field
from serai.agreements.models import Agreement
from serai.agreements.pages import ActionForm
from serai.core.forms import suggesting
from serai.core.tiers import Tier
from serai.core.viewer import Viewer
from serai.core.words import language_name, on_day
from serai.directory.models import Organisation, Place
from serai.directory.places import by_name, place_name, sort_order
from serai.directory.policies import visible_organisations

UUID_IN = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
MOST_NAMED = 20
LANGUAGES = (
    "ar", "bg", "bn", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "hy", "id",
    "it", "ja", "ka", "kk", "km", "ko", "ky", "lo", "lt", "lv", "mn", "ms", "my", "ne", "nl", "no", "pl", "pt", "ro",
    "ru", "si", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "tg", "th", "tk", "tr", "uk", "ur", "uz", "vi", "zh",
)  # fmt: skip
TIERS = [
    (Tier.PUBLIC.value, gettext_lazy("Everybody")),
    (Tier.NETWORK.value, gettext_lazy("Members of verified organisations")),
    (Tier.MUTUAL.value, gettext_lazy("Only the parties")),
]


def day(**kwargs: Any) -> forms.DateField:
    """A date with the browser's own picker."""
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class PlaceField(forms.ModelChoiceField):
    """A country, region or union, by name in the reader's language."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Place.objects.none(), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return place_name(obj)


class PlacesField(forms.ModelMultipleChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Place.objects.none(), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return place_name(obj)


def offer_places(field: Any, *kinds: str) -> None:
    """Give a place field its choices, in the alphabetical order of the reader's language."""
    found = Place.objects.filter(kind__in=kinds or [Place.Kind.COUNTRY, Place.Kind.GROUPING])
    field.queryset = found
    sorted_choices = [(place.pk, place_name(place)) for place in by_name(found)]
    empty = [] if isinstance(field, forms.ModelMultipleChoiceField) else [("", "—")]
    field.choices = empty + sorted_choices
    field.widget.choices = field.choices


class OrganisationsField(forms.CharField):
    """Organisations, one a line: by their name here or the address of their page. Cleans to a list."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, **suggesting("organisation_suggest")})
        super().__init__(widget=widget, **{"max_length": 8000, **kwargs})
        self.viewer: Viewer | None = None

    def clean(self, value: Any) -> list[Organisation]:  # type: ignore[override]
        text = super().clean(value)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) > MOST_NAMED:
            raise forms.ValidationError(_("Name at most %(n)d.") % {"n": MOST_NAMED})
        return [self._one(line) for line in lines]

    def _one(self, line: str) -> Organisation:
        assert self.viewer is not None
        known = visible_organisations(self.viewer)
        address = UUID_IN.search(line)
        if address:
            found = list(known.filter(pk=UUID(address.group()))[:1])
        else:
            named = Q(name__iexact=line) | Q(names__text__iexact=line)
            found = list(known.filter(named).distinct().order_by("pk")[:2])
        if len(found) == 1:
            one: Organisation = found[0]
            return one
        if found:
            raise forms.ValidationError(
                _("More than one organisation is called %(name)s. Paste the address of its page.")
                % {"name": line}
            )
        raise forms.ValidationError(_("No organisation here is called %(name)s.") % {"name": line})


class LanguageField(forms.ChoiceField):
    """The language of a text; first that of the page."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Language of the text"))
        super().__init__(choices=language_choices, initial=page_language, **kwargs)


class AgreementField(forms.ModelChoiceField):
    """One of the viewer's agreements, by title, with its kind and the day it was signed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Agreement.objects.none(), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        signed = on_day(obj.signed_on) if obj.signed_on else obj.get_status_display()
        return " · ".join([queries.title_of(obj)[0], str(obj.get_kind_display()), str(signed)])


def page_language() -> str:
    return (get_language() or "en").split("-")[0]


def language_choices() -> list[tuple[str, str]]:
    order = sort_order(get_language() or "en")
    named = ((tag, str(language_name(tag))) for tag in LANGUAGES)
    return sorted(named, key=lambda pair: order.getSortKey(pair[1]))


class TermsForm(ActionForm):
    """The terms of an agreement and its first text."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of agreement"),
        choices=Agreement.Kind.choices,
        initial=Agreement.Kind.COOPERATION,
    )
    level = forms.ChoiceField(
        label=gettext_lazy("Between whom"),
        choices=Agreement.Level.choices,
        initial=Agreement.Level.INSTITUTIONAL,
    )
    is_binding = forms.BooleanField(
        label=gettext_lazy("It binds the parties in law"), required=False, initial=True
    )
    fields_of_science = forms.MultipleChoiceField(
        label=gettext_lazy("Fields of cooperation"),
        choices=Field.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    tier = forms.ChoiceField(
        label=gettext_lazy("Who may know of it once it is signed"),
        choices=TIERS,
        initial=Tier.MUTUAL,
        help_text=gettext_lazy(
            "Title, parties, dates and fields. The wording is always for the parties only."
        ),
    )
    ends_on = day(
        label=gettext_lazy("Ends on"),
        required=False,
        help_text=gettext_lazy("Leave empty if it has no term."),
    )
    renewal = forms.ChoiceField(
        label=gettext_lazy("At its end"),
        choices=Agreement.Renewal.choices,
        initial=Agreement.Renewal.EXPLICIT,
    )
    term_months = forms.IntegerField(
        label=gettext_lazy("Prolonged by how many months"), required=False, min_value=1, max_value=600
    )
    notice_days = forms.IntegerField(
        label=gettext_lazy("Days of notice before the end"), initial=90, min_value=0, max_value=3650
    )
    due_on = day(label=gettext_lazy("Next step expected by"), required=False)

    def terms(self) -> Terms:
        data = self.cleaned_data
        names = (
            "kind",
            "level",
            "is_binding",
            "tier",
            "ends_on",
            "renewal",
            "notice_days",
            "term_months",
            "due_on",
        )
        return Terms(fields=data["fields_of_science"], **{name: data[name] for name in names})


class TextForm(ActionForm):
    """Title and summary in one language."""

    language = LanguageField()
    title = forms.CharField(label=gettext_lazy("Title"), max_length=300)
    summary = forms.CharField(
        label=gettext_lazy("In short"),
        max_length=3000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("What it is for. Whoever may know of the agreement reads this."),
    )
    is_authentic = forms.BooleanField(
        label=gettext_lazy("This language version is authentic"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Valid in law, not a translation."),
    )

    def text(self) -> NewText:
        data = self.cleaned_data
        return NewText(data["language"], data["title"], data["summary"], data["is_authentic"])


class CaseAgreementForm(TextForm, TermsForm):
    """An agreement between parties that are known already."""

    follows = AgreementField(
        label=gettext_lazy("Earlier agreement that it renews or carries out"),
        required=False,
        empty_label="—",
        help_text=gettext_lazy("One that one of its parties has signed. Both stand on one chain then."),
    )
    field_order = ["language", "title", "summary", "is_authentic", "kind", "level", "is_binding", "follows"]

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        follows: Any = self.fields["follows"]
        follows.queryset = queries.own_agreements(viewer).filter(status__in=policies.CONCLUDED)


class DraftForm(CaseAgreementForm):
    """An agreement with its parties."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=gettext_lazy("Your organisation"), empty_label=None
    )
    acts_for = PlaceField(
        label=gettext_lazy("It signs for a country or union"),
        required=False,
        help_text=gettext_lazy("Only where governments agree."),
    )
    others = OrganisationsField(
        label=gettext_lazy("The other organisations"),
        required=False,
        help_text=gettext_lazy("One a line: the name as it stands here, or the address of its page."),
    )
    other_places = PlacesField(
        label=gettext_lazy("Other countries or unions that sign themselves"),
        required=False,
        help_text=gettext_lazy("Only where governments agree and none of their organisations is here."),
    )
    field_order = [
        "organisation",
        "others",
        "acts_for",
        "other_places",
        *CaseAgreementForm.field_order,
    ]

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, viewer=viewer, **kwargs)
        own: Any = self.fields["organisation"]
        own.queryset = policies.organisations_acted_for(viewer).order_by("name")
        others: Any = self.fields["others"]
        others.viewer = viewer
        offer_places(self.fields["acts_for"])
        offer_places(self.fields["other_places"])

    def parties(self) -> list[NewParty]:
        data = self.cleaned_data
        return [
            NewParty(data["organisation"], data["acts_for"]),
            *(NewParty(organisation) for organisation in data["others"]),
            *(NewParty(place=place) for place in data["other_places"]),
        ]


class BodyForm(ActionForm):
    language = LanguageField()
    body = forms.CharField(
        label=gettext_lazy("The wording"), max_length=200_000, widget=forms.Textarea(attrs={"rows": 24})
    )


class SignForm(ActionForm):
    signatory = forms.CharField(label=gettext_lazy("Signed by"), max_length=150)
    signatory_office = forms.CharField(label=gettext_lazy("Office"), max_length=150, required=False)
    signed_on = day(label=gettext_lazy("Signed on"), initial=timezone.localdate)
    place = forms.CharField(label=gettext_lazy("Place"), max_length=150, required=False)


class ForceForm(ActionForm):
    on = day(label=gettext_lazy("In force since"), initial=timezone.localdate)
    ends_on = day(
        label=gettext_lazy("Ends on"),
        required=False,
        help_text=gettext_lazy("Leave empty to keep the agreed end."),
    )


class RenewForm(ActionForm):
    ends_on = day(label=gettext_lazy("New end"))


class EndForm(ActionForm):
    on = day(label=gettext_lazy("Ended on"), initial=timezone.localdate)
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class CommitmentForm(ActionForm):
    party: Any = forms.ModelChoiceField(None, label=gettext_lazy("Who"), empty_label=None)
    text = forms.CharField(
        label=gettext_lazy("Will do what"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    language = LanguageField()
    due_on = day(label=gettext_lazy("By when"))

    def __init__(self, *args: Any, agreement: Agreement, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["party"]
        field.queryset = agreement.parties.select_related("organisation", "place")
        field.label_from_instance = lambda party: (
            party.organisation.name if party.organisation else place_name(party.place)
        )


class ReasonForm(ActionForm):
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )
