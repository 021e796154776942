"""A match as the pair view prints it: passages with what joins them, conditions in words."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from serai.core import ui
from serai.core.text import listed
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place
from serai.directory.places import place_name
from serai.exchange import limits, queries, shapes, tiertexts, vocabularies
from serai.exchange.actions import matching
from serai.exchange.models import Listing

RULES: dict[str, Any] = {
    "place": gettext_lazy("Country or grouping"),
    "trl": gettext_lazy("Readiness level"),
    "partner_kind": gettext_lazy("Kind of partner"),
    "language": gettext_lazy("Working language"),
    "kind": gettext_lazy("Kind of listing"),
    "deadline": gettext_lazy("Deadline"),
    "direction": gettext_lazy("An offer meets a request"),
    "same_party": gettext_lazy("Two organisations"),
    "excluded": gettext_lazy("Not excluded"),
    "conflict": gettext_lazy("No conflict of interest"),
}


def shape(
    viewer: Viewer,
    ours: Listing,
    theirs: Listing,
    tier: str,
    reasons: dict[str, Any],
    known: set[UUID],
    standing: matching.Standing,
) -> ui.Match:
    pairs = reasons.get("pairs", [])
    return ui.Match(
        mine=_side(viewer, ours, tier, [p["mine_at"] for p in pairs], known),
        theirs=_side(viewer, theirs, tier, [p["theirs_at"] for p in pairs], known),
        checks=[*_checks(reasons.get("conditions", {})), *_requirements(reasons.get("requirements", []))],
        terms=[ui.Token(term) for term in reasons.get("shared", [])],
        why_not_higher=standing_lines(standing),
        strength=strength(standing, has_passages=bool(pairs)),
    )


def _side(
    viewer: Viewer, listing: Listing, tier: str, spans: Sequence[Sequence[int]], known: set[UUID]
) -> ui.Side:
    """The text that was compared, under its title in the reader's language if there is one.

    Then the title that was compared is the beginning of the text; the title leads to the version they read.
    """
    owner, text, title = (
        listing.organisation,
        tiertexts.text_of(listing, tier),
        queries.title_for(viewer, listing),
    )
    is_read = title.language in {text.language, ""}
    start = text.body_at if is_read else 0
    in_title = (str(n) for n, (begin, _end) in enumerate(spans, start=1) if begin < start)
    return ui.Side(
        title=text.title if is_read else title.text,
        title_lang=text.language if is_read else title.language,
        title_pair=next(in_title, ""),
        passages=passages(text.own[start:], [(a - start, b - start) for a, b in spans]),
        lang=text.language,
        url=reverse("listing_detail", args=[listing.pk]),
        who=shapes.organisation_chip(owner) if listing.pk in known else None,
        kind=shapes.kind_line(listing)
        if listing.pk in known
        else f"{shapes.kind_line(listing)} · {shapes.unnamed(owner)}",
    )


def passages(text: str, spans: Iterable[tuple[int, int]]) -> list[ui.Passage]:
    """The text cut at the matched places; the n-th span of both sides carries the same pair name.

    A span that lies in the title (before the body) marks nothing here: the title itself carries its name.
    """
    numbered = sorted((a, b, str(n)) for n, (a, b) in enumerate(spans, start=1) if a >= 0)
    found, at = [], 0
    for start, end, name in numbered:
        if start < at:
            continue
        if text[at:start].strip():
            found.append(ui.Passage(text[at:start].strip()))
        found.append(ui.Passage(text[start:end], name))
        at = end
    if text[at:].strip():
        found.append(ui.Passage(text[at:].strip()))
    return found


def _checks(conditions: dict[str, Any]) -> list[ui.Check]:
    failed = [
        ui.Check(RULES.get(x["rule"], x["rule"]), False, failure_line(x["rule"], x["detail"]))
        for x in conditions.get("failed", [])
    ]
    met = [ui.Check(RULES.get(rule, rule), True) for rule in conditions.get("met", [])]
    unknown = [
        ui.Check(RULES.get(rule, rule), None, _("The other side has not stated it; ask."))
        for rule in conditions.get("unknown", [])
    ]
    return [*failed, *met, *unknown]


def failure_line(rule: str, detail: dict[str, str]) -> str:
    """One failed condition in words: what is wanted, what is there."""
    if rule == "direction":
        return _("Both offer, or both look for something.")
    if rule == "same_party":
        return _("Both belong to the same organisation.")
    if rule == "deadline":
        return _("It closed on %(day)s.") % {"day": detail.get("deadline", "")}
    if rule == "excluded":
        return _("One side has excluded the other.")
    if rule == "conflict":
        return detail.get("reason", "")
    return _("Wanted: %(wanted)s. Here: %(found)s.") % {
        "wanted": _named(rule, detail.get("wanted", "")),
        "found": _named(rule, detail.get("found", "")),
    }


def _named(rule: str, codes: str) -> str:
    """Codes as words: places by name, kinds of partner by label; a readiness level stays a number."""
    parts = [part.strip() for part in codes.split(",")]
    if rule == "partner_kind":
        labels = {value: str(label) for value, label in Organisation.Kind.choices}
    elif rule == "language":
        labels = dict(vocabularies.language_choices())
    elif rule == "kind":
        labels = {value: str(label) for value, label in Listing.Kind.choices}
    elif rule == "place":
        labels = {place.code: place_name(place) for place in Place.objects.filter(code__in=parts)}
        countries = [part for part in parts if len(part) == 2]
        parts = countries if 0 < len(countries) < len(parts) and len(parts) > 4 else parts
    else:
        labels = {}
    return listed(labels.get(part, part) for part in parts)


_STATUS = {"met": True, "failed": False, "unknown": None}


def _requirements(found: Iterable[dict[str, Any]]) -> list[ui.Check]:
    """Limits read in the text, with what the other text says about them."""
    return [ui.Check(limits.label(one), _STATUS.get(one["status"]), limits.answer(one)) for one in found]


def strength(standing: matching.Standing, *, has_passages: bool) -> str:
    """Why this one stands where it does, for a reader who knows nothing of vectors."""
    if standing.failed or standing.place is None:
        return ""
    if standing.place == 1:
        where = _(
            "Of all listings that meet the conditions of both sides, this text is the nearest in meaning."
        )
    else:
        where = ngettext(
            "Of all listings that meet the conditions of both sides, %(n)d is nearer in meaning.",
            "Of all listings that meet the conditions of both sides, %(n)d are nearer in meaning.",
            standing.place - 1,
        ) % {"n": standing.place - 1}
    if not has_passages:
        return where
    return f"{where} {_('Passages with the same number say nearly the same, the nearest first.')}"


def standing_lines(standing: matching.Standing) -> list[str]:
    """What keeps this one out of the list of matches, or back in it, in sentences."""
    if standing.failed:
        return [_("A condition is not met, so it is not ranked.")]
    if not standing.is_indexed:
        return [_("It is not in the index yet; look again in a moment.")]
    if standing.place is None and not standing.is_near:
        return [_("Its meaning is too far from yours to be listed.")]
    if standing.place is None:
        return [_("More than %(n)d others are nearer in meaning.") % {"n": matching.CONSIDERED}]
    if standing.place > matching.KEPT:
        return [_("The list ends after %(n)d.") % {"n": matching.KEPT}]
    return []
