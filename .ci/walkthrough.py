"""Replays a page's console blocks in one shell, and compares what the commands print. See .ci/walkthrough."""

import pathlib
import re
import subprocess
import sys
import tempfile
import time

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs/walkthrough.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs each time, the longest first.
MASKS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"\b[0-9a-f]{32}\b", "<digest>"),
    (r"\b[0-9a-f]{8}\b(?=-| |$)", "<id>"),
    (r"\d{10,}", "<id>"),
    (r"127\.0\.0\.1:(?!9000)\d+", "127.0.0.1:<port>"),
    (r"\d+ ms|\d+\.\d+ s", "<duration>"),
]


# What only looks may be asked again until it shows what was sent on its way a moment ago, so many seconds at most.
LOOKS = ("quittance orders show", "curl -s http://127.0.0.1:9000/local/queue")
PATIENCE = 10


def masked(text):
    # Whether the queue has heard of what was decided a moment ago is a race that decides nothing.
    text = re.sub(r"UNSENT \(.*?\)", "sent", text)
    text = re.sub(r'"sent":\d+', '"sent":<count>', text)
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text)
    # Columns are as wide as what stands in them.
    return [re.sub(r" {2,}", "  ", line.rstrip()) for line in text.strip().splitlines()]


def commands(block):
    """Each command of a block, with what is printed below it."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        else:
            found[-1][1].append(line)
    return [(command, "\n".join(printed)) for command, printed in found]


def replay(shell, command):
    """What a command prints, whatever its status is."""
    shell.stdin.write(f"{{ {command}\n}} 2>&1; echo; echo '---done'\n")
    shell.stdin.flush()
    printed = []
    while (line := shell.stdout.readline()) != "---done\n":
        if not line:
            raise AssertionError(f"the shell ended in: {command}")
        printed.append(line)
    return "".join(printed).strip("\n")


def main(update):
    page = PAGE.read_text()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        stack = subprocess.Popen(
            ["quittance", "--no-play", "--quiet"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        shell = subprocess.Popen(
            ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
        )
        try:
            first = stack.stdout.readline()
            assert first.startswith("listening on http://127.0.0.1:9000"), f"the local stack said: {first}"

            def block(match):
                nonlocal failed
                lines = []
                for command, expected in commands(match[1]):
                    printed, began = replay(shell, command), time.monotonic()
                    while command.startswith(LOOKS) and time.monotonic() - began < PATIENCE:
                        if "UNSENT" not in printed and (update or masked(printed) == masked(expected)):
                            break
                        printed = replay(shell, command)
                    lines += [f"$ {command}", *printed.splitlines()]
                    if not update and masked(printed) != masked(expected):
                        failed += 1
                        print(f"$ {command}\nexpected:\n{expected}\nprinted:\n{printed}\n")
                return "```console\n" + "\n".join(line.rstrip() for line in lines) + "\n```"

            replayed = BLOCK.sub(block, page)
        finally:
            shell.kill()
            stack.terminate()
            stack.wait()
    if update:
        PAGE.write_text(replayed)
    count = sum(len(commands(each)) for each in BLOCK.findall(page))
    print(f"{count} commands replayed, {failed} printed something else")
    return failed > 0


sys.exit(main("--update" in sys.argv))
