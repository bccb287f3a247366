"""Reactions that come at odd moments: to a reminder, or before the bot knows its own message."""

from datetime import UTC, datetime

import pytest

from bot.ports import Kind
from storage.outbox import Queued
from storage.unit_of_work import UnitOfWork
from tests.stories.conftest import Town
from tests.stories.world import at

pytestmark = pytest.mark.asyncio


async def test_a_reaction_to_a_reminder_of_the_month_is_an_answer(town: Town) -> None:
    """The reminder repeats the question, and its numbers count as the question's did."""
    w = town.world
    await w.until(at("2026-11-04 09:30"))
    reminder = w.last(w.direct(town.rut))
    assert reminder.sender == w.platform.own_account
    w.told(town.rut)
    await w.reacts(town.rut, "1️⃣", reminder.event_id)
    assert w.told(town.rut) != []


async def test_a_reaction_waits_for_the_message_that_it_is_about(town: Town) -> None:
    """Posted, but its id not heard yet: the reaction counts as soon as it is."""
    w = town.world
    await w.until(at("2026-11-02 09:00"))
    room = w.direct(town.rut)
    question = w.last(room)
    w.told(town.rut)

    def unheard(uow: UnitOfWork) -> Queued:
        row = uow.outbox.by_event(question.event_id)
        assert row is not None
        row.state, row.event_id = "pending", None
        uow.outbox.change(row)
        return row

    row = await w.runtime.database.transact(unheard)
    happens = w.platform.happens(
        w.runtime.mailbox, room, town.rut, "1️⃣", kind=Kind.REACTION, target=question.event_id
    )
    await happens
    heard = (row.id, question.event_id, datetime.now(UTC))
    await w.runtime.database.transact(lambda uow: uow.outbox.posted([heard]))
    await w.settle()
    assert w.told(town.rut) != []
