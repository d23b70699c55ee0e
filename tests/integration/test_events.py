"""What Flower hears of a job."""

from collections import defaultdict
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from shared.queue import make_celery
from shared.settings import Settings
from tests.support.processes import wait_until
from tests.support.recordings import Recording
from tests.support.stack import Api

Heard = dict[str, list[str]]


@pytest.fixture
def heard(redis_url: str) -> Iterator[Heard]:
    """Give the types of the task events that were heard, by the task's id."""
    found: Heard = defaultdict(list)
    app = make_celery(Settings(redis_url=redis_url))

    def hear(event: dict[str, Any]) -> None:
        if event["type"].startswith("task-"):
            found[event["uuid"]].append(event["type"])

    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": hear})

        def capture() -> None:
            receiver.capture(limit=None, timeout=None, wakeup=False)

        thread = Thread(target=capture, daemon=True)
        thread.start()
        yield found
        receiver.should_stop = True
        thread.join(10)


def test_each_job_is_heard_of_from_its_submission_to_its_end(
    service: Api, recording: Recording, heard: Heard
) -> None:
    with recording.path.open("rb") as song:
        answer = service.http.post(
            "/api/v1/jobs",
            data={"lyrics_text": recording.lyrics, "language": "English"},
            files={"audio": song},
        )
    job_id = answer.json()["id"]
    assert service.ended(job_id)["state"] == "succeeded"
    told = ["task-received", "task-sent", "task-started", "task-succeeded"]
    wait_until(lambda: sorted(heard[job_id]) == told, "all is told, and once", 10)
    assert [one for one in heard[job_id] if one != "task-sent"] == [
        "task-received",
        "task-started",
        "task-succeeded",
    ]
