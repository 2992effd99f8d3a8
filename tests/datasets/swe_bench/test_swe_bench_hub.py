import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from swe_bench_rows import classic, write_rows

from bugladder.datasets.swe_bench import HubFile, SweBenchDataset
from bugladder.datasets.swe_bench.hub import fetch
from bugladder.records import BugladderError, InfrastructureError

REVISION = "c" * 40
PATH = "data/test.jsonl"


class _Hub(BaseHTTPRequestHandler):
    """A hub with one dataset of one revision and one file; notes what it was asked for."""

    def do_HEAD(self):
        self._answer(with_body=False)

    def do_GET(self):
        self._answer(with_body=True)

    def log_message(self, *args):
        pass

    def _answer(self, with_body):
        self.server.asked.append(self.path)
        wanted = f"/datasets/owner/set/resolve/{REVISION}/{PATH}"
        if self.path != wanted:
            code = "EntryNotFound" if REVISION in self.path else "RevisionNotFound"
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("X-Repo-Commit", REVISION)
        self.send_header("ETag", f'"{hashlib.sha256(self.server.content).hexdigest()}"')
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        if with_body:
            self.wfile.write(self.server.content)


@pytest.fixture
def hub(tmp_path):
    """A running hub."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    server.content = write_rows(tmp_path / "rows.jsonl", [classic()]).read_bytes()
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def file(hub):
    """The hub's one file."""
    return HubFile("owner/set", REVISION, PATH, f"http://127.0.0.1:{hub.server_port}")


def test_one_file_is_fetched_at_its_revision_and_once(tmp_path, hub, file):
    """Nothing but the file at the pinned revision is asked for; a second time nothing at all."""
    path = fetch(file, tmp_path / "cache")
    assert path.read_bytes() == hub.content
    assert {a.partition("/resolve/")[2] for a in hub.asked} == {f"{REVISION}/{PATH}"}
    hub.asked.clear()
    assert fetch(file, tmp_path / "cache").read_bytes() == hub.content
    assert hub.asked == []


def test_the_dataset_reads_from_the_hub_and_tells_the_revision(tmp_path, file):
    """Without a local file the rows come from the hub, and the identity has the revision."""
    dataset = SweBenchDataset(hub=file, cache=str(tmp_path))
    assert [r.instance_id for r in dataset.catalog()] == ["sympy__sympy-1"]
    identity = dataset.identity()
    assert (identity["revision"], identity["place"]) == (REVISION, f"owner/set/{PATH}")


@pytest.mark.parametrize("change", [{"revision": "d" * 40}, {"path": "data/other.jsonl"}])
def test_what_the_hub_does_not_have_is_an_error(tmp_path, file, change):
    """A revision or file that is not there is said to be so; no retry would help."""
    with pytest.raises(BugladderError, match="the hub has no such dataset, revision or file") as caught:
        fetch(replace(file, **change), tmp_path)
    assert not isinstance(caught.value, InfrastructureError)


def test_a_branch_is_no_revision(tmp_path, hub, file):
    """Only a full commit hash is accepted, before anything is asked."""
    with pytest.raises(BugladderError, match="'main' should be a full commit hash"):
        fetch(replace(file, revision="main"), tmp_path)
    assert hub.asked == []


@pytest.mark.slow
def test_a_hub_out_of_reach_is_the_machines_fault(tmp_path):
    """Where nobody answers, the error says what to do and may be retried."""
    nobody = HubFile("owner/set", REVISION, PATH, "http://127.0.0.1:9")
    with pytest.raises(InfrastructureError, match=r"could not be fetched .* or name a local file"):
        fetch(nobody, tmp_path)
