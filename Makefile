# SPDX-License-Identifier: GPL-2.0-only
#
# ELISA for stock KVM.  `make help` lists the targets.

VERSION	:= 0.1.0
BUILD	?= $(CURDIR)/build
# The kernel to build the module for, and its build folder.
KERNEL	?= $(shell uname -r)
KDIR	?= /lib/modules/$(KERNEL)/build
PREFIX	?= /usr/local
DESTDIR	?=

export BUILD

all: lib daemon

help:
	@echo 'make              build the guest library and elisactl'
	@echo 'make module       build elisa.ko for KERNEL (the running one)'
	@echo 'make demo         show an exit-less call between VMs, on the emulated host;'
	@echo '                  DEMO=host: on this machine and its KVM'
	@echo 'make bench        measure calls, what they are compared with, and what ELISA'
	@echo '                  costs besides; on the emulated host, or BENCH=host: on'
	@echo '                  this machine and its KVM; into $(BUILD)/bench'
	@echo 'make check        run all tests'
	@echo 'make check-unit | check-static | check-build | check-vm'
	@echo '                  one kind of them'
	@echo 'make check-attacks run the long form of the attacks'
	@echo 'make check-lifecycle'
	@echo '                  run all of the lifecycle tests, in their long form:'
	@echo '                  CPUs and KVM that come and go, kill -9 at many moments,'
	@echo '                  revocation with up to 64 vCPUs in endless calls'
	@echo 'make check-selftests'
	@echo '                  run KVM'"'"'s own tests without and with the module in use'
	@echo 'make check-dkms   install the module by DKMS, for each kernel of the table'
	@echo 'make fuzz [MINUTES=10]'
	@echo '                  fuzz what elisactl reads, with libFuzzer'
	@echo 'make check-mutants run the tests on modules that are weakened on purpose'
	@echo 'make check-debug-kernel'
	@echo '                  run the tests on kernels that watch themselves (KASAN,'
	@echo '                  lockdep, kmemleak; KCSAN), which it builds once'
	@echo 'make check-kernels [KERNELS=NAME]'
	@echo '                  run the VM tests on all kernels of test/rig/kernels.list,'
	@echo '                  or on those named'
	@echo 'make check-package build the Debian packages, install and purge them in a'
	@echo '                  clean chroot, as root'
	@echo 'make soak MINUTES=20 [SEED=n] [OPS=n]'
	@echo '                  random operations against a model'
	@echo 'make install      install elisactl, the library and the DKMS sources'
	@echo 'make install-host | install-module | install-guest'
	@echo '                  only what a host, its kernel or a guest needs'
	@echo 'make uninstall    the reverse'
	@echo 'make setup        install the packages that the above need (Debian, root)'
	@echo 'make clean        remove $(BUILD)'

setup:
	test/setup

lib:
	$(MAKE) -C guest-lib O=$(BUILD)/guest-lib

daemon:
	$(MAKE) -C daemon O=$(BUILD)/daemon

# Built in a copy: kbuild writes beside the sources.
module:
	test/build-module $(KDIR) $(BUILD)/module/$(KERNEL)

demo:
	test/demo/run $(DEMO)

bench:
	test/bench/run $(BENCH)

check:
	test/check

check-unit check-static check-build check-vm check-attacks check-lifecycle \
		check-selftests check-dkms check-debug-kernel check-kernels \
		check-package:
	test/check $(@:check-%=%)

check-mutants:
	test/mutants/run

fuzz:
	$(MAKE) -C test/fuzz/user O=$(BUILD)/test/fuzz-user $(if $(MINUTES),MINUTES=$(MINUTES)) fuzz

soak:
	test/vm/build $(KERNEL_NAME)
	test/soak/run $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(SEED),--seed $(SEED)) $(if $(OPS),--ops $(OPS)) \
		$(if $(CHECKPOINT),--checkpoint $(CHECKPOINT))

install: install-host install-guest

install-host: daemon
	$(MAKE) -C daemon O=$(BUILD)/daemon PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
	$(MAKE) install-module

# Its sources, for DKMS, which builds it for KERNEL now and for others later.
# What DKMS has of the same version it would not build again.
install-module: uninstall-module
	install -d $(DESTDIR)/usr/src/elisa-$(VERSION)
	cp -r Kbuild dkms.conf kmod uapi LICENSE LICENSES \
		$(DESTDIR)/usr/src/elisa-$(VERSION)
	@if [ -n "$(DESTDIR)" ]; then :; elif command -v dkms >/dev/null; then \
		dkms install elisa/$(VERSION) -k $(KERNEL); \
	else \
		echo 'dkms is not installed: the module sources are in /usr/src/elisa-$(VERSION)'; \
	fi

install-guest: lib
	$(MAKE) -C guest-lib O=$(BUILD)/guest-lib PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install

uninstall: uninstall-module
	-$(MAKE) -C daemon PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) uninstall
	-$(MAKE) -C guest-lib PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) uninstall

uninstall-module:
	[ -n "$(DESTDIR)" ] || [ ! -e /var/lib/dkms/elisa/$(VERSION) ] || \
		! command -v dkms >/dev/null || \
		dkms remove elisa/$(VERSION) --all
	rm -rf $(DESTDIR)/usr/src/elisa-$(VERSION)

clean:
	rm -rf $(BUILD)

.PHONY: all help setup lib daemon module demo bench check check-unit check-static \
	check-build check-vm check-attacks check-lifecycle check-selftests check-dkms \
	check-mutants check-debug-kernel check-kernels check-package fuzz soak install \
	install-host install-module install-guest uninstall uninstall-module clean
