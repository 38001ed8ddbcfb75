weir calibrate --server http://127.0.0.1:1
weir calibrate --truth truth.jsonl
weir calibrate --streams 0
weir calibrate --streams 1,x
weir calibrate --duration 0
weir calibrate --quick 5
weir calibrate --server http://127.0.0.1:1 --truth missing.jsonl --streams 1
TMPDIR=/nonexistent weir calibrate --quick
ls
