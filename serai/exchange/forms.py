"""HTTP input of the exchange's pages turned into clean values."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from serai.core.text import Origin
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place
from serai.directory.places import by_name, place_name
from serai.exchange import checks, policies, queries, vocabularies
from serai.exchange.actions.interests import ANSWER_DAYS, LONGEST_DAYS
from serai.exchange.models import Interest, Listing

DATE = {"type": "date"}


def read_filters(data: QueryDict) -> queries.Filters:
    """The filters of an address; values nobody offers are left out, so that an old link still opens."""
    choices: dict[str, set[str]] = {
        "direction": set(Listing.Direction.values),
        "kind": set(Listing.Kind.values),
        "sector": set(vocabularies.SECTORS),
        "partnership": set(Listing.Partnership.values),
        "language": set(vocabularies.LANGUAGES),
    }
    chosen: dict[str, Any] = {
        name: data.get(name, "") for name, allowed in choices.items() if data.get(name, "") in allowed
    }
    place, trl = data.get("place", "")[:20], data.get("trl", "")
    return queries.Filters(
        **chosen,
        place=place if place.replace("-", "").isalnum() else "",
        trl=int(trl) if trl in set("123456789") else None,
    )


def page_number(data: QueryDict) -> int:
    given = data.get("page", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 1


class LanguageField(forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=vocabularies.language_choices, **kwargs)


class KeywordsField(forms.CharField):
    """Words with commas of any script between; a list of at most twelve words."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        given = super().clean(value).replace("，", ",").replace("、", ",").replace("،", ",")
        words = [" ".join(word.split()) for word in given.replace(";", ",").replace("\n", ",").split(",")]
        found = [word for word in dict.fromkeys(words) if word]
        if len(found) > 12:
            raise forms.ValidationError(gettext("These are more than twelve."))
        if any(len(word) > 80 for word in found):
            raise forms.ValidationError(
                gettext("A keyword is longer than 80 characters; put commas between.")
            )
        return found


