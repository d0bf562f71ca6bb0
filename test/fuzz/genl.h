/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink by hand: messages as hostile as one likes, which libraries
 * do not let one build.
 */
#ifndef ELISA_TEST_GENL_H
#define ELISA_TEST_GENL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GENL_MSG_SIZE 16384

/**
 * struct genl_msg - a message under construction
 * @len: bytes that will be sent, whatever the header says
 * @buf: the message
 */
struct genl_msg {
	size_t len;
	_Alignas(8) uint8_t buf[GENL_MSG_SIZE];
};

/**
 * struct genl_answer - what the kernel said to one message
 * @answered: an error, an acknowledgment or the end of a dump came
 * @errnum: 0 or a positive errno
 * @text: of the extended ACK, empty without one
 * @messages: messages of the family that came
 * @vm_id: VM_ID of the last of them that had one
 * @n_vms: likewise, of INFO
 */
struct genl_answer {
	bool answered;
	int errnum;
	char text[128];
	unsigned int messages;
	uint32_t vm_id;
	uint32_t n_vms;
};

/**
 * struct genl_family - what must be known before talking to it
 * @id: message type
 * @group: number of the multicast group "events"
 */
struct genl_family {
	uint16_t id;
	uint32_t group;
};

int genl_open(void);
int genl_resolve(int sock, struct genl_family *family);
int genl_join(int sock, uint32_t group);

void genl_begin(struct genl_msg *msg, uint16_t type, uint16_t flags,
		uint8_t cmd);
bool genl_put(struct genl_msg *msg, uint16_t type, const void *data,
	      size_t len);
bool genl_put_u32(struct genl_msg *msg, uint16_t type, uint32_t value);
size_t genl_nest(struct genl_msg *msg, uint16_t type);
void genl_nest_end(struct genl_msg *msg, size_t start);
void genl_end(struct genl_msg *msg);

int genl_send(int sock, const struct genl_msg *msg, struct genl_answer *answer);

#endif /* ELISA_TEST_GENL_H */
