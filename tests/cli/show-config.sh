# What comes together from files, environment and flags, and what is printed of secrets.
cat >a.yaml <<'END'
x-short: &short
  max-tokens: 16
  warmup: 2
url: http://user:pw@127.0.0.1:1/v1/chat/completions?key=SECRET
model: m
rate: [1, 5]
duration: 2s
timeout: 1500ms
headers: {X-A: "SECRET", Authorization: "Bearer ${MY_TOKEN}"}
slo: {ttft: {p95: 500ms, p99: 1s}, success_rate: 99%, error_rate: "<=1%"}
goodput: {ttft: 500ms, e2e: 5s}
extra-body: {top_p: 0.9, stop: [a, "1"], deep: {x: null, y: true, id: "${MY_TOKEN}"}}
stream: false
levels:
  - name: "slow: first"
    <<: *short
    rate: 3
  - <<: *short
    warmup: none
    concurrency: 4
    prompt: "cost is $$5, ${WHAT:-nothing}"
END
cat >b.yaml <<'END'
qps: 7
percentiles: [50, 99.9]
pin: [0, 1]
END
export MY_TOKEN=SECRET
show() { # without what is left at its default
    echo "\$ weir run $*"
    "$WEIR" run "$@" 2>&1 | sed '/^# Left/,$d'
}
WEIR_SEED=42 show -f a.yaml -f b.yaml --show-config --max-tokens 9 --api-key SECRET
"$WEIR" run -f a.yaml -f b.yaml --show-config --max-tokens 9 >c.yaml 2>/dev/null
"$WEIR" run -f c.yaml --show-config >d.yaml
# Read back, all is the same but the places, and what has to be given again.
strip() { sed 's/ *# [a-z]*\.yaml:[0-9:]*$//; s/ *# flag$//; /hidden; give it again$/d' "$1"; }
strip c.yaml >c
strip d.yaml >d
diff c d && echo same
weir run --show-config --rate 5 --concurrency 2
cat b.yaml | show -f - --show-config --rate 1
echo 'extra-body: "${MY_TOKEN}"' | weir run -f -
"$WEIR" run --show-config | grep -e '^# timeout' -e '^# Left' -e '^[^#]'
"$WEIR" run --show-config --api-key SECRET >e.yaml
"$WEIR" run -f e.yaml --show-config | head -2
# Datasets behind URLs lose their secrets too.
show --show-config --dataset 'http://bob:SECRET@h/x.jsonl?token=SECRET' --rate 1 | grep -e dataset -e SECRET
show --show-config --mix 'a=1:https://bob:SECRET@h/x.jsonl' --mix b=2:y.jsonl --rate 1 | grep -e mix -e jsonl -e SECRET
