#!/usr/bin/env python3
"""Instructions that a program needs for one unit of its work, by library, as callgrind counts them.

usage: bench/instructions.py FEW MANY PROGRAM [ARGUMENT...]

Runs PROGRAM ARGUMENT... FEW and PROGRAM ARGUMENT... MANY under callgrind and prints one line per
library, "INSTRUCTIONS LIBRARY", of the difference: what starting and ending costs is in neither.
"""
import collections
import os
import re
import subprocess
import sys
import tempfile

NAMED = re.compile(r"ob=\((\d+)\)(?: (.*))?$")


def counted(path):
    """Own instructions by object file of a callgrind profile."""
    names, sums, current, skip = {}, collections.Counter(), "", False
    with open(path, encoding="utf-8", errors="replace") as profile:
        for line in profile:
            named = NAMED.match(line)
            if named:
                if named[2]:
                    names[named[1]] = os.path.basename(named[2])
                current = names[named[1]]
            elif line.startswith("cob="):
                called = NAMED.match(line[1:])
                if called[2]:
                    names[called[1]] = os.path.basename(called[2])
            elif line.startswith("calls="):
                skip = True  # the next line is the callee's cost
            elif line[:1] in "+-*0123456789" and line.strip():
                if not skip:
                    sums[current] += int(line.split()[1])
                skip = False
    return sums


def profile(words):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "profile")
        subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}", *words],
            check=True, stderr=subprocess.DEVNULL)
        return counted(path)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    few, many, words = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    low, high = profile([*words, str(few)]), profile([*words, str(many)])
    for library in sorted(high, key=lambda name: low[name] - high[name]):
        each = round((high[library] - low[library]) / (many - few))
        if each > 0:
            print(each, library)


if __name__ == "__main__":
    main()
