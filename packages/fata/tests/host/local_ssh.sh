#!/bin/sh
# A stand-in for ssh whose host is this machine: what is sent there is run here, by a shell, in the
# directory LOCAL_SSH, which notes each command in `log`.
for word; do
    case $word in
    -M) master=yes ;;
    ControlPath=*) socket=${word#*=} ;;
    esac
done
if [ "${master-}" ]; then
    : >"$socket"
    exec cat
fi
cd "$LOCAL_SSH" || exit 255
printf '%s\n' "$word" | head -n 1 >>log
exec env -i HOME="$LOCAL_SSH" PATH="${HOST_PATH:-/usr/bin:/bin}" sh -c "$word"
