# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Arguments, checked and as the library wants them."""

from __future__ import annotations

import operator
from typing import Any, Optional, Union

from ._library import ffi, lib
from ._time import nanoseconds

Key = Union[str, bytes, None]

PLACEMENTS = {"floating": lib.TASKPOOL_FLOATING, "pinned": lib.TASKPOOL_PINNED}
HASHES = {"fnv1a": lib.TASKPOOL_HASH_FNV1A, "siphash": lib.TASKPOOL_HASH_SIPHASH}


def key_of(key: Key) -> Optional[bytes]:
    if isinstance(key, str):
        return key.encode()
    if key is None or isinstance(key, bytes):
        return key
    raise TypeError(f"a key is a str, bytes or None, not {type(key).__name__}")


def some_key_of(key: Key) -> bytes:
    """Where there must be one."""
    data = key_of(key)
    if data is None:
        raise TypeError("a key is needed here, not None")
    if len(data) > 65535:
        raise ValueError("the key is longer than 65535 bytes")
    return data


def check_call(fn: Any, kwargs: dict[str, Any]) -> None:
    """Words with a leading underscore are options: one that submit does not know is not passed on to ``fn``."""
    if not callable(fn):
        raise TypeError(f"{fn!r} is not callable")
    for word in kwargs:
        if word.startswith("_"):
            raise TypeError(f"unknown option {word}")


def count_of(name: str, value: Any) -> int:
    number = operator.index(value)
    if not 0 < number < 2**32:
        raise ValueError(f"{name} must be at least 1 and less than 2**32, not {number}")
    return number


def _choice(name: str, value: str, choices: dict[str, int]) -> int:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return choices[value]


def _name(name: Any) -> Any:
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, not {type(name).__name__}")
    if "\0" in name:
        raise ValueError("name must not contain a null character")
    return ffi.new("char[]", name.encode())


def options_of(
    name: Optional[str], placement: str, hash: str, interval: float, counts: dict[str, Optional[int]]
) -> Any:
    """A struct taskpool_options, and what must live as long as it."""
    options = ffi.new("struct taskpool_options *")
    lib.taskpool_options_init(options, ffi.sizeof(options[0]))
    kept = None if name is None else _name(name)
    if kept is not None:
        options.name = kept
    options.placement = _choice("placement", placement, PLACEMENTS)
    options.hash = _choice("hash", hash, HASHES)
    options.key_interval = nanoseconds(interval, "key_interval")
    for word, value in counts.items():
        if value is not None:
            setattr(options, word, count_of(word, value))
    options.worker_start = ffi.addressof(lib, "taskpool_py_start")
    options.worker_stop = ffi.addressof(lib, "taskpool_py_stop")
    options.worker_idle = ffi.addressof(lib, "taskpool_py_idle")
    options.worker_wake = ffi.addressof(lib, "taskpool_py_wake")
    options.flags = lib.TASKPOOL_STRICT
    return options, kept
