# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the scenarios, which run as root on the emulated host (busybox sh).
#
# A check prints "ok - NAME" or "not ok - NAME: ..."; test/vm/run counts them.

fails=0

ok()
{
	echo "ok - $1"
}

not_ok()
{
	echo "not ok - $1: $2"
	fails=$((fails + 1))
}

# skip WHAT: WHY
skip()
{
	echo "skip - $1"
}

# check NAME GOT EXPECTED
check()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', expected '$3'"
	fi
}

# check_match NAME GOT PATTERN (of case)
check_match()
{
	# shellcheck disable=SC2254 # a pattern is meant
	case $2 in
	$3)
		ok "$1"
		;;
	*)
		not_ok "$1" "got '$2', expected '$3'"
		;;
	esac
}

# check_ge NAME GOT LEAST
check_ge()
{
	if [ "$2" -ge "$3" ] 2>/dev/null; then
		ok "$1 ($2)"
	else
		not_ok "$1" "got '$2', expected at least $3"
	fi
}

# Boot a guest in the background: boot NAME [TESTVMM-OPTION]...
# Its process is $pid_NAME.
boot()
{
	boot_name=$1
	shift
	testvmm --name "$boot_name" --kernel "${X:-/x}/vmlinux" \
		--initrd "${X:-/x}/guest.img" --mem 160 \
		--control "/run/$boot_name" \
		--append "elisa.hugepages=${hugepages:-4}" "$@" &
	eval "pid_$boot_name=$!"
}

ready()
{
	for g in "$@"; do
		guestctl "/run/$g" -t 150 wait-ready ||
			not_ok "boot of $g" "not ready"
	done
}

# in_guest NAME COMMAND: its output, both streams, and status
in_guest()
{
	guestctl "/run/$1" -t "${limit:-120}" run "cd /x; $2 2>&1"
}

# Start a manager in guest $1, exporting image $2 as $3 with $4 MiB, and wait
# until it says that it is ready.
start_manager()
{
	in_guest "$1" "./kv_manager -n $3 -s $4 $2" >"/tmp/manager.$3" &
	wait_until "export $3 is there" \
		"elisactl export list | grep -qw '$3'" 300
}

# wait_until NAME COMMAND [TENTHS]: poll for an outside event
wait_until()
{
	left=${3:-100}
	until eval "$2"; do
		left=$((left - 1))
		if [ $left -le 0 ]; then
			not_ok "$1" "it never came"
			return 1
		fi
		usleep 100000
	done
}

# info KEY: a line of `elisactl info`
info()
{
	elisactl info | sed -n "s/^$1: *//p"
}

# stat VM NAME: a figure of `elisactl stats`
stat()
{
	elisactl stats "$1" | sed -n "s/^$2: *//p"
}

# calls_of VM: how those of its attachments are made
calls_of()
{
	elisactl attachment list vm "$1" | awk 'NR > 1 { print $9 }' | xargs
}

# Everything of ELISA's that a dead VM left behind is gone.
check_nothing_left()
{
	wait_until "$1: VMs are forgotten" \
		"[ \$(info vms) = 0 ]"
	wait_until "$1: nothing uses the module" \
		"[ \$(cat /sys/module/elisa/refcnt) = 0 ]"
}

finish()
{
	echo "scenario ended, $fails failed"
	exit $((fails != 0))
}
