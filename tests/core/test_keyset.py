import pytest

from serai.core import keyset
from serai.core.errors import Invalid
from serai.directory.models import Organisation
from tests import factories

pytestmark = pytest.mark.django_db


def named(*names: str) -> None:
    place = factories.make_place()
    for name in names:
        factories.make_organisation(name=name, country=place)


def walk(by: str = "search_key", size: int = 2) -> list[list[str]]:
    pages, mark = [], ""
    while True:
        page = keyset.page_of(Organisation.objects.all(), mark, by=by, size=size)
        pages.append([o.name for o in page.object_list])
        if not page.has_next():
            return pages
        mark = page.next_page_number()


def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    named("e", "a", "d", "b", "c")

    assert walk() == [["a", "b"], ["c", "d"], ["e"]]
    assert walk(by="-search_key") == [["e", "d"], ["c", "b"], ["a"]]


def test_equal_names_are_told_apart_by_their_key() -> None:
    named("same", "same", "same", "same", "same")

    assert [len(page) for page in walk()] == [2, 2, 1]


def test_one_page_leads_nowhere() -> None:
    named("a", "b")

    page = keyset.page_of(Organisation.objects.all(), "", by="search_key", size=2)

    assert (page.has_next(), page.has_previous(), page.number) == (False, False, 1)


def test_the_way_back_shows_the_same_pages() -> None:
    named("e", "a", "d", "b", "c")
    rows = Organisation.objects.all()
    first = keyset.page_of(rows, "", by="search_key", size=2)
    second = keyset.page_of(rows, first.next, by="search_key", size=2)
    third = keyset.page_of(rows, second.next, by="search_key", size=2)

    back = keyset.page_of(rows, third.previous, by="search_key", size=2)
    start = keyset.page_of(rows, back.previous, by="search_key", size=2)

    assert ([o.name for o in back.object_list], back.number) == (["c", "d"], 2)
    assert ([o.name for o in start.object_list], start.number) == (["a", "b"], 1)
    assert not start.has_previous()
    assert start.has_next()


def test_an_empty_list_is_one_empty_page() -> None:
    assert walk() == [[]]


@pytest.mark.parametrize("mark", ["x", "WzFd", "!!!", "WzEsZmFsc2UsMSwieCJd", "é", "a" * 5000])
def test_a_mark_of_somebody_else_is_refused(mark: str) -> None:
    with pytest.raises(Invalid):
        keyset.page_of(Organisation.objects.all(), mark, by="search_key")


def test_a_date_may_be_the_order() -> None:
    place = factories.make_place()
    for days in (3, 1, 2):
        factories.make_organisation(name=str(days), country=place, due_on=factories.in_days(days))

    assert walk(by="due_on") == [["1", "2"], ["3"]]
