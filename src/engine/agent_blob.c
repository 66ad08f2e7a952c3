/*
 * agent_blob.c - the agent's bytes, taken in by the assembler.
 */
#include "agent_blob.h"

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
