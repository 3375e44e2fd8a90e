"""Members of the waist are only ever appended. The headers of all its versions are compiled, and of each struct each
member has to be where it was: offset and size, as the C compiler says. The bindings of the example in Rust are held to
the same.

usage: layout_test.py CC RUSTC HEADER VERSIONS BINDINGS"""

import pathlib
import re
import subprocess
import sys
import tempfile

CC, RUSTC = sys.argv[1:3]
HEADER, VERSIONS, BINDINGS = map(pathlib.Path, sys.argv[3:6])


def members(text):
    """Of each struct its members in their order."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)
    found = {}
    for struct, body in re.findall(r"typedef\s+struct\s+bulkhead_(\w+)\s*\{([^}]*)\}", text):
        names = []
        for declaration in body.split(";"):
            pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", declaration)
            name = pointer or re.search(r"(\w+)\s*$", declaration)
            if name:
                names.append(name.group(1))
        found[struct] = names
    return found


def layout(work, text):
    """{"host.db_read": "48 8", "host": "160"}, as a C program of that header prints it."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=work))
    (folder / "abi.h").write_text(text, encoding="utf-8")
    lines = []
    for struct, names in members(text).items():
        kind = f"bulkhead_{struct}"
        for name in names:
            lines.append(f'  printf("{struct}.{name} %zu %zu\\n", offsetof({kind}, {name}), sizeof((({kind}*)0)->{name}));')
        lines.append(f'  printf("{struct} %zu\\n", sizeof({kind}));')
    (folder / "layout.c").write_text('#include <stdio.h>\n#include "abi.h"\nint main(void) {\n' + "\n".join(lines) +
                                     "\n  return 0;\n}\n", encoding="utf-8")
    subprocess.run([CC, "-std=c11", "-Wall", "-Werror", "-o", folder / "layout", folder / "layout.c"], check=True)
    return parsed(subprocess.run([folder / "layout"], check=True, capture_output=True, text=True).stdout)


def parsed(text):
    return dict(line.split(" ", 1) for line in text.splitlines())


def moved(older, newer, grows=True):
    """What is elsewhere, or gone, in the newer one; structs may grow at their end."""
    problems = [f"{name} was {place}, and is {newer.get(name)}" for name, place in older.items()
                if "." in name and newer.get(name) != place]
    for name, size in older.items():
        if "." not in name and int(newer.get(name, 0)) < int(size) or not grows and newer.get(name) != size:
            problems.append(f"{name} had {size} bytes, and has {newer.get(name)}")
    return problems


def rust_layout(work):
    program = work / "rust_layout"
    subprocess.run([RUSTC, "--edition", "2021", "-o", program, BINDINGS], check=True)
    return parsed(subprocess.run([program], check=True, capture_output=True, text=True).stdout)


def main():
    today = HEADER.read_text(encoding="utf-8")
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        now = layout(work, today)
        versions = {path.parts[-3]: layout(work, path.read_text(encoding="utf-8"))
                    for path in sorted(VERSIONS.glob("*/bulkhead/abi.h"))}
        if len(versions) < 4:
            problems.append(f"of the older versions only {sorted(versions)} are there")
        for version, then in versions.items():
            problems += [f"since {version}: {what}" for what in moved(then, now)]
        # The control: a member that was put before others is seen.
        swapped = layout(work, today.replace("  int64_t (*now_us)(bulkhead_home*);", "  void* between;\n"
                                             "  int64_t (*now_us)(bulkhead_home*);", 1))
        if not moved(now, swapped):
            problems.append("a member that was put in the middle is not seen, so that this test proves nothing")
        rust = rust_layout(work)
        major, minor = rust.pop("version").split()
        of_rust = versions.get(f"{major}_{minor}", now)
        problems += [f"the bindings in Rust: {what}" for what in moved(rust, of_rust, False) + moved(of_rust, rust, False)]
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(versions)} older versions and the bindings of {major}.{minor} have {len(now)} places in common")


main()
