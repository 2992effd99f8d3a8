"""Asks the package index: decides which index, which of its sdists count, and that a download is the pinned one."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

import requests
from packaging.version import InvalidVersion, Version
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    DistributionPackage,
    NoSuchProjectError,
    ProjectPage,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

from bugladder.records import BugladderError, InfrastructureError, SdistSource
from bugladder.sources.releases import ReleasedSdist
from bugladder.sources.transport import make_session

# In the order in which uv and pip themselves would decide.
_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_TIMEOUT_S = 30.0
_BLOCK_BYTES = 1 << 20
# One sdist a version: the first of these endings that a release has.
_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


def list_sdists(package: str) -> list[ReleasedSdist]:
    """As `bugladder.sources.list_sdists`."""
    chosen: dict[Version, DistributionPackage] = {}
    for found in _project_page(_index_url(), package).packages:
        version = _final_version(found)
        if version is not None and (version not in chosen or _rank(found) < _rank(chosen[version])):
            chosen[version] = found
    return [_released(found) for _, found in sorted(chosen.items())]


def download(source: SdistSource, target: Path) -> None:
    """Put the pinned sdist at target, which appears by a rename, whole and checked.

    Raises:
        BugladderError: the index has no such file, or its sha256 is another one.
        InfrastructureError: the index cannot be reached.
        OSError: the target's folder cannot be written.
    """
    found = _listed(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".part-", dir=target.parent)
    os.close(handle)
    try:
        _download(source, found, Path(name), target)
    except requests.RequestException as error:
        raise _unreachable(f"{_id(source)} ({source.filename})", error) from error


def _download(source: SdistSource, found: DistributionPackage, part: Path, target: Path) -> None:
    try:
        with PyPISimple(_index_url(), session=make_session()) as client:
            client.download_package(found, part, verify=False, timeout=_TIMEOUT_S)
        actual = _sha256(part)
        if actual != source.sha256:
            raise BugladderError(
                f"{_id(source)}: {source.filename} has sha256 {actual}, expected {source.sha256}; "
                "correct the entry or the index, nothing was kept"
            )
        part.chmod(0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _listed(source: SdistSource) -> DistributionPackage:
    try:
        page = _project_page(_index_url(), source.name)
    except InfrastructureError as error:
        raise InfrastructureError(f"{_id(source)} ({source.filename}) is needed: {error}") from error
    for found in page.packages:
        if found.filename == source.filename:
            return found
    raise BugladderError(f"{_id(source)}: the index lists no file {source.filename}; check name, version and filename")


@lru_cache(maxsize=256)
def _project_page(endpoint: str, package: str) -> ProjectPage:
    # a page is asked for once per process: a phase takes several releases of one package
    try:
        with PyPISimple(endpoint, session=make_session()) as client:
            return client.get_project_page(package, timeout=_TIMEOUT_S)
    except NoSuchProjectError as error:
        raise BugladderError(f"package {package!r} is not on the package index; check its name") from error
    except (requests.RequestException, UnsupportedRepoVersionError, UnsupportedContentTypeError) as error:
        raise _unreachable(f"the list of {package}'s releases", error) from error


def _index_url() -> str:
    for name in _INDEX_VARIABLES:
        value = os.environ.get(name, "").strip()
        if value:
            # uv also takes "name=url"
            head, _, rest = value.partition("=")
            return rest if rest and "://" not in head else value
    return PYPI_SIMPLE_ENDPOINT


def _final_version(found: DistributionPackage) -> Version | None:
    if found.package_type != "sdist" or found.is_yanked or found.version is None:
        return None
    if not found.filename.endswith(_ENDINGS):
        return None
    try:
        version = Version(found.version)
    except InvalidVersion:
        return None
    return None if version.is_prerelease else version


def _rank(found: DistributionPackage) -> int:
    return next(rank for rank, ending in enumerate(_ENDINGS) if found.filename.endswith(ending))


def _released(found: DistributionPackage) -> ReleasedSdist:
    uploaded = found.upload_time.isoformat() if found.upload_time else ""
    return ReleasedSdist(found.version or "", found.filename, found.digests.get("sha256", ""), uploaded)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _unreachable(needed: str, error: Exception) -> InfrastructureError:
    return InfrastructureError(
        f"{needed} could not be fetched from the package index ({type(error).__name__}); "
        "finished parts are kept in the cache, run the same command again once the network is there"
    )


def _id(source: SdistSource) -> str:
    return f"{source.name}-{source.version}"
