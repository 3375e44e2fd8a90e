"""What the pages say of the tree is held against it: quoted code, the settings' table, names of commands.

usage: pages_test.py BULKHEAD_PROGRAM
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")),
         *sorted((ROOT / "plugins").glob("*/README.md")), *sorted((ROOT / "plugin-api").rglob("*.md"))]
# A comment of its own before the block: <!-- quoted: plugin-api/example/greeter/greeter_plugin.cpp -->
QUOTE = re.compile(r"<!-- quoted: (\S+) -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNLISTED = ["worker"]  # commands that the overview leaves out, since they are not for people
COMMAND = re.compile(r"`bulkhead ((?:[a-z]+ ?)+)")


def lines_of(text):
    """Without indentation and empty lines, which a quotation may change."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def contains(source, quote):
    source, quote = lines_of(source), lines_of(quote)
    return any(source[i:i + len(quote)] == quote for i in range(len(source) - len(quote) + 1))


def quotation_findings(page, text):
    for path, quote in QUOTE.findall(text):
        source = (ROOT / path).read_text(encoding="utf-8")
        if not contains(source, quote):
            yield f"{page}: what it quotes is not in {path}"
        if contains(source.replace(lines_of(quote)[0], "", 1), quote):
            yield f"{page}: the comparison with {path} proves nothing"


def command_findings(page, text, commands):
    for words in COMMAND.findall(text):
        if not any((words.strip() + " ").startswith(command + " ") for command in commands):
            yield f"{page}: there is no command `bulkhead {words.strip()}`"


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    overview = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)\b(?= )", overview, re.MULTILINE)
    for command in UNLISTED:
        subprocess.run([program, command, "--help"], check=True, capture_output=True)

    findings, quotes = [], 0
    for path in PAGES:
        page, text = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        quotes += len(QUOTE.findall(text))
        findings += [*quotation_findings(page, text), *command_findings(page, text, commands + UNLISTED)]
    if quotes == 0:
        findings.append("no page quotes anything: the test proves nothing")
    if not list(command_findings("control", "`bulkhead frobnicate`", commands)):
        findings.append("an unknown command is not noticed")
    table = subprocess.run([ROOT / "tools" / "settings_page", program], check=False, capture_output=True, text=True)
    if table.returncode != 0:
        findings.append(table.stdout + table.stderr)
    print("\n".join(findings) or f"{quotes} quotations and the settings' table are right")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
