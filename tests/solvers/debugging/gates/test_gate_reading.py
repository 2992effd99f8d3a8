from __future__ import annotations

import pytest
from proposals import own_test_findings

DIGESTS = [
    "import hashlib, pkg\ndef test():\n    assert hashlib.md5(open(pkg.__file__, 'rb').read()).hexdigest()\n",
    "def test():\n    assert len(open('src/pkg/m.py').read()) == 5\n",
    "from pathlib import Path\ndef test():\n    assert 'fix' in Path('src/pkg/m.py').read_text()\n",
    "import pathlib as p\nS = p.Path('src') / 'm.py'\ndef test():\n    with S.open() as f:\n        f.read()\n",
    "from pathlib import Path\ndef test():\n    assert Path('src/m.py').stat().st_size == 5\n",
    "from pathlib import Path\ndef test():\n    assert getattr(Path('src/m.py'), 'read_' + 'bytes')()\n",
    "import inspect\nfrom pkg import f\ndef test():\n    assert 'fix' in inspect.getsource(f)\n",
    "from inspect import getsource as g\nfrom pkg import f\ndef test():\n    assert g(f)\n",
    "import inspect as i\nfrom pkg import f\nread = i.getsource\ndef test():\n    assert read(f)\n",
    "from inspect import *\nfrom pkg import f\ndef test():\n    assert getsource(f)\n",
    "def test():\n    assert __import__('inspect').getsource(test)\n",
    "import importlib\ndef test():\n    assert importlib.import_module('inspect').getsource(test)\n",
    "import inspect\ndef test():\n    assert getattr(inspect, 'get' + 'source')(test)\n",
    "import inspect\ndef test():\n    assert vars(inspect)['getsource'](test)\n",
    "import sys, inspect\ndef test():\n    assert sys.modules['inspect'].getsource(test)\n",
    "import linecache\ndef test():\n    assert linecache.getline('src/m.py', 3)\n",
    "import tokenize\ndef test():\n    with tokenize.open('src/m.py') as f:\n        pass\n",
    "import pkgutil\ndef test():\n    assert pkgutil.get_data('pkg', 'm.py')\n",
    "from importlib import resources\ndef test():\n    assert resources.files('pkg').joinpath('m.py')\n",
    "from importlib.resources import read_text\ndef test():\n    assert read_text('pkg', 'm.py')\n",
    "import importlib.metadata\ndef test():\n    assert importlib.metadata.files('pkg')[0].hash\n",
    "import pkg\ndef test():\n    assert pkg.__loader__.get_source('pkg')\n",
    "import pkg\ndef test():\n    assert pkg.__spec__.loader.get_data('m')\n",
    "import pkg\ndef test():\n    assert pkg.f.__code__.co_code == b'x'\n",
    "import pkg\ndef test():\n    assert getattr(pkg, '__file__')\n",
    "import pkg\ndef test():\n    assert vars(pkg)['__file__']\n",
    "import pkg\nfrom operator import attrgetter\ndef test():\n    assert attrgetter('__file__')(pkg)\n",
    "import dis, pkg\ndef test():\n    assert dis.Bytecode(pkg.f)\n",
    "import os\ndef test():\n    fd = os.open('src/m.py', os.O_RDONLY)\n    assert os.read(fd, 9)\n",
    "import io\ndef test():\n    assert io.open('src/m.py').read()\n",
    "import builtins\ndef test():\n    assert builtins.open('src/m.py').read()\n",
    "import builtins\ndef test():\n    assert getattr(builtins, 'open')('src/m.py').read()\n",
    "def test():\n    assert __builtins__['open']('src/m.py')\n",
    "def test():\n    assert [f.read() for f in map(open, ['src/m.py'])]\n",
    "read = open\ndef test():\n    assert read('src/m.py').read()\n",
    "def test():\n    assert (lambda o=open: o('src/m.py').read())()\n",
    "import mmap, os\ndef test():\n    assert mmap.mmap(os.open('src/m.py', 0), 0)\n",
    "import codecs\ndef test():\n    assert codecs.open('src/m.py').read()\n",
    "import os\ndef test():\n    assert os.path.getsize('src/m.py') == 7\n",
    "import shutil\ndef test(tmp_path):\n    shutil.copy('m.py', tmp_path / 'm')\n    (tmp_path / 'm').read_text()\n",
    "import fileinput\ndef test():\n    assert list(fileinput.input('src/m.py'))\n",
    "def test():\n    assert eval(\"open('src/m.py').read()\")\n",
    'def test():\n    exec("import inspect\\nassert inspect.getsource(len)")\n',
    "import subprocess\ndef test():\n    assert subprocess.run(['git', 'hash-object', 'src/m.py'])\n",
    "import subprocess as s\nCOMMAND = ['/usr/bin/cat', 'src/m.py']\ndef test():\n    assert s.check_output(COMMAND)\n",
    "from subprocess import check_output as c\ndef test():\n    c('true && sha256sum src/m.py', shell=True)\n",
    "from subprocess import run\ndef test():\n    assert run(['bash', '-c', 'md5sum < src/m.py'])\n",
    "import subprocess\ndef test():\n    assert subprocess.run('grep -c fix src/m.py'.split())\n",
    "import os\ndef test():\n    assert os.popen('cat src/m.py').read()\n",
    "import os\nNAME = 'm.py'\ndef test():\n    os.system(f'cksum src/{NAME}')\n",
    "import subprocess, sys\ndef test():\n    subprocess.run([sys.executable, '-c', 'open(\"src/m.py\")'])\n",
    "def test(tmp_path):\n    assert open(tmp_path.parent / 'm.py').read()\n",
    "def test(tmp_path):\n    assert (tmp_path / '../../src/m.py').read_text()\n",
    "def test(tmp_path):\n    assert (tmp_path / '/srv/src/m.py').read_text()\n",
    "import os\ndef test(tmp_path):\n    assert open(os.path.join(tmp_path, '..', 'src', 'm.py'))\n",
    "import os\ndef test(tmp_path):\n    tmp_path = os.getcwd()\n    assert open(tmp_path + '/src/m.py')\n",
    "import pytest\n@pytest.fixture\ndef tmp_path():\n    return 'm.py'\ndef test(tmp_path):\n    open(tmp_path)\n",
    "import pytest\n@pytest.mark.parametrize('tmp_path', ['src/m.py'])\ndef test(tmp_path):\n    open(tmp_path)\n",
    "def pick(a, b):\n    return b\ndef test(tmp_path):\n    assert open(pick(tmp_path, 'src/m.py'))\n",
    "def test(tmp_path):\n    assert open((tmp_path, 'src/m.py')[1])\n",
    "def test(tmp_path):\n    assert open((lambda _: 'src/m.py')(tmp_path))\n",
    "def test(tmp_path):\n    path = tmp_path / 'a'\n    path = 'src/m.py'\n    assert open(path)\n",
    "def test(tmp_path, monkeypatch):\n    monkeypatch.chdir(tmp_path)\n    assert open('../../m.py')\n",
    "import os\ndef test(tmp_path):\n    os.chdir(tmp_path)\n    os.chdir('/srv')\n    assert open('src/m.py')\n",
    "import os\ndef test(tmp_path):\n    def unused():\n        os.chdir(tmp_path)\n    assert open('src/m.py')\n",
    "def test():\n    with open('src/m.py', 'r+') as f:\n        f.read()\n",
]


