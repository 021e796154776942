"""Row-level security: a query that forgot its rule finds nothing, in every way a statement reaches the database."""

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from serai.accounts.models import ApiToken, Membership, User
from serai.accounts.secrets import hash_of
from serai.agreements.models import AgreementBody
from serai.core import fence
from serai.core.owner import as_owner
from serai.exchange.models import Interest, ListingContact
from tests import factories as f
from tests.trust import walk

pytestmark = pytest.mark.django_db
TELEPHONE, WORDING = "+48 555 0101", "The parties agree to share the Quorvane rig."


@pytest.fixture
def sides() -> dict[str, User]:
    """An owner with a contact and an agreement, the other party (interest accepted), and a third member."""
    house, other, third = f.make_organisation(), f.make_organisation(), f.make_organisation()
    people = {"owner": f.make_member(house), "other": f.make_member(other), "third": f.make_member(third)}
    listing = f.make_listing(organisation=house)
    ListingContact.objects.create(listing=listing, name="A name", phone=TELEPHONE)
    Interest.objects.create(
        listing=listing, organisation=other, sender=people["other"], language="en", status="accepted",
        cooperation_sought="x", about_us="x", answer_due=f.in_days(3),
    )  # fmt: skip
    AgreementBody.objects.create(agreement=f.make_agreement(house, other), language="en", body=WORDING)
    return people


def unguarded() -> tuple[list[str], list[str]]:
    """What two queries without any rule return."""
    return (
        list(ListingContact.objects.values_list("phone", flat=True)),
        list(AgreementBody.objects.values_list("body", flat=True)),
    )


def test_exactly_the_tables_that_are_said_to_be_guarded_force_their_rules_on_their_owner() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        forced = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)

    assert forced == fence.guarded_tables() == {"exchange_listingcontact", "agreements_agreementbody"}


@pytest.mark.parametrize(
    ("who", "sees"), [("owner", True), ("other", True), ("third", False), ("nobody", False)]
)
def test_a_query_without_a_rule_returns_only_what_the_subject_is_a_party_of(
    sides: dict[str, User], who: str, sees: bool
) -> None:
    with fence.subject(str(sides[who].pk) if who in sides else fence.NOBODY):
        found = unguarded()

    assert found == (([TELEPHONE], [WORDING]) if sees else ([], []))


def counted() -> int:
    """The contacts a statement finds that names no subject, as by another program with the same role."""
    connection.ensure_connection()
    row = connection.connection.execute("SELECT count(*) FROM exchange_listingcontact").fetchone()
    return int(row[0])


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_names_no_subject_at_all_finds_nothing(sides: dict[str, User]) -> None:
    assert counted() == 0
    with as_owner():
        assert counted() == 0  # FORCED: the owner too
        with (
            transaction.atomic(),
            connection.cursor() as cursor,
        ):  # the control: without the fence it is there
            cursor.execute("ALTER TABLE exchange_listingcontact NO FORCE ROW LEVEL SECURITY")
            assert counted() == 1
            transaction.set_rollback(True)


def test_the_subject_ends_with_its_block_and_its_rules_with_a_membership(sides: dict[str, User]) -> None:
    with fence.subject(str(sides["third"].pk)):
        with fence.subject(str(sides["owner"].pk)):
            assert unguarded() == ([TELEPHONE], [WORDING])
        assert unguarded() == ([], [])
    Membership.objects.filter(user=sides["owner"]).update(status=Membership.Status.LEFT)
    with fence.subject(str(sides["owner"].pk)):
        assert unguarded() == ([], [])


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_the_subject_lasts_one_statement(sides: dict[str, User]) -> None:
    with fence.subject(str(sides["owner"].pk)):
        assert unguarded() == ([TELEPHONE], [WORDING])
        streamed = list(ListingContact.objects.values_list("phone", flat=True).iterator(chunk_size=1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('serai.subject', true)")
        left_behind = cursor.fetchone()[0]

    assert streamed == [TELEPHONE]
    assert not left_behind


def test_nobody_writes_a_wording_or_contact_of_others(sides: dict[str, User]) -> None:
    body = AgreementBody.objects.get()
    with fence.subject(str(sides["third"].pk)):
        assert AgreementBody.objects.update(body="Changed") == 0
        assert ListingContact.objects.all().delete()[0] == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            AgreementBody.objects.create(agreement_id=body.agreement_id, language="fr", body="Faux")
    reader = fence.subject(str(sides["other"].pk))  # reads the contact, is not its owner
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with reader, refused, transaction.atomic():
        ListingContact.objects.update(phone="0")
    assert unguarded() == ([TELEPHONE], [WORDING])


def test_the_subject_of_a_token_is_its_person(sides: dict[str, User], forgotten: None) -> None:
    agreement = AgreementBody.objects.get().agreement_id
    found = {}
    for who, person in sides.items():
        ApiToken.objects.create(
            user=person, name=who, scope=ApiToken.Scope.READ, secret_hash=hash_of(f"secret {who}")
        )
        answer = Client().get(
            f"/api/v1/agreements/{agreement}/wording", headers={"authorization": f"Bearer secret {who}"}
        )
        assert answer.status_code == 200
        found[who] = WORDING in walk.text_of(answer)

    assert found == {"owner": True, "other": True, "third": False}
