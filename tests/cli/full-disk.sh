# A disk that fills up, played by a limit on the size of files: the run ends with an error that names the file, and what was
# written by then can still be reported.
"$WEIR" sim --listen 127.0.0.1:0 --ttft 1ms --itl 1ms --quiet >sim.out 2>/dev/null &
sim=$!
trap 'kill $sim' EXIT
for _ in $(seq 400); do
    grep -qs 'listening on' sim.out && break
    sleep 0.05
done
port=$(sed 's/.*://' sim.out)
began=$(date +%s)
# Blocks of 512 bytes: metadata.json fits, the records do not.
(ulimit -f 64 && timeout 100 "$WEIR" run "http://127.0.0.1:$port" --rate 100 --duration 60s --max-tokens 20 --quiet --output-dir out >table 2>err)
echo "run [$?]"
[ $(($(date +%s) - began)) -lt 45 ] || echo "it went on all the same"
cat err
[ "$(stat -c %s out/requests.jsonl)" = 32768 ] || ls -l out
"$WEIR" report out --json >summary 2>err
case $? in 0 | 4) echo "report works" ;; *) echo "report does not" ;; esac # 4: the machine was busy
cat err
python3 - <<'PY'
import json
lines = open("out/requests.jsonl").read().split("\n")
whole = [json.loads(line) for line in lines[:-1]]
sent = sum(1 for r in whole if r["type"] == "request")
level = json.load(open("summary"))["levels"][0]
print("records are left:", sent > 20, "and all are counted:", level["requests"]["attempted"] == sent)
PY
# Not even the first file fits.
(ulimit -f 1 && timeout 100 "$WEIR" run "http://127.0.0.1:$port" -n 1 --quiet --output-dir out2 2>err)
echo "run [$?]"
cat err
