"""A function under the Lambda Runtime Interface Emulator that comes with the SAM command line."""

import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request

import samcli.local

EMULATOR = pathlib.Path(samcli.local.__file__).parent / "rapid/aws-lambda-rie-x86_64"
START_SECONDS = 30
STOP_SECONDS = 5
INVOCATION = "/2015-03-31/functions/function/invocations"


class FunctionFailed(Exception):
    """The function answered with an error, or did not answer."""


class Emulated:
    """One bootstrap: `with Emulated(...) as function`."""

    def __init__(self, bootstrap, configuration, environment, log):
        self.name = configuration["FunctionName"]
        self._timeout = configuration["Timeout"]
        self._log = log
        self._environment = environment | {
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self._timeout),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
            "PATH": os.defpath,
        }
        self._bootstrap = bootstrap
        self._process = None

    def __enter__(self):
        ports = free_ports(2)
        self.url = f"http://127.0.0.1:{ports[0]}{INVOCATION}"
        command = [
            str(EMULATOR),
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{ports[0]}",
            "--runtime-api-address",
            f"127.0.0.1:{ports[1]}",
            str(self._bootstrap.resolve()),
        ]
        # A group of its own: the emulator starts the bootstrap, and both have to go.
        self._process = subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._await_port(ports[0])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, how)
            except ProcessLookupError:
                break
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        self._process.wait()

    def _await_port(self, port):
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._process.poll() is not None:
                raise FunctionFailed(f"{self.name} ended:\n{self.tail()}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise FunctionFailed(f"{self.name} is not up:\n{self.tail()}") from None
                time.sleep(0.02)

    def invoke(self, event):
        """The function's answer. What Lambda would count as an error is raised."""
        request = urllib.request.Request(self.url, data=json.dumps(event).encode())
        try:
            with urllib.request.urlopen(request, timeout=self._timeout + STOP_SECONDS) as reply:
                text = reply.read().decode()
            answer = json.loads(text)
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise FunctionFailed(f"{self.name}: {error!r}\n{self.tail()}") from error
        if isinstance(answer, dict) and "errorType" in answer:
            raise FunctionFailed(f"{self.name}: {answer}\n{self.tail()}")
        return answer

    def output(self):
        return self._log.read_text(errors="replace")

    def lines(self):
        """The JSON lines of the output."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]

    def tail(self):
        return "\n".join(f"    {line[:400]}" for line in self.output().splitlines()[-12:])

    def timing(self):
        """Milliseconds from the start to ready, and of the median invocation that found it ready."""
        started = re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", self.output())
        # `Init Duration` stands in the same line and is not meant.
        warm = [float(each) for each in re.findall(r"\tDuration: ([\d.]+) ms", self.output())][1:]
        return float(started[1]) if started else None, statistics.median(warm) if warm else None, len(warm)


def free_ports(count):
    """Ports that are free now; all are held until all are found."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
