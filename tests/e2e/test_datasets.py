"""One run of each kind of dataset against the simulator: what arrives there is exactly what Python reads from the same file, in
prompts, words, output tokens, and entries that are left out."""
import csv
import gzip
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

from lib import Sim, check, clean_env, run

WEIR = sys.argv[1]
folder = tempfile.TemporaryDirectory(prefix="weir-datasets-")


def file(name, data):
    path = os.path.join(folder.name, name)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


def text(n, word="w"):
    return " ".join(f"{word}{i}" for i in range(n))


def sent(sim, path, want, *options, seed=7, counts=None, env=None, stdin=None):
    """A run of the whole dataset once; `want`: (prompt or None, words, output tokens or None) of each sample, in order."""
    r = run(WEIR, sim.url, "--dataset", path, "--num-requests", str(len(want)), "--concurrency", "1", "--duration", "none",
            "--save-text", "--seed", str(seed), "--quiet", *options, env=env, stdin=stdin)
    rows = sorted(r.requests, key=lambda row: row["index"])
    check(len(rows) == len(want), f"{path}: {len(rows)} requests")
    for row, (prompt, words, tokens) in zip(rows, want):
        check(row["outcome"] == "ok", f"{path}: {row}")
        check(row["tokens_in"] == words, f"{path}: {row['tokens_in']} words arrived of {words}")
        check(tokens is None or row["tokens_out"] == tokens, f"{path}: {row['tokens_out']} tokens, not {tokens}")
        if prompt is not None:
            check(row["prompt"] == prompt, f"{path}: sent {row['prompt']!r}, not {prompt!r}")
    stats = r.json("metadata.json")["dataset"]
    check(stats["samples"] == len(want), f"{path}: {stats}")
    for name, n in (counts or {}).items():
        check(stats[name] == n, f"{path}: {name} {stats[name]}, not {n}")
    r.prompts = [row["prompt"] for row in rows]
    return r


def user(prompt):
    return f"user: {prompt}\n"


def sharegpt(sim):
    def talk(*turns):
        return {"conversations": [{"from": "human" if i % 2 == 0 else "gpt", "value": t} for i, t in enumerate(turns)]}
    talks = [talk(text(5), text(6)), talk(text(5)), talk(text(3), text(9)), talk(text(9, 'q"é\n'), text(4), "more"), {"id": 3}]
    path = file("share.json", json.dumps(talks))
    want = [(user(text(5)), 5, 6), (user(text(9, 'q"é\n')), 18, 4)]
    sent(sim, path, want, "--answer-length", "--skip-bad", counts={"skipped": 1, "out_of_range": 1, "bad": 1})


def ipex(sim):
    path = file("prompt.json", json.dumps({"gpt-j": {"32": text(30)}, "llama": {"32": text(31), "64": text(60)}}))
    sent(sim, path, [(user(text(31)), 31, 4), (user(text(60)), 60, 4)], "--dataset-key", "llama", "--max-tokens", "4")
    sent(sim, path, [(user(text(30)), 30, 4)], "--dataset-key", "gpt-j/32", "--max-tokens", "4")


def tables(sim):
    rows = [{"q": 'say "hi",\r\nplease', "n": 3, "s": "be brief"}, {"q": "plain", "n": 2, "s": ""},
            {"q": "'one\ttab; two", "n": 4, "s": "x, y"}]
    out = io.StringIO()
    writer = csv.DictWriter(out, ["s", "n", "q"])
    writer.writeheader()
    writer.writerows(rows)
    path = file("rows.csv", out.getvalue())
    want = [((f"system: {r['s']}\n" if r["s"] else "") + user(r["q"]), len((r["s"] + " " + r["q"]).split()), r["n"])
            for r in rows]
    fields = ("--dataset-fields", "prompt=q,max_tokens=n,system=s")
    sent(sim, path, want, *fields)
    lines = "".join(json.dumps({"in": [{"q": r["q"]}], "n": r["n"], "s": r["s"]}) + "\n" for r in rows)
    sent(sim, file("rows.jsonl", lines), want, "--dataset-fields", "prompt=in.0.q,max_tokens=n,system=s")


