"""The way to the engine: a client per thread, every call bounded, every failure told by the table of rules."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException
from docker.utils import kwargs_from_env

from bugladder.records import InfrastructureError
from bugladder.sandboxes.containers.failures import FailureRule, diagnose


class EngineError(InfrastructureError):
    """The engine failed; `rule` says in which way."""

    def __init__(self, what: str, words: str, rule: FailureRule | None = None) -> None:
        """Put the rule's advice before the engine's own words."""
        self.rule = rule or diagnose(words)
        super().__init__(f"{what}: {self.rule.name}: {self.rule.advice} ({' '.join(words.split())[:300]})")


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn whatever the engine's client raises into an EngineError that starts with `what`.

    Raises:
        EngineError: in place of the client's own errors.
    """
    try:
        yield
    except APIError as error:
        raise EngineError(what, str(error.explanation or error)) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise EngineError(what, f"{type(error).__name__}: {error}") from error


class Engine:
    """One engine, found by its URL or by the environment's DOCKER_HOST."""

    def __init__(self, url: str | None, timeout_s: float) -> None:
        """Nothing is asked yet; timeout_s bounds each call that has no bound of its own."""
        self.timeout_s = timeout_s
        self._where: dict[str, Any] = {"base_url": url} if url else kwargs_from_env()
        self._own = threading.local()
        self._version: str | None = None

    @property
    def api(self) -> Any:
        """The client of this thread.

        Raises:
            EngineError: no engine answers.
        """
        if not hasattr(self._own, "api"):
            with told("docker engine"):
                version = self._version or "auto"
                self._own.api = docker.APIClient(**self._where, version=version, timeout=self.timeout_s)
                self._version = self._own.api.api_version
        return self._own.api


@lru_cache(maxsize=8)
def engine_at(url: str | None, timeout_s: float) -> Engine:
    """The one Engine of this process for a URL."""
    return Engine(url, timeout_s)
