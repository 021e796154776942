"""Entering an organisation and changing what is said of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts import policies as accounts
from serai.accounts.models import Membership, User
from serai.core import audit, languages
from serai.core.errors import Conflict, Invalid, NotAllowed, TooMany
from serai.core.text import Origin
from serai.directory import identifiers, names, policies, queries, vocabularies
from serai.directory.models import (
    Identifier,
    Label,
    Organisation,
    OrganisationName,
    OrganisationText,
    Place,
    Relation,
)

OPEN_ENTRIES = 10
"""A person may keep this many organisations that are not verified yet: a brake on inventing them in bulk."""

CHECKED_FACTS = ("kinds", "country", "website")
_ANY_WEB_ADDRESS = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True)
class Facts:
    """What is said of an organisation beside its names. `established` is a year."""

    kinds: Sequence[str]
    country: Place | None = None
    city: str = ""
    website: str = ""
    established: int | None = None
    size_class: str = ""
    sectors: Sequence[str] = ()
    fields_of_science: Sequence[str] = ()

    @classmethod
    def of(cls, organisation: Organisation) -> "Facts":
        return cls(**{f.name: getattr(organisation, f.name) for f in fields(cls)})


@transaction.atomic
def register_organisation(*, by: User, name: str, name_language: str, facts: Facts) -> Organisation:
    """Enter an organisation as a draft; the person becomes its manager.

    Raises Invalid for a name or fact that cannot be, TooMany when the person has entered many that are not
    verified yet.
    """
    mine = accounts.organisation_ids(by, Membership.Role.MANAGER)
    waiting = (Organisation.Status.DRAFT, *policies.WAITING_STATUSES)
    if Organisation.objects.filter(pk__in=mine, status__in=waiting).count() >= OPEN_ENTRIES:
        raise TooMany(_("You have entered many organisations that are not verified yet. Finish these first."))
    text = names.clean_name(name)
    language = languages.clean_language(name_language)
    organisation = Organisation(name=text, name_language=language, owner=by)
    _set_facts(organisation, facts)
    organisation.save()
    _write_name(organisation, text, language, OrganisationName.Kind.LEGAL)
    Membership.objects.create(
        user=by, organisation=organisation, role=Membership.Role.MANAGER, status=Membership.Status.ACTIVE
    )
    audit.record(
        actor=by,
        action="directory.organisation_registered",
        obj=organisation,
        data={"kinds": list(organisation.kinds), "country": _code(facts.country)},
    )
    return organisation


@transaction.atomic
def update_organisation(*, organisation: Organisation, by: User, facts: Facts) -> Organisation:
    """Change what is said of an organisation.

    Raises NotAllowed for strangers, and when a manager changes what was checked at verification; Invalid for
    a fact that cannot be.
    """
    organisation = _locked_for(organisation, by)
    before = Facts.of(organisation)
    _set_facts(organisation, facts)
    after = Facts.of(organisation)
    changed = [f.name for f in fields(Facts) if getattr(before, f.name) != getattr(after, f.name)]
    if any(name in CHECKED_FACTS for name in changed):
        _refuse_checked_facts(by, organisation)
    if not changed:
        return organisation
    organisation.save()
    audit.record(
        actor=by, action="directory.organisation_updated", obj=organisation, data={"fields": changed}
    )
    return organisation


def _set_facts(organisation: Organisation, facts: Facts) -> None:
    kind_message = _("Choose at least one kind from the list.")
    organisation.kinds = vocabularies.checked(
        list(facts.kinds), Organisation.Kind, field="kinds", message=kind_message
    )
    if not organisation.kinds:
        raise Invalid(kind_message, fields={"kinds": kind_message})
    if facts.country is not None and facts.country.kind != Place.Kind.COUNTRY:
        message = _("Choose a country or region.")
        raise Invalid(message, fields={"country": message})
    organisation.country = facts.country
    organisation.city = names.clean_name(facts.city, limit=150) if facts.city.strip() else ""
    organisation.website = clean_website(facts.website)
    organisation.domains = [_domain(organisation.website)] if organisation.website else []
    organisation.established = clean_year(facts.established)
    _set_codes(organisation, facts)


def _set_codes(organisation: Organisation, facts: Facts) -> None:
    message = _("Choose from the list.")
    if facts.size_class and facts.size_class not in vocabularies.SizeClass.values:
        raise Invalid(message, fields={"size_class": message})
    organisation.size_class = facts.size_class
    organisation.sectors = vocabularies.checked(
        list(facts.sectors), vocabularies.Sector, field="sectors", message=message
    )
    organisation.fields_of_science = vocabularies.checked(
        list(facts.fields_of_science), vocabularies.FieldOfScience, field="fields_of_science", message=message
    )


def clean_website(address: str) -> str:
    """A web address with its scheme; empty stays empty. Raises Invalid for anything else."""
    text = address.strip()
    if not text:
        return ""
    if "://" not in text:
        text = f"https://{text}"
    try:
        _ANY_WEB_ADDRESS(text)
    except ValidationError:
        text = ""
    if not text or len(text) > 500 or "@" in urlsplit(text).netloc:
        message = _("Write a web address, as in https://www.example.org.")
        raise Invalid(message, fields={"website": message})
    return text


def _domain(website: str) -> str:
    return (urlsplit(website).hostname or "").removeprefix("www.")


def clean_year(year: int | None) -> int | None:
    """A year of foundation between 500 and this year."""
    if year is not None and not 500 <= year <= timezone.localdate().year:
        message = _("Write the year with four digits; it cannot lie ahead.")
        raise Invalid(message, fields={"established": message})
    return year


# --- names ------------------------------------------------------------------------------------------------
@transaction.atomic
def add_name(
    *, organisation: Organisation, by: User, text: str, language: str, kind: str
) -> OrganisationName:
    """Add a name in a language.

    Raises Conflict if it is there already; NotAllowed if the organisation is verified and the name looks like
    that of another one, unless a steward adds it: a verified sign must not lend itself to imitation.
    """
    organisation = _locked_for(organisation, by)
    text, language = names.clean_name(text), languages.clean_language(language)
    if kind not in OrganisationName.Kind.values:
        raise Invalid(_("Choose from the list."), fields={"kind": _("Choose from the list.")})
    if organisation.names.filter(text=text, language=language, kind=kind).exists():
        raise Conflict(_("This name is here already."))
    if not policies.may_change_checked_facts(by, organisation):
        if kind == OrganisationName.Kind.LEGAL:
            _refuse_checked_facts(by, organisation)
        # Among those one may see: a refusal would tell of the others.
        others = queries.looking_like({names.skeleton(text)}).exclude(organisation=organisation)
        others = others.filter(organisation__in=policies.visible_organisations(by))
        if names.mixed_words(text) or others.exists():
            raise NotAllowed(_("This name looks like that of another organisation. Ask a steward to add it."))
    name = _write_name(organisation, text, language, kind)
    audit.record(
        actor=by,
        action="directory.name_added",
        obj=organisation,
        data={"name": name.pk, "language": language, "kind": kind},
    )
    return name


def _write_name(organisation: Organisation, text: str, language: str, kind: str) -> OrganisationName:
    return OrganisationName.objects.create(
        organisation=organisation, text=text, language=language, kind=kind, skeleton=names.skeleton(text)
    )


@transaction.atomic
def remove_name(*, name: OrganisationName, by: User) -> Organisation:
    """Take a name away. Raises Conflict for the one that is shown first: choose another first."""
    organisation = _locked_for(name.organisation, by)
    if name.text == organisation.name:
        raise Conflict(_("This is the name shown first. Choose another one to show first."))
    if name.kind == OrganisationName.Kind.LEGAL:
        _refuse_checked_facts(by, organisation)
    audit.record(
        actor=by, action="directory.name_removed", obj=organisation, data={"name": name.pk, "kind": name.kind}
    )
    name.delete()
    return organisation


@transaction.atomic
def show_name(*, name: OrganisationName, by: User) -> Organisation:
    """Make one of the names the one that is shown first."""
    organisation = _locked_for(name.organisation, by)
    _refuse_checked_facts(by, organisation)
    organisation.name, organisation.name_language = name.text, name.language
    organisation.save(update_fields=["name", "name_language", "updated_at"])
    audit.record(actor=by, action="directory.name_shown", obj=organisation, data={"name": name.pk})
    return organisation


@transaction.atomic
def write_text(
    *, organisation: Organisation, by: User, language: str, summary: str, description: str = ""
) -> OrganisationText:
    """Write or replace the public description in one language. `summary` is one or two plain sentences."""
    organisation = _locked_for(organisation, by)
    language = languages.clean_language(language)
    if not language or not summary.strip():
        missing = (
            {"language": _("Choose the language.")} if not language else {"summary": _("Write a summary.")}
        )
        raise Invalid(next(iter(missing.values())), fields=missing)
    if len(summary) > 500 or len(description) > 8000:
        raise Invalid(_("The text is too long: at most 500 characters in the summary, 8,000 below it."))
    text, _is_new = OrganisationText.objects.update_or_create(
        organisation=organisation,
        language=language,
        defaults={
            "summary": summary.strip(),
            "description": description.strip(),
            "origin": Origin.WRITTEN,
            "reviewed_by": None,
        },
    )
    audit.record(actor=by, action="directory.text_written", obj=organisation, data={"language": language})
    return text


@transaction.atomic
def remove_text(*, text: OrganisationText, by: User) -> Organisation:
    organisation = _locked_for(text.organisation, by)
    audit.record(
        actor=by, action="directory.text_removed", obj=organisation, data={"language": text.language}
    )
    text.delete()
    return organisation


# --- identifiers, labels, relations -----------------------------------------------------------------------
@transaction.atomic
def add_identifier(*, organisation: Organisation, by: User, scheme: str, value: str) -> Identifier:
    """Add an identifier in its normal form.

    Raises Invalid for wrong check digits, Conflict if an organisation that `by` sees has it. One that `by` does not
    see is not told of: the identifier is kept as contested, and the steward who verifies reads of both.
    """
    organisation = _locked_for(organisation, by)
    _refuse_checked_facts(by, organisation)
    if scheme not in Identifier.Scheme.values:
        raise Invalid(_("Choose from the list."), fields={"scheme": _("Choose from the list.")})
    value = identifiers.normalise(scheme, value)
    if organisation.identifiers.filter(scheme=scheme, value=value).exists():
        raise Conflict(_("This identifier is here already."))
    others = Identifier.objects.filter(scheme=scheme, value=value, scheme__in=identifiers.UNIQUE)
    if others.filter(organisation__in=policies.visible_organisations(by)).exists():
        raise Conflict(
            _("This identifier stands for another organisation here. Is it yours? Ask to join it.")
        )
    identifier = Identifier.objects.create(
        organisation=organisation, scheme=scheme, value=value, is_contested=others.exists()
    )
    audit.record(
        actor=by,
        action="directory.identifier_added",
        obj=organisation,
        data={"scheme": scheme, "value": value},
    )
    return identifier


@transaction.atomic
def remove_identifier(*, identifier: Identifier, by: User) -> Organisation:
    organisation = _locked_for(identifier.organisation, by)
    _refuse_checked_facts(by, organisation)
    audit.record(
        actor=by,
        action="directory.identifier_removed",
        obj=organisation,
        data={"scheme": identifier.scheme, "value": identifier.value},
    )
    identifier.delete()
    return organisation


@transaction.atomic
def add_label(
    *,
    organisation: Organisation,
    by: User,
    name: str,
    language: str,
    issuer: str,
    issued_on: date,
    valid_until: date | None = None,
) -> Label:
    """Add a level, accreditation or distinction with who gave it and when. Raises Invalid for dates that cannot be."""
    organisation = _locked_for(organisation, by)
    if issued_on > timezone.localdate():
        raise Invalid(_("This day lies ahead."), fields={"issued_on": _("This day lies ahead.")})
    if valid_until and valid_until < issued_on:
        message = _("The end lies before the beginning.")
        raise Invalid(message, fields={"valid_until": message})
    label = Label.objects.create(
        organisation=organisation,
        name=names.clean_name(name, limit=200),
        language=languages.clean_language(language) or "en",
        issuer=names.clean_name(issuer, limit=200),
        issued_on=issued_on,
        valid_until=valid_until,
    )
    audit.record(
        actor=by,
        action="directory.label_added",
        obj=organisation,
        data={"label": label.pk, "issued_on": issued_on, "valid_until": valid_until},
    )
    return label


@transaction.atomic
def remove_label(*, label: Label, by: User) -> Organisation:
    organisation = _locked_for(label.organisation, by)
    audit.record(actor=by, action="directory.label_removed", obj=organisation, data={"label": label.pk})
    label.delete()
    return organisation


@transaction.atomic
def add_relation(
    *,
    source: Organisation,
    kind: str,
    target: Organisation,
    by: User,
    since: date | None = None,
    until: date | None = None,
) -> Relation:
    """Say how `source`, which `by` manages, relates to another organisation; it is shown as source's statement.

    Raises Invalid for an organisation itself, one that `by` does not see, or dates the wrong way round;
    Conflict if it has been said.
    """
    source = _locked_for(source, by)
    if kind not in Relation.Kind.values:
        raise Invalid(_("Choose from the list."), fields={"kind": _("Choose from the list.")})
    if source.pk == target.pk or not policies.may_see_organisation(by, target):
        message = _("Choose another organisation of the directory.")
        raise Invalid(message, fields={"target": message})
    if since and until and until < since:
        message = _("The end lies before the beginning.")
        raise Invalid(message, fields={"until": message})
    if Relation.objects.filter(source=source, kind=kind, target=target).exists():
        raise Conflict(_("This relation is here already."))
    relation = Relation.objects.create(
        source=source, kind=kind, target=target, since=since, until=until, stated_by=source.name[:100]
    )
    audit.record(
        actor=by, action="directory.relation_added", obj=source, data={"kind": kind, "target": target.pk}
    )
    return relation


@transaction.atomic
def remove_relation(*, relation: Relation, by: User) -> Organisation:
    """Take back a relation; the organisation it points at may do so too, since it may know better."""
    may_speak_for_target = policies.may_edit_organisation(by, relation.target)
    if not may_speak_for_target and not policies.may_edit_organisation(by, relation.source):
        raise NotAllowed(_("Only the managers of the two organisations can take this back."))
    audit.record(
        actor=by,
        action="directory.relation_removed",
        obj=relation.source,
        data={"kind": relation.kind, "target": relation.target_id},
    )
    source = relation.source
    relation.delete()
    return source


# --- shared -----------------------------------------------------------------------------------------------
def _locked_for(organisation: Organisation, by: User) -> Organisation:
    """The organisation as it is now, locked, if `by` may change it; else NotAllowed."""
    locked = (
        Organisation.objects.select_for_update(of=("self",)).select_related("country").get(pk=organisation.pk)
    )
    if not policies.may_edit_organisation(by, locked):
        raise NotAllowed(_("Only the managers of the organisation can change it."))
    return locked


def _refuse_checked_facts(by: User, organisation: Organisation) -> None:
    if not policies.may_change_checked_facts(by, organisation):
        raise NotAllowed(
            _("Name, kind, country, website and identifiers were checked. Ask a steward to change them.")
        )


def _code(place: Place | None) -> str:
    return place.code if place else ""
