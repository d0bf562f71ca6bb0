#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#
# test_tutorial.sh TOP DIR: docs/TUTORIAL.md, as far as it goes without VMs.  Its
# files are extracted, its shell blocks executed; of what happens in VMs the steps of
# guests are replayed with the library that plays the host (play/host.c), those of
# the host are left out.  test/transcript/run replays all of them.

set -u

here=$(cd "$(dirname "$0")" && pwd)
top=$1
dir=$2
document=$top/docs/TUTORIAL.md
fails=0

check()
{
	if [ "$2" -eq 0 ]; then
		echo "ok - tutorial: $1"
	else
		echo "not ok - tutorial: $1"
		tail -n 20 "$dir/log" | sed 's/^/# /'
		fails=$((fails + 1))
	fi
}

rm -rf "$dir"
mkdir -p "$dir/tmp" || exit 1
unset MAKEFLAGS MAKELEVEL O CFLAGS LDFLAGS CPPFLAGS
make -s -C "$top/guest-lib" O="$dir/build" PREFIX="$dir/usr" install \
	>"$dir/log" 2>&1 &&
"$here/play/build" "$top" "$dir/build/lib" "$dir/play" >>"$dir/log" 2>&1
check "what is needed for it is built" $?

# --- on the developer's machine

PKG_CONFIG_PATH=$dir/usr/lib/pkgconfig
LD_LIBRARY_PATH=$dir/usr/lib
PATH=$dir/usr/bin:$PATH
export PKG_CONFIG_PATH LD_LIBRARY_PATH PATH
"$top/test/transcript/extract" "$document" "$dir/work" >"$dir/log" 2>&1
ls "$dir/work/"{tally.h,tally_{sub,manager,client,test}.c,Makefile} >"$dir/log" 2>&1
check "its files" $?
sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$document" >"$dir/commands"
n=0
while IFS= read -r line; do
	n=$((n + 1))
	(cd "$dir/work" && sh -ec "$line") >"$dir/log" 2>&1
	check "$line" $?
	# What it prints without a word of ours is a warning.
	if [ "$line" = make ]; then
		! grep -q 'warning' "$dir/log"
		check "no warnings" $?
	fi
done <"$dir/commands"
[ $n -eq 3 ]
check "as many commands as there are" $?

# --- in VMs, as far as guests are concerned

"$here/play/image" "$top" "$dir/play" "$dir/tally.so" "$dir/work/tally_sub.c" \
	>"$dir/log" 2>&1
check "the image for it" $?
# Steps of the host go, but for those that change what guests see.
awk '
/^    host# elisactl (revoke|policy reload)/ { drop = 0; print; next }
/^    host# / { drop = 1; next }
/^    [a-z]*[$#] / || !/^    / { drop = 0 }
!drop' "$document" >"$dir/transcript"
sed "s|/tmp/|$dir/tmp/|g" "$top/test/transcript/replay.sh" >"$dir/replay.sh"
cat >"$dir/scenario" <<END
. "$top/test/vm/lib.sh"
. "$dir/replay.sh"
directive_boot()
{
	:
}
directive_wait()
{
	case \$1 in
	*"export list"*)
		until [ -e "$dir/exported" ]; do
			sleep 0.1
		done
		;;
	esac
}
elisactl()
{
	case \$1 in
	revoke)
		rm "$dir/exported"
		;;
	*)
		touch "$dir/read-only"
		;;
	esac
}
in_guest()
{
	if [ "\$1" = manager ]; then
		touch "$dir/exported"
		exec env -C "$dir/work" PATH="$dir/work:\$PATH" \
			PLAY_IMAGE="$dir/tally.so" \
			LD_LIBRARY_PATH="$dir/play" \
			sh -c "exec \$2" >"$dir/manager" 2>&1
	fi
	PLAY_EXPORT=none
	[ -e "$dir/exported" ] && PLAY_EXPORT=tally.demo
	[ -e "$dir/read-only" ] && export PLAY_READ_ONLY=1
	(cd "$dir/work" && PATH=$dir/work:\$PATH PLAY_EXPORT=\$PLAY_EXPORT \
		PLAY_IMAGE=$dir/tally.so PLAY_DATA=$dir/data \
		LD_LIBRARY_PATH=$dir/play sh -c "\$2" 2>&1)
}
replay "$dir/transcript"
finish
END
sh "$dir/scenario" >"$dir/log" 2>&1
status=$?
# Its lines say "line N: COMMAND".
sed -n 's/^\(ok\|not ok\) - /\1 - tutorial: /p' "$dir/log"
check "guests" $status
[ "$(grep -c '^ok' "$dir/log")" -ge 12 ]
check "each step of a guest" $?
grep -qx READY "$dir/manager"
check "the manager" $?

[ $fails -eq 0 ] && rm -rf "$dir"
exit $((fails != 0))
