#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What bash offers for an unfinished elisactl command line.  Objects come from
# an elisactl that stands in for the real one, which tells its own usage.
#
#	test-completion ELISACTL

# shellcheck disable=SC1090,SC2086,SC2116

set -u

top=$(cd "$(dirname "$0")/../../.." && pwd)
REAL=$(realpath "$1")
export REAL
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fails=0

cat >"$dir/elisactl" <<'END'
#!/bin/sh
case "$*" in
"-p vm list")
	cat <<'LIST'
[
  {
    "id": 1,
    "name": "web",
    "pid": 7
  },
  {
    "id": 12,
    "name": "$(touch PWNED)`touch PWNED`",
    "pid": 7
  },
  {
    "id": 13,
    "name": "a \"name\": x",
    "pid": 7
  },
  {
    "id": 2,
    "name": "web-2.x",
    "pid": 8
  }
]
LIST
	;;
"-p export list")
	printf '[\n  {\n    "id": 5,\n    "name": "kv.store",\n    "vm": 1\n  }\n]\n'
	;;
"-p attachment list")
	printf '[\n  {\n    "id": 9,\n    "vm": 1,\n    "export_name": "kv.store"\n  }\n]\n'
	;;
help*)
	exec "$REAL" "$@"
	;;
*)
	exit 1
	;;
esac
END
chmod +x "$dir/elisactl"
cd "$dir" || exit
PATH=$dir:$PATH
touch policy.conf

# offers WANTED... -- WORD...: what is offered for the last word
offers()
{
	local wanted='' got

	while [[ $1 != -- ]]; do
		wanted+="$1 "
		shift
	done
	shift
	got=$(
		[[ $setup == none ]] || . "$setup"
		. "$top/daemon/elisactl.bash-completion"
		# Not inside a completion: there is nothing to set.
		compopt() { :; }
		COMP_WORDS=(elisactl "$@")
		COMP_CWORD=$#
		COMP_LINE="elisactl $*"
		COMP_POINT=${#COMP_LINE}
		COMP_TYPE=9
		_elisactl elisactl "${*: -1}" "${COMP_WORDS[COMP_CWORD - 1]}" \
			2>"$dir/err"
		printf '%s\n' "${COMPREPLY[@]}" | sort
	)
	got=$(echo $got)
	wanted=$(printf '%s\n' $wanted | sort)
	wanted=$(echo $wanted)
	if [[ $got == "$wanted" && ! -s $dir/err && ! -e $dir/PWNED ]]; then
		echo "ok - $how: elisactl $*"
	else
		echo "not ok - $how: elisactl $*: got '$got', expected '$wanted'" \
			"$(cat "$dir/err")"
		fails=$((fails + 1))
	fi
	rm -f "$dir/PWNED"
}

nouns=$("$REAL" help | sed -n 's/^  \([a-z]*\).*/\1/p' | sort -u)
verbs=$("$REAL" help policy | sed -n 's/^  policy \([a-z]*\).*/\1/p')

all()
{
	offers $nouns -- ""
	offers $nouns -- --json ""
	offers export -- exp
	offers --json -- --j
	offers list show del enrol set -- vm ""
	offers enrol -- vm en
	offers list show del -- attachment ""
	offers $verbs -- policy ""
	offers $nouns -- help ""
	offers 1 12 13 2 web web-2.x -- vm show ""
	offers web web-2.x -- vm del w
	offers 1 12 13 -- -j stats 1
	offers web web-2.x -- vm set w
	offers web web-2.x -- policy show w
	offers -- vm show web ""
	offers -- vm nonsense ""
	offers -- 'vm;touch PWNED' ""
	offers -- 'vm/e touch PWNED;' ""
	# shellcheck disable=SC2016 # as it is
	offers -- vm show '$(touch PWNED)'
	offers 5 kv.store -- revoke ""
	offers kv.store -- export show k
	offers 9 -- attachment show ""
	offers 9 -- attachment del ""
	offers 9 -- attachment del --forget ""
	offers vm export -- attachment list ""
	offers 1 12 13 2 web web-2.x -- attachment list vm ""
	offers 5 kv.store -- attachment list vm web export ""
	offers --help --pid --fd --name --uuid --export --attach --limit --pcid \
		-- vm enrol -
	offers intercept deny trust -- vm enrol --pcid ""
	offers -- vm enrol --name ""
	offers full sealed -- export add x y --trust ""
	offers -- export add x y --memfd ""
	offers --help --data --memfd --trust -- export add x y -
	offers elisactl err policy.conf -- export add x ""
	offers policy.conf -- policy check po
	offers policy.conf -- metrics --output po
	offers --help --output --listen -- metrics -
	offers policy.conf -- policy reload --socket po
	offers policy.conf -- daemon --socket po
	offers --help --delay --count --batch -- top -
	offers --help --config --socket --verbose -- daemon -
}

how="without bash-completion"
setup=none
all
how="with bash-completion"
setup=/usr/share/bash-completion/bash_completion
if [[ -e $setup ]]; then
	all
else
	echo "skip - $how: it is not installed"
fi
exit $((fails != 0))
