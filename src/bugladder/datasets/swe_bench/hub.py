"""Fetches a dataset's one file from the hub at a pinned revision, and nothing else of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bugladder.records import BugladderError, InfrastructureError

_REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubFile:
    """One file of a dataset on the hub.

    Args:
        repo_id: "owner/name" of the dataset.
        revision: full commit hash; a branch would move.
        path: the file inside.
        endpoint: another hub's address; None for the library's own.
    """

    repo_id: str = "princeton-nlp/SWE-bench_Lite"
    revision: str = "6ec7bb89b9342f664a54a6e0a6ea6501d3437cc2"
    path: str = "data/test-00000-of-00001.parquet"
    endpoint: str | None = None

    @property
    def label(self) -> str:
        """What errors and reports call it."""
        return f"{self.repo_id}@{self.revision[:12]}/{self.path}"


def fetch(file: HubFile, cache: Path) -> Path:
    """The file on disk, fetched where the cache lacks it.

    Raises:
        BugladderError: the revision is not pinned, or the hub has no such dataset, revision or file.
        InfrastructureError: the hub cannot be reached.
    """
    if not _REVISION.fullmatch(file.revision):
        raise BugladderError(f"dataset.hub.revision: {file.revision!r} should be a full commit hash; a branch moves")
    # imported where used: it takes a while, and a local file needs none of it
    import httpx2
    from huggingface_hub import errors, hf_hub_download

    try:
        return Path(
            hf_hub_download(
                file.repo_id,
                file.path,
                repo_type="dataset",
                revision=file.revision,
                cache_dir=cache,
                endpoint=file.endpoint,
            )
        )
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.RemoteEntryNotFoundError) as error:
        raise BugladderError(
            f"{file.label}: the hub has no such dataset, revision or file; check dataset.hub"
        ) from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, httpx2.HTTPError, OSError) as error:
        raise InfrastructureError(
            f"{file.label} could not be fetched ({type(error).__name__}); run the same command again once the hub can "
            "be reached, or name a local file (params.yaml: files.dataset)"
        ) from error
