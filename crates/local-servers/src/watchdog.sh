# Ends a server when its owner dies. Standard input is a pipe whose only writer is the owner, so
# its end of file means that the owner is gone, in whatever way.
#   $1  signal that asks the server to end
#   $2  folder to delete afterwards, or nothing
# Lines read: `watch <pid>`, `forget`.
trap '' HUP INT TERM

watched=
while read -r word pid; do
    case $word in
    watch) watched=$pid ;;
    forget) watched= ;;
    esac
done

# A zombie has ended, even if nobody is left to collect it.
running() {
    kill -0 "$1" 2>/dev/null || return 1
    if [ -r "/proc/$1/stat" ]; then
        read -r stat <"/proc/$1/stat" || return 1
        case $stat in *") Z "*) return 1 ;; esac
    fi
}

if [ -n "$watched" ] && running "$watched"; then
    kill -s "$1" "$watched" 2>/dev/null
    ticks=0
    while running "$watched"; do
        ticks=$((ticks + 1))
        if [ "$ticks" -eq 600 ]; then
            kill -s KILL "$watched" 2>/dev/null
            break
        fi
        sleep 0.1
    done
fi

if [ -n "$2" ]; then
    # The last of the server's helpers may still be writing: once more if it is not empty yet.
    rm -rf -- "$2" 2>/dev/null || { sleep 1; rm -rf -- "$2"; }
fi
