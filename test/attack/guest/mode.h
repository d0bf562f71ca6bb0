/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory below 1 MiB for code in other modes; for C and assembler. */
#ifndef MODE_H
#define MODE_H

#define MODE_IDT    0x5000
#define MODE_GDT    0x5800
#define MODE_CODE   0x6000
#define MODE_RESULT 0x7000 /* four words */
#define MODE_STACK  0x7f00

#define MODE_PORT 0x504 /* ATTACK_PORT_NOP */

#define MODE_UD	     1
#define MODE_WENT_ON 2

#endif /* MODE_H */
