// node:http2 as a client of `weir sim`: http2_client.mjs URL REQUESTS BODY
// REQUESTS streams at once on one connection; prints one JSON line with what came of each and of the connection.
import http2 from 'node:http2';

const [url, requests, body] = process.argv.slice(2);
const session = http2.connect(url, { rejectUnauthorized: false });
const seen = { goaway: null, closed: false, alpn: null, streams: [] };
session.on('goaway', (code, last) => { seen.goaway = [code, last]; });
session.on('close', () => { seen.closed = true; });
session.on('error', () => {});

function ask() {
  return new Promise((done) => {
    const s = { status: 0, headers: {}, text: '', read: 0, at: [], trailers: null, rst: null, error: null };
    const stream = session.request({ ':method': 'POST', ':path': '/v1/chat/completions', 'content-type': 'application/json' });
    s.id = () => stream.id;
    stream.on('response', (h) => { s.status = h[':status']; s.headers = h; });
    stream.on('trailers', (t) => { s.trailers = { ...t }; });
    stream.on('data', (piece) => {
      const now = Number(process.hrtime.bigint()); // CLOCK_MONOTONIC, as the simulator's truth
      s.text += piece.toString();
      const events = s.text.slice(s.read).split('\n\n');
      s.read = s.text.length - events.pop().length; // what may go on in the next piece
      for (const event of events)
        if (event.includes('"delta":{"content":"') && !event.includes('"content":""')) s.at.push(now);
    });
    stream.on('error', (e) => { s.error = e.message; });
    stream.on('close', () => { s.rst = stream.rstCode; s.id = stream.id; done(s); });
    stream.end(body);
  });
}

seen.streams = await Promise.all(Array.from({ length: Number(requests) }, ask));
seen.alpn = session.alpnProtocol;
await new Promise((done) => setTimeout(done, seen.goaway ? 200 : 0));
if (!seen.closed) session.close();
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
