#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#
# test_api.sh TOP DIR: library, headers, packages and manual pages have the same
# functions and errors, and what the pages show can be compiled and run.  The
# library is installed below DIR; see play/host.c for how it runs anywhere.

set -u

here=$(cd "$(dirname "$0")" && pwd)
top=$1
dir=$2
man=$dir/usr/share/man/man3
fails=0

check()
{
	if [ "$2" -eq 0 ]; then
		echo "ok - API: $1"
	else
		echo "not ok - API: $1"
		tail -n 20 "$dir/log" | sed 's/^/# /'
		fails=$((fails + 1))
	fi
}

rm -rf "$dir"
mkdir -p "$dir/ex" || exit 1
unset MAKEFLAGS MAKELEVEL O CFLAGS LDFLAGS CPPFLAGS
PKG_CONFIG_PATH=$dir/usr/lib/pkgconfig
export PKG_CONFIG_PATH
make -s -C "$top/guest-lib" O="$dir/build" PREFIX="$dir/usr" install \
	>"$dir/log" 2>&1 &&
"$here/play/build" "$top" "$dir/build/lib" "$dir/play" >"$dir/log" 2>&1 &&
# shellcheck disable=SC2046 # flags
cc $(pkg-config --variable=sub_cflags elisa-guest) \
	$(pkg-config --variable=sub_ldflags elisa-guest) \
	-o "$dir/ex/kv.sub" "$top/guest-lib/examples/kv/kv_sub.c" \
	>"$dir/log" 2>&1 &&
cc $(pkg-config --variable=sub_test_cflags elisa-guest) \
	$(pkg-config --variable=sub_test_ldflags elisa-guest) \
	-o "$dir/ex/kv.test.so" "$top/guest-lib/examples/kv/kv_sub.c" \
	>"$dir/log" 2>&1
check "what is needed for it is built" $?
[ $fails -eq 0 ] || exit 1

# --- functions

functions()
{
	sed -n 's/^[a-z_].*[ *]\(elisa_[a-z0-9_]*\)(.*/\1/p' "$@" | sort -u
}

functions "$dir/usr/include/elisa/guest.h" "$dir/usr/include/elisa/batch.h" \
	"$dir/usr/include/elisa/manager.h" >"$dir/functions"
nm -D --defined-only "$dir/usr/lib/libelisa-guest.so" |
	sed -n 's/.* T \([^@]*\)@.*/\1/p' | sort >"$dir/symbols"
diff "$dir/functions" "$dir/symbols" >"$dir/log"
check "the headers' $(wc -l <"$dir/functions") functions are the library's" $?
nm -D --defined-only "$dir/usr/lib/libelisa-guest.so" |
	sed -n 's/.* [TA] \([^@]*\)@*.*/\1/p' | sort >"$dir/symbols"
sed -n 's/^ \([^@]*\)@.*/\1/p' "$top/debian/libelisa-guest0.symbols" | sort |
	diff "$dir/symbols" - >"$dir/log"
check "and those of the package's list of symbols" $?

# --- pages: each function has one, with its prototype and its errors

functions "$dir/usr/include/elisa/sub_test.h" >>"$dir/functions"

# page NAME: the file that NAME's page is in
page()
{
	target=$(sed -n 's,^\.so man3/,,p' "$man/$1.3" 2>/dev/null)
	echo "$man/${target:-$1.3}"
}

# comment NAME: the comment before the function, in one line
comment()
{
	awk -v name="$1" '
	/^\/\*\*/ { text = ""; take = 1 }
	/^ \*\// { take = 0 }
	take { sub(/^ \* ?/, ""); text = text " " $0 }
	!take && index($0, name "(") && /^[a-z_]/ { print text; exit }' \
		"$dir/usr/include/elisa"/guest.h "$dir/usr/include/elisa"/batch.h \
		"$dir/usr/include/elisa"/manager.h \
		"$dir/usr/include/elisa"/sub_test.h
}

# header_errors NAME: of its comment, and of those that it refers to
header_errors()
{
	comment "$1" | sed 's/.*Return: *//' >"$dir/return"
	grep -o -e '-E[A-Z0-9]*' "$dir/return" | tr -d -
	for other in $(grep -o 'as elisa_[a-z0-9_]*()' "$dir/return" |
		sed 's/as \(.*\)()/\1/'); do
		header_errors "$other"
	done
}

while read -r name; do
	file=$(page "$name")
	sed '/^\.Sh DESCRIPTION/,$d' "$file" >"$dir/head" 2>"$dir/log" &&
	grep -qx -e "\.Nm $name\( ,\)*" "$dir/head" &&
	grep -q -e "^\.F[no] $name\( \|\$\)" "$dir/head"
	check "$name(3)" $?
