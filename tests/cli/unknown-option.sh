weir run --concurency 8
weir run --concurency=8 http://localhost:1/
weir run --request-rat 5
weir run --frobnicate
weir run -z
weir run --no-rate
weir run --no-kernel-stamp
weir sim --lissten 127.0.0.1:0
weir report --perentiles 50 somewhere
