/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Giving a call up.  Part of <elisa/sub.h>.
 *
 * It ends as with any fault: the caller gets -EFAULT ("exception 6 (#UD)"), the
 * host counts and traces it, other calls go on, and the locks that the call
 * owns are those of a dead owner.  So it is for what cannot happen unless the
 * shared data or the image is broken; an argument that the caller got wrong
 * deserves an error code.
 */
#ifndef _ELISA_ASSERT_H
#define _ELISA_ASSERT_H

#ifdef ELISA_SUB_TEST
#include <elisa/test_context.h>

#define _ELISA_FAIL(what) elisa_test_fault(what, __FILE__, __LINE__)
#else
/*
 * The number keeps the compiler from making one instruction of several, so that
 * its address, which the host traces, says which of them it was.
 */
#define _ELISA_FAIL(what)                                           \
	do {                                                        \
		__asm__ volatile("ud2 # %c0" : : "i"(__COUNTER__)); \
		__builtin_unreachable();                            \
	} while (0)
#endif

/** elisa_fail() - give the call up; does not return */
#define elisa_fail() _ELISA_FAIL("elisa_fail()")

/**
 * elisa_assert() - give the call up unless something holds
 * @condition: evaluated once, in every build
 */
#define elisa_assert(condition)                        \
	do {                                           \
		if (__builtin_expect(!(condition), 0)) \
			_ELISA_FAIL(#condition);       \
	} while (0)

#endif /* _ELISA_ASSERT_H */
