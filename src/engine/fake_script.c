/*
 * fake_script.c - the language of the fake engine: a line is a command.
 *
 *   echo TEXT             prints TEXT; with `>> FILE` at its end appends it to FILE instead
 *   exit N, true, false   ends with that status, 0, 1
 *   sleep SECONDS         waits
 *   trap                  ignores SIGINT and SIGTERM from now on
 *   lose                  ends the connection, as a machine that dies
 *   # anything            nothing
 *
 * $NAME and ${NAME} are replaced by variables of the environment, also in FILE; a TEXT or FILE all
 * in double quotes loses them, one in single quotes is taken as it is. Any other line prints that
 * it cannot be run and ends with status 127. It is no shell and does not become one: what needs a
 * shell is tested with a real engine.
 */
#include <signal.h>
#include <stdlib.h>

#include "actc/process.h"
#include "fake.h"

enum { OUT_HIGH = 1024 * 1024 };

/* --- files ------------------------------------------------------------------------------------ */

struct fake_file *fake_file_find(struct fake_files *files, struct str path)
{
	for (struct fake_file *f = files->first; f; f = f->next) {
		if (str_eq(str_of(f->path), path)) {
			return f;
		}
	}
	return NULL;
}

struct fake_file *fake_file_make(struct fake_files *files, struct str path, unsigned mode)
{
	struct fake_file *f = fake_file_find(files, path);

	if (!f) {
		f = calloc(1, sizeof(*f));
		BUG_ON(!f);
		f->path = strndup(path.p, path.len);
		BUG_ON(!f->path);
		strbuf_init(&f->content, 0);
		f->next = files->first;
		files->first = f;
	}
	f->mode = mode;
	return f;
}

static bool is_below(struct str path, struct str dir)
{
	return str_starts(path, dir) && (path.len == dir.len || path.p[dir.len] == '/');
}

void fake_file_remove(struct fake_files *files, struct str path)
{
	struct fake_file **link = &files->first;

	while (*link) {
		struct fake_file *f = *link;

		if (!is_below(str_of(f->path), path)) {
			link = &f->next;
			continue;
		}
		*link = f->next;
		strbuf_release(&f->content);
		free(f->path);
		free(f);
	}
}

/* --- words ------------------------------------------------------------------------------------ */

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static struct str variable(const struct fake_script *s, struct str name)
{
	for (size_t i = s->nenv; i > 0; i--) {
		struct str value = s->env[i - 1];
		struct str key = str_cut(&value, '=');

		if (str_eq(key, name) && value.p) {
			return value;
		}
	}
	return STR_EMPTY;
}

/* Appends the variable whose `$` is at i; returns where the text goes on. */
static size_t expand_one(const struct fake_script *s, struct str text, size_t i, struct strbuf *out)
{
	bool brace = i + 1 < text.len && text.p[i + 1] == '{';
	size_t from = i + 1 + brace, to = from;

	while (to < text.len && is_name(text.p[to])) {
		to++;
	}
	if (to == from || (brace && (to == text.len || text.p[to] != '}'))) {
		(void)strbuf_addc(out, '$');
		return i + 1;
	}
	(void)strbuf_adds(out, variable(s, str_slice(text, from, to)));
	return to + brace;
}

static bool is_quoted(struct str text, char quote)
{
	return text.len >= 2 && text.p[0] == quote && text.p[text.len - 1] == quote;
}

static void expand(const struct fake_script *s, struct str text, struct strbuf *out)
{
	text = str_trim(text);
	if (is_quoted(text, '\'')) {
		(void)strbuf_adds(out, str_slice(text, 1, text.len - 1));
		return;
	}
	if (is_quoted(text, '"')) {
		text = str_slice(text, 1, text.len - 1);
	}
	for (size_t i = 0; i < text.len;) {
		if (text.p[i] == '$') {
			i = expand_one(s, text, i, out);
		} else {
			(void)strbuf_addc(out, text.p[i++]);
		}
	}
}

