"""as_program.py - what the tests of other programs' command lines share: `weir as NAME ARGUMENTS` in a folder of its own."""
import concurrent.futures
import os
import subprocess

from lib import SLOW, check, clean_env


def together(*tests):
    """Tests that mostly wait, at the same time; the first that fails ends the process."""
    with concurrent.futures.ThreadPoolExecutor(len(tests)) as pool:
        for done in [pool.submit(t) for t in tests]:
            done.result()


def begin(weir, name, *words, cwd, env=None):
    return subprocess.Popen([os.path.abspath(weir), "as", name, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL, text=True, cwd=cwd, env=env or clean_env())


class Done:
    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr


def end(process, expect=0, timeout=60):
    try:
        stdout, stderr = process.communicate(timeout=timeout * SLOW)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        check(False, f"{process.args[1:]} did not end within {timeout * SLOW} s")
    if process.returncode != expect:
        print(stdout, stderr, sep="\n")
        check(False, f"{process.args[1:]}: exit {process.returncode}, not {expect}")
    return Done(process.returncode, stdout, stderr)


def run(weir, name, *words, cwd, env=None, expect=0, timeout=60):
    return end(begin(weir, name, *words, cwd=cwd, env=env), expect, timeout)
