"""Remembers each distinct result as one MLflow run, with its data, report and figures. Only here is mlflow imported."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bugladder.records import BugladderError, canonical_json, sha256_text
from bugladder.traces import InstanceTrace, span_documents

# What differs between two readings of one result: times, and what this run paid, lost or took from the store. What the
# replies cost is a part of the result and stands in cost_usd.
_CIRCUMSTANCES = frozenset({"seconds", "spent_usd", "store", "calls", "costs"})
_DIGEST_TAG, _TRACES_TAG = "bugladder.digest", "bugladder.traces"
_NOT_IN_A_NAME = re.compile(r"[^\w.\- ]")
# MLflow's own limits (mlflow.utils.validation)
_MAX_PARAM_CHARACTERS, _MAX_TAG_CHARACTERS, _MAX_DIGEST_CHARACTERS = 6000, 5000, 36
_PARAMS_PER_CALL, _METRICS_PER_CALL = 100, 1000


@dataclass(frozen=True)
class TrackedResult:
    """What MLflow is to remember.

    Args:
        name: the run's name.
        experiment: MLflow's experiment.
        metrics: as metrics.json; numbers at any depth become metrics, the rest only counts for the digest.
        config: the resolved configuration; every leaf becomes a parameter. Where results are remembered (its key
            `tracking`) is no part of the digest.
        dataset: name of the data, and `data_hash` its digest.
        data_hash: hex sha256.
        artifacts: files and folders to keep beside the numbers.
        tags: further facts by name (git commit, decision, store statistics); no part of the digest.
        traces: of the instances' calls; no part of the digest, and added to a run that has none yet.
        dataset_identity: which rows the data was chosen from (place, revision, hashes), for the run's dataset.
    """

    name: str
    experiment: str
    metrics: Mapping[str, Any]
    config: Mapping[str, Any]
    dataset: str
    data_hash: str
    artifacts: tuple[Path, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    traces: tuple[InstanceTrace, ...] = ()
    dataset_identity: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256 of metrics without times and payments, configuration and data: equal results have equal digests."""
        metrics = {k: v for k, v in self.metrics.items() if k not in _CIRCUMSTANCES}
        config = {k: v for k, v in self.config.items() if k != "tracking"}
        return sha256_text(canonical_json({"metrics": metrics, "config": config, "data": self.data_hash}))


@dataclass(frozen=True)
class TrackedRun:
    """The run that holds a result, whether it was made now, and how many seconds it took."""

    run_id: str
    is_new: bool
    seconds: float


def tracking_uri(folder: Path) -> str:
    """The absolute URI of the database in a folder; MLflow refuses relative ones."""
    return f"sqlite:///{folder.resolve() / 'mlflow.db'}"


def track(result: TrackedResult, folder: Path) -> TrackedRun:
    """Remember a result once: a second call with an equal one finds the first run and adds nothing.

    Args:
        result: what to remember.
        folder: holds mlflow.db, mlartifacts/ and the lock; created where absent.

    Raises:
        BugladderError: the database or the artifacts cannot be written, or an artifact is absent.
    """
    started = time.monotonic()
    missing = [path for path in result.artifacts if not path.exists()]
    if missing:
        raise BugladderError(f"{missing[0]}: no such file to track; run the report stage")
    # one at a time: two processes that create the database at once corrupt it, and both would log the same result
    with _lock(folder):
        client = _client(folder)
        experiment = _experiment(client, result.experiment, folder)
        run_id = _finished_run(client, experiment, result.digest)
        is_new = run_id is None
        if run_id is None:
            run_id = _log(client, experiment, result)
        _add_traces(client, run_id, result, folder)
    return TrackedRun(run_id, is_new, time.monotonic() - started)


def create_database(folder: Path, experiment: str) -> None:
    """Create database and experiment, once, before parallel use; later calls change nothing."""
    with _lock(folder):
        _experiment(_client(folder), experiment, folder)


