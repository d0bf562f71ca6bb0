# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Functions that fill the root file systems of the emulated host and of guests.
# Sourced, never run.

# rootfs_create ROOT: the bare tree. The applets of busybox, some hundred links,
# are for init to make: unpacking them from an archive costs the emulator more.
rootfs_create()
{
	mkdir -p "$1/bin" "$1/dev" "$1/proc" "$1/sys" "$1/tmp" "$1/run" "$1/x"
	ln -s bin "$1/sbin"
	cp "$(command -v busybox)" "$1/bin/busybox"
	ln -s busybox "$1/bin/sh"
}

# rootfs_libs ROOT FILE: the loader and shared libraries of ELF file FILE, if
# it is dynamic, at the paths where the loader looks for them.
rootfs_libs()
{
	[ "$(head -c 4 "$2" | tail -c 3 | tr -d '\0')" = ELF ] || return 0
	readelf -d "$2" 2>/dev/null | grep -q NEEDED || return 0
	ldd "$2" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }
			$1 ~ /^\// { print $1 }
			/not found/ { print "missing:" $1 }' |
	while read -r lib; do
		case $lib in
		missing:*)
			# Perhaps it is added by itself; a test will tell.
			echo "$2: no ${lib#missing:}" >&2
			continue
			;;
		esac
		[ -e "$1$lib" ] && continue
		mkdir -p "$1${lib%/*}"
		cp -L "$lib" "$1$lib"
	done
}

# rootfs_add ROOT SRC[:DEST]: a file or a directory, at /x/BASENAME if not told.
rootfs_add()
{
	src=${2%%:*}
	case $2 in
	*:*)
		dest=${2#*:}
		;;
	*)
		dest=/x/$(basename "$src")
		;;
	esac
	if [ ! -e "$src" ]; then
		echo "no such file: $src" >&2
		return 1
	fi

	mkdir -p "$1$(dirname "$dest")"
	if [ -d "$src" ]; then
		mkdir -p "$1$dest"
		cp -RL "$src/." "$1$dest/"
	else
		cp -L "$src" "$1$dest"
	fi
	find -L "$src" -type f | while read -r file; do
		rootfs_libs "$1" "$file"
	done
}

# rootfs_pack ROOT OUT: the tree as an initramfs. Not compressed: unpacking
# would cost the emulator more than loading.
rootfs_pack()
{
	(cd "$1" && find . | cpio -oH newc --quiet -R 0:0) >"$2"
}
