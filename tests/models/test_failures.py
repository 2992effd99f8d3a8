from __future__ import annotations

import email.utils

import pytest

from bugladder.models.failures import retry_after_s

NOW_S = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "60"}, 60.0),
        ({"retry-after": email.utils.formatdate(NOW_S + 30, usegmt=True)}, 30.0),
        ({"retry-after": email.utils.formatdate(NOW_S - 30, usegmt=True)}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_what_the_server_asks_to_wait(headers, expected_s):
    """Milliseconds go before seconds and dates; what has passed is no wait, and what cannot be read is no answer."""
    assert retry_after_s(headers, NOW_S) == expected_s