done <"$dir/functions"

for file in "$man"/elisa_*.3; do
	grep -q '^\.so' "$file" && continue
	base=$(basename "$file")
	sed -n '/^\.Sh ERRORS/,/^\.Sh /s/^\.It Bq Er //p' "$file" | sort -u \
		>"$dir/page-errors"
	for name in $(sed -n 's/^\.Nm \([a-z0-9_]*\).*/\1/p' "$file"); do
		header_errors "$name"
	done | sort -u >"$dir/header-errors"
	diff "$dir/header-errors" "$dir/page-errors" >"$dir/log"
	check "$base has the errors of the header" $?
	grep -q 'hread-safe' "$file" && grep -q 'sync-signal-safe' "$file"
	check "$base says what it is safe for" $?
done

# --- examples

# run STATUS COMMAND...: with the library that plays the host.  Who waits for SIGTERM
# finds that it has come already.
run()
{
	status=$1
	shift
	(cd "$dir/ex" && LD_LIBRARY_PATH=$dir/play PLAY_IMAGE=$image \
		timeout 120 env --block-signal=TERM \
		sh -c 'kill -TERM $$; exec "$@"' run "$@") >"$dir/log" 2>&1
	got=$?; echo "# status $got" >>"$dir/log"
	[ $got -eq "$status" ]
}

for file in "$man"/elisa*.3; do
	grep -q '^\.so' "$file" && continue
	base=$(basename "$file" .3)
	# The last display of the section, as groff prints it.
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh /p' "$file" |
		sed -n '/^\.Bd/,/^\.Ed/{/^\.[BE]d/d;s/^\\&//;s/\\e/\\/g;p}' \
		>"$dir/ex/$base.c"
	libs=$(pkg-config --libs elisa-guest)
	argument=
	image=$dir/play/kv.so
	if [ $base = elisa_test_export_open ]; then
		libs="$(pkg-config --variable=sub_test_san elisa-guest)
			$(pkg-config --variable=sub_test_libs elisa-guest)"
		argument=$dir/ex/kv.test.so
	fi
	grep -q 'int main' "$dir/ex/$base.c" &&
	# shellcheck disable=SC2046,SC2086 # flags
	cc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -pedantic \
		$(pkg-config --cflags elisa-guest) -o "$dir/ex/$base" \
		"$dir/ex/$base.c" $libs >"$dir/log" 2>&1
	check "$base: the example is compiled" $?
	# shellcheck disable=SC2086 # none or one
	run 0 "./$base" $argument
	check "$base: it runs" $?
	# Without ELISA it says so, unless it does not need it.
	image=
	case $base in
	elisa_probe|elisa_buffer_alloc|elisa_fault_describe|elisa_image_load| \
	elisa_test_export_open)
		continue
		;;
	esac
	run 1 env -u PLAY_IMAGE "./$base" && grep -q 'not implemented' "$dir/log"
	check "$base: it ends without ELISA" $?
done

# --- Python

image=$dir/play/kv.so
kv_get=$top/guest-lib/examples/python/kv_get.py
if command -v python3 >/dev/null; then
	run 0 python3 "$kv_get" 7=42 7 && grep -qx 42 "$dir/log"
	check "Python calls" $?
	run 1 python3 "$kv_get" 8 && grep -q '^kv_get.py: 8: No such' "$dir/log"
	check "Python hears of the store's errors" $?
	run 1 python3 "$kv_get" -n missing 7 &&
		grep -q '^kv_get.py: missing: No such' "$dir/log"
	check "Python hears of errors" $?
	run 1 env -u PLAY_IMAGE python3 "$kv_get" 7 &&
		grep -q 'kv.store: Function not implemented' "$dir/log"
	check "Python ends without ELISA" $?
	# With the library itself, on this very machine.
	run 1 env -u PLAY_IMAGE LD_LIBRARY_PATH="$dir/usr/lib" \
		python3 "$kv_get" 7 &&
		grep -q 'kv.store: Function not implemented' "$dir/log"
	check "Python with the library that is installed" $?
	run 1 env LD_LIBRARY_PATH=/nowhere python3 "$kv_get" 7 &&
		grep -q 'libelisa-guest.so.0: cannot open' "$dir/log"
	check "Python without the library" $?
else
	echo "skip - API: Python: there is none"
fi

[ $fails -eq 0 ] && rm -rf "$dir"
exit $((fails != 0))
