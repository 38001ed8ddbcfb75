# --metrics-url: what cannot be used is refused before any load, secrets stay out of all that is stored, and what is
# stored is read again.
serve() { # OPTIONS: a simulator at $port
    rm -f sim.out
    "$WEIR" sim --listen 127.0.0.1:0 --ttft 1ms --itl 1ms --quiet --truth truth.jsonl "$@" >sim.out 2>/dev/null &
    sim=$!
    for _ in $(seq 400); do
        grep -qs 'listening on' sim.out 2>/dev/null && break
        sleep 0.05
    done
    port=$(sed 's/.*://' sim.out)
}
trap 'kill $sim' EXIT
serve --gpu-power 70,400
load="-n 4 --max-tokens 2"
weir run "http://127.0.0.1:$port" $load --metrics-url http://user:hunter2@127.0.0.1:1/metrics
weir run "http://127.0.0.1:$port" $load --metrics-url "127.0.0.1:$port/nothing?token=hunter2"
weir run "http://127.0.0.1:$port" $load --metrics-url "127.0.0.1:$port/version"
weir run --metrics-url http://user:hunter2@127.0.0.1:99999/metrics
weir run --metrics-url ftp://127.0.0.1/metrics
WEIR_METRICS_URL='user:hunter2@a b' weir run
weir run --metrics-url auto --metrics-interval 10ms
ls results 2>&1 | sed 's/^.*: //'
weir run "http://127.0.0.1:$port" $load --metrics-url auto --metrics-url 'h:9400/x?key=hunter2' --dry-run | grep '^. weir\|^Metrics'
weir run "http://127.0.0.1:$port" --max-tokens 2 --metrics-url auto --check | grep '^. weir\|^Metrics'
"$WEIR" run "http://127.0.0.1:$port" $load --metrics-url auto --metrics-url "user:hunter2@127.0.0.1:$port" -o one >out 2>err
case $? in 0 | 4) echo "measured" ;; *) cat err ;; esac # 4: the machine was busy
grep -o '^Metrics .*' err | sed "s/$port/PORT/"
grep -rl hunter2 one out err
grep -c '"type":"source"' one/server_metrics.jsonl
tr -d '\n ' <one/metadata.json | grep -o '"metrics-url":[^]]*]' | sed "s/$port/PORT/"
weir run --replay one
"$WEIR" run "http://127.0.0.1:$port" $load --metrics-url auto --metrics-url "http://127.0.0.1:$port/metrics" --metrics-url "127.0.0.1:$port" -o twice >out 2>err
case $? in 0 | 4) echo "measured" ;; *) cat err ;; esac
grep -c '"type":"source"' twice/server_metrics.jsonl
echo '{"type":"scrape","source":9}' >>one/server_metrics.jsonl
weir report one 2>&1 | sed 's/jsonl:[0-9]*:/jsonl:N:/'
# Secrets of the datasets of levels and mixes are not replayed either.
echo 'hello' >p.txt
printf 'levels:\n  - {name: a, concurrency: 1}\n  - {name: b, concurrency: 1, dataset: p.txt}\n' >level.yaml
printf 'levels:\n  - {name: a, concurrency: 1}\n  - {name: b, concurrency: 1, mix: ["x=1:p.txt"]}\n' >mix.yaml
for kind in level mix; do
    "$WEIR" run "http://127.0.0.1:$port" $load --duration none -f $kind.yaml -o $kind >out 2>err
    case $? in 0 | 4) echo "measured" ;; *) cat err ;; esac
    sed 's|p\.txt|http://[redacted]@h/p.txt|' $kind/metadata.json >cut && mv cut $kind/metadata.json
    weir run --replay $kind
done
