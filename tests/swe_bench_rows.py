"""Rows of the SWE-bench schema for tests: made-up ones, their files, and where the real ones stand if they are here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

_SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
PATCH = """diff --git a/pkg/core.py b/pkg/core.py
--- a/pkg/core.py
+++ b/pkg/core.py
@@ -1,3 +1,4 @@
 def add(a, b):
-    return a - b
+    # the sum
+    return a + b

"""
TEST_PATCH = """diff --git a/tests/test_secret.py b/tests/test_secret.py
--- a/tests/test_secret.py
+++ b/tests/test_secret.py
@@ -1 +1,3 @@
 from pkg.core import add
+def test_add():
+    assert add(1, 1) == 2
"""
EVAL_SCRIPT = f"""#!/bin/bash
set -uxo pipefail
export LANG=en_US.UTF-8
export LC_ALL='C.UTF-8'
git apply -v - <<'EOF_1'
{TEST_PATCH}
EOF_1
: '>>>>> Start Test Output'
pytest -rA tests/test_secret.py
: '>>>>> End Test Output'
"""


def classic(**values: Any) -> dict[str, Any]:
    """A row of the classic schema: text columns, the lists of tests as JSON text."""
    row = {
        "repo": "sympy/sympy",
        "instance_id": "sympy__sympy-1",
        "base_commit": "a" * 40,
        "patch": PATCH,
        "test_patch": TEST_PATCH,
        "problem_statement": "add subtracts",
        "hints_text": "the secret of the hints",
        "created_at": "2023-01-02T03:04:05Z",
        "version": "1.6",
        "FAIL_TO_PASS": '["test_add", "test_sub[a b]"]',
        "PASS_TO_PASS": "[]",
        "environment_setup_commit": "b" * 40,
    }
    return {**row, **values}


def newer(**values: Any) -> dict[str, Any]:
    """A row of the newer schema: lists as lists, with its own script, parser and image."""
    more = {
        "FAIL_TO_PASS": ["tests/test_secret.py::test_add"],
        "PASS_TO_PASS": [],
        "eval_script": EVAL_SCRIPT,
        "log_parser": "parse_log_flask",
        "eval_type": "pass_and_fail",
        "image": "registry.example/one:latest",
    }
    return classic(**{**more, **values})


def write_rows(path: Path, rows: Sequence[Any]) -> Path:
    """Write rows in the format of the file's ending."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def real_file(split: str) -> Path:
    """The real Lite split ("test" or "dev"); skips the test where it is not on this machine."""
    path = _SHARED / f"swe_bench_lite_{split}.parquet"
    if not path.is_file():
        pytest.skip(f"the real data is not here: {path.name}")
    return path
