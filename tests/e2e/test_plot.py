"""--plot: the picture of a run and that of its records are the same, every text stands on it, markers stand at the summary's values,
and what cannot be drawn is said before anything is sent."""
import json
import math
import os
import subprocess
import sys
import tempfile

from lib import SLOW, Sim, check, clean_env, folders, report, run, skip
from picture import Svg, pdf_streams, png, png_size

WEIR = sys.argv[1]
POINT = 72 / 150  # of a pixel


def folder():
    folders.append(tempfile.mkdtemp(prefix="weir-plot-"))
    return folders[-1]


def drawable(where):
    """Whether this machine has cairo and a font."""
    open(os.path.join(where, "requests.jsonl"), "w").close()
    r = report(WEIR, where, "--plot", os.path.join(where, "x.png"))
    if "libcairo2" in r.stderr or "fonts-dejavu-core" in r.stderr:
        skip(r.stderr.strip())


def records(where, loads, open_loop=True, failing=0, count=20):
    """A stored run: at load x the first token comes after 40 ms + x ms, the last one 10 ms later; in the last level the share
    `failing` of the requests gets a 503."""
    rows = [{"type": "run", "schema": "weir.records/1", "version": "0.1.0", "epoch_mono": 1, "epoch_unix": 1700000000000000000, "seed": 7},
            {"type": "endpoint", "endpoint": 0, "url": "http://gpu-1:8000"}]
    ms, at = 1000000, 10**9
    for k, load in enumerate(loads):
        level = {"type": "level", "level": k, "open": open_loop, "begin": at, "w0": at, "w1": at + 2000 * ms}
        level.update({"arrival": "constant", "rate": load} if open_loop else {"concurrency": load})
        rows.append({**level, "final": False})
        for i in range(count):
            due = at + i * 2000 * ms // count
            row = {"type": "request", "level": k, "index": i, "start": due}
            if open_loop:
                row.update(intended=due, admitted=due)
            if k == len(loads) - 1 and i < failing * count:
                row.update(outcome="http_503", status=503, end=due + ms)
            else:
                first = due + 40 * ms + int(load * ms)
                row.update(outcome="ok", streamed=True, status=200, first_byte=first, first_token=first, first_output=first,
                           last_token=first + 10 * ms, end=first + 11 * ms, tokens_in=10, tokens_out=3, token_source="usage",
                           finish="stop", dt=[0, 5 * ms, 5 * ms], len=[5, 5, 5])
            rows.append(row)
        rows.append({**level, "final": True, "scheduled": count})
        at += 3000 * ms
    with open(os.path.join(where, "requests.jsonl"), "w") as f:
        f.writelines(json.dumps(r, separators=(",", ":")) + "\n" for r in rows)


def draw(where, *names, options=()):
    out = []
    for name in names:
        r = report(WEIR, where, "--plot", os.path.join(where, name), *options)
        check(r.returncode in (0, 1, 3, 4), f"exit {r.returncode}: {r.stderr}")
        with open(os.path.join(where, name), "rb") as f:
            out.append(f.read())
    return out if len(out) > 1 else out[0]


def number(text):
    return float(text.replace(",", ""))


def scale(ticks):
    """What an axis's labels say: position -> value, linear or logarithmic, whichever fits all of them."""
    ticks = sorted(ticks)
    (a, va), (b, vb) = ticks[0], ticks[-1]
    line = lambda p: va + (p - a) * (vb - va) / (b - a)
    if all(abs(line(p) - v) <= 0.002 * abs(vb - va) for p, v in ticks):
        return line
    power = lambda p: math.exp(math.log(va) + (p - a) * math.log(vb / va) / (b - a))
    check(all(abs(power(p) / v - 1) < 0.005 for p, v in ticks), f"labels on neither scale: {ticks}")
    return power


def markers(svg, title, colour, levels):
    """[(x, y)] of a panel's circles as values of its axes; the panel begins at its title."""
    t = svg.find(title)
    left, right = (0, svg.width / 2) if t.x < svg.width / 2 else (svg.width / 2, svg.width)
    below = min([o.y for o in svg.texts if o.y > t.y + 30 and o.size == t.size and left <= o.x <= right], default=svg.height)
    panel = [o for o in svg.texts if left <= o.x <= right and t.y < o.y < below]
    y_ticks = [(o.y - 0.36 * o.size, number(o.text)) for o in panel if o.anchor == "end"]
    bottom = max(p for p, _ in y_ticks)
    x_ticks = [(o.x, number(o.text)) for o in panel if o.anchor == "middle" and o.y > bottom and o.text in levels]
    x, y = scale(x_ticks) if len(x_ticks) > 1 else (lambda p: x_ticks[0][1]), scale(y_ticks)
    legend = [o.y - 0.33 * o.size for o in panel if o.anchor == "start" and o.y < min(p for p, _ in y_ticks)]
    return [(x(cx), y(cy), cx, cy) for cx, cy, fill, _ in svg.circles
            if fill == colour and left <= cx <= right and t.y < cy <= bottom + 1 and
            not any(abs(cy - y) < 1 for y in legend)]


