"""A foreign agent as a program of the standard library alone: it runs inside the sandbox, and does as its word says."""

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request

NOT_LOOKED_INTO = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/env", "/tools", "/sys", sys.base_prefix)


def ask(text):
    """The reply's text, or the status of its refusal; the model and the key that it names are its own inventions."""
    body = {"model": "the-dearest-of-all", "messages": [{"role": "user", "content": text}], "max_tokens": 10**9}
    request = urllib.request.Request(
        f"{os.environ['OPENAI_BASE_URL']}/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def edit(old="return a - b", new="return a + b"):
    with open("tiny.py") as stream:
        text = stream.read()
    with open("tiny.py", "w") as stream:
        stream.write(text.replace(old, new))


def solve(issue_file, failing_tests_file):
    with open(issue_file) as stream:
        new = ask(stream.read())
    edit(new=new)
    done = subprocess.run(["python", "-m", "pytest", "-q", "tests"], capture_output=True, text=True)
    print(done.stdout[-300:])
    os.makedirs(".pytest_cache", exist_ok=True)
    with open(".pytest_cache/debris", "w") as stream:
        stream.write("x")
    with open("tests/test_own.py", "w") as stream:
        stream.write("from tiny import add\n\n\ndef test_it():\n    assert add(2, 2) == 4\n")
    print(open(failing_tests_file).read())


def spend():
    answers = []
    while 0 not in answers:
        answers.append(ask(f"word {len(answers)}"))
        print(answers[-1], flush=True)
    # nobody is there any more; a stubborn agent would wait and try again
    time.sleep(600)


def spy(reversed_token, *hidden):
    """Every place where the token stands, itself taken out of what is its own."""
    token = reversed_token[::-1].encode()
    places = 0
    for folder, folders, names in os.walk("/"):
        folders[:] = [f for f in folders if not os.path.join(folder, f).startswith(NOT_LOOKED_INTO)]
        for path in (os.path.join(folder, name) for name in names):
            try:
                if not stat.S_ISREG(os.stat(path).st_mode) or path.endswith(("kmsg", "kcore", "pagemap")):
                    continue
                with open(path, "rb") as stream:
                    content = stream.read(1 << 20)
            except OSError:
                continue
            places += 1
            if token in content or token in path.encode():
                print("found in", path)
    print("looked at", places > 100)
    for path in hidden:
        if os.path.exists(path):
            print("there is", path)
    with contextlib.suppress(OSError):
        print("read", open("/proc/1/environ", "rb").read())


def reach(port):
    for host, number in (("127.0.0.1", int(port)), ("10.0.0.1", 80), ("8.8.8.8", 53), ("example.com", 443)):
        try:
            socket.create_connection((host, number), timeout=3)
            print("reached", host)
        except OSError as error:
            print("not reached", host, type(error).__name__)


EVIL = "#!/bin/sh\ntouch /tmp/acted {marker}\necho acted > /testbed/acted.py\n"


def poison(marker):
    os.makedirs(".git/hooks", exist_ok=True)
    for path in ("evil.sh", ".git/hooks/post-index-change", ".git/hooks/pre-commit", ".git/hooks/post-checkout"):
        with open(path, "w") as stream:
            stream.write(EVIL.format(marker=marker))
        os.chmod(path, 0o755)
    with open(".gitattributes", "w") as stream:
        stream.write("*.py filter=evil diff=evil\n")
    with open(".git/config", "a") as stream:
        for section, key in (
            ("core", "fsmonitor"), ('filter "evil"', "clean"), ('diff "evil"', "textconv"), ('diff "evil"', "command"),
            ("core", "sshCommand"), ("core", "pager"),
        ):  # fmt: skip
            stream.write(f"[{section}]\n\t{key} = /testbed/evil.sh\n")
    edit()
    # what lies in wait does act where somebody runs git here
    subprocess.run(["git", "status"], capture_output=True)
    print("armed", os.path.exists("/tmp/acted"))
    os.remove("acted.py")


def flood(megabytes):
    block = "x" * 1023 + "\n"
    for _ in range(int(megabytes) * 1024):
        sys.stdout.write(block)
    with open("big.py", "w") as stream:
        stream.write("# " + block * 1024 * int(megabytes))


def linger():
    edit()
    print("edited", flush=True)
    time.sleep(600)


def outlive():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(0.5)
            edit()
            time.sleep(600)
        os._exit(0)
    print("gone")


def lead_astray():
    os.rename("tests", "elsewhere")
    os.symlink("/etc", "tests")
    os.symlink("/etc/passwd", "passwd.py")
    os.mkfifo("pipe.py")
    edit()


def look_at_git():
    for argv in (
        ["git", "rev-list", "--all", "--count"],
        ["git", "status", "--porcelain"],
        ["git", "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"],
        ["git", "log", "--format=%an %s"],
        ["git", "for-each-ref", "--format=%(refname)"],
    ):
        print(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split())


globals()[sys.argv[1]](*sys.argv[2:])
