"""Many people take one slot with one free table at the same instant, half of them by the page, half by the interface.

One wins; the others read which times would still work, and nothing of who was quicker. Beside it the control
without the exclusion constraint, in which several win. `tests/events/test_booking_race.py` asks the action itself.
"""

import json
import re
import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from serai.accounts.models import ApiToken, User
from serai.accounts.secrets import hash_of
from serai.events.models import Meeting, MeetingRequest, MeetingSeat, Slot
from serai.events.texts import event_time
from tests import factories as f
from tests.events.test_booking_race import _overlaps, no_guard
from tests.trust import walk

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["no_guard"]


class Race:
    """`people` agreed requests between strangers, one table, a few slots; everybody wants the first."""

    def __init__(self, people: int) -> None:
        event = f.make_event()
        self.slots = [f.make_slot(event, n) for n in range(4)]
        f.make_table(event)
        self.requests: list[MeetingRequest] = []
        self.callers: list[User] = []
        for number in range(people):
            a = f.make_participant(event, user=f.make_user(name=f"Asker {number:02d}x"))
            b = f.make_participant(event, user=f.make_user(name=f"Asked {number:02d}x"))
            self.requests.append(f.make_request(event, requester=a, invitee=b))
            self.callers.append(a.user)
            ApiToken.objects.create(
                user=a.user, name="t", scope=ApiToken.Scope.WRITE, secret_hash=hash_of(f"secret {number}")
            )

    def run(self) -> list[tuple[bool, int, str]]:
        """(by the page, status, text) of each caller's answer; all start together."""
        clients = [self._client(number) for number in range(len(self.requests))]
        start, guard, answers = threading.Barrier(len(clients)), threading.Lock(), []

        def book(number: int) -> None:
            start.wait()
            try:
                answer = self._book(clients[number], number)
            finally:
                connections.close_all()
            with guard:
                answers.append(answer)

        threads = [threading.Thread(target=book, args=(number,)) for number in range(len(clients))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def _client(self, number: int) -> Client:
        client = Client(raise_request_exception=False)
        if number % 2:
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer secret {number}"
        else:
            client.force_login(self.callers[number])
        return client

    def _book(self, client: Client, number: int) -> tuple[bool, int, str]:
        request, slot = self.requests[number], str(self.slots[0].pk)
        response: Any
        if number % 2:
            body = json.dumps({"request": str(request.pk), "slot": slot})
            response = client.post("/api/v1/meetings", body, content_type="application/json")
        else:
            response = client.post(f"/meet/requests/{request.pk}/book/", {"slot": slot})
        return number % 2 == 0, response.status_code, walk.text_of(response)


@pytest.mark.parametrize("people", [8, 32])
def test_one_wins_and_the_others_are_told_what_is_free(people: int) -> None:
    race = Race(people)

    answers = race.run()

    won = [a for a in answers if a[1] in (201, 302)]
    lost = [a for a in answers if a[1] == 409]
    assert (len(won), len(lost)) == (1, people - 1), [a[:2] for a in answers]
    assert Meeting.objects.count() == 1
    assert _overlaps() == 0
    free = race.slots[1:]
    for by_page, _status, text in lost:
        assert len(set(re.findall(r"Ask(?:er|ed) (\d\d)x", text))) <= 1, "names of somebody else"
        if by_page:
            assert text.count("<li>") >= len(free)
            assert all(_clock(slot) in text for slot in free)
        else:
            offered = json.loads(text.split("\n\n", 1)[1])["alternatives"]
            assert [a["slot"] for a in offered] == [str(slot.pk) for slot in free]


def _clock(slot: Slot) -> str:
    return event_time(slot.event, slot.during.lower)


def test_without_the_constraint_more_than_one_would_win(no_guard: None) -> None:
    race = Race(16)

    won = [a for a in race.run() if a[1] in (201, 302)]

    assert len(won) > 1
    assert _overlaps() > 0
    MeetingSeat.objects.all().delete()
