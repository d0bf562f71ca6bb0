/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISACTL_VERSION_H
#define ELISACTL_VERSION_H

#define ELISACTL_VERSION "0.1.0"

#endif /* ELISACTL_VERSION_H */
