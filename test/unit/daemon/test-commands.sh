#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What elisactl says to wrong arguments, and without the module: one line, what
# is wrong, the right status, nothing on standard output.
#
#	test-commands.sh ELISACTL

set -u

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin"
cp "$1" "$dir/bin/elisactl"
PATH=$dir/bin:$PATH
cd "$dir" || exit 1
fails=0

result()
{
	if [ "$2" -eq 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: $3"
		fails=$((fails + 1))
	fi
}

# fails STATUS TEXT ARGUMENT...: TEXT is a pattern of case
fails()
{
	status=$1
	text=$2
	shift 2
	elisactl "$@" >out 2>err </dev/null
	got=$?
	wrong=
	[ $got -eq "$status" ] || wrong="status $got; "
	[ ! -s out ] || wrong="${wrong}printed '$(cat out)'; "
	[ "$(wc -l <err)" -eq 1 ] || wrong="${wrong}not one line; "
	# shellcheck disable=SC2254 # a pattern is meant
	case $(cat err) in
	$text)
		;;
	*)
		wrong="${wrong}said '$(cat err)'"
		;;
	esac
	[ -z "$wrong" ]
	result "elisactl $*" $? "$wrong"
}

# --- wrong arguments; the module makes no difference

while IFS='|' read -r arguments text; do
	# shellcheck disable=SC2086 # words
	fails 2 "elisactl: $text" $arguments
done <<'END'
vm list -j|-j goes before the command: elisactl -j vm ...
stat --pretty|--pretty goes before the command: elisactl --pretty stats ...
frob|unknown command 'frob'; try 'elisactl help'
vm frob|unknown command 'vm frob'; try 'elisactl vm help'
vm enrolment|unknown command 'vm enrolment'; try 'elisactl vm help'
m|'m' may be 'monitor' or 'metrics': write more of it
info x|usage: elisactl info
vm list x|usage: elisactl vm list
vm show|usage: elisactl vm show ID|NAME
vm del|usage: elisactl vm del ID|NAME
vm del a b|usage: elisactl vm del ID|NAME
vm enrol|usage: elisactl vm enrol --pid PID *
vm enrol --pid 0|bad process ID '0'
vm enrol --pid x|bad process ID 'x'
vm enrol --pid 1 --pcid maybe|--pcid is intercept, deny or trust, not 'maybe'
vm enrol --pid 1 --limit instances|a limit is *, not 'instances'
vm enrol --pid 1 --limit instances=4097|limit 'instances': 4097 is more than the most that is possible, 4096
vm enrol --pid 1 --attach a:wx|rights are *, not ':wx'
vm enrol --pid 1 --uuid 7|bad UUID '7'
export list x|usage: elisactl export list
export show|usage: elisactl export show ID|NAME
export add x|usage: elisactl export add NAME IMAGE *
export add x y --data -1|--data is a number of MiB, 0 to 256, not '-1'
export add x y --trust me|--trust is full or sealed, not 'me'
export add x y --memfd 12|--memfd is a process and its descriptor, PID:FD, not '12'
export add x y --memfd 0:3|--memfd is a process and its descriptor, PID:FD, not '0:3'
export add x y --memfd 7:-1|--memfd is a process and its descriptor, PID:FD, not '7:-1'
export del|usage: elisactl export del ID|NAME
attachment del|usage: elisactl attachment del *
attachment del x|'x' is not the ID of an attachment
attachment show|usage: elisactl attachment show ID
attachment show x|an attachment is named by its ID, a number, not 'x'
attachment list vm|usage: elisactl attachment list *
attachment list vm 1 vm 2|usage: elisactl attachment list *
attachment list foo bar|usage: elisactl attachment list *
revoke|usage: elisactl revoke ID|NAME
stats a b|usage: elisactl stats *
monitor x|usage: elisactl monitor
top x|usage: elisactl top *
top -n 0|--count is a number from 1, not '0'
top -n 4294967296|--count is a number from 1, not '4294967296'
top -d 0|--delay is a number of seconds, 0.001 to 3600, not '0'
top -d 3601|--delay is a number of seconds, 0.001 to 3600, not '3601'
top -d 1x|--delay is a number of seconds, 0.001 to 3600, not '1x'
top -d 1.0001|--delay is a number of seconds, 0.001 to 3600, not '1.0001'
metrics x|usage: elisactl metrics *
metrics --listen x|usage: elisactl metrics *
metrics --listen --output x|usage: elisactl metrics *
metrics --listen=|a port is a number, 1 to 65535, not ''
metrics --listen=0|a port is a number, 1 to 65535, not '0'
metrics --listen=65536|a port is a number, 1 to 65535, not '65536'
metrics --listen=host:9838|'host' is not a numeric address
metrics --listen=0.0.0.0:9838|0.0.0.0 is not an address of the loopback; *
metrics --listen=[::]:9838|:: is not an address of the loopback; *
metrics --listen=::1:9838|an IPv6 address goes into brackets: [[]::1[]]:PORT
debug a b|usage: elisactl debug *
bench x|usage: elisactl bench *
bench --count 0|--count is a number from 1 to 13107200, not '0'
bench --count 13107201|--count is a number from 1 to 13107200, not '13107201'
bench --count 1e3|--count is a number from 1 to 13107200, not '1e3'
version x|usage: elisactl version
daemon x|usage: elisactl daemon *
help frob|unknown command 'frob'; try 'elisactl help'
help vm list|usage: elisactl help *
--color=red info|--color is auto, always or never, not 'red'
END
while IFS='|' read -r arguments text; do
	# shellcheck disable=SC2086 # words
	fails 2 "elisactl $text" $arguments
