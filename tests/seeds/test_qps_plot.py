#!/usr/bin/env python3
"""Seed document 2, the plot: `--plot` draws the documented panels of one, four and twelve levels, with failures and without, beside the
other files; what cannot be drawn is refused before anything is sent."""
import os
import sys
import tempfile

from lib import Sim, check
from picture import Svg, pdf_streams, png_size
from qps_lib import Run, make_dataset

weir = os.path.abspath(sys.argv[1])
PANELS = ("Throughput and Success Rate", "Time to First Token (TTFT)", "End-to-End Request Latency", "Generation Speed (Tokens/sec)")


def read(r, name):
    with open(r.path(name), "rb") as f:
        return f.read()


def shown(svg, r):
    """The panels, a label for each level, and the text, whose figures are those of the results."""
    svg.check_texts()
    check(svg.title == "QPS Benchmark Results", svg.title)
    texts = [t.text for t in svg.texts]
    for title in (*PANELS, "Summary & Recommendations", "Actual QPS", "Success Rate (%)", "95% threshold", "1s threshold"):
        check(title in texts, f"no {title!r}")
    for name in ("P50", "P90", "P95", "P99"):
        check(texts.count(name) == 3, f"{name} stands in {texts.count(name)} legends")
    for figures in r.results:
        label = f"{figures['qps_target']:g}"
        check(len(r.results) > 8 or texts.count(label) >= 4, f"{label} is not on every axis")
    x = r.metadata["saturation"]
    if x["holds"] is not None:
        best = r.results[x["holds"]]
        for part in (f"Actual QPS:   {best['actual_qps']:.2f}", f"TTFT P50:     {best['ttft']['p50']:.3f}s",
                     f"E2E P50:      {best['e2e_latency']['p50']:.3f}s", f"Conservative (80%): {x['conservative']:.1f}"):
            check(any(t.strip() == part for t in texts), f"no {part!r} in {texts}")
    failing = [f for f in r.results if f["failed_requests"]]
    for f in failing:
        part = f"QPS {f['qps_target']:.1f}: {f['failed_requests']} failure{'s' if f['failed_requests'] > 1 else ''} (HTTP 503: {f['errors']['HTTP 503']})"
        check(any(t.strip() == part for t in texts), f"no {part!r} in {texts}")
    check(any("Errors Detected" in t for t in texts) == bool(failing), "errors detected")
    check(any("not reached" in t for t in texts) == (not x["reached"]), "saturation")


def test_documented(folder, url):
    """The document's command: a PNG of 32 x 12 inches at 150 dots, of four levels without failures."""
    r = Run(weir, folder, url, "--qps", "1,5,10,20", "--duration", "0.4", "--max-tokens", "4", "--plot")
    check(sorted(os.listdir(r.dir)) == ["benchmark_qps.png", "benchmark_qps_results.json", "metadata.json", "weir"], f"{os.listdir(r.dir)}")
    check(png_size(read(r, "benchmark_qps.png")) == (4800, 1800), f"{png_size(read(r, 'benchmark_qps.png'))}")
    check(f"📊 Plot saved to results/{os.path.basename(r.dir)}/benchmark_qps.png" in r.stdout, r.stdout)


def test_levels(folder, url):
    """In another place of that name, with failures in the last of four levels; twelve levels; one, as PDF."""
    r = Run(weir, folder, url, "--qps", "5,10,20,100", "--duration", "0.5", "--max-tokens", "4", "--plot", "--plot-output", "/x/four.svg")
    check(r.results[3]["failed_requests"] > 0, f"{r.results[3]}")
    shown(Svg(read(r, "four.svg")), r)
    many = ",".join(str(q) for q in range(10, 130, 10))
    r = Run(weir, folder, url, "--qps", many, "--duration", "0.1", "--max-tokens", "1", "--plot", "--plot-output", "twelve.SVG",
            "--gpu-rate", "2", "--num-gpus", "1", expect=None)
    svg = Svg(read(r, "twelve.SVG"))
    check("Cost per Million Tokens" in [t.text for t in svg.texts], "a cost was asked for")
    shown(svg, r)
    r = Run(weir, folder, url, "--qps", "10", "--duration", "0.3", "--max-tokens", "4", "--plot", "--plot-output", "one.pdf")
    streams, boxes = pdf_streams(read(r, "one.pdf"))
    check(len(boxes) == 1 and [float(v) for v in boxes[0].split()[2:]] == [32 * 72, 12 * 72], f"{boxes}")


def test_refused(folder, url):
    before = os.listdir(os.path.join(folder, "results"))
    r = Run(weir, folder, url, "--plot", "--plot-output", "x.gif", expect=2)
    check("--plot-output: " in r.stderr and ".png" in r.stderr, r.stderr)
    check(os.listdir(os.path.join(folder, "results")) == before, "something was made")


def main():
    with tempfile.TemporaryDirectory(prefix="weir-qps-") as folder:
        make_dataset(folder)
        with Sim(weir, "--ttft", "30ms", "--itl", "2ms", "--max-seqs", "2", "--max-queue", "4", truth=False) as sim:
            test_documented(folder, sim.url)
            test_levels(folder, sim.url)
            test_refused(folder, sim.url)


main()
