# A folder that cannot take the results is told before anything is started.
mkdir full
: >full/notes
weir run -n 1 --output-dir full
: >file
weir run -n 1 --output-dir file
weir run -n 1 --output-dir file/results
weir run -n 1 --output-dir /proc/weir-results
weir run -n 1 --output-dir "$(printf '%0600d' 0)"
[ "$(ls)" = 'file
full' ] || ls
if [ "$(id -u)" != 0 ]; then
    mkdir closed
    chmod 500 closed
    weir run -n 1 --output-dir closed/results >closed.out
    grep -q 'cannot make the folder closed/results: Permission denied' closed.out || cat closed.out
fi