done <<'END'
top --frob|top: unrecognized option '--frob'
top --delay|top: option '--delay' requires an argument
bench --count|bench: option '--count' requires an argument
vm enrol --pids 3|vm enrol: unrecognized option '--pids'
export add --data|export add: option '--data' requires an argument
END

# --- help, at each level and in each way

for noun in info vm export attachment revoke stats monitor top metrics debug \
	policy bench daemon version help; do
	elisactl help $noun >one 2>err
	status=$?
	elisactl $noun --help >two 2>>err
	status=$status$?
	[ "$status" = 00 ] && [ ! -s err ] && cmp -s one two &&
		grep -q "^  $noun" one && ! grep "^  [a-z]" one |
		grep -qv "^  $noun\( \|$\)"
	result "help $noun" $? "status $status, '$(cat one two err)'"
done
elisactl vm help >one
elisactl v help >two 2>/dev/null
elisactl vm show -h >three
cmp -s one three && [ "$(elisactl help vm)" = "$(cat one)" ]
result "help of a verb is that of its noun" $? "$(cat one three)"
[ "$(elisactl help)" = "$(elisactl -h)" ]
result "help and -h" $? "are different"

# --- without the module

if [ -e /sys/module/elisa ]; then
	echo "skip - commands without the module: it is loaded"
	exit $((fails != 0))
fi
for command in info "vm list" "vm show x" "vm del x" "export list" \
	"export show x" "export del 3" "attachment list" \
	"attachment list vm 3" "attachment show 3" "revoke x" stats "stats x" \
	monitor "top -n 1" "-j top -n 1" "-p vm list" "vm enrol --pid $$"; do
	# shellcheck disable=SC2086 # words
	fails 1 "elisactl: the elisa module is not loaded: modprobe elisa" \
		$command
done
# It says what this machine lacks, if it does.
elisactl bench >out 2>err
status=$?
case $(cat err) in
"elisactl: the elisa module is not loaded: modprobe elisa"|\
"elisactl: this host lacks what ELISA needs: "*)
	[ $status -eq 1 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ]
	;;
*)
	false
	;;
esac
result "bench without the module" $? "status $status, '$(cat out err)'"
elisactl metrics >out 2>err
[ $? -eq 1 ] && [ "$(grep -v '^#' out)" = "elisa_up 0" ] &&
	[ "$(wc -l <err)" -eq 1 ]
result "metrics without the module" $? "$(cat out err)"
fails 1 "elisactl: cannot listen on $dir/no/x: No such file or directory" \
	metrics --listen="$dir/no/x"
elisactl metrics --output elisa.prom 2>err
[ $? -eq 1 ] && [ "$(grep -v '^#' elisa.prom)" = "elisa_up 0" ]
result "metrics --output without the module" $? "$(cat err)"
elisactl debug x.tar.gz >out 2>err && [ ! -s err ] && grep -q '^x.tar.gz: ' out
result "debug without the module" $? "$(cat out err)"
tar xzOf x.tar.gz elisa-debug/vms.json | grep -q "modprobe elisa"
result "debug says that it is missing" $? "$(tar tzf x.tar.gz)"
fails 1 "elisactl: cannot make x.tar.gz: File exists" debug x.tar.gz
fails 1 "elisactl: cannot make no/x: No such file or directory" debug no/x
# Killed at some moment: whole, or not there.
wrong=
for seconds in 0.01 0.03 0.1 0.3; do
	timeout -s KILL $seconds elisactl debug cut.tar.gz >out 2>err
	[ ! -e cut.tar.gz ] || tar tzf cut.tar.gz >/dev/null 2>&1 ||
		wrong="$wrong $seconds"
	rm -f cut.tar.gz
done
[ -z "$wrong" ]
result "debug that is killed leaves nothing" $? "after$wrong seconds"
elisactl version >/dev/full 2>err
[ $? -eq 1 ] && [ "$(cat err)" = "elisactl: cannot write to standard output" ]
result "a full disk" $? "$(cat err)"
exit $((fails != 0))
