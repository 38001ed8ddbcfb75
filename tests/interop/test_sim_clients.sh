#!/bin/sh
# test_sim_clients.sh WEIR - clients that no one here wrote, against `weir sim`: curl, and OpenAI's own for Python and Node,
# streaming and not, plain and over TLS.
# The packages go into $WEIR_SCRATCH (default: a temporary folder), never into the tree. 77 = skipped, with the reason; what
# can run still runs, and a failure stays a failure.
set -eu
weir=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${WEIR_SCRATCH:-}" ]; then
    scratch=$WEIR_SCRATCH
    mkdir -p "$scratch"
    run=$(mktemp -d "$scratch/run.XXXXXX")
else
    scratch=$(mktemp -d)
    run=$scratch
fi
pids=
skipped=
cleanup() {
    for p in $pids; do kill "$p" 2>/dev/null || true; done
    for p in $pids; do wait "$p" 2>/dev/null || true; done
    rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

skip() {
    echo "skipped: $1"
    skipped=yes
}

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

# start NAME OPTIONS...: a simulator; its URL is the content of $run/NAME.url
start() {
    name=$1
    shift
    : >"$run/$name.out"
    "$weir" sim --ttft 20ms --itl 1ms --quiet "$@" >"$run/$name.out" 2>"$run/$name.err" &
    pids="$pids $!"
    i=0
    until grep -q 'weir sim listening on ' "$run/$name.out"; do
        i=$((i + 1))
        [ $i -lt 100 ] || fail "the simulator does not start: $(cat "$run/$name.err")"
        sleep 0.1
    done
    sed -n 's/^weir sim listening on //p' "$run/$name.out" >"$run/$name.url"
}

start plain --truth "$run/truth.jsonl"
start tls --tls --write-cert "$run/cert.pem" --model only --api-key sesame
start error --fault error_event:1
start limit --limit 1
start queue --max-seqs 1 --max-queue 0
WEIR_PLAIN=$(cat "$run/plain.url")
WEIR_TLS=$(cat "$run/tls.url")
WEIR_ERROR=$(cat "$run/error.url")
WEIR_LIMIT=$(cat "$run/limit.url")
WEIR_QUEUE=$(cat "$run/queue.url")
WEIR_CERT=$run/cert.pem
export WEIR_PLAIN WEIR_TLS WEIR_ERROR WEIR_LIMIT WEIR_QUEUE WEIR_CERT

test_curl() {
    body='{"model":"m","messages":[{"role":"user","content":"a b c"}],"max_tokens":7'
    out=$(curl -sS --fail -m 20 "$WEIR_PLAIN/v1/chat/completions" -d "$body}") || fail "curl: a plain answer"
    case $out in
    *'"usage":{"prompt_tokens":3,"completion_tokens":7,"total_tokens":10}'*) ;;
    *) fail "curl: $out" ;;
    esac
    n=$(curl -sSN --fail -m 20 "$WEIR_PLAIN/v1/chat/completions" -d "$body,\"stream\":true}" | grep -c '^data: ')
    [ "$n" = 10 ] || fail "curl: $n events instead of 10 (role, 7 tokens, finish, [DONE])"
    # Two requests on one connection; the large body is sent after "100 Continue".
    head -c 3000000 /dev/zero | tr '\0' 'x' >"$run/words"
    printf '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"%s"}]}' "$(cat "$run/words")" >"$run/big.json"
    out=$(curl -sS --fail -m 20 -H 'Expect: 100-continue' -w ' %{num_connects}' "$WEIR_PLAIN/v1/chat/completions" \
        -d "@$run/big.json" --next -sS --fail -m 20 -w ' %{num_connects}' "$WEIR_PLAIN/health") || fail "curl: large body"
    case $out in
    *'"total_tokens":2}} 1 0') ;;
    *) fail "curl: $out" ;;
    esac
    code=$(curl -s -m 20 -o /dev/null -w '%{http_code}' --cacert "$WEIR_CERT" "$WEIR_TLS/v1/models")
    [ "$code" = 401 ] || fail "curl: $code instead of 401"
    code=$(curl -s -m 20 -o /dev/null -w '%{http_code}' --cacert "$WEIR_CERT" -H 'Authorization: Bearer sesame' \
        "$WEIR_TLS/v1/models")
    [ "$code" = 200 ] || fail "curl: $code instead of 200 over TLS"
    n=$(curl -sSN --fail -m 20 --http1.0 "$WEIR_PLAIN/v1/chat/completions" -d "$body,\"stream\":true}" | grep -c '^data: ')
    [ "$n" = 10 ] || fail "curl --http1.0: $n events instead of 10"
    echo "curl: fine"
}

test_python() {
    py=$scratch/py/bin/python
    if [ ! -x "$py" ] || ! "$py" -c 'import openai' 2>/dev/null; then
        python3 -m venv "$scratch/py" >"$run/venv.log" 2>&1 || { skip "python3 -m venv does not work"; return; }
        timeout 300 "$scratch/py/bin/pip" install -q openai >"$run/pip.log" 2>&1 ||
            { skip "pip cannot install openai: $(tail -n 1 "$run/pip.log")"; return; }
    fi
    timeout 120 "$py" "$here/sim_clients.py" || fail "the Python client"
}

test_node() {
    if [ ! -d "$scratch/node/node_modules/openai" ]; then
        mkdir -p "$scratch/node"
        (cd "$scratch/node" && echo '{"private":true}' >package.json &&
            timeout 300 npm install --silent --no-fund --no-audit openai) >"$run/npm.log" 2>&1 ||
            { skip "npm cannot install openai: $(tail -n 1 "$run/npm.log")"; return; }
    fi
    cp "$here/sim_clients.mjs" "$scratch/node/sim_clients.mjs"
    (cd "$scratch/node" && NODE_EXTRA_CA_CERTS=$WEIR_CERT timeout 120 node sim_clients.mjs) || fail "the Node client"
}

if command -v curl >/dev/null; then test_curl; else skip "there is no curl"; fi
if command -v python3 >/dev/null; then test_python; else skip "there is no python3"; fi
if command -v node >/dev/null && command -v npm >/dev/null; then test_node; else skip "there is no node or npm"; fi
[ -z "$skipped" ] || exit 77
