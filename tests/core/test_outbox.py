"""What leaves first, and what that costs."""

import pytest
from django.db import connection

from serai.core import outbox
from serai.core.models import OutboxMessage

pytestmark = pytest.mark.django_db


def test_a_letter_leaves_before_the_notices_that_waited_longer() -> None:
    outbox.put(channel="notice", key="first", payload={"notice": "x"})
    outbox.put(channel="mail", key="second", payload={})
    outbox.put(channel="notice", key="third", payload={"notice": "x"})

    assert [message.key for message in outbox.due_messages()] == ["second", "first", "third"]
    assert [message.can_wait for message in outbox.due_messages()] == [False, True, True]


def test_the_order_messages_leave_in_is_that_of_an_index() -> None:
    """Nothing is sorted, however many wait; the control is an order that no index has."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "Sort" not in outbox.due_messages()[:1].explain()
    assert "Sort" in OutboxMessage.objects.order_by("channel", "due_at")[:1].explain()
