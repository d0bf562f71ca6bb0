// SPDX-License-Identifier: MIT
/* A shared object that is no sub image. */
int foreign(void);

int foreign(void)
{
	return 1;
}
