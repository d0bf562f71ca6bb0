#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two adapters of the vswitch example, built for direct mapping, in network
# namespaces of their own: ping from one to the other, one is killed, one is stopped
# for longer than its lease.
#
#	test_vs_tap.sh VS_TAP

set -u

tap=$(realpath "$1")
fails=0
dir=$(mktemp -d)
shared=$(mktemp /dev/shm/elisa-vs-tap-XXXXXX)
rm -f "$shared"
pids=

cleanup()
{
	# shellcheck disable=SC2086 # a list
	kill -9 $pids 2>/dev/null
	rm -rf "$dir" "$shared"
}
trap cleanup EXIT

check()
{
	if [ "$2" = "$3" ]; then
		echo "ok - vs_tap: $1"
	else
		echo "not ok - vs_tap: $1: got '$2', expected '$3'"
		fails=$((fails + 1))
	fi
}

if ! unshare -n sh -c 'exec 3<>/dev/net/tun' 2>/dev/null; then
	echo "skip - vs_tap: no network namespaces, or no /dev/net/tun, here"
	exit 0
fi

# inside N COMMAND...: in namespace N
inside()
{
	eval "inside_pid=\$namespace_$1"
	shift
	nsenter -t "$inside_pid" -n "$@"
}

# adapter N: an adapter in namespace N, its process is $adapter_N
adapter()
{
	eval "inside_pid=\$namespace_$1"
	: >"$dir/tap$1"
	# shellcheck disable=SC2154
	nsenter -t "$inside_pid" -n "$tap" -d "$shared" tap0 \
		>"$dir/tap$1" 2>&1 &
	eval "adapter_$1=$!"
	pids="$pids $!"
	left=100
	until grep -q READY "$dir/tap$1"; do
		left=$((left - 1))
		[ $left -gt 0 ] || break
		sleep 0.1
	done
	inside "$1" busybox ip link set tap0 address "02:00:00:00:00:0$1"
	inside "$1" busybox ip addr add "10.0.0.$1/24" dev tap0
	inside "$1" busybox ip link set tap0 up
}

# received COUNT: of so many pings from 1 to 2
received()
{
	inside 1 busybox ping -c "$1" -W 1 10.0.0.2 |
		sed -n 's/.* \([0-9]*\) packets received.*/\1/p'
}

# back: how soon is the other one there again
back()
{
	left=20
	until [ "$(received 1)" = 1 ]; do
		left=$((left - 1))
		[ $left -gt 0 ] || break
		sleep 0.5
	done
	[ $left -gt 0 ] && echo yes
}

figure()
{
	"$tap" -d "$shared" -S | sed -n "s/^$1 //p"
}

for n in 1 2; do
	unshare -n sleep 1000 &
	eval "namespace_$n=$!"
	pids="$pids $!"
done
sleep 0.5
# The manager's part, struct vs_setup behind DIRECT_OVERHEAD: the clock goes on,
# addresses age after 300 s, a lease is 2 s.
figure ports >/dev/null
python3 - "$shared" <<-END &
	import mmap, struct, sys, time
	with open(sys.argv[1], "r+b") as f:
	    setup = mmap.mmap(f.fileno(), 0)
	for clock in range(2, 1000):
	    setup[20480:20504] = struct.pack("<QQQ", clock, 300, 2)
	    time.sleep(1)
END
pids="$pids $!"

adapter 1
adapter 2
check "ready" "$(cat "$dir/tap1")" "READY tap0 port 0"
check "ping" "$(received 3)" 3
check "two ports, two addresses" "$(figure ports) $(figure addresses)" "2 2"

# shellcheck disable=SC2154 # set by eval
kill -9 "$adapter_2"
wait "$adapter_2" 2>/dev/null
adapter 2
check "kill -9: its successor gets its address" "$(back)" yes
check "and the old port is freed" "$(figure ports) $(figure freed)" "2 1"

kill -STOP "$adapter_2"
sleep 4
received 1 >/dev/null
check "who is stopped loses its port" "$(figure ports)" 1
kill -CONT "$adapter_2"
check "and opens another one" "$(back)" yes

# shellcheck disable=SC2154
kill "$adapter_1" "$adapter_2"
wait "$adapter_1" "$adapter_2"
check "SIGTERM" "$(grep -c '^sent [1-9]' "$dir/tap1")" 1
check "closes the ports" "$(figure ports) $(figure addresses)" "0 0"
exit $((fails != 0))
