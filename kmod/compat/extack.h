/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extended ACK texts that are made at run time.  The text must outlive the
 * handler, because the ACK is composed after it.
 *
 * Since 6.2 struct netlink_ext_ack has room for a text of its own.
 */
#ifndef ELISA_COMPAT_EXTACK_H
#define ELISA_COMPAT_EXTACK_H

#include <linux/netlink.h>

#ifdef NL_SET_ERR_MSG_FMT
#define elisa_extack_printf(extack, fmt, ...) \
	NL_SET_ERR_MSG_FMT(extack, fmt, ##__VA_ARGS__)
#else
#include <linux/atomic.h>
#include <linux/kernel.h>

#define ELISA_EXTACK_TEXTS 16
#define ELISA_EXTACK_SIZE  80

/*
 * The texts of the last refusals.  A text is replaced when so many others came
 * before the ACK was sent; only its words suffer then, because the last byte
 * is never anything but zero.
 */
__printf(2, 3)
static __maybe_unused void elisa_extack_printf(struct netlink_ext_ack *extack,
					       const char *fmt, ...)
{
	static char text[ELISA_EXTACK_TEXTS][ELISA_EXTACK_SIZE];
	static atomic_t next;
	char *to;
	va_list ap;

	if (!extack)
		return;
	to = text[(unsigned int)atomic_inc_return(&next) % ELISA_EXTACK_TEXTS];
	va_start(ap, fmt);
	vsnprintf(to, ELISA_EXTACK_SIZE, fmt, ap);
	va_end(ap);
	extack->_msg = to;
}
#endif

#endif /* ELISA_COMPAT_EXTACK_H */
