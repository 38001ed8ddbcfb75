# Certificates are verified, against the right names, unless -k.
serve() { # OPTIONS: a simulator at $port
    rm -f sim.out
    "$WEIR" sim --listen 127.0.0.1:0 --ttft 1ms --itl 1ms --quiet "$@" >sim.out 2>/dev/null &
    sim=$!
    for _ in $(seq 400); do
        grep -qs 'listening on' sim.out 2>/dev/null && break
        sleep 0.05
    done
    port=$(sed 's/.*://' sim.out)
}
trap 'kill $sim' EXIT
serve --tls --write-cert sim.pem
load="-n 1 --max-tokens 2"
weir run "https://localhost:$port" $load
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem -days 2 \
    -subj /CN=other 2>/dev/null || skip "no openssl"
weir run "https://localhost:$port" --cacert other.pem $load
weir run https://other.example/ --connect-to "127.0.0.1:$port" --cacert sim.pem $load
weir run "https://localhost:$port" --cacert no-such.pem $load
echo hello >hello.pem
weir run "https://localhost:$port" --cacert hello.pem $load
weir run "https://localhost:$port" --cacert sim.pem --cert no-such.pem $load
weir run "https://localhost:$port" --cacert sim.pem --cert hello.pem $load
weir run "https://localhost:$port" --cacert sim.pem --cert sim.pem --key other.key $load
# The wrong protocol, both ways round.
weir run "http://localhost:$port" $load
kill $sim
serve
weir run "https://localhost:$port" $load
kill $sim
serve --tls
"$WEIR" run "https://localhost:$port" -k --quiet $load --output-dir out >/dev/null 2>err
case $? in 0 | 4) echo "-k works" ;; *) echo "-k does not" ;; esac # 4: the machine was busy
cat err