@pytest.mark.parametrize("text", DIGESTS)
def test_reading_sources_is_found_under_any_name(text):
    """A digest, the text or the bytecode of the code under test is reading sources, whatever way leads to it."""
    (finding,) = own_test_findings(text)
    assert (finding.gate, finding.severity) == ("G7", "block")
    assert "reads files of the repository" in finding.sentence


def test_fixtures_that_give_temporary_files_are_followed():
    """A fixture, a helper and an attribute set up from tmp_path lead to temporary files; a mixed one does not."""
    fixture = "@pytest.fixture\ndef data(tmp_path):\n    path = tmp_path / 'a'\n    yield path\n"
    text = f"import pytest\n{fixture}\ndef test_it(data):\n    assert data.read_text()\n"
    assert own_test_findings(text) == ()
    assert own_test_findings(text.replace("yield path", "yield path if path else 'src/m.py'"))
    unit = "import tempfile\nclass TestA:\n    def setUp(self):\n        self.d = tempfile.mkdtemp()\n"
    assert own_test_findings(f"{unit}    def test_it(self):\n        open(self.d + '/a')\n") == ()


def test_the_path_of_the_test_itself_is_only_warned_of():
    """__file__ may lead to data beside the test; reading what it leads to is blocked as any reading is."""
    text = "from pathlib import Path\nHERE = Path(__file__).parent\ndef test():\n    pkg.load(HERE / 'a.txt')\n"
    assert [f.severity for f in own_test_findings(text)] == ["warn"]
    assert "block" in {f.severity for f in own_test_findings(text.replace("pkg.load(HERE / 'a.txt')", "open(HERE)"))}
