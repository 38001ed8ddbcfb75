# Mistakes in a benchmark's file are told with line, column and remedy.
try() {
    printf '%s\n' "$1" >bench.yaml
    echo
    sed 's/^/    /' bench.yaml
    weir run -f bench.yaml
}
try 'rat: 5'
try 'timeout: fast'
try 'rate: 5
qps: 3'
try 'duration: 5s
rate: 5
concurrency: 4'
try 'rate: 5
	duration: 3s'
try 'rate: {a: 1}'
try 'model: [a, b]'
try 'rate: []'
try 'rate:'
try 'max-tokens: null'
try 'stream: perhaps'
try 'headers: {X-A: {b: c}}'
try 'headers: {X A: b}'
try 'headers: {X-A: b, X-A: c}'
try 'extra-body: [1, 2]'
try 'slo: {ttft: 1, nope: {p95: 1s}}'
try 'url: ${NOPE_URL}'
try 'model: a
header: "Authorization: Bearer ${NOPE_KEY}"'
try 'prompt: cost ${'
try 'prompt: cost ${A B}'
try 'x-a: &a [*a]'
try 'rate: !ruby/object 5'
try '<<: 5'
try '<<: {rate: 5}
<<: {rate: 6}'
try '? [a]
: b'
try '- rate: 5'
try '5'
try ''
try 'url: http: x'
try 'rate: 5
---
rate: 6'
try 'file: other.yaml'
try 'show-config: true'
try 'replay: results/a'
try 'levels: 5'
try 'levels: []'
try 'levels:
  - 5'
try 'levels:
  - rate: 5
    url: localhost'
try 'levels:
  - rate: 5
    seed: 4'
try 'levels:
  - rate: 5
    nam: a'
try 'levels:
  - name: [a]'
try 'levels:
  - {name: a, name: b}'
try 'timeout: 5s
levels:
  - {name: first, rate: 5}
  - {name: second, rate: 5, first-token-timeout: 6s}'
try 'levels:
  - rate: 5
    max-tokens: none
    duration: 0'
weir run -f missing.yaml
weir run -f .
echo 'rate: 5' | weir run -f - -f -
printf 'a: "\001"\n' >bench.yaml
weir run -f bench.yaml
printf 'rate: 5\nmodel: "\377"\n' >bench.yaml
weir run -f bench.yaml
head -c 1100000 /dev/zero | tr '\0' '#' >bench.yaml
weir run -f bench.yaml
# A bomb of aliases is small as text.
awk 'BEGIN { print "x0: &x0 [a, a, a, a, a, a, a, a, a, a]"
    for (i = 1; i < 9; i++) printf "x%d: &x%d [*x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1 }' >bench.yaml
weir run -f bench.yaml
echo 'rate: 5' >bench.yaml
weir run --replay results/a -f bench.yaml
WEIR_FILE=bench.yaml weir run --first-token-timeout 6s --timeout 5s
