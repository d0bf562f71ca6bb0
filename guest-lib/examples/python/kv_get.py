#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kv example's client in Python: put a number, get numbers.

    kv_get.py [-n EXPORT] KEY[=VALUE]...

Nothing but ctypes and the library is needed: what is inline in C, it has as
functions.
"""
import argparse
import ctypes
import errno
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint64, c_void_p


class Entry(ctypes.Structure):
    """struct elisa_entry"""

    _fields_ = [("stub", c_uint64), ("index", c_uint64)]


def library():
    lib = ctypes.CDLL("libelisa-guest.so.0")
    for name, *arguments in (
        ("elisa_attach", POINTER(c_void_p), c_char_p, c_void_p, c_size_t),
        ("elisa_detach", c_void_p),
        ("elisa_lookup", c_void_p, c_char_p, POINTER(Entry)),
        ("elisa_call6", POINTER(Entry), POINTER(c_uint64), *[c_uint64] * 6),
    ):
        function = getattr(lib, name)
        function.argtypes = arguments
        function.restype = c_int
    return lib


def check(err, what):
    """0 or a negative errno value: an exception if it is one."""
    if err:
        raise OSError(-err, os.strerror(-err), what)


class Attachment:
    def __init__(self, lib, export):
        self.lib = lib
        self.entries = {}
        self.att = c_void_p()
        check(lib.elisa_attach(byref(self.att), export.encode(), None, 0),
              export)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.elisa_detach(self.att)

    def entry(self, name):
        if name not in self.entries:
            entry = Entry()
            check(self.lib.elisa_lookup(self.att, name.encode(), byref(entry)),
                  name)
            self.entries[name] = entry
        return self.entries[name]

    def call(self, name, *arguments):
        """What the entry point returned, as a signed number."""
        entry = self.entry(name)
        ret = c_uint64()
        arguments += (0,) * (6 - len(arguments))
        err = -errno.EBUSY
        while err == -errno.EBUSY:
            err = self.lib.elisa_call6(byref(entry), byref(ret), *arguments)
        check(err, name)
        return ctypes.c_int64(ret.value).value


def serve(store, word):
    key, equals, value = word.partition("=")
    if equals:
        result = store.call("kv_put_u64", int(key, 0), int(value, 0))
    else:
        result = store.call("kv_get_u64", int(key, 0))
    # The store answers with error numbers as well.
    check(min(result, 0), word)
    if not equals:
        print(result)


def main():
    parser = argparse.ArgumentParser(description="put and get numbers")
    parser.add_argument("-n", metavar="EXPORT", default="kv.store")
    parser.add_argument("key", nargs="+", metavar="KEY[=VALUE]")
    options = parser.parse_args()
    try:
        with Attachment(library(), options.n) as store:
            for word in options.key:
                serve(store, word)
    except OSError as error:
        # That there is no library is told in another way.
        what = error if error.errno is None else (
            f"{error.filename}: {error.strerror}")
        print(f"kv_get.py: {what}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
