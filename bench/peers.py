"""peers.py - installing other people's tools by name from the registries, each optional, into a cache outside the tree.

To add a peer: a subclass with `name`, `install()` (returns the program's path) and `version()`; what it can do is told by the
methods it has (see peers_llm.py: `stream_command`, `stream_result`; peers_http.py: `load_command`, `load_result`,
`rate_command`); and its name in a REGISTRY. What does not install is reported with its reason, which is kept in the cache
so that the next run does not try for minutes again (`bench/run --reinstall` does).
"""
import os
import shutil
import subprocess
import sys

from harness import CACHE

TIMEOUT = 3000


class NotHere(Exception):
    """Why a peer cannot be had."""


def last_words(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "403" in line or "not available" in line]
    return (telling or lines or ["no message"])[-1][:200]


def must(command, **more):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, **more)
    except FileNotFoundError:
        raise NotHere(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise NotHere(f"{' '.join(command[:3])} did not end within {TIMEOUT} s") from None
    if done.returncode:
        raise NotHere(f"{' '.join(command[:4])}: {last_words(done.stderr + done.stdout)}")
    return done.stdout


def debian(program, package):
    if not shutil.which(program):
        if not shutil.which("apt-get"):
            raise NotHere(f"no {program}, and no apt-get to install it")
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        must(sudo + ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends", package])
    return shutil.which(program)


def cached(path, make):
    path = os.path.join(CACHE, path)
    if not os.path.exists(path):
        make()
    if not os.path.exists(path):
        raise NotHere(f"installed, but there is no {os.path.basename(path)}")
    return path


def cargo(program, crate):
    def make():
        must(["cargo", "install", crate, "--locked", "--root", f"{CACHE}/cargo"], env={**os.environ, "CARGO_TARGET_DIR": f"{CACHE}/cargo-build"})
        shutil.rmtree(f"{CACHE}/cargo-build", ignore_errors=True)
    return cached(f"cargo/bin/{program}", make)


def go(program, module):
    return cached(f"go/bin/{program}", lambda: must(["go", "install", f"{module}@latest"], env={**os.environ, "GOBIN": f"{CACHE}/go/bin"}))


def npm(program):
    return cached(f"npm/node_modules/.bin/{program}", lambda: must(["npm", "install", "--prefix", f"{CACHE}/npm", program]))


def python(folder, program, *packages):
    def make():
        must([sys.executable, "-m", "venv", f"{CACHE}/{folder}"])
        try:
            must([f"{CACHE}/{folder}/bin/python", "-m", "pip", "install", "-q", *packages])
        except NotHere:
            shutil.rmtree(f"{CACHE}/{folder}")
            raise
    return cached(f"{folder}/bin/{program}", make)


class Peer:
    name = ""
    source = ""  # where it comes from, for the table
    program = None
    why_not = None

    def install(self):
        raise NotImplementedError

    def version(self):
        return "?"

    def prepare(self, again=False):
        """Installs it; True when it can be run, else why_not says why."""
        os.makedirs(CACHE, exist_ok=True)
        note = os.path.join(CACHE, f"failed-{self.name}")
        if again and os.path.exists(note):
            os.remove(note)
        if os.path.exists(note):
            with open(note) as f:
                self.why_not = f.read()
            return False
        try:
            self.program = self.install()
            self.found = self.version()
            return True
        except (NotHere, OSError, subprocess.SubprocessError, IndexError, StopIteration) as e:
            self.why_not = str(e) or type(e).__name__
            with open(note, "w") as f:
                f.write(self.why_not)
            return False


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return next(line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip())


def dist_version(python_path, package):
    return must([python_path, "-c", f"import importlib.metadata as m; print(m.version('{package}'))"]).strip()
