#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `elisactl metrics --listen` as a whole, without the module: what it serves, who
# its HTTP server is, and how both end.
#
#	test-metrics-serve.sh FOLDER-OF-PROGRAMS

set -u

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$1/elisactl" "$1/elisactl-metrics-http" "$dir"
cd "$dir" || exit 1
fails=0

result()
{
	if [ "$2" -eq 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: ${3:-}"
		fails=$((fails + 1))
	fi
}

if [ -e /sys/module/elisa ]; then
	echo "skip - metrics --listen without the module: it is loaded"
	exit 0
fi

# wait_for COMMAND...: 20 s at most
wait_for()
{
	local left=200

	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.1
	done
}

# A port that is free now; who takes it meanwhile makes us try again.
start()
{
	local tries

	for tries in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 12000))
		# A descriptor that is open by mistake
		./elisactl metrics --listen=127.0.0.1:$port 2>err 7</etc/passwd &
		pid=$!
		wait_for is_settled && kill -0 $pid 2>/dev/null && return 0
		wait $pid
	done
	return 1
}

# It has its child, or has ended.
is_settled()
{
	kill -0 $pid 2>/dev/null || return 0
	child=$(pgrep -P $pid) && grep -q metrics-http "/proc/$child/cmdline"
}

# get PATH: the answer
get()
{
	exec 5<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf 'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' "$1" >&5
	timeout 20 cat <&5
	exec 5>&-
}

start
result "it listens" $? "$(cat err)"
got=$(get /metrics)
[[ $got == "HTTP/1.1 200 OK"* && $got == *"elisa_up 0" ]]
result "it says that there is no module" $? "$got"
[[ $(get /x) == "HTTP/1.1 404 "* ]]
result "it serves nothing else" $?
# shellcheck disable=SC2046 # words
set -- $(sed -n -e 's/^Uid:\t\([0-9]*\)\t.*/\1/p' -e 's/^Cap[IPEA][a-z]*:\t/cap /p' \
	-e 's/^Groups:\t *\([0-9]*\).*/groups \1/p' -e 's/^NoNewPrivs:\t/new /p' "/proc/$child/status")
want="cap 0000000000000000 cap 0000000000000000 cap 0000000000000000 cap 0000000000000000 new 1"
[ "$(id -u)" -ne 0 ] || want="65534 groups $want"
[[ "$*" == *"$want" ]]
result "its HTTP server has no rights" $? "$*"
# The standard ones, and two sockets: one listens, one leads to elisactl.
got=$(find "/proc/$child/fd" -type l ! -name '[012]' -exec readlink {} \; |
	sed 's/:.*//' | xargs)
[ "$got" = "socket socket" ]
result "nor a descriptor that it does not need" $? "$got"
./elisactl metrics --listen=127.0.0.1:$port 2>err2
[ $? -eq 1 ] && [ "$(cat err2)" = \
	"elisactl: cannot listen on port $port of 127.0.0.1: Address already in use" ]
result "the port is taken" $? "$(cat err2)"

kill -TERM $pid
wait $pid
result "it ends when it shall" $? "$(cat err)"
wait_for eval '! kill -0 $child 2>/dev/null'
result "and so does its HTTP server" $?
[ ! -s err ]
result "without a word" $? "$(cat err)"

# --- deaths

start
kill -KILL "$child"
wait $pid
[ $? -eq 1 ] && [ "$(cat err)" = "elisactl: the HTTP server has ended, status 137" ]
result "the HTTP server is killed" $? "$(cat err)"
start
kill -KILL $pid
wait $pid 2>/dev/null
wait_for eval '! kill -0 $child 2>/dev/null'
result "elisactl is killed: its HTTP server ends" $?
mv elisactl-metrics-http away
./elisactl metrics --listen=127.0.0.1:$port 2>err
[ $? -eq 1 ] && [[ $(cat err) == "elisactl: cannot open the program elisactl-metrics-http, which belongs to elisactl: "* ]]
result "there is no HTTP server" $? "$(cat err)"
mkdir -p usr/sbin usr/libexec
cp elisactl usr/sbin && mv away usr/libexec/elisactl-metrics-http

# --- a UNIX socket, and programs as they are installed

usr/sbin/elisactl metrics --listen="$dir/s" 2>err &
pid=$!
wait_for is_settled
result "it finds the HTTP server where it is installed" $? "$(cat err)"
[ "$(stat -c %a s)" = 600 ]
result "root alone may connect to its socket" $?
if command -v curl >/dev/null; then
	curl -s --unix-socket "$dir/s" http://x/metrics | grep -qx 'elisa_up 0'
	result "curl gets the metrics" $?
else
	echo "skip - curl: it is not installed"
fi
kill -INT $pid
wait $pid
[ $? -eq 0 ] && [ ! -e s ]
result "the socket goes with it" $? "$(ls)"

# --- systemd's way

if command -v systemd-socket-activate >/dev/null; then
	port=$((20000 + RANDOM % 12000))
	systemd-socket-activate -l 127.0.0.1:$port \
		"$dir/usr/sbin/elisactl" metrics --listen 2>err &
	pid=$!
	wait_for eval "grep -q Listening err"
	[[ $(get /metrics) == *"elisa_up 0" ]]
	result "a socket of systemd" $? "$(cat err)"
	kill -TERM $pid
	wait $pid
	result "it ends, too" $? "$(cat err)"
else
	echo "skip - a socket of systemd: there is no systemd-socket-activate"
fi
exit $((fails != 0))
