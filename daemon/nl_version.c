// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>

#include <elisa/netlink.h>

#include "nl.h"

int enl_version_check(unsigned int version, char *text, size_t size)
{
	if (version == ELISA_GENL_VERSION)
		return 0;
	snprintf(text, size,
		 "the loaded elisa module speaks version %u of the protocol, elisactl version %u: %s",
		 version, ELISA_GENL_VERSION,
		 version > ELISA_GENL_VERSION ?
			 "update elisactl" :
			 "load the module of elisactl's version (elisactl vm del, rmmod elisa, modprobe elisa)");
	return -EPROTO;
}
