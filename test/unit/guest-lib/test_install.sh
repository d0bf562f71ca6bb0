#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#
# test_install.sh TOP DIR: install the library below DIR and use it from there, as
# somebody who has nothing else does.

set -u

top=$1
dir=$2
fails=0

check()
{
	if [ "$2" -eq 0 ]; then
		echo "ok - installed: $1"
	else
		echo "not ok - installed: $1"
		tail -n 20 "$dir/log" | sed 's/^/# /'
		fails=$((fails + 1))
	fi
}

rm -rf "$dir"
mkdir -p "$dir/ex" || exit 1
unset MAKEFLAGS MAKELEVEL O CFLAGS LDFLAGS CPPFLAGS
PKG_CONFIG_PATH=$dir/usr/lib/pkgconfig
LD_LIBRARY_PATH=$dir/usr/lib
PATH=$dir/usr/bin:$PATH
export PKG_CONFIG_PATH LD_LIBRARY_PATH PATH

make -s -C "$top/guest-lib" O="$dir/build" PREFIX="$dir/usr" install \
	>"$dir/log" 2>&1
check "make install" $?

for variable in sub_cflags sub_harden sub_ldflags sub_script sub_test_san \
	sub_test_cflags sub_test_ldflags sub_test_libs; do
	[ -n "$(pkg-config --variable=$variable elisa-guest)" ]
	check "pkg-config --variable=$variable" $?
done
[ -f "$(pkg-config --variable=sub_script elisa-guest)" ]
check "the linker script is where it is said to be" $?

# A copy: nothing of the sources is beside it.
cp -r "$top/guest-lib/examples/." "$dir/ex"
make -C "$dir/ex" all >"$dir/log" 2>&1
check "the examples build" $?
make -C "$dir/ex" check >"$dir/log" 2>&1
check "make check of the examples" $?
elisa-image show "$dir/ex/kv.sub" 2>&1 | grep -q ' kv_get_u64$'
check "elisa-image" $?
objdump -d "$dir/ex/kv.sub" >"$dir/log" 2>&1
grep -q 'int3' "$dir/log" && grep -q 'pause' "$dir/log"
check "the examples' images are hardened" $?

# Each header stands alone, in each language; those for images, which are
# written in C, in that.
for path in "$dir/usr/include/elisa"/*.h; do
	header=$(basename "$path" .h)
	{
		echo "#include <elisa/$header.h>"
		echo "#include <elisa/$header.h>"
		echo "extern int not_empty;"
	} >"$dir/header.c"
	languages="c11 c17 c++11 c++20"
	case $header in
	alloc|mutex|sub_batch|xptr)
		languages="c11 c17"
		sed -i '1i #include <elisa/sub.h>' "$dir/header.c"
		;;
	string|sub)
		languages="c11 c17"
		;;
	esac
	for language in $languages; do
		# shellcheck disable=SC2046 # flags
		cc -x "$(echo "$language" | tr -d 0-9)" -std=$language -Wall \
			-Wextra -Werror -pedantic -c -o /dev/null \
			$(pkg-config --cflags elisa-guest) "$dir/header.c" \
			>"$dir/log" 2>&1
		check "<elisa/$header.h> in $language" $?
	done
done

# Those for images, each in a file of its own, with more warnings than usual.
for header in "" alloc sub_batch; do
	echo "#include <elisa/sub.h>" >"$dir/image.c"
	[ -z "$header" ] || echo "#include <elisa/$header.h>" >>"$dir/image.c"
	for flags in sub_cflags sub_test_cflags; do
		# shellcheck disable=SC2046 # flags
		cc $(pkg-config --variable=$flags elisa-guest) -Wall -Wextra \
			-Wshadow -Wundef -Wpointer-arith -Werror -c \
			-o /dev/null "$dir/image.c" >"$dir/log" 2>&1
		check "${header:-sub} for an image, $flags" $?
	done
done

make -s -C "$top/guest-lib" O="$dir/build" PREFIX="$dir/usr" uninstall \
	>"$dir/log" 2>&1
[ -z "$(find "$dir/usr" ! -type d)" ]
check "make uninstall leaves nothing" $?

[ $fails -eq 0 ] && rm -rf "$dir"
exit $((fails != 0))
