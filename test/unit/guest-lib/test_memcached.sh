#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_memcached.sh KV_MEMCACHED: clients of Debian's (libmemcached-tools,
# python3-pymemcache) use two servers, each a process of its own, that share a store
# which is mapped directly.

set -u

program=$1
dir=$(mktemp -d)
fails=0
a=$dir/a.sock
b=$dir/b.sock

check()
{
	if [ "$2" = "$3" ]; then
		echo "ok - memcached: $1"
	else
		echo "not ok - memcached: $1: got '$2', expected '$3'"
		fails=$((fails + 1))
	fi
}

# start SOCKET: its process is $server
start()
{
	rm -f "$1"
	"$program" -d "$dir/store" -m 4 -c 50 -s "$1" >"$1.log" 2>&1 &
	server=$!
	n=0
	until grep -qs READY "$1.log"; do
		n=$((n + 1))
		[ $n -lt 100 ] || break
		sleep 0.1
	done
}

start "$a"
first=$server
start "$b"
second=$server
trap 'kill "$first" "$second" 2>/dev/null; rm -rf "$dir"' EXIT

cd "$dir" || exit 1
echo "hello" >greeting
head -c 300000 /dev/urandom >large
memccp --servers="$a" greeting large
check "memccp" $? 0
check "memccat, by the other server" "$(memccat --servers="$b" greeting)" hello
memccat --servers="$b" --file="$dir/got" large
cmp -s large got
check "300,000 bytes" $? 0
check "memcstat" "$(memcstat --servers="$b" | sed -n 's/.*curr_items: //p')" 2
memcexist --servers="$a" greeting
check "memcexist" $? 0
memcrm --servers="$b" greeting
check "memcrm" $? 0
memcexist --servers="$a" greeting 2>/dev/null
check "memcexist, removed" $? 1

/usr/bin/python3 - "$a" "$b" >py.log 2>&1 <<END
import sys
from pymemcache.client.base import Client
a = Client(sys.argv[1], timeout=20)
b = Client(sys.argv[2], timeout=20)

def same(got, want):
    if got != want:
        raise SystemExit(f"got {got!r}, expected {want!r}")

same(a.version(), b"1.6.0-elisa")
same(a.set("k", "v", noreply=False), True)
same(b.get("k"), b"v")
same(b.add("k", "w", noreply=False), False)
same(b.replace("k", "w", noreply=False), True)
same(a.append("k", "x", noreply=False), True)
same(a.prepend("k", "u", noreply=False), True)
value, unique = a.gets("k")
same(value, b"uwx")
same(b.cas("k", "y", unique, noreply=False), True)
same(a.cas("k", "z", unique, noreply=False), False)
same(a.cas("none", "z", unique, noreply=False), None)
same(a.touch("k", 100, noreply=False), True)
same(a.set("n", "10", noreply=False), True)
same(a.incr("n", 5), 15)
same(b.decr("n", 20), 0)
same(a.delete("n", noreply=False), True)
same(b.delete("n", noreply=False), False)
many = {f"key-{i}": str(i).encode() * 20 for i in range(500)}
same(a.set_many(many, noreply=False), [])
same(b.get_many(many), many)
same(len(b.gets_many(many)), 500)
same(a.set("short", "v", expire=-1, noreply=False), True)
same(a.get("short"), None)
same(a.stats()[b"threads"], 1)
same(a.flush_all(noreply=False), True)
same(b.get_many(many), {})
a.quit()
clients = [Client(sys.argv[1], timeout=20) for i in range(60)]
refused = 0
for c in clients:
    try:
        c.get("k")
    except Exception:
        refused += 1
same(refused, 10)
END
check "pymemcache" "$?$(cat py.log)" 0

kill "$first"
wait "$first"
# A server is killed while clients write; the others go on, with what it left.
for k in 1 2 3 4 5 6 7 8 9 10; do
	start "$a"
	first=$server
	(while memccp --servers="$a" greeting large 2>/dev/null; do :; done) &
	writer=$!
	sleep 0.0$k
	kill -9 "$first"
	wait "$first" $writer 2>/dev/null
	timeout 20 memccp --servers="$b" greeting large || break
	[ "$(timeout 20 memccat --servers="$b" greeting)" = hello ] || break
	timeout 20 memcrm --servers="$b" greeting large || break
done
check "servers killed" "$k" 10
check "nothing is left of what they had" \
	"$(memcstat --servers="$b" | sed -n 's/.*[[:space:]]bytes: //p')" 0
kill "$second"
wait "$second"
check "a server ends" $? 0
[ ! -e "$b" ]
check "and removes its socket" $? 0
exit $((fails != 0))