def git_commit(root: Path) -> str:
    """The commit that is checked out, or "none" outside of a repository (a zip) or without git."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "none"
    return found.stdout.strip() if found.returncode == 0 else "none"


def identity_tags(metrics: Mapping[str, Any], root: Path) -> dict[str, str]:
    """What a run is looked up by: phase, dataset, arm and model of its metrics, and the commit of the code in root."""
    model, note = metrics["model"]["name"], metrics["model"]["note"]
    return {
        **{name: str(metrics[name]) for name in ("phase", "dataset", "arm", "arm_digest")},
        "model": f"{model} ({note})" if note else model,
        "mlflow.source.git.commit": git_commit(root),
    }


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as dotted keys; other values as they are."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "mlflow.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise BugladderError(f"{folder}: cannot be written ({error.strerror or error}); free or unlock it") from error


def _client(folder: Path) -> Any:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # read on import
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from mlflow.tracking import MlflowClient

    # the database's migrations speak through a logger of their own
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = tracking_uri(folder)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _experiment(client: Any, name: str, folder: Path) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=(folder.resolve() / "mlartifacts").as_uri()))


def _finished_run(client: Any, experiment: str, digest: str) -> str | None:
    """The finished run of a digest. One that was killed half-way is deleted, so that it is logged anew."""
    for run in client.search_runs([experiment], f"tags.`{_DIGEST_TAG}` = '{digest}'"):
        if run.info.status == "FINISHED":
            return str(run.info.run_id)
        client.delete_run(run.info.run_id)
    return None


def _log(client: Any, experiment: str, result: TrackedResult) -> str:
    from mlflow.entities import Dataset, DatasetInput, Metric, Param

    tags = {name: str(value)[:_MAX_TAG_CHARACTERS] for name, value in result.tags.items()}
    run = client.create_run(experiment, run_name=result.name, tags={_DIGEST_TAG: result.digest, **tags})
    run_id, now_ms = str(run.info.run_id), int(time.time() * 1000)
    params = [Param(name, _param(value)) for name, value in flatten(result.config).items()]
    numbers = {n: float(v) for n, v in flatten(result.metrics).items() if isinstance(v, int | float)}
    # names of instances and models stand in names of metrics
    metrics = [Metric(_NOT_IN_A_NAME.sub("_", name), value, now_ms, 0) for name, value in numbers.items()]
    for start in range(0, len(params), _PARAMS_PER_CALL):
        client.log_batch(run_id, params=params[start : start + _PARAMS_PER_CALL])
    for start in range(0, len(metrics), _METRICS_PER_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + _METRICS_PER_CALL])
    source = canonical_json({**result.dataset_identity, "dataset": result.dataset, "sha256": result.data_hash})
    kind = "hub" if result.dataset_identity.get("revision") else "local"
    data = Dataset(result.dataset, result.data_hash[:_MAX_DIGEST_CHARACTERS], kind, source)
    client.log_inputs(run_id, datasets=[DatasetInput(data)])
    for path in result.artifacts:
        if path.is_dir():
            client.log_artifacts(run_id, str(path), path.name)
        else:
            client.log_artifact(run_id, str(path))
    client.set_terminated(run_id, "FINISHED")
    return run_id


def _param(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= _MAX_PARAM_CHARACTERS else text[: _MAX_PARAM_CHARACTERS - 1] + "…"


def _add_traces(client: Any, run_id: str, result: TrackedResult, folder: Path) -> None:
    """Log the traces of a run that has none yet; ids follow from the run, so that a try after a kill adds none."""
    run = client.get_run(run_id)
    if not result.traces or _TRACES_TAG in run.data.tags:
        return
    from mlflow.entities import Span
    from mlflow.tracing.client import TracingClient

    traces = TracingClient(tracking_uri(folder))
    for trace in result.traces:
        trace_id = f"tr-{sha256_text(f'{run_id}/{trace.instance_id}')[:32]}"
        traces.start_trace(_trace_info(trace, trace_id, run))
        spans = [Span.from_dict(d) for d in span_documents(trace, trace_id, run.info.start_time)]
        traces.log_spans(run.info.experiment_id, spans)
    client.set_tag(run_id, _TRACES_TAG, str(len(result.traces)))


def _trace_info(trace: InstanceTrace, trace_id: str, run: Any) -> Any:
    from mlflow.entities import TraceInfo, TraceLocation, TraceState
    from mlflow.tracing.constant import TraceMetadataKey, TraceTagKey

    facts = {name: run.data.tags[name] for name in ("phase", "arm", "model") if name in run.data.tags}
    return TraceInfo(
        trace_id=trace_id,
        trace_location=TraceLocation.from_experiment_id(run.info.experiment_id),
        request_time=run.info.start_time,
        execution_duration=round(trace.seconds * 1000),
        state=TraceState.OK,
        request_preview=trace.instance_id,
        response_preview=f"{len(trace.spans)} calls",
        trace_metadata={TraceMetadataKey.SOURCE_RUN: run.info.run_id},
        tags={TraceTagKey.TRACE_NAME: trace.instance_id, **facts},
    )