def as_png(where, picture, seen):
    """There is a pixel of each marker's colour near its middle, which others of the same value cover; twice the same is drawn the
    same."""
    first, again = draw(where, "a.png", "b.png")
    check(first == again, "two PNGs of one run differ")
    width, height, rows = png(first, max(int(cy / POINT) for _, _, _, cy in seen) + 20)
    check((width, height) == (round(picture.width / POINT), round(picture.height / POINT)), "size of the PNG")
    for _, _, cx, cy in seen:
        x, y = int(cx / POINT), int(cy / POINT)
        near = {bytes(rows[j][3 * i:3 * i + 3]) for j in range(y - 14, y + 15) for i in range(x - 14, x + 15)}
        check(bytes.fromhex("06A77D") in near, f"no marker at {x}, {y} of the PNG")


def as_pdf(where, picture):
    pdf = draw(where, "d.pdf")
    streams, boxes = pdf_streams(pdf)
    check(len(boxes) == 1 and boxes[0].split() == [b"0", b"0", f"{picture.width:g}".encode(), f"{picture.height:g}".encode()],
          f"the PDF's pages: {boxes}")
    check(len(streams) >= 2 and b"/FontFile2" in pdf, "the PDF brings no font along")
    check(b"20231114221" in pdf, "the PDF tells another time than the run's")


def sweep(loads, open_loop, failing, whole=False):
    where = folder()
    records(where, loads, open_loop, failing)
    svg = draw(where, "a.svg")
    picture, levels = Svg(svg), json.loads(report(WEIR, where, "--json").stdout)["levels"]
    picture.check_texts()
    words = {t.text for t in picture.texts}
    labels = [f"{x:g}" for x in loads]
    unit, of_unit = ("s", 1000) if max(loads[:-1] if failing == 1 else loads) + 40 >= 1000 else ("ms", 1)
    for text in ["Throughput and success rate", "Time to first token (TTFT)", "End-to-end latency (E2E)", "Gaps between chunks (ITL)",
                 "Time per output token (TPOT)", "Output tokens", "p50", "p95", "p99", "success rate (right)", f"TTFT ({unit})", f"E2E ({unit})",
                 "Success rate (%)", "Rate (requests/s)" if open_loop else "Requests in flight", labels[0], labels[-1],
                 ("Rate" if open_loop else "Concurrency") + " sweep of http://gpu-1:8000"]:
        check(text in words, f"{text!r} is not in the picture")
    check(any("response" in t for t in words) == open_loop, "response latencies in an open loop, and there alone")
    # Each percentile of the TTFT, by the labels of the axes, is the summary's.
    seen = markers(picture, "Time to first token (TTFT)", "#06A77D", labels)
    want = sorted((x, l["latency_ms"]["ttft"]["p50"] / of_unit) for x, l in zip(loads, levels) if l["latency_ms"]["ttft"]["p50"] is not None)
    check(len(seen) == len(want), f"{len(seen)} markers for {len(want)} values")
    for (x, y, _, _), (load, value) in zip(sorted(seen), want):
        check(abs(x / load - 1) < 0.01 and abs(y - value) < 0.01 * value, f"a marker at {x}, {y} for {load}, {value}")
    if whole:
        as_png(where, picture, seen)
        as_pdf(where, picture)


def one_level(failing):
    where = folder()
    records(where, [8], failing=failing)
    svg, data = draw(where, "a.svg", "a.png")
    picture = Svg(svg)
    picture.check_texts()
    words = " ".join(t.text for t in picture.texts)
    texts = ["Timeline at 8/s", "Requests in flight", "Time (s)", "Result", f"{20 - int(20 * failing)} ok, {int(20 * failing)} failed"]
    texts += ["Latencies by percentile", "p99.9", "TTFT response"] if failing < 1 else []
    texts += ["http_503"] if failing else []
    for text in texts:
        check(text in words, f"{text!r} is not in the picture")
    check(png_size(data) == (round(picture.width / POINT), round(picture.height / POINT)), "size of the PNG")


def levels_without_success():
    where = folder()
    records(where, [1, 2, 4], failing=1)
    picture = Svg(draw(where, "a.svg"))
    picture.check_texts()
    check(sum(t.text == "no data" for t in picture.texts) == 5, "four panels of latencies and the tokens miss the last level")
    x = [t.x for t in picture.texts if t.text == "4" and t.x > picture.width / 2][0]
    check(any(t.text == "no data" and abs(t.x - x) < 6 for t in picture.texts), "and say so at its place")


