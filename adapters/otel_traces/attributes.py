"""What spans are called and what they say.

Names are written out: the conventions' own constants lie in a module that its authors may change at any time.
"""

from collections.abc import Mapping
from typing import TypeAlias

from opentelemetry.util.types import AttributeValue

from application.ports.telemetry import AgentReport, QuestionReport, RunReport, ToolReport

WorkReport: TypeAlias = RunReport | QuestionReport | ToolReport | AgentReport

_OPERATION = "gen_ai.operation.name"
_CONVERSATION = "gen_ai.conversation.id"
_MODEL = "gen_ai.request.model"
_INPUT_TOKENS = "gen_ai.usage.input_tokens"
_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"


def name_of(report: WorkReport) -> str:
    match report:
        case RunReport():
            return "invoke_workflow run"
        case QuestionReport():
            return f"chat {report.model}"
        case ToolReport():
            return f"execute_tool {report.tool_name}"
        case AgentReport():
            return f"invoke_agent {report.agent_name}"


def attributes_at_start(report: WorkReport, provider_name: str) -> Mapping[str, AttributeValue]:
    match report:
        case RunReport():
            return {
                _OPERATION: "invoke_workflow",
                "gen_ai.workflow.name": "run",
                _CONVERSATION: report.session_id,
                "mochi.run.id": report.run_id,
            }
        case QuestionReport():
            return {
                _OPERATION: "chat",
                "gen_ai.provider.name": provider_name,
                "gen_ai.request.stream": True,
                _MODEL: report.model,
                _CONVERSATION: report.session_id,
                "mochi.question.purpose": report.purpose,
            }
        case ToolReport():
            facts = {_OPERATION: "execute_tool", "gen_ai.tool.name": report.tool_name, "gen_ai.tool.type": "function"}
            return _known({**facts, "gen_ai.tool.call.id": report.tool_call_id})
        case AgentReport():
            return {
                _OPERATION: "invoke_agent",
                "gen_ai.provider.name": provider_name,
                "gen_ai.agent.name": report.agent_name,
                _MODEL: report.model,
                _CONVERSATION: report.session_id,
            }


def attributes_at_end(report: WorkReport) -> Mapping[str, AttributeValue]:
    facts: dict[str, AttributeValue | None] = {"error.type": report.error_code}
    match report:
        case RunReport():
            facts |= {
                _MODEL: report.model,
                _INPUT_TOKENS: report.prompt_tokens,
                _OUTPUT_TOKENS: report.answer_tokens,
                "mochi.run.status": report.status,
            }
        case QuestionReport():
            facts |= {
                _INPUT_TOKENS: report.prompt_tokens,
                _OUTPUT_TOKENS: report.answer_tokens,
                "gen_ai.response.finish_reasons": [report.done_reason] if report.done_reason else None,
                "gen_ai.response.time_to_first_chunk": report.first_piece_after,
                "mochi.model.num_ctx": report.num_ctx,
                "mochi.model.was_reloaded": report.was_reloaded,
                "mochi.added_delay": report.added_delay,
            }
        case ToolReport() | AgentReport():
            pass
    return _known(facts)


def _known(facts: Mapping[str, AttributeValue | None]) -> Mapping[str, AttributeValue]:
    return {name: value for name, value in facts.items() if value is not None}
