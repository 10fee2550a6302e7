#!/bin/bash
# Hosts for a real `ray up` on one Linux machine: no containers, no traffic beyond the machine.
#
#   VENV=DIR CODE=DIR SHARE=DIR hosts.sh up head=10.77.0.11 w1=10.77.0.21 ...     start hosts
#   hosts.sh kill w1                                                              pull a power cord
#   hosts.sh down                                                                 remove them all
#
# A host is a network namespace (its own address and loopback, no route out), a mount namespace (its
# own /tmp, /dev/shm and home), pid, uts and ipc namespaces, and an sshd. Of the machine it sees the
# virtual environment VENV, the checkout CODE that is installed in it and the folder SHARE, as
# mounted from a file server; EXPORT holds more NAME=VALUE for its shells. A killed host that is
# brought up again has its home still, as a machine after a reboot. Keys and logs: /run/rayhosts.
set -eu
base=/run/rayhosts
bridge=${BRIDGE:-rbr0}
gateway=${GATEWAY:-10.77.0.1/24}

visible() { # what /tmp and home of its own would hide
    python=$("$VENV/bin/python" -c 'import sys; print(sys.base_prefix)')
    for folder in "$python" "$VENV" "$CODE" "$SHARE"; do
        case $folder in
            /tmp/*) echo "mkdir -p $1$folder; mount --bind $folder $1$folder" ;;
            "$HOME"/*) echo "mkdir -p $1/home${folder#"$HOME"}; mount --bind $folder $1/home${folder#"$HOME"}" ;;
        esac
    done
}

boot() {
    name=$1 address=$2 host=$base/$1
    mkdir -p "$host/tmp" "$host/home/.ssh"
    ip netns add "$name"
    ip link add "$bridge-$name" type veth peer name eth0 netns "$name"
    ip link set "$bridge-$name" master "$bridge" up
    ip -n "$name" addr add "$address/${gateway##*/}" dev eth0
    ip -n "$name" link set eth0 up
    ip -n "$name" link set lo up
    cp "$base/key.pub" "$host/home/.ssh/authorized_keys"
    chmod 700 "$host/home" "$host/home/.ssh"
    [ -f "$host/home/.bashrc" ] || echo "export PATH=$VENV/bin:\$PATH ${EXPORT:-}" > "$host/home/.bashrc"
    echo '. ~/.bashrc' > "$host/home/.profile"
    printf '127.0.0.1 localhost\n%s %s\n' "$address" "$name" > "$host/hosts"
    cat > "$host/init" <<END
#!/bin/bash
set -e
mount --make-rprivate /
hostname $name
mount --bind $host/hosts /etc/hosts
mount -t tmpfs tmpfs $host/tmp
chmod 1777 $host/tmp
$(visible "$host")
mount --rbind $host/home $HOME
mount --rbind $host/tmp /tmp
mount -t tmpfs -o size=2g tmpfs /dev/shm
mkdir -p /run/sshd
/usr/sbin/sshd -D -e -h $base/hostkey -o ListenAddress=$address -o UsePAM=no -o StrictModes=no \
    -o PermitRootLogin=prohibit-password -o PidFile=none \
    -o AuthorizedKeysFile=$HOME/.ssh/authorized_keys \
    -o "SetEnv=PATH=$VENV/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" &
while :; do wait -n || true; sleep 0.2; done # the first process takes care of orphans
END
    chmod +x "$host/init"
    ip netns exec "$name" setsid unshare --pid --mount --uts --ipc --fork --kill-child --mount-proc \
        "$host/init" > "$host/log" 2>&1 < /dev/null &
    echo $! > "$host/pid"
}

cut() { # with --kill-child the whole host dies with this one process, at once
    kill -9 "$(cat "$base/$1/pid")" 2> /dev/null || true
    ip link del "$bridge-$1" 2> /dev/null || true
    ip netns del "$1" 2> /dev/null || true
}

case ${1:-} in
    up)
        shift
        : "${VENV:?}" "${CODE:?}" "${SHARE:?}"
        mkdir -p $base
        for key in key hostkey; do
            [ -f $base/$key ] || ssh-keygen -q -t ed25519 -N '' -f $base/$key
        done
        if ! ip link show "$bridge" > /dev/null 2>&1; then
            ip link add "$bridge" type bridge
            ip addr add "$gateway" dev "$bridge"
            ip link set "$bridge" up
        fi
        for pair in "$@"; do boot "${pair%%=*}" "${pair##*=}"; done
        ;;
    kill) cut "$2" ;;
    down)
        for host in $base/*/; do
            [ -d "$host" ] || continue
            cut "$(basename "$host")"
            sleep 0.3
            # A bind mount below lies on the same device: never delete through one.
            if grep -q " ${host%/}/" /proc/self/mountinfo; then
                echo "mounts are left under $host; it is not removed" >&2
            else
                rm -rf --one-file-system "$host"
            fi
        done
        ip link del "$bridge" 2> /dev/null || true
        ;;
    *)
        sed -n 2,6p "$0"
        exit 2
        ;;
esac
