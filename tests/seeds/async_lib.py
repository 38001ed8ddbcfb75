"""async_lib.py - the block that async_benchmarking prints, as numbers, and its mock server with time scaled."""
import re

from lib import Sim, check

F = r"(\d+\.\d{4})"
BLOCK = re.compile(
    r"\*\*\* Results \*\*\*\nStatus codes:\n(?P<codes>(?:  \w+: \d+ times\n)*)Success ratio: (?P<ratio>\d+\.\d\d)%\n"
    r"--- - --- - ---\n"
    rf"Total time: (?P<total>{F}) seconds\n"
    rf"Median latency: (?P<median>{F})  \|  Average latency: (?P<mean>{F}) seconds\n"
    rf"Shortest request time: (?P<least>{F}) seconds  \|  Longest request time: (?P<most>{F}) seconds\n"
    r"--- - --- - ---\n"
    rf"Throughput: (?P<rate>{F}) requests per second\n"
    rf"Avg Output Tokens: (?P<tokens>{F})  \|  Output Token Throughput: (?P<token_rate>{F}) tokens per second\n"
    r"(?P<good>Successful requests: .*\n)?")
GOOD = re.compile(rf"Successful requests: (\d+)(?:  \|  Median latency: {F}  \|  Average latency: {F} seconds"
                  rf"  \|  Throughput: {F} requests per second  \|  Avg Output Tokens: {F})?\n")


class Block:
    def __init__(self, text):
        m = BLOCK.fullmatch(text)
        check(m, f"not the documented block:\n{text}")
        self.codes = {k.strip(): int(n.split()[0]) for k, n in (line.split(":") for line in m["codes"].splitlines())}
        for name in ("ratio", "total", "median", "mean", "least", "most", "rate", "tokens", "token_rate"):
            setattr(self, name, float(m[name]))
        self.good = None
        if m["good"]:
            g = GOOD.fullmatch(m["good"])
            check(g, f"the line of successful requests: {m['good']}")
            self.good = [float(v) for v in g.groups() if v is not None]
        self.n = sum(self.codes.values())

    def check_formulas(self):
        """What the document's formulas make of each other, to the digits printed."""
        def near(got, want, what):
            check(abs(got - want) <= 1e-4 + abs(want) * 1e-4 / max(self.total, 1e-4), f"{what}: {got}, not {want}")
        near(self.rate, self.n / self.total, "throughput is all requests over the total time")
        near(self.token_rate, self.tokens * self.n / self.total, "token throughput")
        ok = sum(n for code, n in self.codes.items() if code.startswith("2"))
        check(abs(self.ratio - 100 * ok / self.n) <= 0.005, f"success ratio {self.ratio}")
        check(self.least <= self.median <= self.most <= self.total + 1e-4, "least, median, most, total")
        check(self.least <= self.mean <= self.most, "mean")


def mock(weir, limit, scale, *more):
    return Sim(weir, "--preset", "flask-mock", "--listen", "127.0.0.1:0", "--max-concurrent-requests", str(limit), "--time-scale",
               str(scale), "--quiet", *more)


def endpoints(path, sim, *tokens):
    """endpoints.txt as the document prints it, but for the port; without a line feed at its end, as it was shipped."""
    port = sim.url.rsplit(":", 1)[1]
    with open(path, "w") as f:
        f.write("\n".join(f"http://localhost:{port}/tokenizer?output_tokens={n}" for n in tokens))