def objectives():
    where = folder()
    records(where, [2, 20, 200])
    svg = Svg(draw(where, "a.svg", options=("--slo", "ttft:p95<123ms", "--goodput", "ttft:100ms,e2e:1s", "--percentiles", "50,90")))
    svg.check_texts()
    for text in ("ttft:p95<123ms", "Goodput: ttft:100ms, e2e:1s", "met every objective", "p90"):
        svg.find(text)
    check(not any(t.text == "p95" for t in svg.texts), "a percentile that was not asked for")
    seen = sorted(markers(svg, "Goodput: ttft:100ms, e2e:1s", "#06A77D", ["2", "20", "200"]))
    check([round(y, 1) for _, y, _, _ in seen] == [10, 10, 0], f"goodput {seen}")  # 20 requests in 2 s, but for TTFT of 240 ms


def live():
    where = folder()
    with Sim(WEIR, "--ttft", "10ms", "--itl", "2ms") as sim:
        r = run(WEIR, sim.url, "--rate", "20,40", "--duration", "1s", "--max-tokens", "4", "--slo", "ttft:p50<5s",
                "--plot", os.path.join(where, "run.png"))
        check("--plot" not in r.stderr, r.stderr)
        check("plot" not in json.dumps(r.json("metadata.json")["options"]), "--plot is no part of what --replay repeats")
        words = ["run", sim.url, "--concurrency", "2", "--num-requests", "5", "--max-tokens", "4", "--output-dir", "out", "--plot"]
        beside = subprocess.run([os.path.abspath(WEIR), *words, "out/here.svg"], cwd=where, capture_output=True, text=True,
                                env=clean_env(), timeout=60 * SLOW)
        check(beside.returncode in (0, 4), beside.stderr)
        with open(os.path.join(where, "out", "here.svg"), "rb") as f:
            Svg(f.read()).find("Requests in flight")
    again = report(WEIR, r.dir, "--plot", os.path.join(where, "report.png"))
    check(again.returncode in (0, 4), again.stderr)
    with open(os.path.join(where, "run.png"), "rb") as a, open(os.path.join(where, "report.png"), "rb") as b:
        check(a.read() == b.read(), "the picture of the run and that of its records differ")


def said_before():
    """Nothing is sent, and no folder made, when the picture could not be drawn."""
    where = folder()
    no_fonts, broken = os.path.join(where, "fonts.conf"), os.path.join(where, "lib")
    with open(no_fonts, "w") as f:
        f.write('<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>/nonexistent</dir>'
                f'<cachedir>{where}</cachedir></fontconfig>')
    os.mkdir(broken)
    for name in ("libcairo.so.2", "libcairo.2.dylib"):
        with open(os.path.join(broken, name), "w") as f:
            f.write("no library")
    cases = [("a.jpg", {}, 2, "--plot a.jpg: a picture's name ends in .png, .svg or .pdf"),
             ("missing/a.png", {}, 2, "--plot: missing/a.png: there is no folder missing"),
             ("/proc/a.png", {}, 2, "--plot: /proc/a.png: cannot be written"),
             ("a.png", {"FONTCONFIG_FILE": no_fonts}, 1, "there is no font to write with"),
             ("a.svg", {"LD_LIBRARY_PATH": broken}, 1, "cairo is not installed")]
    with Sim(WEIR) as sim:
        for name, more, code, text in cases:
            r = subprocess.run([os.path.abspath(WEIR), "run", sim.url, "--num-requests", "1", "--plot", name], cwd=where,
                               capture_output=True, text=True, env=clean_env(**more), timeout=60 * SLOW)
            check(r.returncode == code and text in r.stderr, f"{name} {more}: exit {r.returncode}, {r.stderr}")
        check(sorted(os.listdir(where)) == ["fonts.conf", "lib"], f"something was left: {os.listdir(where)}")
        # Without a picture nothing of it is needed.
        r = subprocess.run([os.path.abspath(WEIR), "version"], capture_output=True, text=True,
                           env=clean_env(LD_LIBRARY_PATH=broken), timeout=60 * SLOW)
        check(r.returncode == 0, r.stderr)
        truth = sim.truth()
    check(not truth, f"{len(truth)} requests were sent")
    r = report(WEIR, where, where, "--plot", "a.png")
    check(r.returncode == 2 and "--plot draws one run" in r.stderr, r.stderr)


def main():
    drawable(folder())
    one_level(0)
    one_level(0.25)
    one_level(1)
    sweep([1, 5, 10, 20], True, 0)
    sweep([1, 5, 10, 20], True, 0.15, whole=True)
    sweep([2 ** k for k in range(12)], True, 0.5)
    sweep([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64], False, 0)
    sweep([0.01, 0.05], True, 0)
    levels_without_success()
    objectives()
    live()
    said_before()
    print("pictures: as the records say, twice the same, and what cannot be drawn is said before anything is sent")


main()
