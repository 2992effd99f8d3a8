"""The chat that a solver is handed: one instance's questions, each answered from the cache or by a metered try."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from bugladder.records import canonical_json, to_plain
from bugladder.records.chats import Question, Reply
from bugladder.running.metering.asking import Asker
from bugladder.running.metering.cache import KeptReply, ResponseCache
from bugladder.running.metering.ledger import TryOutcome
from bugladder.running.metering.requests import Request, request_of
from bugladder.workspace import Deadline

Row = dict[str, Any]


class MeteredChat:
    """The chat of one instance. Safe to ask from several threads."""

    def __init__(self, asker: Asker, cache: ResponseCache, instance_id: str, deadline: Deadline) -> None:
        """Start without rows; what this run paid for before it was interrupted counts as asked for by it."""
        self._asker, self._cache = asker, cache
        self._instance_id, self._deadline = instance_id, deadline
        self._lock = threading.Lock()
        self._calls: list[Row] = []
        self._transcripts: list[Row] = []
        booked = asker.ledger.charged(instance_id)
        self._own = {t.request for t in booked if t.outcome is TryOutcome.ANSWERED}

    def ask(self, question: Question) -> Reply:
        """The reply, on disk before it is returned.

        What the instance waits for (its turn, a server's pause, money that others hold, failed tries) is excused from
        its deadline; only the seconds of the try that brought the reply count.

        Raises:
            CapReachedError: a cap has no room; the solver lets it pass.
            ModelRefusedError: the model can answer nobody; the solver lets it pass.
            InfrastructureError: the model did not answer this time.
        """
        model = self._asker.model
        request = request_of(question, model.identity(), model.max_output_tokens)
        started, counted_s = time.monotonic(), 0.0
        try:
            kept, is_new = self._fetch(request)
            counted_s = kept.latency_s if is_new else 0.0
        finally:
            with self._lock:
                self._deadline.excuse(max(0.0, time.monotonic() - started - counted_s))
        with self._lock:
            self._note(request, kept, is_new=is_new)
        return kept.reply

    def rows(self) -> dict[str, list[Row]]:
        """Rows of `calls` and `transcripts`, in order of asking; the accounts decide was_paid and is_lost."""
        with self._lock:
            return {"calls": list(self._calls), "transcripts": list(self._transcripts)}

    def _fetch(self, request: Request) -> tuple[KeptReply, bool]:
        if not self._asker.settings.response_cache:
            return self._asker.ask(request, self._instance_id), True
        return self._cache.fetch(request.key, lambda: self._asker.ask(request, self._instance_id))

    def _note(self, request: Request, kept: KeptReply, *, is_new: bool) -> None:
        question, reply = request.question, kept.reply
        # a reply that this run paid for before a restart is one that it asked for
        was_cached = not is_new and request.key not in self._own
        self._own.discard(request.key)
        shared = {
            "call_id": f"{self._instance_id}/{len(self._calls) + 1}",
            "instance_id": self._instance_id,
            "iteration": question.iteration,
            "step": question.step,
        }
        self._calls.append(
            {
                **shared,
                "sample": question.sample,
                "request_hash": request.key,
                "model_asked": request.model,
                "model_answered": reply.model_answered,
                **request.tokens(reply),
                "latency_s": kept.latency_s,
                "was_cached": was_cached,
                "retries": kept.retries,
                "finish_reason": reply.finish_reason,
            }
        )
        self._transcripts.append(
            {
                **shared,
                "template": question.template,
                "messages": canonical_json(to_plain(question.raw or list(question.messages))),
                "reply": reply.text if reply.raw is None else json.dumps(reply.raw, ensure_ascii=False),
                "refusal": reply.refusal,
            }
        )
