# --check: one request, told from both ends; what is wrong is told too. Nothing is written.
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
serve --model llama --api-key correct-horse
echo correct-horse >key
weir run "http://127.0.0.1:$port" --check --api-key-file key --prompt 'One two.' --max-tokens 3
weir run "http://127.0.0.1:$port/v1/completions?api-key=staple" --check --api-key-file key --no-stream --prompt x --max-tokens 1
OPENAI_API_KEY=wrong-battery weir run "http://127.0.0.1:$port" --check
weir run "http://127.0.0.1:$port/v2/chat/completions" --check --model llama --api-key-file key --prompt x
weir run http://127.0.0.1:1 --check
weir run http://127.0.0.1:1 --check --model m
ls results 2>&1 | sed 's/^.*: //'
