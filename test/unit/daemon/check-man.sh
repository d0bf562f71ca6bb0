#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Do the manual pages have what the program has?  Each command, verb and option of
# its help, each key that it prints, each metric.
#
#	check-man.sh ELISACTL FOLDER-OF-PAGES FOLDER-OF-SOURCES
set -u

elisactl=$1
man=$2
src=$3
failed=0
n=0

# has PAGE PATTERN WHAT
has()
{
	n=$((n + 1))
	grep -q -e "$2" "$1" 2>/dev/null && return
	echo "check-man: $1 has no $3" >&2
	failed=1
}

# key PAGE KEY: of JSON, among the Va
key()
{
	has "$1" "^\(\.It \)*\.*Va \(.* \)*$2\( \|\$\)\|; Va \(.* \)*$2\( \|\$\)" "key $2"
}

for noun in $("$elisactl" help | sed -n 's/^  \([a-z]*\)\( .*\)*$/\1/p' | sort -u); do
	page=$man/elisactl-$noun.8
	case $noun in
	info|version|help)
		page=$man/elisactl.8
		;;
	*)
		has "$man/elisactl.8" "^\.Xr elisactl-$noun 8" "reference to $noun"
		;;
	esac
	has "$page" . "page"
	usage=$("$elisactl" help "$noun" | grep -e "^  $noun" -e '^          \[')
	for option in $(echo "$usage" | grep -o -e '--[a-z]*' | sort -u); do
		has "$page" "Fl \(. , Fl \)*-${option#--}\( \|\$\)" "option $option"
	done
	for verb in $(echo "$usage" | sed -n "s/^  $noun \([a-z][a-z]*\).*/\1/p"); do
		has "$page" "Cm.* $verb\( \|\$\)" "verb $verb"
	done
	# What is printed under a key: the second argument.
	for key in $(sed -n 's/.*\(print\|put\|or\)_[a-z]*([^"]*, "\([a-z_]*\)".*/\2/p' \
		"$src/cmd_$noun.c" 2>/dev/null | sort -u); do
		key "$page" "$key"
	done
done

# Those of tables
for key in $(sed -n 's/^	{ ELISA_STAT[^"]*"\([a-z_]*\)", "elisa.*/\1/p' "$src/figures.c"); do
	key "$man/elisactl-stats.8" "$key"
done
for key in $(sed -n 's/^	{ ELISA_STAT.*, "\([a-z_]*\)", [a-z]* },$/\1/p' "$src/top.c"); do
	key "$man/elisactl-top.8" "$key"
done
for key in $(sed -n '/keys\[\] = {/,/};/p' "$src/cmd_policy.c" | grep -o '"[a-z_]*"' | tr -d '"'); do
	key "$man/elisactl-policy.8" "$key"
done
for metric in $(grep -h -o '"elisa_[a-z_]*"' "$src/figures.c" "$src/metrics.c" | tr -d '"'); do
	key "$man/elisactl-metrics.8" "$metric"
done
for event in $(sed -n '/^const char \*enl_event_name/,/^}/s/.*return "\([a-z-]*\)".*/\1/p' \
	"$src/nl_event.c" | grep -v unknown); do
	has "$man/elisactl-monitor.8" "Cm .*$event\( \|\$\)\|^\.Cm $event" "event $event"
done

# As many as there are, or the patterns above find nothing any more.
if [ $n -lt 150 ]; then
	echo "check-man: found only $n things to look for" >&2
	failed=1
fi
[ $failed = 0 ] && echo "ok - check-man: $n commands, options, keys and metrics have their line"
exit $failed
