# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the attacks' scenarios, which run as root on the emulated host.
# shellcheck shell=sh

. "${X:-/x}/lib.sh"

# Start attacker, enrol its VM, and let it run:
#
#	start_attack VM "NAME [KEY=N]..." [ATTACKER-OPTION]... [-- ENROL-OPTION]...
#
# Its process is $pid_VM, its output /tmp/VM.out.  May export and attach
# whatever it likes, at CPL 0 too, unless there is an option --export or
# --attach.  "-- no" does not enrol it.  $attacker runs in place of attacker.
start_attack()
{
	vm=$1
	guest_args=$2
	shift 2
	vmm_options=
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		vmm_options="$vmm_options $1"
		shift
	done
	[ $# -eq 0 ] || shift
	case " $* " in
	*" --export "*)
		;;
	*)
		set -- --export '*' "$@"
		;;
	esac
	case " $* " in
	*" --attach "*)
		;;
	*)
		set -- --attach '*:rwkf' "$@"
		;;
	esac

	rm -f "/tmp/$vm.in"
	mkfifo "/tmp/$vm.in"
	# shellcheck disable=SC2086 # lists of words
	${attacker:-attacker} --wait $vmm_options "${X:-/x}/attack.elf" $guest_args \
		<"/tmp/$vm.in" >"/tmp/$vm.out" 2>&1 &
	eval "pid_$vm=$!"
	attacker_pid=$!
	# For reading, too: so it does not wait, and no child that ends interrupts it.
	exec 3<>"/tmp/$vm.in"
	wait_until "$vm: attacker is ready" "grep -q ready /tmp/$vm.out"
	for word; do
		if [ "$word" = no ]; then
			echo go >&3
			exec 3>&-
			return
		fi
	done
	elisactl vm enrol --pid $attacker_pid --name "$vm" "$@" >/dev/null
	check "$vm: enrol" $? 0
	echo go >&3
	exec 3>&-
}

# Wait until it ends, print its checks, and see that it ended well.
end_attack()
{
	eval "wait \$pid_$1"
	attack_status=$?
	grep -v '^ready$' "/tmp/$1.out"
	fails=$((fails + $(grep -c '^not ok' "/tmp/$1.out")))
	# A check that failed is counted already.
	if [ $attack_status -ne 0 ] && ! grep -q '^not ok' "/tmp/$1.out"; then
		not_ok "$1: the attack ran to its end" "status $attack_status"
	fi
	grep -q '^ok\|^not ok' "/tmp/$1.out" ||
		not_ok "$1: checks" "there were none"
}

# attack "NAME [KEY=N]..." [ATTACKER-OPTION]... [-- ENROL-OPTION]...
#
# One VM from start to end, and nothing of it is left behind.
attack()
{
	start_attack attacker "$@"
	end_attack attacker
	check_nothing_left "${1%% *}"
}

# shared VM: a page of memory for meet(), as options of attacker
shared()
{
	dd if=/dev/zero of="/tmp/$1.shared" bs=4096 count=1 2>/dev/null
	echo "--shared /tmp/$1.shared"
}

# at VM N: wait until the guest waits in meet(N); pass VM N: let it go on.  For as
# long as a module takes that looks at all windows at each change.
at()
{
	wait_until "$1 is at $2" "grep -q '^# at $2' /tmp/$1.out" 6000
}

pass()
{
	at "$1" "$2"
	# shellcheck disable=SC2059 # an octal escape
	printf "\\0$2" | dd of="/tmp/$1.shared" bs=1 conv=notrunc 2>/dev/null
}

# Has process $1 joined a group of generic netlink?  The low 22 bits of a port
# are the process's ID (libnl).
joined()
{
	while read -r _ protocol port groups _; do
		[ "$protocol" = 16 ] && [ "$((port & 0x3fffff))" = "$1" ] &&
			[ "$groups" != 00000000 ] && return 0
	done </proc/net/netlink 2>/dev/null
	return 1
}

# Events are sent only when somebody listens.  They are in /tmp/events; $monitor
# is the process.
start_monitor()
{
	elisactl monitor >/tmp/events 2>&1 &
	monitor=$!
	wait_until "somebody listens" "joined $monitor"
}

# What the host has left, in kB: MemAvailable without caches of files, and Slab.
free_memory()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo
}

slab()
{
	sed -n 's/^Slab: *\([0-9]*\).*/\1/p' /proc/meminfo
}

# check_le NAME GOT MOST
check_le()
{
	if [ "$2" -le "$3" ] 2>/dev/null; then
		ok "$1 ($2)"
	else
		not_ok "$1" "got '$2', expected at most $3"
	fi
}

# check_figures_zero VM: nothing of an enrolled VM is in use
check_figures_zero()
{
	for figure in attachments exports instances pinned_pages; do
		check "$1: $figure" "$(stat "$1" $figure)" 0
	done
}
