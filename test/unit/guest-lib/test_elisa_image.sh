#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#
# test_elisa_image.sh PROGRAM: elisa-image, with the images in $IMAGES.

set -u

tool=$1
fails=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

# expect STATUS TEXT ARGUMENT...: its status and standard output
expect()
{
	status=$1
	text=$2
	shift 2
	"$tool" "$@" >"$out" 2>&1
	got=$?
	if [ $got -eq "$status" ] && [ "$(cat "$out")" = "$text" ]; then
		echo "ok - elisa-image $(echo "$*" | sed "s|$IMAGES/||")"
	else
		echo "not ok - elisa-image $*: status $got"
		sed 's/^/# /' "$out"
		fails=$((fails + 1))
	fi
}

# has WORD...: what was printed last has a line with each
has()
{
	for word; do
		grep -q -e "$word" "$out" && continue
		echo "not ok - elisa-image prints $word"
		fails=$((fails + 1))
	done
}

expect 0 "accepted" check "$IMAGES/good.sub"
expect 0 "accepted" check "$IMAGES/plain.sub"
expect 0 '{"accepted": true, "forbidden": []}' -j check "$IMAGES/good.sub"
expect 1 "refused: undefined symbol 'not_here'" check "$IMAGES/undefined.sub"
expect 1 '{"accepted": false, "reason": "undefined symbol '"'not_here'"'", "forbidden": []}' \
	--json check "$IMAGES/undefined.sub"
expect 1 "refused: no entry table (not linked with sub.lds?)" \
	check "$IMAGES/foreign.sub"
expect 1 "refused: no entry table (not linked with sub.lds?)" \
	show "$IMAGES/foreign.sub"
expect 1 "refused: not an ELF file" check "$0"
expect 1 "refused: file is shorter than an ELF header" check /dev/null
expect 1 "elisa-image: /nowhere: No such file or directory" check /nowhere
expect 1 "elisa-image: /dev/zero: File too large" check /dev/zero

# All of them, and one across two pages.
expect 1 "refused: forbidden instruction VMFUNC at image offset 0x1, in first+0x1
refused: forbidden instruction WRPKRU at image offset 0x11, in second+0x1
refused: forbidden instruction an AMX instruction at image offset 0x15, in second+0x5
refused: forbidden instruction VMFUNC at image offset 0xfff" \
	check "$IMAGES/several.sub"
"$tool" -j check "$IMAGES/several.sub" >"$out"
has '"instruction": "WRPKRU", "offset": 17, "symbol": "second", "symbol_offset": 1}' \
	'"instruction": "VMFUNC", "offset": 4095}' \
	'"reason": "forbidden instructions"'

"$tool" show "$IMAGES/good.sub" >"$out"
has '^pages    4 of 511$' '^batches  no$' '^entries  3 of 256$' \
	'^code       0x0 ' '^constants  0x1000 ' '^data       0x2000 ' \
	'^0      0x[0-9a-f]*  *a_name_of_thirty_one_characters$' \
	'^1      0x[0-9a-f]*  *first$' '^accepted$'
"$tool" -j show "$IMAGES/forbidden.sub" >"$out"
[ $? -eq 1 ] || has "the status 1"
has '"kind": "code", "offset": 0, ' '"index": 0, "name": "entry", ' \
	'"accepted": false' '"batches": false'

"$tool" -h >"$out" && has "^Usage: "
for wrong in "" "check" "look x" "check x y" "-z check x"; do
	# shellcheck disable=SC2086 # words
	"$tool" $wrong >"$out" 2>&1
	if [ $? -eq 2 ]; then
		echo "ok - elisa-image $wrong: usage"
	else
		echo "not ok - elisa-image $wrong: usage"
		fails=$((fails + 1))
	fi
done
if [ -w /dev/full ]; then
	"$tool" show "$IMAGES/good.sub" >/dev/full 2>"$out"
	if [ $? -eq 1 ]; then
		echo "ok - elisa-image: no space for the output"
	else
		echo "not ok - elisa-image: no space for the output"
		fails=$((fails + 1))
	fi
fi
[ $fails -eq 0 ]
