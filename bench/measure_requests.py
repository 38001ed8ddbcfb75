"""measure_requests.py - requests per client CPU second over kept-alive connections, against nginx; memory per stream."""
import json
import os
import shutil
import tempfile

from harness import Nginx, Sim, in_turn, measure, spread

CASES = [  # name, nginx's listener, what it is called among the peers, weir's options
    ("HTTP/1.1", "plain", "1.1", ["--http", "1.1"]),
    ("HTTP/1.1 over TLS", "tls", "tls", ["--http", "1.1", "--insecure"]),
    ("HTTP/2 over TLS", "h2", "h2", ["--http", "2", "--streams-per-conn", "10", "--insecure"]),
    ("HTTP/2 cleartext", "h2c", "h2c", ["--http", "h2c", "--streams-per-conn", "10"]),
]


def weir_command(me, url, connections, count, folder, more):
    words = [me.program, "run", url, "--duration", "none", "--quiet", "--model", "m", "--no-probe", "--no-stream", "--prompt", "Hello there",
             "--max-tokens", "1", "--concurrency", str(connections), "--num-requests", str(count), "--output-dir", os.path.join(folder, "out"),
             *me.at_once]
    return words + supported(me.options, more)


def supported(options, words):
    """The options `words`, all of which this weir must know; LookupError names the first that it does not."""
    out, i = [], 0
    while i < len(words):
        value = i + 1 < len(words) and not words[i + 1].startswith("--")
        if words[i] in options:
            out += words[i:i + 1 + value]
        elif words[i] == "--http" and words[i + 1] == "1.1":
            pass  # the only one there is
        else:
            raise LookupError(words[i])
        i += 1 + value
    return out


def weir_once(me, server, listener, connections, count, more):
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    try:
        command = weir_command(me, server.urls[listener], connections, count, folder, more)
        child = measure(command, 60, server, cwd=folder)
        with open(os.path.join(folder, "out", "summary.json")) as f:
            level = json.load(f)["levels"][0]
        done = level["requests"]["successful"]
        if child.rc not in (0, 4):
            raise RuntimeError(child.stderr[-300:])
        return {"per_cpu_s": done / child.cpu_s, "per_s": done / child.wall_s, "steal": child.steal, "others": child.others,
                "server_share": child.server_cpu_s / child.wall_s, "command": " ".join(command)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def peer_once(peer, server, listener, http, connections, seconds, **more):
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    try:
        command = peer.load_command(server.urls[listener], connections, seconds, http, folder, **more)
        child = measure(command, 60, server, cwd=folder)
        done = peer.load_result(child)
        return {"per_cpu_s": done / child.cpu_s, "per_s": done / child.wall_s, "steal": child.steal, "others": child.others,
                "server_share": child.server_cpu_s / child.wall_s, "command": " ".join(command)}
    except (ValueError, KeyError) as e:
        return {"failure": str(e)[:200], "steal": 0.0}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def once_only(peer, runs, server, *more):
    """The two that the budget names run in every round; the rest once, for the table."""
    if runs.get(peer.name) and peer.name not in ("wrk", "h2load"):
        return None
    runs[peer.name] = True
    return peer_once(peer, server, *more)


def compare(me, peers, pairs, log, seconds=2, connections=100, count=150000):
    nginx = shutil.which("nginx")
    if not nginx:
        return [{"skipped": "nginx is not installed"}]
    table = []
    with Nginx(nginx) as server:
        for name, listener, http, words in CASES:
            members, missing = {}, {}
            for label, more in (("weir, records", []), ("weir, --no-records", ["--no-records"])):
                try:
                    supported(me.options, words + more)
                except LookupError as e:
                    missing[label] = f"this weir has no {e}"
                    continue
                members[label] = lambda m=words + more: weir_once(me, server, listener, connections, count, m)
            runs = {}
            for peer in peers:
                if http in peer.speaks:
                    members[peer.name] = lambda p=peer, runs=runs: once_only(p, runs, server, listener, http, connections, seconds)
            kept, meta = in_turn(pairs, members)
            best = [max((r.get("per_cpu_s", 0) for n in ("wrk", "h2load") for r in kept.get(n, [])[i:i + 1]), default=0) for i in range(pairs)]
            for label, results in kept.items():
                row = {"case": name, "client": label, "connections": connections, **meta}
                good = [r for r in results if "per_cpu_s" in r]
                if good:
                    row |= {k: spread([r[k] for r in good]) for k in ("per_cpu_s", "per_s", "server_share")}
                    row["ratio"] = spread([r["per_cpu_s"] / b for r, b in zip(good, best) if b])
                    row |= {"steal": max(r["steal"] for r in good), "others": max(r["others"] for r in good), "command": good[0]["command"]}
                    log(f"  {name}, {label}: {row['per_cpu_s']['median']:.0f} requests per CPU s, ratio "
                        f"{row['ratio']['median'] if row['ratio'] else float('nan'):.2f}, steal {row['steal']:.3f}")
                else:
                    row["failure"] = results[0]["failure"] if results else "not run"
                    log(f"  {name}, {label}: {row['failure']}")
                table.append(row)
            table += [{"case": name, "client": k, "skipped": v} for k, v in missing.items()]
    return table


def memory(weir, peer, http_peers, log, few=100, many=10000):
    """Peak memory of a client that holds `many` open streams less that with `few`, per stream, plain and TLS."""
    table = []
    for tls in (False, True):
        more = ("--tls",) if tls else ()
        peaks = {}
        for streams in (few, many):
            with Sim(weir, "--ttft", "3s" if streams == many else "100ms", "--itl", "500ms", "--prefill", "0us", "--max-seqs", "100000",
                     *more) as sim:
                folder = tempfile.mkdtemp(prefix="weir-bench-")
                command, env = peer.stream_command(sim.url, streams, 4, folder, *(["--insecure", "--http", "1.1"] if tls else []))
                child = measure(command, 100, sim, cwd=folder, env={**os.environ, **env})
                try:
                    done = peer.stream_result(folder, child)
                    ok = done.complete
                except (OSError, ValueError, KeyError):
                    ok = 0
                shutil.rmtree(folder, ignore_errors=True)
                peaks[streams] = (child.peak, ok, child.steal)
        row = {"client": "weir", "tls": tls, "few": few, "many": many, "peak_few": peaks[few][0], "peak_many": peaks[many][0],
               "complete": peaks[many][1], "per_stream": (peaks[many][0] - peaks[few][0]) / (many - few)}
        log(f"  memory: weir {'TLS' if tls else 'plain'}: {row['per_stream'] / 1024:.1f} KiB a stream, {row['complete']} complete")
        table.append(row)
    nginx = shutil.which("nginx")
    if nginx:
        with Nginx(nginx) as server:
            for p in http_peers:
                for tls in (False, True):
                    listener = "tls" if tls else "plain"
                    peaks = {}
                    for connections in (few, many):
                        folder = tempfile.mkdtemp(prefix="weir-bench-")
                        child = measure(p.load_command(server.urls[listener], connections, (8 if tls else 3) if connections == many else 1, listener if tls else "1.1",
                                                       folder), 60, server, cwd=folder)
                        shutil.rmtree(folder, ignore_errors=True)
                        peaks[connections] = child.peak
                    row = {"client": p.name, "tls": tls, "few": few, "many": many, "peak_few": peaks[few], "peak_many": peaks[many],
                           "per_stream": (peaks[many] - peaks[few]) / (many - few)}
                    log(f"  memory: {p.name} {'TLS' if tls else 'plain'}: {row['per_stream'] / 1024:.1f} KiB a connection")
                    table.append(row)
    return table
