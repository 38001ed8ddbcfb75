# --wait-ready: a server that comes later is waited for; one that says no is not; patience has an end.
sleep 600 & # so that $sim is always something to kill
sim=$!
trap 'kill $sim' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
weir run "http://127.0.0.1:$port" --wait-ready 300ms
(
    sleep 0.7
    exec "$WEIR" sim --listen "127.0.0.1:$port" --ttft 1ms --itl 1ms --quiet --model llama
) >/dev/null 2>&1 &
kill $sim
sim=$!
"$WEIR" run "http://127.0.0.1:$port" --wait-ready 60s -n 2 --max-tokens 2 >out 2>err
case $? in 0 | 4) echo "it came" ;; *) cat out err ;; esac # 4: the machine was busy
sed -n '/waiting\|ready/s/[0-9.]* [mu]\{0,1\}s/TIME/gp' err | sed "s/$port/PORT/"
weir run "http://127.0.0.1:$port" --wait-ready 60s -n 2 --model gpt
weir run "http://127.0.0.1:$port" --wait-ready 0
