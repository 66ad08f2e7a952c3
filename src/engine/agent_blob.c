/*
 * agent_blob.c - the agent's bytes, taken in by the assembler.
 */
#include "agent_blob.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actc/process.h"

__asm__(".section .rodata.agent_blob,\"a\",@progbits\n"
	".balign 16\n"
	"actc_agent_begin:\n"
	".incbin \"" ACTC_AGENT_PATH "\"\n"
	"actc_agent_end:\n"
	".byte 0\n"
	".previous\n");

extern const unsigned char actc_agent_begin[];
extern const unsigned char actc_agent_end[];

const char *agent_build(void)
{
	return ACTC_AGENT_ID;
}

const unsigned char *agent_blob(size_t *len)
{
	*len = (size_t)(actc_agent_end - actc_agent_begin);
	return actc_agent_begin;
}

int agent_memfd(struct err *err)
{
	size_t len;
	const unsigned char *blob = agent_blob(&len);
	int fd = memfd_create("act-c-agent", MFD_CLOEXEC);

	if (fd < 0 || !write_all(fd, blob, len)) {
		err_sys(err, errno, "put the agent into memory");
		if (fd >= 0) {
			(void)close(fd);
		}
		return -1;
	}
	return fd;
}
