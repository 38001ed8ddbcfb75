# Several URLs, one of which is unlike the others: it is named, and no load is sent. The list may come from WEIR_URL.
serve() { # NAME OPTIONS: a simulator at $port
    name=$1
    shift
    "$WEIR" sim --listen 127.0.0.1:0 --ttft 1ms --itl 1ms --quiet --truth "$name.truth" "$@" >"$name.out" 2>/dev/null &
    sims="$sims $!"
    for _ in $(seq 400); do
        grep -qs 'listening on' "$name.out" 2>/dev/null && break
        sleep 0.05
    done
    port=$(sed 's/.*://' "$name.out")
}
trap 'kill $sims' EXIT
serve llama --model llama
llama=http://127.0.0.1:$port
serve gpt --model gpt
gpt=http://127.0.0.1:$port
serve locked --model llama --api-key correct-horse
locked=http://127.0.0.1:$port
load="-n 30 --max-tokens 2"
weir run "$llama" "$gpt" $load
weir run "$llama" "$gpt" $load --model llama
weir run "$llama" "$locked" $load --model llama
weir run "$llama" http://127.0.0.1:1/v1 "$llama" $load --model llama
WEIR_URL="$llama http://127.0.0.1:1" weir run $load
WEIR_URL=$(for i in $(seq 65); do printf '127.0.0.1:%s ' "$i"; done) weir run
"$WEIR" run "$llama" "$llama" $load --balance least-in-flight --output-dir two 2>err >out
case $? in 0 | 4) echo "two that are alike are measured" ;; *) cat err ;; esac # 4: the machine was busy
grep -c '"type":"request"' two/requests.jsonl
tr -d '\n ' <two/metadata.json | grep -o '"urls":[^]]*]'
