"""What tests may not do, as dotted names and words of commands; each belongs to one kind of misconduct."""

from __future__ import annotations

import re
from typing import Literal

Misconduct = Literal["skips", "network", "sleeps", "sources"]

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_FUNCTIONS: dict[Misconduct, str] = {
    "skips": """
        pytest.skip pytest.xfail pytest.importorskip pytest.exit pytest.mark.skip pytest.mark.skipif pytest.mark.xfail
        unittest.skip unittest.case.skip
    """,
    "sleeps": "time.sleep asyncio.sleep trio.sleep anyio.sleep gevent.sleep eventlet.sleep signal.pause",
    "network": """
        urllib.request.urlopen urllib.request.urlretrieve urllib.request.build_opener urllib2.urlopen urllib.urlopen
        http.client.HTTPConnection http.client.HTTPSConnection socket.create_connection socket.getaddrinfo
        socket.gethostbyname socket.gethostbyaddr socket.socket().connect socket.socket().connect_ex
        socket.socket().sendto asyncio.open_connection ftplib.FTP ftplib.FTP_TLS smtplib.SMTP smtplib.SMTP_SSL
        poplib.POP3 poplib.POP3_SSL imaplib.IMAP4 imaplib.IMAP4_SSL telnetlib.Telnet nntplib.NNTP
        xmlrpc.client.ServerProxy httpx.Client httpx.AsyncClient httpx.stream aiohttp.ClientSession aiohttp.request
        urllib3.PoolManager urllib3.ProxyManager urllib3.HTTPConnectionPool urllib3.HTTPSConnectionPool urllib3.request
        urllib3.connection_from_url paramiko.SSHClient websockets.connect websocket.create_connection
    """,
    "sources": """
        inspect.getsource inspect.getsourcelines inspect.getsourcefile inspect.getfile inspect.getabsfile
        inspect.findsource inspect.getcomments inspect.getblock inspect.stack inspect.trace inspect.getframeinfo
        inspect.getinnerframes inspect.getouterframes tokenize.open pkgutil.get_data pkgutil.get_loader
        pkgutil.find_loader importlib.util.find_spec importlib.util.spec_from_file_location importlib.find_loader
        importlib.metadata.files importlib.metadata.distribution importlib.metadata.distributions
        runpy.run_path io.open_code py_compile.compile pkg_resources.resource_string pkg_resources.resource_stream
        pkg_resources.resource_filename
    """,
}
_PREFIXES: dict[Misconduct, tuple[str, ...]] = {
    "skips": ("_pytest.outcomes.",),
    "sources": (
        "linecache.", "importlib.resources.", "importlib_resources.", "importlib.machinery.",
        "zipimport.", "dis.", "fileinput.", "compileall.", "imp.", "marshal.",
    ),
    "network": (
        *(f"{module}.{verb}" for module in ("requests", "requests.api", "httpx") for verb in _VERBS),
        *(f"requests.{make}().{verb}" for make in ("Session", "session", "sessions.Session") for verb in _VERBS),
    ),
}  # fmt: skip
_BY_NAME = {name: kind for kind, names in _FUNCTIONS.items() for name in names.split()}

# Under whatever module they come: unittest, nose and Django each have their own.
_SKIPPERS = re.compile(r"(^|\.)(skipTest|SkipTest|skip_?[iI]f\w*|skipUnless\w*|importorskip|expectedFailure)$")
_SYMPY_SKIPPERS = re.compile(r"^sympy\.(utilities|testing)\.pytest\.(skip|SKIP|XFAIL)$")

# Wrong unless their first argument, or what they are called on, leads to temporary files.
_READERS = """
    open io.open io.FileIO _io.open _io.FileIO _pyio.open codecs.open os.open posix.open posix.stat os.stat
    os.path.getsize os.path.getmtime gzip.open bz2.open lzma.open
    tarfile.open zipfile.ZipFile filecmp.cmp shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.move
    os.link os.symlink os.rename os.replace numpy.loadtxt numpy.genfromtxt numpy.fromfile numpy.memmap pandas.read_csv
    pandas.read_table
"""
READERS = frozenset(_READERS.split())
PATH_READERS = frozenset({"read_text", "read_bytes"})
PATH_METHODS = frozenset({"open", "stat", "lstat", "copy", "copy_into", "rename", "replace"})

# Attributes and keys that lead from a module or function to the code it was made of.
DOORS = frozenset(
    {
        "__file__", "__spec__", "__loader__", "__cached__", "__path__", "__code__", "f_code", "co_code", "co_consts",
        "co_names", "co_filename", "find_spec", "find_module",
    }
)  # fmt: skip
LOADER_METHODS = frozenset({"get_source", "get_code", "get_data"})

STARTERS = re.compile(
    r"^(subprocess\.(run|call|check_call|check_output|Popen|getoutput|getstatusoutput)"
    r"|os\.(system|popen|exec\w+|spawn\w+|posix_spawnp?)|asyncio\.create_subprocess_(exec|shell)|pty\.spawn|pexpect\.\w+)$"
)
WRAPPERS = frozenset(
    {"sh", "bash", "dash", "zsh", "env", "xargs", "timeout", "nice", "nohup", "sudo", "time", "busybox"}
)
_COMMANDS: dict[Misconduct, str] = {
    "sources": """
        git hg svn cat tac nl head tail less more grep egrep fgrep rg sed awk gawk cut wc od xxd hexdump strings sort
        md5sum sha1sum sha224sum sha256sum sha384sum sha512sum shasum b2sum cksum sum openssl diff cmp base64 stat dd cp
    """,
    "network": "curl wget ping nc ncat ssh scp sftp rsync telnet ftp dig nslookup host",
    "sleeps": "sleep",
}
COMMANDS: dict[str, Misconduct] = {word: kind for kind, words in _COMMANDS.items() for word in words.split()}

LOOPBACK = re.compile(r"^(\w+://)?(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)(?![\w.-])", re.ASCII)


def misconduct(dotted: str) -> Misconduct | None:
    """The kind that the use of a dotted name belongs to, whatever it is used with; None for an innocent one."""
    if dotted in _BY_NAME:
        return _BY_NAME[dotted]
    if _SKIPPERS.search(dotted) or _SYMPY_SKIPPERS.match(dotted):
        return "skips"
    return next((kind for kind, prefixes in _PREFIXES.items() if _under(dotted, prefixes)), None)


def _under(dotted: str, prefixes: tuple[str, ...]) -> bool:
    return any(dotted.startswith(prefix) if prefix.endswith(".") else dotted == prefix for prefix in prefixes)
