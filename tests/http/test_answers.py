"""What is answered is what the table says of it, field by field."""

from dataclasses import replace

import pytest

from entrypoints.http.operations import JSON
from tests.fakes.scripted_model import saying
from tests.fakes.toolbox import echo
from tests.http.bench import Client, HttpBench, json_of
from tests.http.requests_of import ALL_REQUESTS, KEPT, KEPT_PROMPT, ValidRequest
from tests.unit.histories import AT, assistant

OF_A_RUN_AT_WORK = ("/runs", "/cancel", "/status", "/runs/{run_id}")
ANSWERED_IN_JSON = [
    valid
    for valid in ALL_REQUESTS
    if not valid.operation.streams and any(answer.content.get(JSON) for answer in valid.operation.answers)
]


@pytest.mark.parametrize("valid", ANSWERED_IN_JSON, ids=str)
async def test_an_answer_has_exactly_the_fields_that_are_described(
    client: Client, bench: HttpBench, valid: ValidRequest
) -> None:
    await bench.keep(KEPT)
    await bench.agent_sessions.create(replace(KEPT, agent_name="cook"))
    await bench.keep_prompt(KEPT_PROMPT, "kept")
    bench.toolbox.functions["echo"] = echo
    if valid.operation.path.endswith(OF_A_RUN_AT_WORK):
        handle = await bench.begin_run(KEPT.session_id)
        assert valid.path.endswith(handle.run.run_id) or "{run_id}" not in valid.operation.path
    elif valid.operation.path.endswith("/confirm-tool"):
        await bench.ask_in_run(KEPT.session_id, valid.body["confirmation_id"])
    elif valid.operation.path.endswith("/summarize"):
        await bench.sessions.append(KEPT.session_id, (assistant(),), AT)
        bench.model.reply_next(saying('{"summary": "A greeting.", "topics": []}'))
    else:
        bench.model.reply_next(saying("Hi", "!"))
    answer = await client.request(valid.method, valid.path, json=valid.body)
    described = valid.operation.answers[0]
    model = described.content[JSON]
    assert model is not None
    model.model_validate(await json_of(answer, described.status), extra="forbid")
    await bench.supervisor.stop()
