"""Replays what pages tell to type, each page in one shell, and compares what is printed. See .ci/walkthrough."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Each page, and the stack that it has in another terminal; none where its own commands start one.
PAGES = {"docs/walkthrough.md": ["--no-play", "--quiet"], "docs/tasks.md": None}
# Commands with what they print: each below its own, or a block of them and then a block of what they print together.
LINES = r"(?:(?!```).*\n)*"
TOLD = re.compile(
    rf"^```console\n(?P<console>{LINES})```$|^```sh\n(?P<commands>{LINES})```\n\n```text\n(?P<printed>{LINES})```$",
    re.MULTILINE,
)
# What differs each time, the longest first.
MASKS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"(?<=<time>  )\d+ (?:s|min|h|d)(?= )", "<age>"),
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


def steps(told):
    """What is run and compared as one: commands, and what they print together. `told` is a match of TOLD."""
    if told["commands"] is not None:
        return [(told["commands"].replace("\\\n", "").splitlines(), told["printed"])]
    found = []
    for line in told["console"].splitlines():
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        else:
            found[-1][1].append(line)
    return [(commands, "\n".join(printed)) for commands, printed in found]


def retold(told, printed):
    """The same with what was printed, for each step."""
    printed = ["\n".join(line.rstrip() for line in each.splitlines()) for each in printed]
    if told["commands"] is not None:
        return f"```sh\n{told['commands']}```\n\n```text\n{printed[0]}\n```"
    lines = [line for (commands, _), said in zip(steps(told), printed) for line in (f"$ {commands[0]}", said) if line]
    return "```console\n" + "\n".join(lines) + "\n```"


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


def run(shell, commands, expected, update):
    """What a step's commands print. The last is run again where it only looks, and may see what is expected yet."""
    said, began = [replay(shell, each) for each in commands], time.monotonic()
    while True:
        printed = "\n".join(filter(None, said))
        seen = "UNSENT" not in printed and (update or masked(printed) == masked(expected))
        if seen or not commands[-1].startswith(LOOKS) or time.monotonic() - began > PATIENCE:
            return printed
        said[-1] = replay(shell, commands[-1])


@contextlib.contextmanager
def stack(arguments):
    """The local stack that a page has in another terminal, if it does."""
    if arguments is None:
        yield
        return
    process = subprocess.Popen(
        ["quittance", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        first = process.stdout.readline()
        assert first.startswith("listening on http://127.0.0.1:9000"), f"the local stack said: {first}"
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def terminal():
    """A shell in a folder of its own. What it has started ends with it."""
    with tempfile.TemporaryDirectory() as folder:
        shell = subprocess.Popen(
            ["bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=os.environ | {"TMPDIR": folder},
            start_new_session=True,
        )
        try:
            yield shell
        finally:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()


def play(name, update):
    """Replays a page, and says how many steps printed something else."""
    path = ROOT / name
    page = path.read_text()
    failed = count = 0

    with stack(PAGES[name]), terminal() as shell:

        def told(match):
            nonlocal failed, count
            said = []
            for commands, expected in steps(match):
                printed = run(shell, commands, expected, update)
                said.append(printed)
                count += len(commands)
                if not update and masked(printed) != masked(expected):
                    failed += 1
                    print(*(f"$ {each}" for each in commands), f"expected:\n{expected}\nprinted:\n{printed}\n", sep="\n")
            return retold(match, said)

        replayed = TOLD.sub(told, page)
    if update:
        path.write_text(replayed)
    print(f"{name}: {count} commands replayed, {failed} steps printed something else")
    return failed


def main(arguments):
    update = "--update" in arguments
    names = [each for each in arguments if each != "--update"] or PAGES
    sys.exit(sum(play(name, update) for name in names) > 0)


main(sys.argv[1:])
