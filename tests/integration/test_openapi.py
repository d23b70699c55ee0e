"""The OpenAPI description, held against the API by schemathesis."""

from tests.support.processes import Program, python
from tests.support.stack import Stack

CASES = 25
"""How many cases schemathesis makes for each operation."""


def test_the_description_has_examples_and_every_error_is_a_problem(stack: Stack) -> None:
    api = stack.api()
    description = api.http.get("/openapi.json").json()
    for path in ("/api/v1/jobs", "/api/v1/align"):
        content = description["paths"][path]["post"]["requestBody"]["content"]
        assert content["application/json"]["example"]["lyrics_text"]
        assert content["multipart/form-data"]["schema"]["properties"]["audio"]["format"] == "binary"
    assert description["webhooks"]["job-ended"]["post"]["requestBody"]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status >= "400" and path != "/health":
                    assert list(answer["content"]) == ["application/problem+json"], (method, path)


def test_schemathesis_finds_no_5xx_and_no_undocumented_status(stack: Stack) -> None:
    api = stack.api(SOW_QWEN3_SYNC_WAIT_SECONDS="2")
    stack.worker("-c", "1")
    stack.ready(api)
    report = stack.folder / "schemathesis.log"
    checks = "not_a_server_error,status_code_conformance,response_schema_conformance"
    command = [
        *python("schemathesis.cli", "run", f"{api.url}/openapi.json"),
        *("--checks", checks),
        *("--max-examples", str(CASES)),
        *("--seed", "1", "--phases", "examples,coverage,fuzzing"),
    ]
    program = Program(command, report)
    try:
        assert program.process.wait(240) == 0, report.read_text()
    finally:
        program.kill_all()
