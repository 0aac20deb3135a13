"""The spans, as OpenTelemetry's own exporter in memory has them."""

import asyncio

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from adapters.otel_traces.telemetry import OtelTraces
from application.all_telemetry import told
from application.ports.telemetry import CUT, AgentReport, QuestionReport, RequestReport, RunReport, ToolReport
from domain.errors import ModelServerTimeout

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT_ID = "00f067aa0ba902b7"


class Traced:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.traces = OtelTraces(provider, provider_name="ollama")

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}


@pytest.fixture
def traced() -> Traced:
    return Traced()


def run() -> RunReport:
    return RunReport(run_id="0" * 16, session_id="1" * 10)


def question() -> QuestionReport:
    return QuestionReport(model="llama", purpose="chat", session_id="1" * 10)


def test_a_run_is_a_trace_with_all_its_work_in_it(traced: Traced) -> None:
    agent = AgentReport(agent_name="cook", model="small", session_id="2" * 10)
    during = traced.traces.during
    with during(run()):
        with during(question()):
            pass
        with during(agent), during(ToolReport(tool_name="cook.stir")):
            pass
    spans = traced.spans()

    assert set(spans) == {"invoke_workflow run", "chat llama", "invoke_agent cook", "execute_tool cook.stir"}
    parents = {name: span.parent.span_id if span.parent else None for name, span in spans.items()}
    root, of_agent = spans["invoke_workflow run"].context, spans["invoke_agent cook"].context
    assert root is not None
    assert of_agent is not None
    assert parents == {
        "invoke_workflow run": None,
        "chat llama": root.span_id,
        "invoke_agent cook": root.span_id,
        "execute_tool cook.stir": of_agent.span_id,
    }


def test_a_run_says_whose_it_is_and_how_it_ended(traced: Traced) -> None:
    report = run()
    with traced.traces.during(report):
        report.status, report.model, report.prompt_tokens, report.answer_tokens = "completed", "llama", 10, 5
    (span,) = traced.spans().values()

    assert span.kind is SpanKind.INTERNAL
    assert span.attributes == {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "run",
        "gen_ai.conversation.id": "1" * 10,
        "gen_ai.request.model": "llama",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "mochi.run.id": "0" * 16,
        "mochi.run.status": "completed",
    }


def test_a_question_says_what_the_conventions_want_of_it(traced: Traced) -> None:
    report = question()
    with traced.traces.during(report):
        report.prompt_tokens, report.answer_tokens, report.done_reason = 10, 5, "stop"
        report.num_ctx, report.first_piece_after, report.added_delay = 8192, 0.25, 0.003
    (span,) = traced.spans().values()

    assert span.kind is SpanKind.CLIENT
    assert span.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "ollama",
        "gen_ai.conversation.id": "1" * 10,
        "gen_ai.request.model": "llama",
        "gen_ai.request.stream": True,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.response.time_to_first_chunk": 0.25,
        "mochi.question.purpose": "chat",
        "mochi.model.num_ctx": 8192,
        "mochi.model.was_reloaded": False,
        "mochi.added_delay": 0.003,
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_tool_that_failed_is_an_error_without_its_text(traced: Traced) -> None:
    report = ToolReport(tool_name="echo", tool_call_id="call_1")
    with traced.traces.during(report):
        report.error_code = "TOOL_TIMEOUT"
    (span,) = traced.spans().values()

    assert span.attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "echo",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
        "error.type": "TOOL_TIMEOUT",
    }
    assert span.status.status_code is StatusCode.ERROR


def test_an_exception_leaves_no_text_behind(traced: Traced) -> None:
    with pytest.raises(ModelServerTimeout), told(traced.traces, question()):
        raise ModelServerTimeout("what the model said")
    (span,) = traced.spans().values()

    assert span.status.status_code is StatusCode.ERROR
    assert not span.events
    assert "what the model said" not in span.to_json()


def test_what_was_cut_short_has_not_failed(traced: Traced) -> None:
    report = question()
    with traced.traces.during(report):
        report.error_code = CUT
    (span,) = traced.spans().values()

    assert (span.attributes or {})["error.type"] == CUT
    assert span.status.status_code is StatusCode.UNSET


async def test_calls_made_at_once_belong_to_the_run_that_made_them(traced: Traced) -> None:
    async def call(name: str) -> None:
        with traced.traces.during(ToolReport(tool_name=name)):
            await asyncio.sleep(0)

    with traced.traces.during(run()):
        await asyncio.gather(call("a"), call("b"))
    spans = traced.spans()

    root = spans["invoke_workflow run"].context
    assert root is not None
    for name in ("a", "b"):
        parent = spans[f"execute_tool {name}"].parent
        assert parent is not None
        assert parent.span_id == root.span_id


def test_a_run_goes_on_with_the_trace_of_its_request(traced: Traced) -> None:
    request = RequestReport(request_id="a", method="POST", route="/chat", traceparent=f"00-{TRACE_ID}-{PARENT_ID}-01")
    with traced.traces.during(request), traced.traces.during(run()):
        pass
    with traced.traces.during(run()):
        pass
    first, second = traced.exporter.get_finished_spans()

    assert first.parent is not None
    assert (first.parent.trace_id, first.parent.span_id) == (int(TRACE_ID, 16), int(PARENT_ID, 16))
    assert second.parent is None, "the next one has nothing to do with that request"


@pytest.mark.parametrize("nonsense", ["", "00-zz", "x" * 10_000])
def test_a_traceparent_that_is_none_is_passed_over(traced: Traced, nonsense: str) -> None:
    request = RequestReport(request_id="a", method="POST", route="/chat", traceparent=nonsense)
    with traced.traces.during(request), traced.traces.during(run()):
        pass
    (span,) = traced.spans().values()

    assert span.parent is None
