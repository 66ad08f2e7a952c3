/* err.c - operational errors with a message that grows upward. */
#include "actc/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 1, 0))) static char *format(const char *fmt, va_list ap)
{
	char *msg = NULL;

	if (vasprintf(&msg, fmt, ap) < 0) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	return msg;
}

static char *join(const char *a, const char *sep, const char *b)
{
	char *msg = NULL;

	if (asprintf(&msg, "%s%s%s", a, sep, b) < 0) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	return msg;
}

bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	BUG_ON(err->kind != ERR_NONE);
	va_start(ap, fmt);
	err->kind = kind;
	err->msg = format(fmt, ap);
	va_end(ap);
	return false;
}

bool err_sys(struct err *err, int sys, const char *fmt, ...)
{
	va_list ap;

	BUG_ON(err->kind != ERR_NONE);
	va_start(ap, fmt);
	char *text = format(fmt, ap);
	va_end(ap);
	err->kind = ERR_SYSTEM;
	err->sys = sys;
	err->msg = join(text, ": ", strerror(sys));
	free(text);
	return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
	va_list ap;

	BUG_ON(err->kind == ERR_NONE);
	va_start(ap, fmt);
	char *text = format(fmt, ap);
	va_end(ap);
	char *msg = join(text, ": ", err->msg);

	free(text);
	free(err->msg);
	err->msg = msg;
	return false;
}

void err_release(struct err *err)
{
	free(err->msg);
	*err = (struct err)ERR_INIT;
}

_Noreturn void bug(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "act-c: %s:%d: %s\n", file, line, what);
	abort();
}
