"""Decides what a failed request means: try again, an end that a solver can treat, or an error that no try can mend."""

from __future__ import annotations

import email.utils
import json
import math
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bugladder.models.connections import Endpoint
from bugladder.records import BugladderError
from bugladder.records.chats import BAD_REQUEST, CONTENT_FILTER, CONTEXT_LENGTH, Reply, TryError, Usage

if TYPE_CHECKING:
    from openai import APIStatusError

_MALFORMED = frozenset({400, 413, 422})
_TRANSIENT = frozenset({408, 409, 425})
_FILTERED = frozenset({"content_filter", "invalid_prompt"})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TOO_LONG = re.compile(r"context.{0,5}(length|window|size)|prompt is too long|input is too long", re.IGNORECASE)
_TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})


def end_of(error: Exception, endpoint: Endpoint, *, is_foreign: bool = False) -> Reply:
    """What an exchange that failed comes to.

    Args:
        error: what the exchange raised.
        endpoint: whom it was with.
        is_foreign: the request's form is a foreign program's: one that is malformed says nothing of our settings.

    Returns:
        A reply without text where the server refused this very question: finish_reason "context_length",
        "content_filter" or "bad_request", usage of no tokens since a refused request costs nothing.

    Raises:
        TryError: another try may succeed.
        BugladderError: none can; names the setting or variable, never the key.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        return _by_status(error, endpoint, is_foreign=is_foreign)
    # the SDK's error carries the request and its headers: nothing of it may reach a log
    raise _broken(error, endpoint) from None


def _broken(error: Exception, endpoint: Endpoint) -> TryError:
    """No status came: surely free only where no connection stood."""
    import httpx2
    import openai

    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        words = f"cannot be reached ({type(cause).__name__}); is the server up and model.base_url right?"
        return TryError(f"{endpoint.where}: {words}", may_be_charged=False)
    if isinstance(cause, TimeoutError | httpx2.TimeoutException):
        return TryError(f"{endpoint.where}: no whole reply within {endpoint.timeout_s:g} s", may_be_charged=True)
    return TryError(f"{endpoint.where}: the connection broke off ({type(cause).__name__})", may_be_charged=True)


def _by_status(error: APIStatusError, endpoint: Endpoint, *, is_foreign: bool) -> Reply:
    status, code, words = error.status_code, error.code or "", endpoint.quote(_words(error.body))
    if status == 402 or code in _NO_CREDIT:
        raise _refusal(endpoint, f"the account has no credit left: {words}") from None
    is_too_large = status == 429 and words.startswith("Request too large")
    if is_too_large and not is_foreign:
        raise _refusal(
            endpoint, f"one request is above the account's rate limit; shorten the context: {words}"
        ) from None
    if not is_too_large and (status == 429 or status in _TRANSIENT or status >= 500):
        raise TryError(
            f"{endpoint.where}: status {status}: {words}",
            may_be_charged=status != 429,
            retry_after_s=retry_after_s(error.response.headers, time.time()),
            is_rate_limit=status == 429,
        ) from None
    if status in _MALFORMED and (code in _TOO_LONG_CODES or _TOO_LONG.search(words)):
        return Reply("", CONTEXT_LENGTH, endpoint.model, Usage(0, 0))
    if status == 400 and code in _FILTERED:
        return Reply("", CONTENT_FILTER, endpoint.model, Usage(0, 0), refusal=words)
    if is_foreign and (is_too_large or status in _MALFORMED):
        return Reply("", BAD_REQUEST, endpoint.model, Usage(0, 0), refusal=words)
    raise _refusal(endpoint, _advice(status, endpoint.key_variable, words)) from None


def _advice(status: int, variable: str | None, words: str) -> str:
    holder = f"the key in {variable}" if variable else "a request without a key; name its variable in model.api_key_env"
    if status == 401:
        return f"refuses {holder} (401)"
    if status == 403:
        return f"forbids this to {holder} (403): {words}"
    if status == 404:
        return f"knows no such model or path (404); check model.model and model.base_url: {words}"
    return f"refuses the request ({status}); check the model's settings: {words}"


def _refusal(endpoint: Endpoint, words: str) -> BugladderError:
    return BugladderError(f"{endpoint.where}: {words}")


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that the server asks to wait: retry-after-ms, else Retry-After in seconds or as an HTTP date.

    Args:
        headers: of the reply, names in any case where the mapping allows it.
        now_s: seconds since the epoch, which dates are compared with.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return max(0.0, found) if math.isfinite(found) else None


def _words(body: Any) -> str:
    """What the server said: the error's message, else all of it."""
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("detail") or json.dumps(body)
    return str(body or "no words")
