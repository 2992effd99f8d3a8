"""Decides how calls read as traces: one per instance, a span for each call, as the documents that MLflow takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bugladder.records import BugladderError, sha256_text

_TOKENS = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning")
_FACTS = ("iteration", "sample", "was_cached", "was_paid", "is_lost", "retries", "finish_reason", "request_hash")


@dataclass(frozen=True)
class CallSpan:
    """One call.

    Args:
        call_id: of the calls table.
        step: the solver's word for it.
        messages: the prompt as it was asked; None for a lost try, of which no transcript is kept.
        reply: the reply's text, or the refusal.
        model: who answered, else who was asked.
        tokens: counts by column of the calls table.
        facts: further columns of the calls table, and the prompt files.
        start_s: seconds from the trace's start; calls follow each other, since their places in time are not recorded.
        latency_s: seconds that the reply took.
    """

    call_id: str
    step: str
    messages: Any
    reply: str
    model: str
    tokens: Mapping[str, int]
    facts: Mapping[str, Any]
    start_s: float
    latency_s: float


@dataclass(frozen=True)
class InstanceTrace:
    """The calls of one instance; at least one."""

    instance_id: str
    spans: tuple[CallSpan, ...]

    @property
    def seconds(self) -> float:
        """The sum of the latencies."""
        return self.spans[-1].start_s + self.spans[-1].latency_s


def instance_traces(
    calls: Iterable[Mapping[str, Any]], transcripts: Iterable[Mapping[str, Any]]
) -> tuple[InstanceTrace, ...]:
    """Traces of all instances with calls, in the tables' order.

    Args:
        calls: rows of the calls table.
        transcripts: rows of the transcripts table; those without a call are left out.

    Raises:
        BugladderError: the messages of a transcript are not JSON.
    """
    said = {t["call_id"]: t for t in transcripts}
    spans: dict[str, list[CallSpan]] = {}
    for call in calls:
        before = spans.setdefault(call["instance_id"], [])
        start_s = before[-1].start_s + before[-1].latency_s if before else 0.0
        before.append(_span(call, said.get(call["call_id"]), start_s))
    return tuple(InstanceTrace(name, tuple(found)) for name, found in spans.items())


def _span(call: Mapping[str, Any], said: Mapping[str, Any] | None, start_s: float) -> CallSpan:
    return CallSpan(
        call_id=call["call_id"],
        step=call["step"],
        messages=None if said is None else _messages(said),
        reply="" if said is None else said["reply"] or said["refusal"],
        model=call["model_answered"] or call["model_asked"],
        tokens={name: call[name] for name in _TOKENS},
        facts={name: call[name] for name in _FACTS} | {"template": "" if said is None else said["template"]},
        start_s=start_s,
        latency_s=call["latency_s"],
    )


def _messages(said: Mapping[str, Any]) -> Any:
    try:
        return json.loads(said["messages"])
    except json.JSONDecodeError as error:
        raise BugladderError(f"{said['call_id']}: transcripts.messages is not JSON; run the run stage again") from error


def span_documents(trace: InstanceTrace, trace_id: str, start_ms: int) -> list[dict[str, Any]]:
    """MLflow's JSON of spans: one for the instance, and below it one for each call; equal traces have equal ids.

    Args:
        trace: what to show.
        trace_id: MLflow's, "tr-" and 32 hex digits.
        start_ms: when the trace begins, in milliseconds of the epoch.
    """
    root_id, start_s = sha256_text(trace_id)[:16], start_ms / 1000
    about = {"mlflow.spanType": "AGENT", "mlflow.spanInputs": {"instance_id": trace.instance_id}}
    root = _document(trace_id, root_id, (start_s, trace.seconds), about) | {"name": trace.instance_id}
    found = [root | {"parent_span_id": ""}]
    for call in trace.spans:
        span_id, when = sha256_text(f"{trace_id}/{call.call_id}")[:16], (start_s + call.start_s, call.latency_s)
        document = _document(trace_id, span_id, when, _attributes(call), is_lost=call.facts["is_lost"])
        found.append(document | {"name": call.step, "parent_span_id": root_id})
    return found


def _document(
    trace_id: str, span_id: str, when: tuple[float, float], attributes: Mapping[str, Any], *, is_lost: bool = False
) -> dict[str, Any]:
    start_s, seconds = when
    # JSON keeps the lone surrogates of undecodable bytes as escapes, which a database could not hold otherwise
    texts = {key: json.dumps(value) for key, value in {"mlflow.traceRequestId": trace_id, **attributes}.items()}
    return {
        "trace_id": trace_id,
        "span_id": span_id,
        "start_time_unix_nano": round(start_s * 1e9),
        "end_time_unix_nano": round((start_s + seconds) * 1e9),
        "events": [],
        "status": {"code": "STATUS_CODE_ERROR" if is_lost else "STATUS_CODE_OK", "message": ""},
        "attributes": texts,
    }


def _attributes(call: CallSpan) -> dict[str, Any]:
    tokens = {"input_tokens": call.tokens["tokens_in"], "output_tokens": call.tokens["tokens_out"]}
    usage = tokens | {"total_tokens": sum(tokens.values()), "cache_read_input_tokens": call.tokens["tokens_cached"]}
    return {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.spanInputs": {"messages": call.messages},
        "mlflow.spanOutputs": call.reply,
        "mlflow.llm.model": call.model,
        "mlflow.chat.tokenUsage": usage,
        **{f"bugladder.{name}": value for name, value in {**call.tokens, **call.facts}.items()},
    }
