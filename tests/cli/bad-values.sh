weir run --concurrency 0
weir run -c -4
weir run -c 8,0
weir run -c 2.5
weir run -c eight
weir run --rate 0
weir run --rate 1,-5
weir run --rate fast
weir run --rate 1,,5
weir run --profile 30s
weir run --profile 30s@5,x@5
weir run --profile 30s@exp:0..5
weir run --profile 30s@sine:1..5
weir run --profile 30s@0
weir run --concurrency-profile 30s@2e6
weir run --rate 5 --arrival gamma --burstiness 0
weir run --arrival trace --speed fast
weir run --rate 5 --rate-limit 60
weir run --rate 5 --rate-limit 60/day
weir run --num-requests 0
weir run -n -1
weir run --duration 0
weir run --duration -5s
weir run --duration soon
weir run --timeout 0s
weir run --warmup lots
weir run --arrival poison
weir run --auth-style basic
weir run --order random
weir run --max-tokens 0
weir run --max-tokens 1.5
weir run --temperature hot
weir run --temperature -1
weir run --extra-body '{"a":'
weir run --extra-body '[1]'
weir run -H 'no colon'
weir run --percentiles 50,101
weir run --slo 'ttft<<5'
weir run --goodput nonsense:5s
weir run --workers 0
weir run --pin 1,2-
weir run --pin 3,3
weir run --pin 1000
weir run --seed -1
weir run --model ''
weir run --rate
weir run --rate --duration 5s
weir run --json=perhaps
weir run 127.0.0.1:1 --balance fastest
weir sim --itl soon
weir sim --max-seqs 0
weir sim --max-body big
weir sim --jitter sometimes
weir sim --preset flask
weir sim --time-scale 0
weir sim here
weir run --cancel-rate 5
weir run --cancel-rate 5% --cancel-after soon
weir run --max-errors 100%
weir run --think-time gauss:1s
weir run 127.0.0.1:1 --headers-metric 'X-TTFT: 5'
weir run 127.0.0.1:1 --headers-metric X-TTFT --headers-metric x-ttft
weir run 127.0.0.1:1 --proxy socks5://127.0.0.1:1
weir run 127.0.0.1:1 --proxy 'http://me:pass word@127.0.0.1:1'
weir run 127.0.0.1:1 --proxy 127.0.0.1:1 --connect-to 127.0.0.1:2
weir run --proxy 127.0.0.1:1
weir run --plot sweep.jpg
weir run --plot .png
