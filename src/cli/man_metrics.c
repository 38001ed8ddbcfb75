/* man_metrics.c - the figures' definitions in short, for the man page. The whole text is docs/METRICS.md. */
#include "cli/man.h"

const char *const man_metrics[] = {
    "TTFT",
    "Time to first token: from the request's start to the first event with text (content, reasoning or a tool call). "
    "A role-only or empty event is no token.",
    "TTFO",
    "Time to first output: the same, to the first event that is not reasoning.",
    "TTFB",
    "Time to the first byte of the response's body.",
    "ITL",
    "Inter-token latency: the gaps between successive token events of a request, pooled over requests. Marked chunk "
    "where the "
    "server does not say how many tokens an event holds.",
    "TPOT",
    "Time per output token: (last token - first token) / (tokens - 1) of a request.",
    "NTPOT",
    "E2E / tokens of a request.",
    "E2E",
    "From the request's start to its last token; total goes on to the response's end.",
    "tokens",
    "Output tokens are the server's count (usage, or a field of its own), else the tokenizer's of the whole text "
    "(--tokenizer), else words; the report says which. Where server and tokenizer both count and differ by more than "
    "1 %, a note says by what kind of difference: special tokens, or another tokenizer.",
    "service and response",
    "In an open loop every latency exists twice: service counts from the request's start, response from the instant at "
    "which "
    "the schedule wanted it. Objectives judge response. A closed loop has only service.",
    "queue wait, send lag",
    "How long the cap of --max-concurrency held a request back; how late the client itself then sent it.",
    "client lag",
    "How much later than the kernel the program saw the bytes. Arrival instants are the kernel's.",
    "window",
    "From the end of the warm-up to the level's end. What was intended (closed loop: started) in it is the cohort that "
    "latency, "
    "success and goodput speak of; throughput counts the tokens that came in it.",
    "goodput",
    "Requests of the cohort that met every objective of --goodput, per second of the window.",
    "saturation",
    "Of a sweep the first level that the server does not hold: less than 95 % success, answers that fall behind what "
    "is "
    "due, TTFT p95 (p99) above 1 s and 3 times the lowest level's; over requests in flight, throughput that grows no "
    "more. 80 to 90 % of the last level below it are recommended.",
    "server",
    "What the server says of itself in a level's window (--metrics-url): requests running and waiting, share of the KV "
    "cache in use, tokens found in the prefix cache over those looked up, preemptions; of a DCGM exporter power, and "
    "energy over the output tokens that came in the window.",
    "verdict",
    "VALID, DEGRADED or INVALID: whether the client, not the server, distorted the figures. DEGRADED when more than 1 "
    "% of "
    "the requests left later than 1 ms (or 1 % of TTFT p50), or of the gaps between tokens are known only to within "
    "more "
    "than 1 ms (or 10 % of ITL p50), or of the asked rate was not sent in time, more than chance would explain; or a "
    "worker was above 85 % busy; or files or local ports ran out. Ten times that, a worker that never slept, or a lost "
    "record make INVALID. Other programs on the processor and steal are named where they did harm. Each reason says "
    "what "
    "to do.",
    "notes",
    "What concerns the server or the sample: too few requests, a warm-up within the window (MSER-5), latencies that "
    "rise "
    "or fall through it (Mann-Kendall), an overloaded server, answers that are all the same, cached prompts. They do "
    "not "
    "touch the verdict.",
    NULL,
};
