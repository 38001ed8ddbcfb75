# weir report: stored records alone, cut where the run was killed; other objectives; and what is no run.
mkdir run cut empty
cat >run/requests.jsonl <<'END'
{"type":"run","schema":"weir.records/1","version":"0.1.0","epoch_mono":1,"epoch_unix":1700000000000000000,"seed":7}
{"type":"level","level":0,"final":false,"open":true,"arrival":"constant","rate":2,"begin":1000000000,"w0":1000000000,"w1":2000000000}
{"type":"request","outcome":"ok","level":0,"index":0,"streamed":true,"status":200,"intended":1000000000,"admitted":1000000000,"start":1000100000,"first_byte":1050000000,"first_token":1050100000,"first_output":1050100000,"last_token":1070100000,"end":1071000000,"tokens_in":10,"tokens_out":3,"token_source":"usage","finish":"stop","dt":[0,10000000,10000000],"len":[5,5,5]}
{"type":"request","outcome":"http_503","level":0,"index":1,"status":503,"intended":1500000000,"admitted":1500000000,"start":1500200000,"end":1510000000}
{"type":"note","whole_run":true,"text":"something that only the run knew"}
{"type":"level","level":0,"final":true,"open":true,"arrival":"constant","rate":2,"begin":1000000000,"w0":1000000000,"w1":2000000000,"scheduled":2}
END
weir report run
weir report run --percentiles 90 --slo 'ttft:p90<10ms,error_rate<60%' --goodput e2e:100ms
printf '{"options":{"slo":"ttft:p50<1s","percentiles":"75"}}' >run/metadata.json
weir report run | grep -e p75 -e slo

# What it cost: as the run was told, and as asked anew. An hour at $3.60 is $0.001 a second; 10 tokens went in, 3 came out.
printf '{"options":{"gpu-rate":"1.8","num-gpus":"2"}}' >run/metadata.json
weir report run | grep -A 2 '  cost'
weir report run --cost-per-hour 7.2 --json | sed -n '/"cost": {/,/}/p'

head -c 800 run/requests.jsonl >cut/requests.jsonl
weir report cut --json | grep -e stdout -e cut -e attempted -e complete -e '^\['
weir report run cut | grep -e '^run' -e '^cut'
weir report
weir report nowhere
: >empty/requests.jsonl
weir report empty
echo 'not records' >empty/requests.jsonl
weir report empty
weir report run --slo 'ttft<1s'

# Several endpoints: the second is slower, and one request in three fails there.
mkdir several
{
    echo '{"type":"run","schema":"weir.records/1","version":"0.1.0","epoch_mono":1,"epoch_unix":1700000000000000000,"seed":7}'
    echo '{"type":"endpoint","endpoint":0,"url":"http://one:8000"}'
    echo '{"type":"endpoint","endpoint":1,"url":"https://two.a-rather-long-name.example.com/a/path/v1"}'
    echo '{"type":"level","level":0,"final":true,"open":true,"arrival":"constant","rate":24,"begin":1000000000,"w0":1000000000,"w1":2000000000,"scheduled":24}'
    for i in $(seq 0 23); do
        at=$((1000000000 + 40000000 * i))
        first=$((at + 10000000 + 20000000 * (i % 2) + 100000 * i))
        case $i in
        1 | 7 | 13 | 19) echo "{\"type\":\"request\",\"outcome\":\"http_500\",\"level\":0,\"index\":$i,\"endpoint\":1,\"status\":500,\"intended\":$at,\"admitted\":$at,\"start\":$at,\"end\":$((at + 1000000))}" ;;
        *) echo "{\"type\":\"request\",\"outcome\":\"ok\",\"level\":0,\"index\":$i,\"endpoint\":$((i % 2)),\"streamed\":true,\"status\":200,\"intended\":$at,\"admitted\":$at,\"start\":$at,\"first_byte\":$first,\"first_token\":$first,\"first_output\":$first,\"last_token\":$((first + 10000000)),\"end\":$((first + 11000000)),\"tokens_in\":10,\"tokens_out\":$((2 + i % 2)),\"token_source\":\"usage\",\"dt\":[0,10000000],\"len\":[5,$i]}" ;;
        esac
    done
} >several/requests.jsonl
weir report several
weir report several --json | sed -n '/"endpoints": \[/,/^      \],/p'

# What requests have in common: their class, and how long their prompts are.
mkdir classes
sed 's/"index":\([0-9]*[02468]\),"endpoint":0/&,"class":"chat"/; s/"index":\([0-9]*\),"endpoint":1/&,"class":"code"/' several/requests.jsonl |
    sed '/"endpoint",/d; s/"endpoint":1,/"endpoint":0,/' >classes/requests.jsonl
weir report classes --by class,input
weir report classes --json | sed -n '/"groups": \[/,/^      \],/p' | grep -e '"by"' -e '"name"' -e attempted -e '"input"'
weir report classes --by colour

# An experiment: a page in the folder; what else is given is refused.
mkdir page
cat >page/c6.json <<'END'
{"summary":{"total":60,"successRate":1,"average":0.5,"fastest":0.4,"slowest":0.9,"requestsPerSec":10},
 "latencyPercentiles":{"p50":0.5,"p95":0.8,"p99":0.9},"statusCodeDistribution":{"200":594,"503":6},"errorDistribution":{}}
END
printf 'title: Small\nhourly-usd: 1.188\nmax-tokens: 40\n' >page/experiment.yaml
weir report --format experiment page --plots none
sed -n '1,/^## Setup/p; /^## Load results/,/^## Streaming/p; /^## Cost/,/^## Errors/p' page/EXPERIMENT_REPORT.md
weir report --format experiment page --plots none --slo 'ttft:p95<1s' --output page.md -q
grep -A 8 '^## Latency' page.md
weir report --format experiment
weir report --format experiment page run
weir report --format experiment page --json
weir report --format experiment page --plot x.png
weir report --format experiment page --plots gif
weir report --format experiment empty
weir report run --streaming page/c6.json
weir report --format experiment page --streaming page/c6.json
echo 'hourly_usd: 2' >>page/experiment.yaml
weir report --format experiment page
