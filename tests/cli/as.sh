# `weir as`: the programs that are there, names that are none, and a link with a program's name.
weir as
weir as benchmrk
weir as nothing
weir as async_benchmarking --concurrency none
ln -s "$WEIR" async_benchmarking
echo '$ ./async_benchmarking --targets nowhere.txt'
rc=0
./async_benchmarking --targets nowhere.txt 2>&1 || rc=$?
echo "[$rc]"
