"""Records as the shapes the components print. What a viewer may not know is left out here, once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from django import forms
from django.db.models import Max
from django.forms import BoundField
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from serai.core import lifecycle, ui
from serai.core.text import ReviewState, listed
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place
from serai.directory.places import place_name, sort_order
from serai.exchange import policies, queries, vocabularies
from serai.exchange.models import Interest, Listing, ListingTeaser, Match
from serai.exchange.queries import Filters, Record

SNIPPET = 220


def tone(obj: Listing | Interest) -> ui.Tone:
    return cast(ui.Tone, lifecycle.tone_of(obj))


def status_label(listing: Listing) -> str:
    """The status as it is shown: what is published of a suspended organisation is not on the lists."""
    is_hidden = listing.status in policies.SHOWN and policies.is_barred(listing)
    return pgettext("listing status", "Hidden") if is_hidden else listing.get_status_display()


def status_tone(listing: Listing) -> ui.Tone:
    return "stopped" if policies.is_barred(listing) else tone(listing)


def direction_icon(listing: Listing) -> str:
    return "box-arrow-up-right" if listing.direction == Listing.Direction.OFFER else "box-arrow-in-right"


def kind_line(listing: Listing) -> str:
    """ "Technology offer": what it is in two words."""
    words = {"direction": listing.get_direction_display(), "kind": listing.get_kind_display()}
    return _("%(direction)s · %(kind)s") % words


def organisation_chip(organisation: Organisation, place: str = "") -> ui.Chip:
    """The organisation by name; one that is suspended has no page for others, so it is named without a link."""
    is_suspended = organisation.status == Organisation.Status.SUSPENDED
    return ui.Chip(
        organisation.name,
        "" if is_suspended else reverse("organisation_detail", args=[organisation.pk]),
        place=place,
        lang=organisation.name_language,
        verified=organisation.status == Organisation.Status.VERIFIED,
    )


def country_of(organisation: Organisation) -> str:
    return place_name(organisation.country) if organisation.country else ""


def kinds_of(organisation: Organisation) -> str:
    labels = dict(Organisation.Kind.choices)
    return listed(labels.get(kind, kind) for kind in organisation.kinds[:2])


def snippet(text: str, length: int = SNIPPET) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1].rstrip() + "…"


def listing_row(
    viewer: Viewer, listing: Listing, known: set[UUID], *, why: str = "", status: bool = False, url: str = ""
) -> ui.Row:
    """A listing in a list. An unnamed owner is its country and kind, nothing else."""
    text = queries.text_for(viewer, listing.teasers.all())
    owner = listing.organisation
    return ui.Row(
        title=text.title if text else listing.reference,
        url=url or reverse("listing_detail", args=[listing.pk]),
        lang=text.language if text else "",
        kind=kind_line(listing),
        icon=direction_icon(listing),
        who=organisation_chip(owner) if listing.pk in known else None,
        place=country_of(owner) if listing.pk in known else unnamed(owner),
        language=text.language if text else listing.language,
        origin=text.origin if text else "",
        when=listing.published_at or listing.updated_at,
        snippet=snippet(text.summary) if text else "",
        why=why,
        status=status_label(listing) if status else "",
        status_tone=status_tone(listing) if status else "quiet",
    )


def listing_row_at_home(viewer: Viewer, listing: Listing) -> ui.Row:
    """A listing on the page of its owner, who need not be named again."""
    return replace(listing_row(viewer, listing, {listing.pk}), who=None, place="")


def unnamed(owner: Organisation) -> str:
    """What outsiders may know of an anonymous owner: the country and the kind."""
    return " · ".join(filter(None, [country_of(owner), kinds_of(owner)]))


def listing_rows(viewer: Viewer, listings: Sequence[Listing], **how: Any) -> list[ui.Row]:
    known = queries.known_owners(viewer, listings)
    return [listing_row(viewer, listing, known, **how) for listing in listings]


# --- one listing ------------------------------------------------------------------------------------------
def listing_facts(record: Record) -> list[ui.Fact]:
    listing, owner = record.listing, record.listing.organisation
    partnerships = dict(Listing.Partnership.choices)
    facts = [ui.Fact(_("Reference"), listing.reference)]
    if record.owner_known:
        facts.append(ui.Fact(_("Owner"), chip=organisation_chip(owner)))
        facts.append(ui.Fact(_("Place"), listed([owner.city, country_of(owner)])))
    else:
        facts.append(ui.Fact(_("Owner"), _("Not named")))
        facts.append(ui.Fact(_("Country"), country_of(owner)))
        facts.append(ui.Fact(_("Kind"), kinds_of(owner)))
        facts.append(ui.Fact(_("Size"), owner.size_class))
    facts += [
        ui.Fact(_("Readiness level"), f"TRL {listing.trl}" if listing.trl else ""),
        ui.Fact(_("Protection"), "" if listing.ip_status == "unknown" else listing.get_ip_status_display()),
        ui.Fact(_("Sectors"), listed(vocabularies.sector_name(code) for code in listing.sectors)),
        ui.Fact(_("Goals"), listed(f"{goal} {vocabularies.GOALS.get(goal, '')}" for goal in listing.sdgs)),
        ui.Fact(_("Partnership"), listed(partnerships.get(p, p) for p in listing.partnerships)),
        *_wish_facts(record),
        ui.Fact(_("Valid until"), listing.expires_on or ""),
    ]
    return [fact for fact in facts if fact.value or fact.chip]


def _wish_facts(record: Record) -> Iterable[ui.Fact]:
    listing = record.listing
    kinds = dict(Organisation.Kind.choices)
    levels = [listing.trl_min or 1, listing.trl_max or 9] if listing.trl_min or listing.trl_max else []
    yield ui.Fact(_("Partner sought"), listed(kinds.get(k, k) for k in listing.partner_kinds))
    yield ui.Fact(_("Partners from"), listed(place_name(place) for place in record.places))
    yield ui.Fact(_("Readiness sought"), "TRL " + "–".join(str(level) for level in levels) if levels else "")
    names = dict(vocabularies.language_choices())
    yield ui.Fact(_("Working languages"), listed(names.get(x, x) for x in listing.work_languages))
    yield ui.Fact(_("Deadline"), listing.deadline or "")


def text_tabs(record: Record) -> list[ui.Tab]:
    """The language versions of a listing, if there is more than one."""
    if len(record.texts) < 2:
        return []
    names = dict(vocabularies.language_choices())
    return [
        ui.Tab(
            names.get(text.language.split("-")[0], text.language),
            f"?lang={text.language}",
            current=record.text is not None and text.pk == record.text.pk,
        )
        for text in record.texts
    ]


def is_unreviewed(text: ListingTeaser | None, listing: Listing) -> bool:
    """A version that was added after the review, so nobody but its author has read it yet."""
    return (
        text is not None
        and listing.status in policies.SHOWN
        and text.review == ReviewState.UNREVIEWED
        and text.language != listing.language
    )


@dataclass(frozen=True)
class FormRow:
    """A field of a step; a long choice is folded, and its line says how much and what is chosen."""

    field: BoundField
    is_folded: bool = False
    is_open: bool = False
    chosen: Sequence[str] = ()

    @property
    def words(self) -> str:
        return snippet(listed(self.chosen), 90)


FOLDED_FROM = 9
"""Choices from which on a list of boxes is folded."""


def form_rows(form: forms.Form) -> list[FormRow]:
    return [_form_row(bound) for bound in form]


def _form_row(bound: BoundField) -> FormRow:
    choices = list(getattr(bound.field, "choices", ()))
    if not isinstance(bound.field.widget, forms.CheckboxSelectMultiple) or len(choices) < FOLDED_FROM:
        return FormRow(bound)
    values = {str(getattr(value, "pk", value)) for value in bound.value() or ()}
    chosen = [str(label) for value, label in choices if str(value) in values]
    return FormRow(
        bound,
        is_folded=True,
        is_open=bool(bound.errors) or (bound.field.required and not chosen),
        chosen=chosen,
    )


# --- interests --------------------------------------------------------------------------------------------
def owner_is_known(interest: Interest, known: set[UUID]) -> bool:
    """Whether the sender may read whose listing it is: by the listing, or because both said yes."""
    return interest.listing_id in known or interest.status in policies.AGREED


def interest_row(
    viewer: Viewer, interest: Interest, seen: set[UUID], known: set[UUID], *, received: bool
) -> ui.Row:
    """An interest in a list. Of a listing that was taken back the sender reads the reference only."""
    is_seen = interest.listing_id in seen
    title = queries.title_for(viewer, interest.listing, is_seen=is_seen)
    owner = interest.listing.organisation
    who, place = None, country_of(interest.organisation if received else owner)
    if received:
        who = organisation_chip(interest.organisation)
    elif owner_is_known(interest, known):
        who = organisation_chip(owner)
    elif not is_seen:
        place = ""
    waiting = interest.status == Interest.Status.SENT
    return ui.Row(
        title=title.text,
        url=reverse("interest_detail", args=[interest.pk]),
        lang=title.language,
        language=title.language,
        origin=title.origin,
        kind=kind_line(interest.listing) if is_seen else "",
        icon="envelope",
        who=who,
        place=place,
        when=interest.created_at,
        snippet=snippet(interest.cooperation_sought),
        status=interest.get_status_display(),
        status_tone=tone(interest) if received or not waiting else "active",
        due=interest.answer_due if waiting else None,
        due_label=_("Answer by"),
    )


# --- filters ----------------------------------------------------------------------------------------------
def place_options() -> list[ui.Option]:
    """Groupings, then countries, by name in the language of the page."""
    latest = Place.objects.aggregate(latest=Max("updated_at"))["latest"]
    return _place_options(get_language() or "en", latest)


@lru_cache(maxsize=16)
def _place_options(language: str, latest: datetime | None) -> list[ui.Option]:
    """Sorted once a language; `latest` is when a place changed last, so that a new one is not missed."""
    found = Place.objects.filter(kind__in=[Place.Kind.COUNTRY, Place.Kind.GROUPING]).only(
        "code", "kind", "names"
    )
    named = [(place.kind != Place.Kind.GROUPING, place_name(place, language), place.code) for place in found]
    order = sort_order(language)
    named.sort(key=lambda row: (row[0], order.getSortKey(row[1])))
    return [ui.Option(code, name) for _is_country, name, code in named]


def filter_words(
    filters: Filters, *, order: str | None = None, owner: Organisation | None = None
) -> list[ui.Filter]:
    """The filters as the words of a sentence; `owner` is the organisation that was asked for."""
    words = [
        ui.Filter(
            "direction",
            _("Direction"),
            [ui.Option("offer", _("Offers")), ui.Option("request", _("Requests"))],
            value=filters.direction,
            any_label=_("Offers and requests"),
        ),
        ui.Filter(
            "kind", _("Kind"), _options(Listing.Kind.choices), filters.kind, any_label=_("of any kind")
        ),
        ui.Filter(
            "sector",
            _("Sector"),
            _options(vocabularies.SECTORS.items()),
            filters.sector,
            before=_("in"),
            any_label=_("any sector"),
        ),
        ui.Filter(
            "place", _("Place"), place_options(), filters.place, before=_("from"), any_label=_("anywhere")
        ),
        ui.Filter(
            "partnership",
            _("Partnership"),
            _options(Listing.Partnership.choices),
            filters.partnership,
            before=_("for"),
            any_label=_("any partnership"),
        ),
        ui.Filter(
            "trl",
            _("Readiness"),
            [ui.Option(str(n), _("TRL %(n)d and up") % {"n": n}) for n in range(2, 10)],
            str(filters.trl or ""),
            before=_("at"),
            any_label=_("any readiness"),
        ),
        ui.Filter(
            "language",
            _("Language"),
            _options(vocabularies.language_choices()),
            filters.language,
            before=_("written in"),
            any_label=_("any language"),
        ),
    ]
    if owner is not None:
        options = [ui.Option(str(owner.pk), owner.name)]
        words.insert(
            1,
            ui.Filter(
                "organisation",
                _("Owner"),
                options,
                str(owner.pk),
                before=pgettext("filter: listings of an organisation", "of"),
                any_label=_("anybody"),
            ),
        )
    if order is not None:
        orders = [ui.Option("new", _("newest first")), ui.Option("ending", _("ending soonest"))]
        words.append(ui.Filter("order", _("Order"), orders, order or "new"))
    return words


def _options(choices: Iterable[tuple[Any, Any]]) -> list[ui.Option]:
    return [ui.Option(str(value), label) for value, label in choices]


def match_row(viewer: Viewer, match: Match, known: set[UUID], own: Sequence[str] = ()) -> ui.Row:
    """A counterpart in the list of matches, with the first reason it is there; `own` titles head that list."""
    url = reverse("match_pair", args=[match.listing_id, match.other_id])
    row = listing_row(viewer, match.other, known, url=url)
    read = [str(row.snippet), *(text.title for text in match.other.teasers.all())]
    return replace(row, why=reason_line(match.reasons, read, own))


def reason_line(reasons: dict[str, Any], read: Sequence[str] = (), own: Sequence[str] = ()) -> str:
    """The shortest true reason: shared terms if there are any, else the best passage.

    What was `read` above the reason anyway, the title or the beginning, is not said again but by what it is near to;
    nor is a title of its `own` that heads the whole list.
    """
    shared = reasons.get("shared") or []
    if shared:
        return _("Both name %(terms)s") % {"terms": listed(shared[:4])}
    pairs = reasons.get("pairs") or []
    beside = [pair for pair in pairs if not says_already(pair["theirs"], read)]
    if beside:
        return f"“{snippet(beside[0]['theirs'], 140)}”"
    if not pairs:
        return ""
    if says_already(pairs[0]["mine"], own):
        return _("It comes nearest to the title.")
    return _("It comes nearest to “%(words)s”") % {"words": snippet(pairs[0]["mine"], 140)}


def says_already(passage: str, texts: Iterable[str]) -> bool:
    """Whether a passage says no more than one of the texts."""
    said = _bare(passage)
    return any(said and said in _bare(text) for text in texts)


def _bare(text: str) -> str:
    """Letters and digits only, so that a full stop or a blank makes no difference."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())
