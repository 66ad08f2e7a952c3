/*
 * agent_blob.c - the agents' bytes, taken in by the assembler. The build names those that it has
 * made; another machine's may be missing.
 */
#include "agent_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actc/process.h"

#define EMBED(arch, path)                                                       \
	__asm__(".section .rodata.agent_" #arch ",\"a\",@progbits\n"            \
		".balign 16\n"                                                  \
		"actc_agent_" #arch "_begin:\n"                                 \
		".incbin \"" path "\"\n"                                        \
		"actc_agent_" #arch "_end:\n"                                   \
		".byte 0\n"                                                     \
		".balign 8\n"                                                   \
		"actc_agent_" #arch "_len:\n"                                   \
		".quad actc_agent_" #arch "_end - actc_agent_" #arch "_begin\n" \
		".previous\n");                                                 \
	extern const unsigned char actc_agent_##arch##_begin[];                 \
	extern const size_t actc_agent_##arch##_len

#ifdef ACTC_agent_x86_64
EMBED(x86_64, ACTC_agent_x86_64);
#endif
#ifdef ACTC_agent_aarch64
EMBED(aarch64, ACTC_agent_aarch64);
#endif

static const struct agent_program programs[] = {
#ifdef ACTC_agent_x86_64
	{ STR_INIT("linux/amd64"), actc_agent_x86_64_begin, &actc_agent_x86_64_len },
#endif
#ifdef ACTC_agent_aarch64
	{ STR_INIT("linux/arm64"), actc_agent_aarch64_begin, &actc_agent_aarch64_len },
#endif
};

#if defined(__x86_64__)
#define HERE "linux/amd64"
#elif defined(__aarch64__)
#define HERE "linux/arm64"
#else
#define HERE "linux/unknown"
#endif

enum { NPROGRAMS = sizeof(programs) / sizeof(*programs) };

const char *agent_build(void)
{
	return ACTC_AGENT_ID;
}

const struct agent_program *agent_for(struct str platform)
{
	for (size_t i = 0; i < NPROGRAMS; i++) {
		struct str own = programs[i].platform;

		/* "linux/arm64" also when the image says "linux/arm64/v8". */
		if (str_starts(platform, own) &&
		    (platform.len == own.len || platform.p[own.len] == '/')) {
			return &programs[i];
		}
	}
	return NULL;
}

const struct agent_program *agent_here(void)
{
	return agent_for(STR(HERE));
}

struct str agent_platforms(struct arena *a)
{
	struct str all = STR_EMPTY;

	for (size_t i = 0; i < NPROGRAMS; i++) {
		all = arena_printf(a, "%.*s%s%.*s", STR_ARG(all), i ? " and " : "",
				   STR_ARG(programs[i].platform));
	}
	return all;
}

int agent_memfd(struct err *err)
{
	const struct agent_program *program = agent_here();

	if (!program) {
		(void)err_set(err, ERR_ENGINE, "this act-c has no agent for %s", HERE);
		return -1;
	}

	int fd = memfd_create("act-c-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || !write_all(fd, program->bytes, *program->len)) {
		err_sys(err, errno, "put the agent into memory");
		if (fd >= 0) {
			(void)close(fd);
		}
		return -1;
	}
	/* Other jobs of the run start it, too. */
	(void)fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	return fd;
}
