"""Of Celery's consumer only what the step uses: the rest needs a whole worker."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from celery import Celery, bootsteps
from kombu import Queue
from kombu.asynchronous.timer import Timer

from worker.steps.events import EventBatches


@pytest.fixture
def app() -> Celery:
    return Celery("events", broker="memory://")


@pytest.fixture
def heard(app: Celery) -> Iterator[Queue]:
    """Give a queue that hears every event."""
    with app.connection() as connection:
        exchange = app.events.Dispatcher(connection, enabled=False).exchange
        queue = Queue("heard", exchange, routing_key="#", channel=connection.channel())
        queue.declare()
        yield queue


@pytest.fixture
def consumer(app: Celery) -> Iterator[SimpleNamespace]:
    with app.connection() as connection:
        dispatcher = app.events.Dispatcher(connection, buffer_group=["task"])
        yield SimpleNamespace(
            hub=object(),
            timer=Timer(),
            event_dispatcher=dispatcher,
            blueprint=SimpleNamespace(state=bootsteps.RUN),  # type: ignore[attr-defined]  # celery-types has no states
        )


def begin(consumer: SimpleNamespace) -> EventBatches:
    step = EventBatches(consumer)
    step.start(consumer)
    for number in range(3):
        consumer.event_dispatcher.send("task-received", uuid=str(number))
    return step


def test_events_leave_together_when_their_time_has_come(
    consumer: SimpleNamespace, heard: Queue
) -> None:
    begin(consumer)
    assert heard.get() is None
    (scheduled,) = consumer.timer.queue
    scheduled.entry()
    assert [event["uuid"] for event in heard.get().payload] == ["0", "1", "2"]
    assert heard.get() is None
    consumer.event_dispatcher.send("task-started", uuid="0")
    assert len(consumer.timer.queue) == 2, "the next one waits for a batch of its own"


def test_a_worker_that_ends_publishes_what_it_has_left(
    consumer: SimpleNamespace, heard: Queue
) -> None:
    step = begin(consumer)
    consumer.blueprint.state = bootsteps.CLOSE  # type: ignore[attr-defined]  # celery-types has no states
    step.stop(consumer)
    assert len(heard.get().payload) == 3


def test_where_the_connection_is_lost_nothing_is_published_over_it(
    consumer: SimpleNamespace, heard: Queue
) -> None:
    step = begin(consumer)
    step.stop(consumer)
    assert heard.get() is None
    (scheduled,) = consumer.timer.queue
    assert scheduled.entry.canceled
