#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Wrong command lines: the exact sentence and exit status, and nothing on
# standard output.  Argument: the program.
set -u

program=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
failed=0
n=0

# Lines of three: arguments, status, message.  "FILE" is one that is not there.
while read -r arguments && read -r status && read -r message; do
	read -r _
	n=$((n + 1))
	# shellcheck disable=SC2086 # words
	"$program" $arguments >out 2>err
	got=$?
	if [ "$got" != "$status" ] || [ "$(head -n 1 err)" != "$message" ] ||
	   [ -s out ]; then
		echo "not ok - elisactl $arguments: status $got, '$(cat err)', want $status, '$message'"
		failed=1
	fi
done <<END
vm set a --limit x
2
elisactl: a limit is KEY=VALUE with one of the keys attachments, instances, exports, pinned, suspended-ms, section-us, events-per-second, not 'x'

vm set a --limit pinned-pages=4
2
elisactl: a limit is KEY=VALUE with one of the keys attachments, instances, exports, pinned, suspended-ms, section-us, events-per-second, not 'pinned-pages' (it is 'pinned', in bytes, like 64M)

vm set a --limit pinned=
2
elisactl: limit 'pinned': bad size '' (bytes, or with K, M or G, like 64M)

vm set a --limit pinned=5K
2
elisactl: limit 'pinned': size 5K is not a multiple of 4096

vm set a --limit instances=5000
2
elisactl: limit 'instances': 5000 is more than the most that is possible, 4096

vm set a --attach x:rx
2
elisactl: rights are :ro or :rw, and k (kernel) or f (full trust) behind that, not ':rx'

vm set a --attach x/
2
elisactl: name pattern 'x/' has a character other than A-Z a-z 0-9 . _ - * ?

vm set a --export x --export x
2
elisactl: name pattern 'x': given twice

vm set a --pcid no
2
elisactl: --pcid is intercept, deny or trust, not 'no'

vm set a --bogus
2
elisactl vm set: unrecognized option '--bogus'

vm set a b
2
elisactl: usage: elisactl vm set ID|NAME [--export PATTERN]... [--attach PATTERN[:{ro|rw}[k][f]]]... [--limit KEY=VALUE]... [--pcid intercept|deny|trust]

vm enrol --pid 0
2
elisactl: bad process ID '0'

vm enrol --pid 1 --uuid 1
2
elisactl: bad UUID '1'

vm enrol --pid 1 --fd x
2
elisactl: bad descriptor number 'x'

vm frob
2
elisactl: unknown command 'vm frob'; try 'elisactl vm help'

policy show
2
elisactl: usage: elisactl policy show ID|NAME

policy reload now
2
elisactl: usage: elisactl policy reload [--socket PATH]

policy reload --socket
2
elisactl policy reload: option '--socket' requires an argument

policy reload --socket FILE
1
elisactl: the daemon does not run (nobody listens at FILE): systemctl start elisactl

policy check FILE
1
FILE: cannot open: No such file or directory

policy diff FILE
1
FILE: cannot open: No such file or directory

policy check .
1
.: not a regular file

daemon now
2
elisactl: usage: elisactl daemon [--config FILE] [--socket PATH] [--verbose]

daemon --config FILE
1
elisactl: FILE: cannot open: No such file or directory

export add a b --data x
2
elisactl: --data is a number of MiB, 0 to 256, not 'x'

export add a b --trust some
2
elisactl: --trust is full or sealed, not 'some'

revoke
2
elisactl: usage: elisactl revoke ID|NAME
END
[ $failed = 0 ] && echo "ok - check-cmdline: $n wrong command lines"
exit $failed