def traces(sim):
    azure = file("azure.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.97,48,3\n2023-11-16 18:17:04.03,11,2\n")
    first = sent(sim, azure, [(None, 48, 3), (None, 11, 2)]).prompts
    check(first == sent(sim, azure, [(None, 48, 3), (None, 11, 2)]).prompts, "the same seed made other prompts")
    check(first != sent(sim, azure, [(None, 48, 3), (None, 11, 2)], seed=8).prompts, "another seed made the same prompts")
    burst = file("burst.csv", "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
                              "45,ChatGPT,20,2,22,API log\n5,GPT-4,30,3,33,Conversation log\n50,GPT-4,9,0,9,API log\n")
    sent(sim, burst, [(None, 30, 3), (None, 20, 2)], counts={"skipped": 1})
    rows = [(2, 600, [7, 8]), (1, 700, [7, 9]), (3, 550, [10, 8])]
    lines = "".join(json.dumps({"timestamp": t, "input_length": n, "output_length": 2, "hash_ids": ids}) + "\n" for t, n, ids in rows)
    b, a, c = (p.split() for p in sent(sim, file("m.jsonl", lines), [(None, 700, 2), (None, 600, 2), (None, 550, 2)]).prompts)
    check(a[1:513] == b[1:513], "equal hash ids, but not an equal first block")
    check(a[513:551] == c[513:551], "equal hash ids, but not an equal second block")
    check(a[1:20] != c[1:20] and a[513:530] != b[513:530], "different hash ids with one text")


class Files(http.server.BaseHTTPRequestHandler):
    """One file, with an ETag; .asked: status of each answer."""
    protocol_version = "HTTP/1.1"
    data, asked = b"", []

    def do_GET(self):
        same = self.headers.get("If-None-Match") == '"1"'
        self.asked.append(304 if same else 200)
        self.send_response(self.asked[-1])
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0" if same else str(len(self.data)))
        self.end_headers()
        if not same:
            self.wfile.write(self.data)

    def log_message(self, *_):
        pass


def packed(sim):
    """The same lines packed by gzip and by zstd, from a file, from stdin and from a server."""
    lines = "".join(json.dumps({"prompt": text(n, "é"), "max_tokens": 2}) + "\n" for n in range(1, 6))
    want = [(user(text(n, "é")), n, 2) for n in range(1, 6)]
    gz = gzip.compress(lines[:50].encode()) + gzip.compress(lines[50:].encode())  # two members, as `cat` makes them
    sent(sim, file("lines.jsonl.gz", gz), want)
    if shutil.which("zstd"):
        sent(sim, file("lines.zst", subprocess.run(["zstd", "-q", "-c"], input=lines.encode(), capture_output=True).stdout), want)
    with open(file("stdin", gz), "rb") as f:
        sent(sim, "-", want, stdin=f)
    server = http.server.HTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Files.data = gz
    env = clean_env(XDG_CACHE_HOME=os.path.join(folder.name, "cache"), no_proxy="*")
    url = f"http://user:secret@127.0.0.1:{server.server_port}/lines.jsonl.gz?token=secret"
    for _ in range(2):
        r = sent(sim, url, want, env=env)
        for name in ("metadata.json", "requests.jsonl"):
            check("secret" not in open(os.path.join(r.dir, name)).read(), f"a secret of the URL stands in {name}")
    check(Files.asked == [200, 304], f"the server answered {Files.asked}")
    server.shutdown()
    server.server_close()
    sent(sim, url, want, env=env)


with Sim(WEIR, "--ttft", "1ms", "--itl", "100us") as sim, folder:
    sharegpt(sim)
    ipex(sim)
    tables(sim)
    traces(sim)
    packed(sim)
print("sharegpt, ipex, csv, jsonl, azure, burstgpt and mooncake, packed or not: all as Python reads them")
