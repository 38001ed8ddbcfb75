"""foreign.py - what the tests with foreign programs share: getting them, starting them on loopback, stopping them by id.

What is fetched from a package index is kept in a folder of its own (WEIR_SCRATCH, else the user's cache folder), so that only
the first run pays for it. Whatever cannot be had makes the test skip, with the reason.
"""
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import SLOW, check, skip  # noqa: E402

FETCH_SECONDS = 300


def cache_folder():
    base = os.environ.get("WEIR_SCRATCH")
    if not base:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "weir-tests")
    os.makedirs(base, exist_ok=True)
    return base


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip() and "complete log" not in line]
    return lines[-1] if lines else "no output"


def fetch(words, what, **more):
    """A command of an installation; the test is skipped when it fails or takes too long."""
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                              timeout=FETCH_SECONDS, **more)
    except subprocess.TimeoutExpired:
        skip(f"{what} could not be installed within {FETCH_SECONDS} s")
    except OSError as e:
        skip(f"{what} could not be installed: {e}")
    if done.returncode != 0:
        skip(f"{what} could not be installed: {last_line(done.stdout)}")


def kept(name, make):
    """The folder `name` of the cache, made by make(folder) once; a half-made one is begun anew."""
    folder = os.path.join(cache_folder(), name)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = os.path.join(folder, ".complete")
        if not os.path.exists(ready):
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            open(ready, "w").close()
    return folder


def venv(name, *packages):
    """A virtual environment with the packages; returns its bin folder."""
    version = ".".join(str(n) for n in sys.version_info[:2])

    def make(folder):
        fetch([sys.executable, "-m", "venv", folder], "a virtual environment (python3-venv)")
        fetch([os.path.join(folder, "bin", "pip"), "install", "-q", "--no-input", *packages], " ".join(packages))
    return os.path.join(kept(f"{name}-py{version}", make), "bin")


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Server:
    """A foreign server in the foreground with a scratch folder of its own; its output is shown when it does not start."""

    def __init__(self, words, ports, seconds, folder=None, **more):
        self.folder = folder or tempfile.mkdtemp(prefix="weir-interop-")
        self.log = open(os.path.join(self.folder, "server.log"), "w+")
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                        cwd=self.folder, **more)
        end = time.monotonic() + seconds * SLOW
        while not all(answers(p) for p in ports):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop(keep=True)
                self.log.seek(0)
                print(self.log.read()[-4000:])
                check(False, f"{words[0]} did not start (exit {self.process.returncode})")
            time.sleep(0.05)

    def output(self):
        self.log.flush()
        with open(self.log.name) as f:
            return f.read()

    def stop(self, keep=False):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10 * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if not keep:
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
