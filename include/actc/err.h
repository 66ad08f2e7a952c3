/*
 * err.h - operational errors: no docker, disk full, file not readable.
 *
 * Convention: `bool f(..., struct err *err)`, true = ok, err last, untouched on success. Library
 * code never prints and never exits. Setting an error that is already set is a bug and aborts. What
 * is wrong with a workflow is no error but a diagnostic (diag.h).
 */
#ifndef ACTC_ERR_H
#define ACTC_ERR_H

#include <stdbool.h>

enum err_kind {
	ERR_NONE,
	ERR_USAGE,     /* the command line is wrong: exit 2 */
	ERR_INVALID,   /* an input file is wrong: exit 3 */
	ERR_ENGINE,    /* an engine cannot be used: exit 4 */
	ERR_NOTHING,   /* nothing matched what was asked for: exit 5 */
	ERR_NOT_FOUND, /* a file, image or program is not there */
	ERR_SYSTEM,    /* a system call failed */
	ERR_LOST,      /* the other side of a channel is gone */
	ERR_CANCELLED,
};

struct err {
	enum err_kind kind;
	int sys;   /* errno, or 0 */
	char *msg; /* owned */
};

#define ERR_INIT               \
	{                      \
		ERR_NONE, 0, 0 \
	}

/* Both return false, so that `return err_set(err, ...)` is the idiom. err_sys appends strerror. */
__attribute__((format(printf, 3, 4))) bool err_set(struct err *err, enum err_kind kind,
						   const char *fmt, ...);
__attribute__((format(printf, 3, 4))) bool err_sys(struct err *err, int sys, const char *fmt, ...);
/* Puts "<text>: " before the message; returns false. */
__attribute__((format(printf, 2, 3))) bool err_wrap(struct err *err, const char *fmt, ...);
/* Frees the message and sets ERR_NONE. */
void err_release(struct err *err);

/* A bug: prints file:line and aborts. Stays on in release builds. */
#define BUG_ON(cond) ((cond) ? bug(__FILE__, __LINE__, #cond) : (void)0)
_Noreturn void bug(const char *file, int line, const char *what);

#endif