class Step(forms.Form):
    """One step of writing a listing; the first has none yet."""

    def __init__(self, *args: Any, viewer: Viewer, listing: Listing | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer, self.listing = viewer, listing


class AboutForm(Step):
    """The first step: whose listing, what it is, in which language."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=_("For which organisation"), empty_label=_("Choose")
    )
    direction = forms.ChoiceField(
        label=_("Do you offer something, or look for it?"),
        choices=Listing.Direction.choices,
        widget=forms.RadioSelect,
        help_text=_("If the other side would pay, it is an offer; if you would pay, a request."),
    )
    kind = forms.ChoiceField(label=_("What is it about?"), choices=[("", _("Choose")), *Listing.Kind.choices])
    language = LanguageField(
        label=_("Language you write in"),
        help_text=_(
            "Write in the language you know best: people find it in theirs. You can add others later."
        ),
    )
    disclosure = forms.ChoiceField(
        label=_("May everybody know who you are?"),
        choices=Listing.Disclosure.choices,
        widget=forms.RadioSelect,
        initial=Listing.Disclosure.NAMED,
        help_text=_(
            "Anonymous: others see your country, kind and size; your name follows once you both agree."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = policies.own_organisations(self.viewer).order_by("name")
        mine = list(field.queryset[:2])
        field.initial = mine[0].pk if len(mine) == 1 else None
        self.fields["language"].initial = queries.writing_language(self.viewer, mine)
        if self.listing is not None:
            field.disabled = True
            self.fields["language"].disabled = self.listing.status not in policies.EDITABLE


class TeaserForm(Step):
    """The public text, checked for what must not be in it while people write."""

    title = forms.CharField(
        label=_("Title"), max_length=300, help_text=_("What it does, for whom, in one line; no brand names.")
    )
    summary = forms.CharField(
        label=_("Summary"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("The need or the solution, what is new in it, what it could change."),
    )
    keywords = KeywordsField(
        label=_("Keywords"),
        required=False,
        max_length=1000,
        help_text=_("Up to twelve, with commas between: materials, methods, standards."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        texts = {
            "title": data.get("title", ""),
            "summary": data.get("summary", ""),
            "keywords": ", ".join(data.get("keywords", [])),
        }
        assert self.listing is not None
        for field, message in checks.public_text_errors(self.listing, texts).items():
            self.add_error(field, message)
        return data


class DetailForm(Step):
    """What members of verified organisations read."""

    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("How it works, figures, comparison with what exists, what is still open."),
    )
    advantages = forms.CharField(
        label=_("Advantages"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What is better than before, with numbers."),
    )
    requirements = forms.CharField(
        label=_("Requirements"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What the other side must bring, and what it should."),
    )
    ip_comment = forms.CharField(
        label=_("About protection"),
        required=False,
        max_length=500,
        help_text=_("Where, since when, what kind."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for field, message in checks.address_errors({k: str(v) for k, v in data.items()}).items():
            self.add_error(field, message)
        return data


class TranslationForm(forms.Form):
    """Adding one more language."""

    language = LanguageField(label=_("Language"))
    origin = forms.ChoiceField(label=_("How it was made"), choices=Origin.choices)


def _levels() -> list[tuple[str, str]]:
    return [("", "—"), *((str(n), f"TRL {n}") for n in range(1, 10))]


class FactsForm(Step):
    trl = forms.TypedChoiceField(
        label=_("Readiness level"),
        choices=_levels,
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("1: the principle is seen. 4: works in the laboratory. 7: a prototype runs. 9: in use."),
    )
    ip_status = forms.TypedChoiceField(
        label=_("Protection"),
        choices=Listing.IpStatus.choices,
        required=False,
        empty_value=Listing.IpStatus.UNKNOWN.value,
    )
    sectors = forms.MultipleChoiceField(
        label=_("Sectors"),
        choices=list(vocabularies.SECTORS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    sdgs = forms.TypedMultipleChoiceField(
        label=_("Goals it serves"),
        choices=[(n, label) for n, label in vocabularies.GOALS.items()],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class PartnerForm(Step):
    """Conditions the other side must meet: they keep out what cannot fit, with the reason shown."""

    partnerships = forms.MultipleChoiceField(
        label=_("Kind of partnership"),
        choices=Listing.Partnership.choices,
        error_messages={"required": _("Say which kind of partnership you look for.")},
        widget=forms.CheckboxSelectMultiple,
    )
    partner_kinds = forms.MultipleChoiceField(
        label=_("Kind of partner"),
        choices=Organisation.Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen means any."),
    )
    target_places = forms.ModelMultipleChoiceField(
        Place.objects.none(),
        label=_("Partners from"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Countries or groupings. None chosen means anywhere."),
    )
    work_languages = forms.MultipleChoiceField(
        label=_("Languages you can work in"),
        choices=vocabularies.language_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    trl_min = forms.TypedChoiceField(
        label=_("Readiness from"), choices=_levels, coerce=int, empty_value=None, required=False
    )
    trl_max = forms.TypedChoiceField(
        label=_("Readiness up to"), choices=_levels, coerce=int, empty_value=None, required=False
    )
    deadline = forms.DateField(
        label=_("Deadline"), required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["target_places"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        kinds = [Place.Kind.COUNTRY, Place.Kind.GROUPING]
        field.queryset = Place.objects.filter(kind__in=kinds)
        field.choices = [(place.pk, place_name(place)) for place in by_name(field.queryset)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        low, high = data.get("trl_min"), data.get("trl_max")
        if low and high and low > high:
            self.add_error("trl_max", gettext("The highest level is below the lowest."))
        if data.get("deadline") and data["deadline"] < timezone.localdate():
            self.add_error("deadline", gettext("This day is past."))
        return data


class ContactForm(Step):
    """Read by the other side only after both said yes."""

    name = forms.CharField(label=_("Name"), max_length=150)
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("One of the two is needed: e-mail or telephone.")
    )
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    note = forms.CharField(
        label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("email") and not data.get("phone") and not self.errors:
            self.add_error("email", gettext("Give an e-mail address or a telephone number."))
        return data


SCORES = [(str(n), str(n)) for n in range(6)]


class ReviewForm(forms.Form):
    """Four criteria from 0 to 5. Ten and no zero publish, five to nine return it, less rejects."""

    advantages = forms.TypedChoiceField(
        label=_("Advantages and what is new"), choices=SCORES, coerce=int, widget=forms.RadioSelect
    )
    clarity = forms.TypedChoiceField(
        label=_("Clear and consistent"), choices=SCORES, coerce=int, widget=forms.RadioSelect
    )
    expectations = forms.TypedChoiceField(
        label=_("Cooperation expected"), choices=SCORES, coerce=int, widget=forms.RadioSelect
    )
    language_quality = forms.TypedChoiceField(
        label=_("Language and guidelines"), choices=SCORES, coerce=int, widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label=_("Comment for the owner"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Needed when it is returned or rejected: what must change."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        scores = [data.get(name) for name in ("advantages", "clarity", "expectations", "language_quality")]
        if None not in scores and not data.get("comment", "").strip():
            total = sum(score for score in scores if score is not None)
            if total < 10 or 0 in scores:
                self.add_error("comment", gettext("Say what must change."))
        return data


class CloseForm(forms.Form):
    closed_as = forms.ChoiceField(
        label=_("How did it end?"), choices=Listing.Closing.choices, widget=forms.RadioSelect
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class ListingField(forms.ModelChoiceField):
    """A listing by its reference and its title as `titles_for` reads it."""

    titles_for: Viewer

    def label_from_instance(self, obj: Any) -> str:
        title = queries.title_for(self.titles_for, obj)
        return f"{obj.reference} · {title.text}" if title.language else str(obj.reference)


class InterestForm(forms.Form):
    """The three questions of an expression of interest, for whom, and by when."""

    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("For which organisation"))
    cooperation_sought = forms.CharField(
        label=_("Which cooperation do you look for?"),
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    open_questions = forms.CharField(
        label=_("What is missing or unclear?"),
        max_length=3000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    about_us = forms.CharField(
        label=_("Who are you?"), max_length=3000, widget=forms.Textarea(attrs={"rows": 3})
    )
    own_listing = ListingField(
        Listing.objects.none(),
        label=_("A listing of your own that fits"),
        required=False,
        empty_label=_("None"),
    )
    language = LanguageField(label=_("Language you write in"))
    answer_due = forms.DateField(label=_("Answer by"), widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))

    def __init__(self, *args: Any, viewer: Viewer, listing: Listing, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.listing = listing
        mine = queries.organisations_for_interest(viewer, listing)
        organisation, own = self.fields["organisation"], self.fields["own_listing"]
        assert isinstance(organisation, forms.ModelChoiceField)
        assert isinstance(own, ListingField)
        organisation.queryset = mine
        own.queryset = Listing.objects.filter(organisation__in=mine, status=Listing.Status.PUBLISHED)
        own.queryset = own.queryset.prefetch_related("teasers")
        own.titles_for = viewer
        first = list(mine[:2])
        organisation.initial = first[0].pk if len(first) == 1 else None
        self.fields["language"].initial = queries.writing_language(viewer, first)
        self.fields["answer_due"].initial = timezone.localdate() + timedelta(days=ANSWER_DAYS)

    def clean_answer_due(self) -> Any:
        due, today = self.cleaned_data["answer_due"], timezone.localdate()
        if not today < due <= today + timedelta(days=LONGEST_DAYS):
            raise forms.ValidationError(gettext("Choose a day from tomorrow on, within three months."))
        return due

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        own, organisation = data.get("own_listing"), data.get("organisation")
        if own and organisation and own.organisation_id != organisation.pk:
            self.add_error("own_listing", gettext("Choose one of your own."))
        return data


class AcceptForm(forms.Form):
    answer = forms.CharField(
        label=_("A word to begin with"),
        max_length=3000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Reason"), choices=Interest.DeclineReason.choices, widget=forms.RadioSelect
    )
    answer = forms.CharField(
        label=_("In your words"),
        max_length=3000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The other side reads the reason and these words."),
    )
