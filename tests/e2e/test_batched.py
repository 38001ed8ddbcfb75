"""A server that writes several tokens at once is no fault of the client: one segment brought them, at the stamp.

The server here is Python's own. Each write holds four token events; the gaps within it are 0 and their instants exact, so
no gap is wide and the verdict does not speak of it.
"""
import http.server
import json
import sys
import threading
import time

from lib import check, run

WEIR = sys.argv[1]
WRITES, BATCH = 12, 4


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for i in range(WRITES):
            time.sleep(0.01)
            events = "".join('data: {"choices":[{"delta":{"content":"w%d "}}]}\n\n' % (i * BATCH + k) for k in range(BATCH))
            self.piece(events)
        self.piece("data: " + json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]}) + "\n\ndata: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def piece(self, text):
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    r = run(WEIR, url, "--model", "m", "--concurrency", "2", "--num-requests", "40", "--duration", "none", "--no-probe")
    server.shutdown()
    level = r.summary["levels"][0]
    check(level["requests"]["successful"] == 40, f"{level['requests']}")
    check(all(len(q["dt"]) == WRITES * BATCH for q in r.requests), "each event is a token event")
    together = sum(1 for q in r.requests for gap in q["dt"][1:] if gap == 0)
    print(f"{together} gaps of 0, wide gaps {level['client']['wide_gaps']:.4f}, reasons {level['verdict']['reasons']}")
    check(together >= 40 * WRITES * (BATCH - 1), f"{together} gaps of 0")
    # Python's two threads may delay a read now and then, and the first question on a connection may go unanswered.
    check(level["client"]["wide_gaps"] < 0.1, f"wide gaps {level['client']['wide_gaps']}")


main()
