"""What load balancers and uptime monitors ask."""

import pytest

from tests.support.stack import Api


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/health"])
def test_a_probe_may_ask_for_the_head_alone(service: Api, path: str) -> None:
    answer = service.http.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(service.http.get(path).content))
