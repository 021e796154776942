"""What a letter of a notice says: about what, by when, what if not, why it came, and one link."""

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils.translation import override

from serai.accounts import notices
from serai.accounts.models import Notice, User
from serai.agreements.models import AgreementText
from serai.core import outbox
from serai.core.words import on_weekday
from serai.exchange import news
from serai.exchange.models import Interest
from tests import factories as f

pytestmark = pytest.mark.django_db


def interest(reader: User, title: str, **what_matters: object) -> Interest:
    """An interest in a listing of the reader's organisation, of which they are told."""
    house = reader.memberships.get().organisation
    made = Interest.objects.create(
        listing=f.make_listing(organisation=house, title=title),
        organisation=f.make_organisation(name="Delta Firm"),
        language="en",
        cooperation_sought="SECRET of both sides",
        about_us="We build pilots.",
        **{"answer_due": f.in_days(9), **what_matters},
    )
    news.tell_recipient(made, "exchange.interest_received", key=f"test:{made.pk}")
    return made


def letters(reader: User) -> list[EmailMultiAlternatives]:
    outbox.deliver_due()
    return [message for message in mail.outbox if message.to == [reader.email]]  # type: ignore[misc]


def person(**what_matters: object) -> User:
    return f.make_member(f.make_organisation(), **what_matters)


def test_a_letter_says_what_by_when_what_if_not_why_and_where_to() -> None:
    reader = person()
    made = interest(reader, "Quiet pumps")

    (letter,) = letters(reader)

    assert letter.subject == "Delta Firm is interested in “Quiet pumps”."
    paragraphs = letter.body.split("\n\n")
    assert paragraphs[0] == letter.subject
    assert paragraphs[1] == f"Please do it by {on_weekday(made.answer_due)}."
    assert paragraphs[2] == "If nobody answers, the interest ends on that day and the other side is told."
    assert paragraphs[3].startswith("Answer an interest\nhttp")
    assert paragraphs[3].endswith(f"/exchange/interests/{made.pk}/")
    assert paragraphs[4].startswith("-- \nYou get this letter because you look after this listing")
    assert paragraphs[4].endswith("/settings/")
    assert len(paragraphs) == 5
    assert "SECRET" not in letter.message().as_string()


def test_a_day_that_is_over_is_not_asked_for() -> None:
    reader = person()
    interest(reader, "Quiet pumps", answer_due=f.in_days(-1))

    (letter,) = letters(reader)

    assert "Please do it by" not in letter.body


def test_a_letter_of_what_is_no_longer_open_names_nothing() -> None:
    reader = person()
    interest(reader, "Quiet pumps")
    reader.memberships.all().delete()

    (letter,) = letters(reader)

    said = str([letter.subject, letter.body, letter.alternatives])
    assert "no longer open to you" in letter.subject
    assert not [
        word for word in ("Quiet pumps", "Delta Firm", "Please do it by", "If nobody") if word in said
    ]


def test_a_letter_speaks_its_readers_language_from_right_to_left() -> None:
    reader = person(language="ar")
    made = interest(reader, "Quiet pumps")

    (letter,) = letters(reader)

    html = str(letter.alternatives[0])
    with override("ar"):
        day = on_weekday(made.answer_due)
    assert ('lang="ar"' in html, 'dir="rtl"' in html) == (True, True)
    assert day in letter.body
    assert "is interested in" not in letter.subject


@pytest.mark.parametrize(("reads", "said"), [([], True), (["pl"], False)])
def test_a_letter_says_in_which_language_the_thing_is_if_one_may_not_read_it(
    reads: list[str], said: bool
) -> None:
    reader = person(reads=reads)
    made = interest(reader, "Ciche pompy")
    made.listing.teasers.update(language="pl")

    (letter,) = letters(reader)

    assert ("What it is about is written in: Polish" in letter.body) is said


def test_a_title_is_the_readers_own_whatever_the_writer_spoke() -> None:
    house = f.make_organisation()
    reader = f.make_member(house, language="ar")
    agreement = f.make_agreement(house, f.make_organisation())
    AgreementText.objects.filter(agreement=agreement).delete()
    for language, title, origin in (("pl", "Pompy", "written"), ("ar", "مضخات", "translated")):
        AgreementText.objects.create(agreement=agreement, language=language, title=title, origin=origin)
    notices.notify(
        user=reader, kind="agreements.signed", obj=agreement, values={"title": "Pompy"}, url="/x/", key="k"
    )
    told = list(Notice.objects.all())

    with override("ar"):
        own = notices.news_of(told, reader)[0]
    with override("fr"):
        neither = notices.news_of(told, reader)[0]

    assert ("مضخات" in own.text, list(own.languages)) == (True, [])
    assert ('<bdi lang="pl">Pompy</bdi>' in neither.text, list(neither.languages)) == (True, ["pl"])


def test_a_title_is_no_markup_on_the_page() -> None:
    reader = person()
    interest(reader, "<i>Pumps</i> & \u202e pipes")
    client = Client()
    client.force_login(reader)

    page = client.get("/notices/").content.decode()

    assert "&lt;i&gt;Pumps&lt;/i&gt; &amp;" in page
    assert "<i>Pumps" not in page
