# The server is there and says no: the wrong path, the wrong model, the wrong key.
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
load="-n 1 --max-tokens 2"
weir run "http://127.0.0.1:$port" $load
weir run "http://127.0.0.1:$port" $load --model llama
OPENAI_API_KEY=wrong-battery weir run "http://127.0.0.1:$port" $load --model llama
echo correct-horse >key
"$WEIR" run "http://127.0.0.1:$port" $load --model llama --api-key-file key --header 'X-Secret: staple' >out 2>&1
case $? in 0 | 4) echo "the right key works" ;; *) cat out ;; esac # 4: the machine was busy
weir run "http://127.0.0.1:$port" $load --model gpt --api-key-file key
weir run "http://127.0.0.1:$port/v2/chat/completions" $load --model llama --api-key-file key
weir run "http://127.0.0.1:$port/health" $load --model llama --api-key-file key
weir run "http://127.0.0.1:$port/v2/chat/completions" $load --api-key-file key
weir run "http://127.0.0.1:$port" $load --api-key-env NO_SUCH_VARIABLE
weir run "http://127.0.0.1:$port" $load --api-key-file no-such-file
: >empty
weir run "http://127.0.0.1:$port" $load --api-key-file empty
# No key in what was written, but in the file that it came from.
grep -rlE 'correct-horse|wrong-battery|staple' . | sort
