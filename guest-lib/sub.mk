# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
# Flags to build sub images with, for inclusion in a makefile; the .pc file
# gives the same as variables of the same names in small letters: sub_cflags,
# sub_harden, sub_ldflags, sub_test_cflags ..., and the path of the linker script,
# sub_script.  Why each flag is there is told in <elisa/sub.h>.
ELISA_SUB_CFLAGS := -std=gnu11 -O2 -ffreestanding -fPIC -fvisibility=hidden \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-plt
# As well, for code that handles secrets: no indirect branches and returns that
# the predictors of another guest could have trained, no straight-line
# speculation past them, and no values left in registers.
ELISA_SUB_HARDEN := -mindirect-branch=thunk-inline \
	-mfunction-return=thunk-inline -mharden-sls=all \
	-fzero-call-used-regs=used-gpr
ELISA_SUB_LDFLAGS := -nostdlib -shared -Wl,-Bsymbolic,-z,noexecstack \
	-Wl,--no-undefined,--build-id=none,-z,max-page-size=4096

# An image as a part of the program that calls it, without isolation, with the
# same code otherwise: what examples/direct is for.
ELISA_DIRECT_CFLAGS := -mgeneral-regs-only \
	-DELISA_SUB_CONTEXT='"direct_context.h"'

# An image as an ordinary shared object for unit tests, see <elisa/sub_test.h>;
# the last is for the test program, which needs the sanitizers, too.
ELISA_SUB_TEST_SAN ?= -fsanitize=address,undefined -fno-sanitize-recover=all
ELISA_SUB_TEST_CFLAGS := -std=gnu11 -DELISA_SUB_TEST -O1 -g -fPIC \
	-fvisibility=hidden -fno-omit-frame-pointer $(ELISA_SUB_TEST_SAN)
ELISA_SUB_TEST_LDFLAGS := -shared -Wl,-Bsymbolic $(ELISA_SUB_TEST_SAN)
ELISA_SUB_TEST_LIBS := -rdynamic -lelisa-sub-test -ldl -pthread
