weir run --rate 5 --concurrency 8
weir run --prompt hello --dataset file.json
weir run --api-key-env A --api-key-file b
weir run http://a/ --unix-socket /run/a --connect-to b:80
weir run --concurrency 8 --max-concurrency 16
weir run --concurrency 8 --arrival poisson
weir run --rate 5 --profile 30s@5
weir run --concurrency-profile 30s@5 --ramp-up 2s
weir run --profile 30s@5 --ramp-up 2s
weir run --concurrency-profile 30s@5 --arrival gamma
weir run --rate 5 --burstiness 2
weir run --rate 5 --speed 2
weir run --arrival trace
weir run --arrival trace --rate 5 --dataset a.jsonl
weir run --arrival trace --concurrency 5 --dataset a.jsonl
weir run --arrival trace --dataset a.jsonl --order shuffle
weir run --rate inf --duration 10s
weir run --rate inf --warmup 10s
weir run --replay results/a --rate 5
weir run --replay results/a --profile 30s@5
weir run --replay results/a --prompt hello
weir run --unix-socket /run/a
weir run --insecure
weir run https://a/ --key k.pem
weir run https://a/ --insecure --cacert ca.pem
weir run --duration none
weir run --dataset-format text
weir run --no-stream --first-token-timeout 5s
weir run --first-token-timeout 10s --timeout 5s
weir run --save-text --no-records
weir sim --cert c.pem --key k.pem
weir sim --tls --key k.pem
weir sim --write-cert c.pem
weir run a:1 b:2 --unix-socket /run/a
weir run a:1 b:2 --connect-to c:3
weir run a:1 --balance least-in-flight
weir run --balance least-in-flight
weir run 'a:1 b:2'
weir run http://127.0.0.1:1/v1/chat/completions http://127.0.0.1:1/v1/completions
weir run 127.0.0.1:1 http://127.0.0.1:99999
weir run --cancel-after 1s
weir run --metrics-interval 2s
weir run --rate 5 --sessions
weir run --rate 5 --think-time 1s
weir run --session-rate 5 --max-concurrency 5
weir run --session-rate 5 --rate 5
weir run --canned-history
weir run --sessions --rate-limit 5/s
weir run --no-stream --continuous-usage
weir run http://127.0.0.1:1/v1/embeddings --max-tokens 5
weir run http://127.0.0.1:1/v1/embeddings --slo 'ttft:p95<1s'
weir run http://127.0.0.1:1/v1/rerank
weir run http://127.0.0.1:1/v2/models/m/generate --no-stream --ignore-eos
weir run --api sglang http://127.0.0.1:1 --continuous-usage
weir run http://127.0.0.1:1 --aws-region us-east-1
weir run http://127.0.0.1:1 --aws-profile lab
weir run http://127.0.0.1:1 --aws-sigv4 sagemaker --api-key-file k
weir run http://127.0.0.1:1 --aws-sigv4 'aws:amz'
weir run --aws-sigv4 sagemaker
weir run http://127.0.0.1:1 --aws-sigv4 sagemaker --aws-region 'us east'
weir sim --sigv4 KEY