/* --- commands --------------------------------------------------------------------------------- */

static void end(struct fake_script *s, int code)
{
	s->ended = true;
	s->code = code;
}

static void run_echo(struct fake_script *s, struct fake_files *files, struct str args)
{
	size_t at = str_find(args, STR(">>"), 0);
	struct strbuf text = STRBUF_INIT(0), path = STRBUF_INIT(0);
	struct strbuf *into = &s->out;

	expand(s, str_slice(args, 0, at == STR_NPOS ? args.len : at), &text);
	(void)strbuf_addc(&text, '\n');
	if (at != STR_NPOS) {
		expand(s, str_slice(args, at + 2, args.len), &path);
		into = &fake_file_make(files, strbuf_str(&path), 0644)->content;
	}
	(void)strbuf_adds(into, strbuf_str(&text));
	strbuf_release(&text);
	strbuf_release(&path);
}

static void run_exit(struct fake_script *s, struct fake_files *files, struct str args)
{
	unsigned long code = 0;

	(void)files;
	(void)str_to_ulong(args, &code);
	end(s, (int)(code & 255));
}

static void run_false(struct fake_script *s, struct fake_files *files, struct str args)
{
	(void)files;
	(void)args;
	end(s, 1);
}

static void run_nothing(struct fake_script *s, struct fake_files *files, struct str args)
{
	(void)s;
	(void)files;
	(void)args;
}

static void run_sleep(struct fake_script *s, struct fake_files *files, struct str args)
{
	(void)files;
	s->wake = now_ms() + (long long)(strtod(arena_cstr(&s->a, args), NULL) * 1000);
}

static void run_trap(struct fake_script *s, struct fake_files *files, struct str args)
{
	(void)files;
	(void)args;
	s->ignores = true;
}

static void run_lose(struct fake_script *s, struct fake_files *files, struct str args)
{
	(void)files;
	(void)args;
	s->lost = true;
}

static const struct command {
	const char *name;
	void (*run)(struct fake_script *s, struct fake_files *files, struct str args);
} commands[] = {
	{ "echo", run_echo },   { "exit", run_exit },   { "true", run_nothing },
	{ "false", run_false }, { "sleep", run_sleep }, { "trap", run_trap },
	{ "lose", run_lose },
};

static void run_line(struct fake_script *s, struct fake_files *files, struct str line)
{
	struct str args = line;
	struct str name = str_cut(&args, ' ');

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (str_eq(name, str_of(commands[i].name))) {
			commands[i].run(s, files, args.p ? str_trim(args) : STR_EMPTY);
			return;
		}
	}
	(void)strbuf_addf(&s->out, "fake: cannot run: %.*s\n", STR_ARG(line));
	end(s, 127);
}

/* --- scripts ---------------------------------------------------------------------------------- */

struct str fake_script_text(struct fake_files *files, const struct str *argv, size_t nargv)
{
	for (size_t i = nargv; i > 0; i--) {
		struct fake_file *f = fake_file_find(files, argv[i - 1]);

		if (f) {
			return strbuf_str(&f->content);
		}
	}
	for (size_t i = 0; i + 1 < nargv; i++) {
		if (str_eq(argv[i], STR("-c"))) {
			return argv[i + 1];
		}
	}
	return STR_EMPTY;
}

void fake_script_run(struct fake_script *s, struct fake_files *files)
{
	if (s->wake > now_ms()) {
		return;
	}
	s->wake = 0;
	while (!s->ended && !s->lost && !s->wake && s->out.len < OUT_HIGH) {
		struct str line;

		if (!s->rest.p) {
			end(s, 0);
			break;
		}
		line = str_trim(str_cut(&s->rest, '\n'));
		if (line.len && line.p[0] != '#') {
			run_line(s, files, line);
		}
	}
}

void fake_script_signal(struct fake_script *s, int signo)
{
	if (s->ended || (s->ignores && (signo == SIGINT || signo == SIGTERM))) {
		return;
	}
	end(s, 128 + signo);
	s->signal = signo;
}
