"""The Hugging Face hub: huggingface_hub fills its cache from a server on loopback, and weir reads what lies there; then weir
asks that server itself, which sends it on to another place for the file, as the hub does for large ones.
"""
import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

from foreign import check, venv
from lib import clean_env

WEIR = sys.argv[1]
COMMIT, OLD = "1" * 40, "2" * 40
LOAD = """
import sys
from huggingface_hub import hf_hub_download
for revision in sys.argv[2:]:
    print(hf_hub_download(sys.argv[1], "tokenizer.json", revision=None if revision == "-" else revision))
"""


def tokenizer(words):
    vocab = {w: i for i, w in enumerate(["[UNK]", *words])}
    return json.dumps({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                       "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None, "decoder": None,
                       "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"}}).encode()


FILES = {COMMIT: tokenizer(["weir"]), OLD: tokenizer(["old", "weir"])}
REVISIONS = {"main": COMMIT, "v1": OLD, "refs%2Fpr%2F1": OLD, COMMIT: COMMIT, OLD: OLD}


class Store(http.server.BaseHTTPRequestHandler):
    """Where large files lie: it must not be given the hub's token."""
    asked = []

    def do_GET(self):
        Store.asked.append(dict(self.headers))
        data = FILES[self.path.strip("/")]
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


class Hub(http.server.BaseHTTPRequestHandler):
    store = None
    tokens = []

    def do_GET(self):
        Hub.tokens.append(self.headers.get("Authorization"))
        part = self.path.strip("/").split("/")
        commit = REVISIONS.get(part[3]) if len(part) == 5 and part[2] == "resolve" else None
        code = None
        if part[0] == "closed" and self.headers.get("Authorization") != "Bearer hf_good":
            code = (401, "GatedRepo")
        elif part[0] not in ("org", "closed"):
            code = (404, "RepoNotFound")
        elif not commit:
            code = (404, "RevisionNotFound")
        elif part[4] != "tokenizer.json":
            code = (404, "EntryNotFound")
        self.send_response(code[0] if code else 302)
        if code:
            self.send_header("X-Error-Code", code[1])
        else:
            data = FILES[commit]
            self.send_header("Location", f"{Hub.store}/{commit}")
            self.send_header("X-Repo-Commit", commit)
            self.send_header("X-Linked-Etag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Linked-Size", str(len(data)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def inspect(name, env):
    return subprocess.run([WEIR, "dataset", "inspect", data, "--tokenizer", name, "--json"], capture_output=True, text=True,
                          env=env)


def takes(name, env, what):
    r = inspect(name, env)
    check(r.returncode == 0 and json.loads(r.stdout)["tokens"]["max"] == 3, f"{what}: {r.stderr}")


def refuses(name, env, why):
    r = inspect(name, env)
    check(r.returncode in (1, 2) and why in r.stderr, f"{name}: {r.stderr!r} does not say {why!r}")


python = os.path.join(venv("hub", "huggingface_hub==1.2.1"), "python")
with tempfile.TemporaryDirectory(prefix="weir-interop-") as folder:
    data = os.path.join(folder, "d.jsonl")
    with open(data, "w") as f:
        f.write('{"prompt": "a weir here"}\n')
    store, Hub.store = serve(Store)
    hub, url = serve(Hub)
    env = clean_env(HF_HOME=os.path.join(folder, "hf"), XDG_CACHE_HOME=os.path.join(folder, "cache"), no_proxy="*",
                    HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_XET="1")

    done = subprocess.run([python, "-c", LOAD, "org/name", "-", "v1", "refs/pr/1", OLD], capture_output=True, text=True,
                          env={**env, "HF_ENDPOINT": url})
    check(done.returncode == 0, done.stderr)
    Hub.tokens.clear()
    nowhere = {**env, "HF_ENDPOINT": "http://127.0.0.1:1"}
    for name in ("org/name", "org/name@main", "org/name@v1", "org/name@refs/pr/1", f"org/name@{OLD}", f"org/name@{COMMIT}"):
        takes(name, nowhere, f"{name} in huggingface_hub's cache")

    fresh = {**env, "HF_HOME": os.path.join(folder, "empty"), "HF_ENDPOINT": url}
    Store.asked.clear()
    for name in ("org/name", "org/name", "org/name@v1", "org/name@refs/pr/1"):
        takes(name, {**fresh, "HF_TOKEN": "hf_good"}, f"{name} from the server")
    check(Hub.tokens and set(Hub.tokens) == {"Bearer hf_good"}, f"the hub got {Hub.tokens}")
    check(Store.asked and not any("Authorization" in h for h in Store.asked), f"the store got {Store.asked}")
    check(any("If-None-Match" in h for h in Store.asked), "what is here was not asked for by its ETag")
    refuses("closed/name", fresh, f"accept its licence at {url[7:] if '@' in url else url}/closed/name and set HF_TOKEN")
    refuses("closed/name", {**fresh, "HF_TOKEN": "hf_bad"}, "the hub refuses the token of HF_TOKEN (401)")
    takes("closed/name", {**fresh, "HF_TOKEN": "hf_good"}, "a gated model with a token")
    refuses("no/name", fresh, "the hub answers 404: there is no such model")
    refuses("org/name@v9", fresh, "the hub has no revision v9 of it")
    hub.shutdown()
    hub.server_close()
    store.shutdown()
    store.server_close()
    takes("org/name", fresh, "the copy, without a network")
    refuses("org/other", fresh, "Where there is one, `hf download org/other tokenizer.json` fetches it")
print("huggingface_hub's cache is read, revisions too; the hub's token goes to the hub alone; refusals say what to do")
