from __future__ import annotations

import pytest
from proposals import own_test_findings, proposal

from bugladder.solvers.debugging.gates import GateLimits, check


@pytest.mark.parametrize(
    "body",
    [
        "(tmp_path / 'a').write_text('x')\n    assert (tmp_path / 'a').read_text() == 'x'",
        "path = tmp_path / 'a'\n    path.write_text('x')\n    with open(path) as f:\n        assert f.read()",
        "with open(os.path.join(str(tmp_path), 'a'), 'rb') as f:\n        assert f.read()",
        "for path in sorted(tmp_path.iterdir()):\n        path.read_bytes()",
        "out = pkg.convert(tmp_path / 'a.txt')\n    assert out.read_text()",
        "assert open(f'{tmp_path}/a').read()",
        "assert pkg.load(io.StringIO('a')).read() == 'a'",
        "fd, path = tempfile.mkstemp()\n    assert open(path).read() == ''",
        "with tempfile.TemporaryDirectory() as folder:\n        open(os.path.join(folder, 'a'))",
        "with tempfile.NamedTemporaryFile() as f:\n        open(f.name)",
        "zipfile.ZipFile(io.BytesIO(b''))",
        "monkeypatch.chdir(tmp_path)\n    open('a.txt', 'w').close()\n    assert open('a.txt').read() == ''",
        "monkeypatch.chdir(tmp_path)\n    assert Path('a.txt').read_text() == ''",
        "with CliRunner().isolated_filesystem():\n        open('a.txt', 'rb')",
        "open(os.devnull)",
        "open('out.txt', 'w').write('x')",
        "assert pkg.made(tmp_path).read_text()",
        "assert inspect.signature(pkg.f).parameters",
        "assert importlib.metadata.version('pkg')",
        "assert response.get_data() == b''",
        "assert pkg.parse('open(1)')",
        "assert eval(repr(pkg.f(1))) == 1",
        "subprocess.run([sys.executable, '-m', 'pkg', 'sort'], check=True)",
        "subprocess.run([sys.executable, '-c', 'import pkg; pkg.f()'], check=True)",
        "assert time.time() and pkg.sleep and pkg.get('http://a')",
        "requests.Request('GET', 'http://a').prepare()",
        "requests.get('http://localhost:8000/a')",
        "requests.get(f'http://127.0.0.1:{port}/a')",
        "socket.create_connection(('localhost', port))",
        "client.get('/a')",
        "asyncio.run(asyncio.sleep(0))",
        "with pytest.raises(ValueError, match='skip'):\n        pkg.skip()",
        "monkeypatch.setattr(time, 'sleep', lambda _: None)",
        "monkeypatch.setattr('builtins.open', pkg.fake)",
        "assert pkg.f('__file__') == '__file__'",
        "with pytest.warns(UserWarning):\n        pkg.f()",
    ],
)
def test_honest_tests_pass(body):
    """Temporary files, buffers, local servers and replaced clocks are what tests are made of."""
    names = "asyncio importlib.metadata inspect io os pytest requests socket subprocess sys tempfile time zipfile pkg"
    text = f"import {', '.join(names.split())}\nfrom pathlib import Path\nfrom click.testing import CliRunner\n\n\n"
    text += f"def test_it(tmp_path, monkeypatch, port, response, client):\n    {body}\n"
    compile(text, "test_new.py", "exec")
    assert own_test_findings(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\n@pytest.mark.skip\ndef test(): ...\n",
        "import pytest\n@pytest.mark.skipif(True, reason='')\ndef test(): ...\n",
        "import pytest\npytestmark = pytest.mark.xfail\n",
        "from pytest import mark\n@mark.xfail(strict=True)\ndef test(): ...\n",
        "import pytest as p\ndef test():\n    p.skip('no')\n",
        "from pytest import skip as s\ndef test():\n    s('no')\n",
        "import pytest\nm = pytest.importorskip('numpy')\n",
        "import pytest\n@pytest.mark.parametrize('a', [pytest.param(1, marks=pytest.mark.xfail)])\ndef test(a): ...\n",
        "def test(request):\n    request.node.add_marker('skip')\n",
        "import unittest\n@unittest.skipIf(True, '')\nclass A(unittest.TestCase): ...\n",
        "import unittest\nclass A(unittest.TestCase):\n    @unittest.expectedFailure\n    def test(self): ...\n",
        "import unittest\nclass A(unittest.TestCase):\n    def test(self):\n        self.skipTest('')\n",
        "import unittest\ndef test():\n    raise unittest.SkipTest('')\n",
        "from sympy.testing.pytest import XFAIL\n@XFAIL\ndef test(): ...\n",
        "from django.test import skipUnlessDBFeature\n@skipUnlessDBFeature('a')\ndef test(): ...\n",
        "__test__ = False\ndef test(): ...\n",
    ],
)
def test_skips_and_expected_failures_are_found(text):
    """pytest's, unittest's and the frameworks' own ways of not counting a test are blocked."""
    (finding,) = own_test_findings(text)
    assert finding.severity == "block"
    assert "skips a test or expects it to fail" in finding.sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import requests as r\ndef test():\n    r.get('http://example.org')\n", "the network"),
        ("import requests\ns = requests.Session()\ndef test():\n    s.post('http://example.org')\n", "the network"),
        (
            "from urllib.request import urlopen as u\ndef test():\n    u('http://localhost.example.org')\n",
            "the network",
        ),
        ("import urllib.request\ndef test():\n    urllib.request.urlopen('file:///etc')\n", "the network"),
        ("import socket\ndef test():\n    s = socket.socket()\n    s.connect(('example.org', 80))\n", "the network"),
        ("import http.client\ndef test():\n    http.client.HTTPConnection('example.org')\n", "the network"),
        ("import subprocess\ndef test():\n    subprocess.run(['curl', 'example.org'])\n", "the network"),
        ("import time\ndef test():\n    time.sleep(1)\n", "waits"),
        ("from time import sleep as s\ndef test():\n    s(0.1)\n", "waits"),
        ("from time import *\ndef test():\n    sleep(1)\n", "waits"),
        ("import time\nnap = time.sleep\ndef test():\n    nap(1)\n", "waits"),
        ("import time\ndef test():\n    getattr(time, 'sleep')(1)\n", "waits"),
        ("import asyncio\nasync def test():\n    await asyncio.sleep(0.1)\n", "waits"),
        ("import os\ndef test():\n    os.system('sleep 3')\n", "waits"),
    ],
)
def test_network_and_waiting_are_found_under_any_name(text, words):
    """Aliases, star imports, sessions, sockets and commands are seen through; only the loopback is no network."""
    (finding,) = own_test_findings(text)
    assert finding.severity == "block"
    assert words in finding.sentence


def test_a_sentence_names_lines_and_words():
    """One finding for each kind of misconduct, with its lines and what does it."""
    text = "import time, pytest\n\n\ndef test_a():\n    time.sleep(1)\n    time.sleep(2)\n    pytest.skip('')\n"
    waits, skips = sorted(own_test_findings(text), key=lambda f: "skips" in f.sentence)
    assert waits.sentence.startswith("tests/test_new.py, lines 5, 6: time.sleep waits")
    assert skips.sentence.startswith("tests/test_new.py, line 7: pytest.skip skips")


def test_only_added_lines_of_tests_are_looked_at():
    """Old lines of a test file and lines of a code patch are not this gate's affair."""
    text = "import time\ndef test():\n    time.sleep(1)\n"
    old = {"tests/test_a.py": text}
    assert check(proposal(old, {"tests/test_a.py": f"{text}    assert 1\n"}, "tests"), GateLimits(), ("G7",)) == ()
    assert check(proposal({}, {"src/m.py": text}, "code"), GateLimits(), ("G7",)) == ()
