[ -w /dev/full ] || skip "no /dev/full"
rc=0
"$WEIR" --help >/dev/full 2>err || rc=$?
cat err
echo "[$rc]"
