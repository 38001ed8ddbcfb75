# A port that speaks something else, or nothing.
cat >serve.py <<'PY'
import socket, sys
answers = {"ssh": b"SSH-2.0-OpenSSH_9.2p1\r\n", "redis": b"-ERR unknown command\r\n", "nothing": b"", "cut": b"HTTP/1.1 200 O",
           "short": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
           "html": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<html>welcome</html>",
           "silent": None}
what = answers[sys.argv[1]]
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
kept = []
while True:
    c, _ = server.accept()
    if what is None:
        kept.append(c)
        continue
    c.recv(65536)
    c.sendall(what)
    c.shutdown(socket.SHUT_WR)
    c.close()
PY
serve() {
    rm -f port
    python3 serve.py "$1" >port 2>/dev/null &
    server=$!
    for _ in $(seq 400); do
        [ -s port ] && break
        sleep 0.05
    done
    port=$(cat port)
}
trap 'kill $server' EXIT
for what in ssh redis nothing cut short html; do
    serve $what
    weir run "http://127.0.0.1:$port" --model m -n 1
    kill $server
done
serve html
weir run "http://127.0.0.1:$port" -n 1
kill $server
serve silent
weir run "http://127.0.0.1:$port" --model m -n 1 --timeout 1s
kill $server
# The first thing that an https client hears from a server of something else.
serve ssh
weir run "https://127.0.0.1:$port" --model m -n 1
