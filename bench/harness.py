"""harness.py - what every measurement shares: a child's whole cost, the servers, steal, quantiles, pairs in turn.

Cost of a client = user + system time of its whole process tree, by wait4: what it leaves behind falls to us (we are its
subreaper) and is reaped and added. Memory = the greatest VmHWM of the process itself, looked at while it runs.

Steal = the hypervisor's share of the processors between two readings of /proc/stat; `others` = busy time that belongs neither
to the client nor to the server. A pair with more than STEAL_LIMIT of steal is disturbed: it is measured again, at most so
many times as pairs were asked for, and what is still disturbed stays and is marked.
"""
import ctypes
import json
import os
import platform
import select
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

STEAL_LIMIT = 0.05
TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "weir-bench")

ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
servers = set()  # process ids that are not a client's


def proc_stat():
    with open("/proc/stat") as f:
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, f.readline().split()[1:9])
    return {"busy": (user + nice + system + irq + softirq) / TICK, "steal": steal / TICK, "at": time.monotonic()}


def process_cpu(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def memory_peak(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return next((int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Child:
    """What a finished client cost: cpu_s, wall_s, rc, stdout, stderr, peak (bytes), timed_out, steal, others, server_cpu_s."""


def reap(pid, child):
    _, _, usage = os.wait4(pid, 0)
    child.cpu_s += usage.ru_utime + usage.ru_stime


def orphans():
    found = set()
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/children") as f:
            found |= set(map(int, f.read().split()))
    return found - servers


def measure(command, timeout=120, server=None, **more):
    """Runs a client to its end, at most `timeout` seconds."""
    child = Child()
    child.cpu_s, child.timed_out, child.peak = 0.0, False, 0
    before, served = proc_stat(), process_cpu(server.pid) if server else 0
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, **more)
        fd = os.pidfd_open(process.pid)
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        deadline = time.monotonic() + timeout
        while not poll.poll(100):
            child.peak = max(child.peak, memory_peak(process.pid))
            if time.monotonic() > deadline:
                child.timed_out = True
                os.killpg(process.pid, signal.SIGKILL)
                deadline += 30
        os.close(fd)
        _, status, usage = os.wait4(process.pid, 0)
        child.rc = process.returncode = os.waitstatus_to_exitcode(status)
        child.cpu_s += usage.ru_utime + usage.ru_stime
        for orphan in orphans():
            try:
                os.kill(orphan, signal.SIGKILL)
                reap(orphan, child)
            except (ProcessLookupError, ChildProcessError):
                pass
        out.seek(0)
        err.seek(0)
        child.stdout, child.stderr = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    after = proc_stat()
    child.wall_s = after["at"] - before["at"]
    child.server_cpu_s = process_cpu(server.pid) - served if server else 0.0
    child.steal = max(0.0, (after["steal"] - before["steal"]) / (child.wall_s * CORES))
    child.others = max(0.0, (after["busy"] - before["busy"] - child.cpu_s - child.server_cpu_s) / (child.wall_s * CORES))
    return child


class Sim:
    """`weir sim` as a process of its own; .url, .port, and after its end .truth()."""

    def __init__(self, weir, *options, truth=False):
        self.folder = tempfile.mkdtemp(prefix="weir-bench-")
        self.path = os.path.join(self.folder, "truth.jsonl")
        words = [weir, "sim", "--listen", "127.0.0.1:0", "--quiet", *options]
        self.process = subprocess.Popen(words + (["--truth", self.path] if truth else []), stdout=subprocess.PIPE, text=True)
        servers.add(self.process.pid)
        line = self.process.stdout.readline()
        if "listening on " not in line:
            raise RuntimeError(f"{' '.join(words)}: {line!r}")
        self.url = line.split("listening on ")[1].strip()
        self.port = int(self.url.rsplit(":", 1)[1])
        self.pid = self.process.pid

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        servers.discard(self.pid)

    def truth(self):
        """Lines of the generation requests, in the order of their ends."""
        self.close()
        with open(self.path) as f:
            return [t for t in map(json.loads, f) if t["n"]]

    def arrivals(self):
        """Kernel receive instants of every request but probes of /health and the like."""
        self.close()
        with open(self.path) as f:
            return sorted(t["recv"] for t in map(json.loads, f) if t["recv"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


ANSWER = ('{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
          '"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1,"total_tokens":3}}')
NGINX = """
daemon off; master_process off; worker_rlimit_nofile 20000;
pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 15000; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; default_type application/json;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t;
    scgi_temp_path {folder}/t;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; ssl_session_cache shared:s:10m;
    http2_max_concurrent_streams 128;
    server {{
        listen 127.0.0.1:{plain}; listen 127.0.0.1:{h2c} http2; listen 127.0.0.1:{tls} ssl; listen 127.0.0.1:{h2} ssl http2;
        location / {{ return 200 '{answer}'; }}
    }}
}}
"""


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


class Nginx:
    """nginx, one worker, a small static JSON answer over HTTP/1.1 and HTTP/2, plain and TLS."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="weir-bench-")
        os.mkdir(f"{self.folder}/t")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", f"{self.folder}/server.key", "-out", f"{self.folder}/server.pem", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        ports = dict(zip(("plain", "h2c", "tls", "h2"), free_ports(4)))
        with open(f"{self.folder}/conf", "w") as f:
            f.write(NGINX.format(folder=self.folder, answer=ANSWER, **ports))
        os.chmod(self.folder, 0o755)
        self.log = open(f"{self.folder}/stderr", "w+")
        self.process = subprocess.Popen([program, "-p", self.folder, "-c", f"{self.folder}/conf", "-e", "stderr"], stderr=self.log)
        self.pid = self.process.pid
        servers.add(self.pid)
        self.ca = f"{self.folder}/server.pem"
        self.urls = {k: f"{'https' if k in ('tls', 'h2') else 'http'}://127.0.0.1:{p}" for k, p in ports.items()}
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", ports["h2"]), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        with open(self.log.name) as f:
            raise RuntimeError("nginx does not listen: " + f.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        servers.discard(self.pid)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def quantile(values, q):
    """Linear interpolation between order statistics; values need not be sorted."""
    v = sorted(values)
    if not v:
        return None
    at = q * (len(v) - 1)
    low = int(at)
    return v[low] + (v[min(low + 1, len(v) - 1)] - v[low]) * (at - low)


def spread(values):
    """Median and range of repeated measurements, as data."""
    values = [v for v in values if v is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}


def in_turn(count, members, budget_s=None):
    """Runs each member once per round, `count` rounds. members: {name: function() -> dict with "steal"}. A round in which any
    member was disturbed is measured again, at most `count` times over all; the disturbed ones then stay. Returns
    ({name: [result, ...]}, {"rounds", "repeated", "disturbed"})."""
    rounds, spare, repeated, began, discarded = [], count, 0, time.monotonic(), {}
    while len(rounds) < count:
        results = {name: f() for name, f in members.items()}
        worst = max((r.get("steal", 0.0) for r in results.values() if r), default=0.0)
        late = budget_s is not None and time.monotonic() - began > budget_s
        if worst > STEAL_LIMIT and spare > 0 and not late:
            spare, repeated = spare - 1, repeated + 1
            discarded |= {name: r for name, r in results.items() if r}
            continue
        rounds.append((worst, results))
        if late:
            break
    # One that is too slow to be repeated keeps its disturbed result.
    kept = {name: [r[name] for _, r in rounds if r[name]] or [d for d in (discarded.get(name),) if d] for name in members}
    return kept, {"rounds": len(rounds), "repeated": repeated, "disturbed": sum(w > STEAL_LIMIT for w, _ in rounds)}


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo") as f:
        memory = int(f.readline().split()[1]) / (1 << 20)
    with open("/proc/sys/kernel/osrelease") as f:
        kernel = f.read().strip()
    with open("/etc/os-release") as f:
        system = next((line.split("=", 1)[1].strip().strip('"') for line in f if line.startswith("PRETTY_NAME")), "Linux")
    return {"processor": model, "cores": CORES, "memory_gib": round(memory, 1), "kernel": kernel, "system": system,
            "hypervisor": os.path.exists("/sys/hypervisor") or " hypervisor" in open("/proc/cpuinfo").read(),
            "open_files": os.sysconf("SC_OPEN_MAX")}
