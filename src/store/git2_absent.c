/*
 * git2_absent.c - libgit2 without the libraries by which it would speak to servers.
 *
 * Debian's wants libssh2, which wants OpenSSL, and Kerberos: half of its mappings and two thirds of
 * the symbols that are looked up when it is loaded, 3 ms at each start and more at each fork, and
 * nothing here reaches a server by libgit2. The loader takes a library that is there already under
 * the name that is wanted. So small ones of these names (src/absent) are loaded first, from memory;
 * where that fails, or a libgit2 wants more of them, it gets its own. Linux only.
 */
#include "git2_absent.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actc/process.h"

#define EMBED(name, path)                                                         \
	__asm__(".section .rodata.absent_" #name ",\"a\",@progbits\n"             \
		".balign 16\n"                                                    \
		"actc_absent_" #name "_begin:\n"                                  \
		".incbin \"" path "\"\n"                                          \
		"actc_absent_" #name "_end:\n"                                    \
		".byte 0\n"                                                       \
		".balign 8\n"                                                     \
		"actc_absent_" #name "_len:\n"                                    \
		".quad actc_absent_" #name "_end - actc_absent_" #name "_begin\n" \
		".previous\n");                                                   \
	extern const unsigned char actc_absent_##name##_begin[];                  \
	extern const size_t actc_absent_##name##_len

#ifdef ACTC_ABSENT_SSH2
EMBED(ssh2, ACTC_ABSENT_SSH2);
#endif
#ifdef ACTC_ABSENT_GSSAPI_KRB5
EMBED(gssapi_krb5, ACTC_ABSENT_GSSAPI_KRB5);
#endif

static const struct {
	const unsigned char *bytes;
	const size_t *len;
} libraries[ABSENT_MOST + 1] = {
#ifdef ACTC_ABSENT_SSH2
	{ actc_absent_ssh2_begin, &actc_absent_ssh2_len },
#endif
#ifdef ACTC_ABSENT_GSSAPI_KRB5
	{ actc_absent_gssapi_krb5_begin, &actc_absent_gssapi_krb5_len },
#endif
	{ NULL, NULL },
};

/* The descriptor stays open: the loader knows a library by the name it was opened by. */
static bool open_one(struct absent *a, int which)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	int fd = memfd_create("act-c-absent", MFD_CLOEXEC);
	void *library = NULL;

	if (fd >= 0 && write_all(fd, libraries[which].bytes, *libraries[which].len)) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	}
	if (!library) {
		if (fd >= 0) {
			(void)close(fd);
		}
		return false;
	}
	a->fds[a->n] = fd;
	a->libraries[a->n++] = library;
	return true;
}

bool absent_open(struct absent *a)
{
	bool ok = true;

	*a = (struct absent){ .n = 0 };
	for (int i = 0; ok && libraries[i].bytes; i++) {
		ok = open_one(a, i);
	}
	return a->n > 0;
}

void absent_close(struct absent *a)
{
	while (a->n > 0) {
		a->n--;
		(void)dlclose(a->libraries[a->n]);
		(void)close(a->fds[a->n]);
	}
}
