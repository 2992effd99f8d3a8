"""Has a checkout's own build backend make its metadata, as an installation would, and tells what it wrote.

Runs in the checkout, in a sandbox, with the environment's interpreter; the backend is the environment's. Standard
output is a tar archive: tree/ holds files of the checkout that are new or changed, meta/ the metadata folder.
"""

import importlib
import os
import sys
import tarfile
import tempfile
import tomllib

_LEFT_OUT = ("__pycache__", ".egg-info", "build")


def files_of(root):
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            found[os.path.relpath(path, root)] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def backend():
    table = {}
    if os.path.exists("pyproject.toml"):
        with open("pyproject.toml", "rb") as stream:
            table = tomllib.load(stream).get("build-system", {})
    sys.path[:0] = [os.path.abspath(folder) for folder in table.get("backend-path", ())]
    module, _, inner = table.get("build-backend", "setuptools.build_meta:__legacy__").partition(":")
    found = importlib.import_module(module)
    for name in inner.split("."):
        found = getattr(found, name) if name else found
    return found


def main():
    # a backend prints; what it prints is no part of the archive
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    root, before = os.getcwd(), files_of(".")
    metadata = tempfile.mkdtemp()
    folder = backend().prepare_metadata_for_build_wheel(metadata)
    os.chdir(root)
    after = files_of(".")
    with tarfile.open(fileobj=out, mode="w|") as archive:
        for path in sorted(after):
            if after[path] != before.get(path) and not any(p.endswith(_LEFT_OUT) for p in path.split(os.sep)):
                archive.add(path, f"tree/{path}", recursive=False)
        archive.add(os.path.join(metadata, folder), f"meta/{folder}")
    out.close()


main()
