# Values from the environment are named as such, and give way to the command line.
WEIR_RATE=fast weir run
WEIR_CONCURRENCY=0 weir run
WEIR_RATE=5 WEIR_CONCURRENCY=8 weir run
WEIR_JSON=perhaps weir run
WEIR_SIM_ITL=soon weir sim
WEIR_API_KEY= WEIR_HEADER='not a header with a secret' weir run
