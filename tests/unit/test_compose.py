"""docker-compose.yml keeps up with the settings."""

from pathlib import Path

import pytest
import yaml

from shared.settings import Settings, variable

COMPOSE = yaml.safe_load(Path("docker-compose.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("service", ["api", "worker", "webhooks"])
def test_every_setting_of_the_operators_reaches_the_service(service: str) -> None:
    passed = COMPOSE["services"][service]["environment"]
    missing = {variable(field) for field in Settings.model_fields} - passed.keys()
    unknown = {name for name in passed if name.startswith("SOW_QWEN3_")} - {
        variable(field) for field in Settings.model_fields
    }
    assert not missing
    assert not unknown


def test_redis_keeps_its_jobs_and_is_not_published() -> None:
    redis = COMPOSE["services"]["redis"]
    options = " ".join(redis["command"])
    assert "--appendonly yes" in options
    assert "--maxmemory-policy noeviction" in options
    assert "--requirepass" in options
    assert "ports" not in redis


def test_workers_get_longer_to_stop_than_they_need_to_give_their_jobs_back() -> None:
    from worker.app import SOFT_SHUTDOWN_SECONDS  # noqa: PLC0415 - importing it reads the settings

    for service in ("worker", "webhooks"):
        grace = COMPOSE["services"][service]["stop_grace_period"]
        assert float(grace.removesuffix("s")) >= SOFT_SHUTDOWN_SECONDS + 15
