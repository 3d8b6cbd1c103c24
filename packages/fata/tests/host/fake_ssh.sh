#!/bin/sh
# A stand-in for ssh, for hosts and faults that cannot be had otherwise.
#
# The directory FAKE_SSH has `answers`: each a directory with the beginning of a command in `start`,
# and its output, errors and exit code; instead of a code, `lost` is a connection that breaks there.
# The first that fits counts; a command that none fits ends well and silently. With a file `refusal`
# no connection is made: its text is why. What was run is in `log`, what was sent along in `sent`.

for word; do
    case $word in
    -M) master=yes ;;
    ControlPath=*) socket=${word#*=} ;;
    esac
done
if [ "${master-}" ]; then
    if [ -e "$FAKE_SSH/refusal" ]; then
        cat "$FAKE_SSH/refusal" >&2
        exit 255
    fi
    echo $$ >"$socket.new"
    mv "$socket.new" "$socket"
    exec cat
fi
printf '%s\n' "$word" >>"$FAKE_SSH/log"
cat >>"$FAKE_SSH/sent"
command=${word#sudo -n -- }
command=${command#env LC_ALL=C.UTF-8 }
for answer in "$FAKE_SSH"/answers/*; do
    [ -e "$answer" ] || exit 0
    read -r start <"$answer/start"
    case $command in
    "$start"*)
        read -r code <"$answer/code"
        if [ "$code" = lost ]; then
            read -r pid <"$socket"
            kill -9 "$pid"
            exit 255
        fi
        cat "$answer/out"
        cat "$answer/err" >&2
        exit "$code"
        ;;
    esac
done
