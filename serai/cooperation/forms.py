"""HTTP input of the pages of cases, projects, facilities and results turned into clean values."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.agreements.fields import Field
from serai.agreements.forms import (
    TIERS,
    AgreementField,
    LanguageField,
    OrganisationsField,
    PlaceField,
    PlacesField,
    day,
    offer_places,
)
from serai.agreements.pages import ActionForm
from serai.agreements.policies import organisations_acted_for
from serai.cooperation import units
from serai.cooperation.actions import NewFacilityText, NewProjectParty, NewProjectText
from serai.cooperation.models import Case, Facility, Project, ProjectParty, Result
from serai.cooperation.queries import agreements_to_build_on
from serai.core import files
from serai.core.tiers import Tier
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place

LEVELS = [("", "—"), *((str(n), str(n)) for n in range(1, 10))]


def words(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def whole_number(value: str) -> int | None:
    return int(value) if value else None


class WithPartners(ActionForm):
    """Your own organisation and the others."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=_("Your organisation"), empty_label=None
    )
    others = OrganisationsField(
        label=_("The other organisations"),
        help_text=_("One a line: the name as it stands here, or the address of its page."),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own: Any = self.fields["organisation"]
        own.queryset = organisations_acted_for(viewer).order_by("name")
        others: Any = self.fields["others"]
        others.viewer = viewer

    def organisations(self) -> list[Organisation]:
        return [self.cleaned_data["organisation"], *self.cleaned_data["others"]]


class CaseForm(WithPartners):
    title = forms.CharField(label=_("What it is about"), max_length=300)
    language = LanguageField()
    next_step = forms.CharField(label=_("What happens first"), max_length=300, required=False)
    due_on = day(label=_("By when"), required=False)
    field_order = ["title", "language"]


class OpenForm(ActionForm):
    """What a case is called that an interest or a meeting leads to: first by the listing, if nobody says otherwise."""

    title = forms.CharField(
        label=_("What it is about"),
        max_length=300,
        required=False,
        help_text=_("Both sides keep this title, also when the listing is taken back later."),
    )
    language = LanguageField(required=False)


class StepForm(ActionForm):
    next_step = forms.CharField(label=_("What happens next"), max_length=300)
    due_on = day(label=_("By when"))


class StallForm(ActionForm):
    reason = forms.CharField(label=_("Why it rests"), max_length=500, widget=words())
    resume_on = day(label=_("Look at it again on"))


class ReasonForm(ActionForm):
    reason = forms.CharField(label=_("Why"), max_length=500, widget=words())


class OwnerForm(ActionForm):
    owner: Any = forms.ModelChoiceField(None, label=_("New owner"), empty_label=None)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["owner"]
        field.queryset = people


class ProjectForm(ActionForm):
    """A project: title first; who brings and gets what is stated for each party known from the case."""

    title = forms.CharField(label=_("Title"), max_length=300)
    language = LanguageField()
    summary = forms.CharField(label=_("In short"), max_length=4000, required=False, widget=words(5))
    field = forms.ChoiceField(label=_("Field"), choices=[("", "—"), *Field.choices], required=False)
    trl_start = forms.TypedChoiceField(
        label=_("Readiness level (TRL) at the start"),
        choices=LEVELS,
        coerce=whole_number,
        empty_value=None,
        required=False,
    )
    trl_end = forms.TypedChoiceField(
        label=_("Readiness level aimed at"),
        choices=LEVELS,
        coerce=whole_number,
        empty_value=None,
        required=False,
    )
    tier = forms.ChoiceField(
        label=_("Who may know of it once it is signed"), choices=TIERS, initial=Tier.MUTUAL
    )
    starts_on = day(label=pgettext_lazy("project", "Begins"), required=False)
    ends_on = day(label=pgettext_lazy("project", "Ends"), required=False)
    due_on = day(label=_("Next step expected by"), required=False)

    def __init__(self, *args: Any, parties: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parties = parties
        add_shares(self, parties)

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        names = ("field", "trl_start", "trl_end", "tier", "starts_on", "ends_on", "due_on")
        return {
            "texts": [NewProjectText(data["language"], data["title"], data["summary"])],
            "parties": shares_of(self, self.parties),
            **{name: data[name] for name in names},
        }


class SharesForm(ActionForm):
    """The statement of what each party brings and gets."""

    def __init__(self, *args: Any, parties: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parties = parties
        add_shares(self, parties)


_O, _S = Organisation.Kind, ProjectParty.Sector
SECTOR_OF: dict[str, str] = {
    _O.MINISTRY: _S.GOVERNMENT,
    _O.COMMISSION: _S.GOVERNMENT,
    _O.INTERNATIONAL: _S.GOVERNMENT,
    _O.UNIVERSITY: _S.UNIVERSITY,
    _O.INSTITUTE: _S.RESEARCH,
    _O.JOINT_LABORATORY: _S.RESEARCH,
    _O.FOREIGN_RD_CENTRE: _S.RESEARCH,
    _O.FACILITY: _S.RESEARCH,
    _O.ARCHIVE: _S.RESEARCH,
    _O.INVESTOR: _S.FINANCE,
    _O.FUNDER: _S.FINANCE,
}
"""The sector first offered for an organisation of a kind; all others are offered as industry."""


def add_shares(form: ActionForm, parties: list[Organisation]) -> None:
    """Three fields for each party: its sector, what it brings, its share of the benefit."""
    for number, organisation in enumerate(parties):
        form.fields[f"sector_{number}"] = forms.ChoiceField(
            label=_("Sector of %(name)s") % {"name": organisation.name},
            choices=ProjectParty.Sector.choices,
            initial=next((SECTOR_OF[kind] for kind in organisation.kinds if kind in SECTOR_OF), "industry"),
        )
        form.fields[f"brings_{number}"] = forms.CharField(
            label=_("What %(name)s brings") % {"name": organisation.name}, max_length=500, required=False
        )
        form.fields[f"benefit_{number}"] = forms.DecimalField(
            label=_("Share of the benefit of %(name)s, per cent") % {"name": organisation.name},
            min_value=0,
            max_value=100,
            max_digits=5,
            decimal_places=2,
            required=False,
        )


def shares_of(form: ActionForm, parties: list[Organisation]) -> list[NewProjectParty]:
    data = form.cleaned_data
    return [
        NewProjectParty(
            organisation, data[f"sector_{number}"], data[f"brings_{number}"], data[f"benefit_{number}"]
        )
        for number, organisation in enumerate(parties)
    ]


class LandForm(ActionForm):
    on = day(label=_("Landed on"), initial=timezone.localdate)
    place = PlaceField(label=_("In which country"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_places(self.fields["place"], Place.Kind.COUNTRY)


class StopForm(ActionForm):
    to = forms.ChoiceField(
        label=_("What happens"),
        choices=[
            (Project.Status.STALLED, Project.Status.STALLED.label),
            (Project.Status.FAILED, Project.Status.FAILED.label),
        ],
    )
    reason = forms.CharField(label=_("Why"), max_length=500, widget=words())
    due_on = day(label=_("If it rests: look at it again on"), required=False)


class AgreementForm(ActionForm):
    """Under which agreement a record that is there goes on."""

    agreement = AgreementField(label=_("Agreement"), empty_label=None)

    def __init__(self, *args: Any, agreements: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["agreement"]
        field.queryset = agreements


class FacilityForm(WithPartners):
    agreement = AgreementField(
        label=_("Agreement it rests on"),
        required=False,
        empty_label="—",
        help_text=_("A signed one of your organisation. It can be named later too."),
    )
    kind = forms.ChoiceField(label=_("What is founded"), choices=Facility.Kind.choices)
    name = forms.CharField(label=_("Name"), max_length=300)
    language = LanguageField()
    agenda = forms.CharField(label=_("What it works on"), max_length=4000, required=False, widget=words(5))
    field = forms.ChoiceField(label=_("Field"), choices=[("", "—"), *Field.choices], required=False)
    place = PlaceField(label=_("Country it stands in"), required=False)
    region_served = PlacesField(
        label=_("Countries and regions served"), required=False, help_text=_("For transfer centres.")
    )
    tier = forms.ChoiceField(label=_("Who may know of it"), choices=TIERS, initial=Tier.PUBLIC)
    due_on = day(label=_("Next step expected by"), required=False)
    field_order = ["agreement", "kind", "name", "language", "agenda", "field", "organisation", "others"]

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, viewer=viewer, **kwargs)
        self.fields["others"].required = False
        agreement: Any = self.fields["agreement"]
        agreement.queryset = agreements_to_build_on(viewer)
        offer_places(self.fields["place"], Place.Kind.COUNTRY)
        offer_places(self.fields["region_served"])

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        names = ("agreement", "kind", "field", "place", "region_served", "tier", "due_on")
        return {
            "texts": [NewFacilityText(data["language"], data["name"], data["agenda"])],
            "hosts": self.organisations(),
            **{name: data[name] for name in names},
        }


class OperateForm(ActionForm):
    on = day(label=_("In operation since"), initial=timezone.localdate)


class CloseForm(ActionForm):
    on = day(label=_("Closed on"), initial=timezone.localdate)
    reason = forms.CharField(label=_("Why"), max_length=500, widget=words())


class EvidenceForm(ActionForm):
    evidence_url = forms.URLField(
        label=_("Address of the evidence"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=_("A patent register, a publication, a press release."),
    )
    evidence_file = forms.FileField(
        label=_("Or a file"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": files.accepted()}),
        help_text=_(
            "PDF, picture, text, or office document, up to 20 MB. It has the same readers as the result."
        ),
    )


class ResultForm(EvidenceForm):
    kind = forms.ChoiceField(label=_("What was achieved"), choices=Result.Kind.choices)
    title = forms.CharField(label=_("In one sentence"), max_length=300)
    language = LanguageField()
    achieved_on = day(label=_("When"), initial=timezone.localdate)
    amount = forms.DecimalField(
        label=_("How much or how many"), required=False, max_digits=16, decimal_places=2, min_value=0
    )
    unit = forms.ChoiceField(label=_("Unit"), choices=lambda: [("", "—"), *units.choices()], required=False)
    own_unit = forms.CharField(
        label=_("Or another unit, in your words"),
        max_length=20,
        required=False,
        help_text=_("It stays as you write it; the units above are shown in every reader's language."),
    )
    tier = forms.ChoiceField(label=_("Who may know of it"), choices=TIERS, initial=Tier.PUBLIC)
    field_order = ["kind", "title", "language", "achieved_on", "amount", "unit", "own_unit", "tier"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        own = data.pop("own_unit", "")
        if own and data.get("unit"):
            self.add_error("own_unit", _("Choose a unit above, or write one here: not both."))
        if (own or data.get("unit")) and data.get("amount") is None:
            self.add_error("amount", _("Say how much or how many."))
        data["unit"] = own or data.get("unit", "")
        return data


CASE_STEPS = {
    Case.Status.MATCHED: _("We are in contact"),
    Case.Status.NEGOTIATING: _("Begin to negotiate"),
    Case.Status.SIGNED: _("It is signed"),
    Case.Status.LANDED: _("It has landed"),
    Case.Status.COMPLETED: _("It is completed"),
}
PROJECT_STEPS = {
    Project.Status.NEGOTIATING: _("Negotiate again"),
    Project.Status.SIGNED: _("It is signed"),
    Project.Status.OPERATING: _("It is in operation"),
    Project.Status.COMPLETED: _("It is completed"),
}
FACILITY_STEPS = {
    Facility.Status.FEASIBILITY: _("Begin the feasibility study"),
    Facility.Status.APPROVED: _("It is approved"),
    Facility.Status.CONSTRUCTION: _("Construction has begun"),
    Facility.Status.IN_EVALUATION: _("Begin an evaluation"),
}
