/* SPDX-License-Identifier: GPL-2.0-only */
/* What elisa_attach() takes in a Linux guest: lines "cost KEY=VALUE...". */
#ifndef BENCH_ATTACH_H
#define BENCH_ATTACH_H

/**
 * attach_costs() - attach several times, without and with exchange buffers
 * @export: name of an export of kv.sub
 * @what: set to what has failed
 *
 * Return: 0, or -errno.
 */
int attach_costs(const char *export, const char **what);

#endif /* BENCH_ATTACH_H */
