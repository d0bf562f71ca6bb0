#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What the hook for libvirt makes of a domain; elisactl is a stand-in.

set -u

top=$(cd "$(dirname "$0")/../../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fails=0
mkdir "$dir/bin" "$dir/rights" "$dir/pids"
cat >"$dir/bin/elisactl" <<'END'
#!/bin/sh
printf '[%s]' "$@" >"$OUT"
echo 7
exit "${STATUS:-0}"
END
chmod +x "$dir/bin/elisactl"
export OUT="$dir/out" PATH="$dir/bin:$PATH"
export ELISA_LIBVIRT_RIGHTS="$dir/rights" ELISA_LIBVIRT_PIDS="$dir/pids"

# hook NAME STATUS CALLED ARGUMENT...: the status, and elisactl's arguments
hook()
{
	name=$1 status=$2 called=$3
	shift 3
	rm -f "$OUT"
	# More than a pipe holds, as a definition can be.
	head -c 200000 /dev/zero | "$top/docs/libvirt/qemu" "$@" \
		>"$dir/printed" 2>"$dir/err"
	got=$?
	if [ $got -eq "$status" ] && [ ! -s "$dir/printed" ] &&
	   [ "$(cat "$OUT" 2>/dev/null)" = "$called" ]; then
		echo "ok - libvirt hook: $name"
	else
		echo "not ok - libvirt hook: $name: status $got," \
			"elisactl $(cat "$OUT" 2>&1)"
		fails=$((fails + 1))
	fi
}

# shellcheck disable=SC2016 # as it is
printf -- '--attach\nkv.*:rw\n\n# why\n--limit\n$(touch x) y' \
	>"$dir/rights/web"
echo 4711 >"$dir/pids/web.pid"
echo 1 >"$dir/pids/other.pid"
echo --attach >"$dir/rights/dead"
echo --attach >"$dir/hidden"
mkdir "$dir/rights/a" "$dir/pids/a"
echo --attach >"$dir/rights/a/b"
echo 1 >"$dir/pids/a/b.pid"
echo 1 >"$dir/hidden.pid"

# shellcheck disable=SC2016 # as it is
hook "a domain with rights" 0 \
	'[vm][enrol][--pid][4711][--name][web][--attach][kv.*:rw][--limit][$(touch x) y]' \
	web started begin -
hook "another operation" 0 '' web prepare begin -
hook "its end" 0 '' web stopped end -
hook "a domain without rights" 0 '' other started begin -
hook "a domain without a process" 1 '' dead started begin -
hook "a name that is a path" 0 '' ../hidden started begin -
hook "a name that is a path downwards" 0 '' a/b started begin -
STATUS=1
export STATUS
# shellcheck disable=SC2016 # as it is
hook "elisactl fails" 1 \
	'[vm][enrol][--pid][4711][--name][web][--attach][kv.*:rw][--limit][$(touch x) y]' \
	web started begin -
exit $((fails != 0))
