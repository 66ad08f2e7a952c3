/*
 * terminal.c - asking for a secret without an echo.
 *
 * The terminal gives characters one by one and no signals meanwhile: a Ctrl-C that ended the
 * program here would leave it without an echo.
 */
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "actc/strbuf.h"

enum { SECRET_MAX = 64 << 10, KEY_INTERRUPT = 3, KEY_END = 4, KEY_ERASE = 8, KEY_KILL = 21 };

/* The last code point, not the last byte. */
static void erase(struct strbuf *line)
{
	while (line->len && ((unsigned char)line->p[line->len - 1] & 0xc0) == 0x80) {
		line->p[--line->len] = '\0';
	}
	if (line->len) {
		line->p[--line->len] = '\0';
	}
}

/* False: given up. */
static bool read_line(struct strbuf *line)
{
	char c = 0;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0 || c == KEY_INTERRUPT || c == KEY_END) {
			return false;
		}
		if (c == '\n' || c == '\r') {
			return true;
		}
		if (c == KEY_ERASE || c == 127) {
			erase(line);
		} else if (c == KEY_KILL) {
			strbuf_reset(line);
		} else if (!strbuf_addc(line, c)) {
			return false;
		}
	}
}

bool terminal_ask_secret(struct arena *a, struct str name, struct str *value, struct err *err)
{
	struct strbuf line = STRBUF_INIT(SECRET_MAX);
	struct termios before, quiet;

	if (tcgetattr(STDIN_FILENO, &before) != 0) {
		return err_sys(err, errno, "asking for %.*s", STR_ARG(name));
	}
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	(void)fprintf(stderr, "%.*s (not shown): ", STR_ARG(name));
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);

	bool ok = read_line(&line);

	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	(void)fputc('\n', stderr);
	if (ok) {
		*value = arena_str(a, strbuf_str(&line));
	} else {
		err_set(err, ERR_CANCELLED, "no value for %.*s was given", STR_ARG(name));
	}
	explicit_bzero(line.p, line.len);
	strbuf_release(&line);
	return ok;
}
