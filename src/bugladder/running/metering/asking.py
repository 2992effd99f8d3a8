"""Decides how often a model is tried for one request; each try's worst price is held before, its own booked after."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from bugladder.records import BugladderError, InfrastructureError
from bugladder.records.chats import ModelRefusedError, TryError
from bugladder.records.prices import PriceTable
from bugladder.records.protocols import ChatModel
from bugladder.running.items import AskSettings
from bugladder.running.metering.cache import KeptReply, ResponseCache
from bugladder.running.metering.ledger import Booking, Claim, Ledger, TryOutcome
from bugladder.running.metering.pacing import Pace
from bugladder.running.metering.requests import Request


@dataclass(frozen=True)
class Asker:
    """What every try at a model goes through.

    Args:
        model: who is asked.
        ledger: where its money is held and booked.
        prices: what its tokens cost.
        pace: shared by all who ask this model.
        settings: how often and how long it is tried.
        on_booked: called after each booking with the USD spent by then.
    """

    model: ChatModel
    ledger: Ledger
    prices: PriceTable
    pace: Pace
    settings: AskSettings
    on_booked: Callable[[float], None]

    def ask(self, request: Request, instance_id: str) -> KeptReply:
        """The reply to a request, on disk together with its price.

        Raises:
            CapReachedError: a cap has no room for another try.
            ModelRefusedError: no try can succeed, or a dearer model than the one asked has answered.
            InfrastructureError: the tries are used up.
        """
        patience = _Patience(self.settings)
        retrying = Retrying(
            retry=retry_if_exception_type(TryError), stop=patience.is_over, wait=patience.wait_s, reraise=True
        )
        try:
            return retrying(self._try, request, instance_id, patience)
        except TryError as error:
            raise InfrastructureError(
                f"model {request.model}: no reply after {patience.tries} tries; the last: {error}"
            ) from error

    def _try(self, request: Request, instance_id: str, patience: _Patience) -> KeptReply:
        claim = Claim(instance_id, request.key, request.reserve_nano(self.prices), _facts(request))
        # a turn first: money that is held while its try only waits would keep others from theirs
        with self.pace.turn() as started:
            number = self.ledger.hold(claim)
            try:
                asked = time.monotonic()
                reply = self.model.try_once(request.question)
            except BaseException as error:
                self._book_failure(number, claim, error)
                if isinstance(error, TryError):
                    self._slow_down(error, started)
                if _is_refusal(error):
                    raise ModelRefusedError(str(error)) from error
                raise
        kept = KeptReply(reply, time.monotonic() - asked, patience.tries)
        self.pace.succeed()
        if request.is_above_reserve(kept.reply, self.prices):
            raise self._book_dearer(number, claim, kept.reply.model_answered)
        self._book_reply(number, request, kept)
        return kept

    def _book_dearer(self, number: int, claim: Claim, answered: str) -> ModelRefusedError:
        """The end of a try that cost more than was held: what comes next would, too, so nobody asks on."""
        words = f"model {claim.facts['model_asked']!r} was answered by {answered!r}, whose price is above what was held"
        self.on_booked(self.ledger.book(number, Booking(TryOutcome.LOST, claim.nano_usd, {"reason": words})))
        return ModelRefusedError(f"{words}; set model.model to the model that answers, or correct prices.models")

    def _book_reply(self, number: int, request: Request, kept: KeptReply) -> None:
        reply = kept.reply
        result = {
            "model_answered": reply.model_answered,
            "finish_reason": reply.finish_reason,
            "latency_s": kept.latency_s,
            "retries": kept.retries,
            **request.tokens(reply),
        }
        booking = Booking(TryOutcome.ANSWERED, request.settle_nano(reply, self.prices), result)
        self.on_booked(self.ledger.book(number, booking, ResponseCache.keep(request.key, kept)))

    def _book_failure(self, number: int, claim: Claim, error: BaseException) -> None:
        is_free = not error.may_be_charged if isinstance(error, TryError) else _is_refusal(error)
        outcome, nano_usd = (TryOutcome.FREE, 0) if is_free else (TryOutcome.LOST, claim.nano_usd)
        self.on_booked(self.ledger.book(number, Booking(outcome, nano_usd, {"reason": str(error)[:300]})))

    def _slow_down(self, error: TryError, started: float) -> None:
        if error.is_rate_limit:
            self.pace.slow_down(started)
        # what asks for more than anybody's patience ends this request and holds up no other
        if error.retry_after_s is not None and error.retry_after_s < self.settings.patience_s:
            self.pace.hold_off(error.retry_after_s)


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, BugladderError) and not isinstance(error, InfrastructureError)


def _facts(request: Request) -> dict[str, object]:
    question = request.question
    where = {"step": question.step, "iteration": question.iteration, "sample": question.sample}
    return {**where, "model_asked": request.model, **request.worst_tokens}


@dataclass
class _Patience:
    """Counts one request's tries: failures up to a number, refusals for there were too many up to a time."""

    settings: AskSettings
    tries: int = 0
    failures: int = 0
    started: float = field(default_factory=time.monotonic)

    def is_over(self, state: RetryCallState) -> bool:
        """True once no further try is made."""
        error = _error_of(state)
        self.tries += 1
        self.failures += not error.is_rate_limit
        left_s = self.settings.patience_s - (time.monotonic() - self.started)
        is_waiting = error.is_rate_limit or error.retry_after_s is not None
        is_too_long = is_waiting and (error.retry_after_s or 0.0) >= left_s
        return self.failures >= self.settings.tries or is_too_long

    def wait_s(self, state: RetryCallState) -> float:
        """Seconds before the next try; a server's own wish is kept by the pace, for all workers."""
        if _error_of(state).retry_after_s is not None:
            return 0.0
        return float(
            wait_random_exponential(multiplier=self.settings.base_delay_s, max=self.settings.max_delay_s)(state)
        )


def _error_of(state: RetryCallState) -> TryError:
    error = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(error, TryError):
        raise TypeError(f"retried after {error!r}, should be a TryError")
    return error
