"""What a collected pytest item stands for: the code that it runs, where that is defined, what its report says."""

import inspect
import os


def function_of(item):
    function = getattr(item, "function", None) or getattr(item, "obj", None)
    return getattr(function, "__func__", function)


def code_of(item):
    """The code object that runs first; None where an item has none."""
    return getattr(function_of(item), "__code__", None)


def written_function_of(item):
    """The function behind decorators."""
    try:
        function = inspect.unwrap(getattr(item, "function", None) or getattr(item, "obj", None))
    except ValueError:
        return None
    function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    return getattr(function, "__func__", function)


def written_code_of(item):
    """The code that a test is written in; None where an item has none."""
    return getattr(written_function_of(item), "__code__", None)


def definition_of(item, root):
    """path::qualname of the code that a test is written in, relative to the root; "" where it has none there."""
    dtest = getattr(item, "dtest", None)
    if dtest is not None:
        return _place(dtest.filename or str(item.fspath), dtest.name, root)
    code = written_code_of(item)
    if code is None:
        return ""
    # code has had a qualified name since 3.11
    name = getattr(code, "co_qualname", None) or getattr(written_function_of(item), "__qualname__", code.co_name)
    return _place(code.co_filename, name, root)


def announces_failures(file):
    """Whether a test file, or a conftest above it, says of any test that it is expected to fail."""
    files, folder = [file], os.path.dirname(file)
    while folder != os.path.dirname(folder):
        files.append(os.path.join(folder, "conftest.py"))
        folder = os.path.dirname(folder)
    return any(b"xfail" in text or b"expectedFailure" in text for text in map(text_of, files))


def message_of(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    if report.passed:
        return ""
    if crash is not None:
        return str(crash.message)
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[-1])
    return str(report.longrepr or "")[-500:]


def _place(filename, name, root):
    path = os.path.relpath(filename, root).replace(os.sep, "/")
    return "" if path.startswith("..") else path + "::" + name


def text_of(file, _open=open):
    """The bytes of a file; none where it is not there."""
    try:
        with _open(file, "rb") as stream:
            return stream.read()
    except OSError:
        return b""
