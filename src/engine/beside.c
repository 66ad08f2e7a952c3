/*
 * beside.c - short-lived children of a machine's start. They run in the memory of whoever makes
 * them, on a stack of their own: a fork would first copy the page tables of a program that has
 * loaded a dozen libraries, and an exec give them back, which takes longer than all that they do.
 */
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "beside.h"

enum { STACK = 32 * 1024 };

/* gcc's way of telling, and clang's. */
#ifdef __SANITIZE_ADDRESS__
#define HAS_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN
#endif
#endif

pid_t beside_start(struct arena *a, int flags, int (*body)(void *ctx), void *ctx)
{
#ifdef HAS_ASAN
	/* It does not know a stack that another process uses. */
	pid_t pid =
		(pid_t)syscall(SYS_clone, (unsigned long)(flags | SIGCHLD), NULL, NULL, NULL, NULL);

	(void)a;
	if (pid == 0) {
		_exit(body(ctx));
	}
	return pid;
#else
	char *stack = arena_alloc(a, STACK);

	return clone(body, stack + STACK, flags | CLONE_VM | SIGCHLD, ctx);
#endif
}
