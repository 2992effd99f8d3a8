"""Gives back what Python 3.9 to 3.11 removed from the standard library, for code written before."""

import base64
import collections
import collections.abc
import fractions
import html
import html.parser
import inspect
import math
import sys
import threading
import time
import typing
import xml.etree.ElementTree as ET

for _name in collections.abc.__all__:
    if not hasattr(collections, _name):
        setattr(collections, _name, getattr(collections.abc, _name))


class _ArgSpec(typing.NamedTuple):
    args: list
    varargs: str
    keywords: str
    defaults: tuple


def _argspec(function):
    found = inspect.getfullargspec(function)
    return _ArgSpec(found.args, found.varargs, found.varkw, found.defaults)


class _HTMLParseError(Exception):
    pass


_BACK = (
    (inspect, "ArgSpec", _ArgSpec),
    (inspect, "getargspec", _argspec),
    (fractions, "gcd", math.gcd),
    (time, "clock", time.perf_counter),
    (base64, "encodestring", base64.encodebytes),
    (base64, "decodestring", base64.decodebytes),
    (html.parser, "HTMLParseError", _HTMLParseError),
    (html.parser.HTMLParser, "unescape", staticmethod(html.unescape)),
    (threading.Thread, "isAlive", threading.Thread.is_alive),
)
for _owner, _name, _value in _BACK:
    if not hasattr(_owner, _name):
        setattr(_owner, _name, _value)
sys.modules.setdefault("xml.etree.cElementTree", ET)
