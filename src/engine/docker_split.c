/* docker_split.c - options given as one string (--container-options) become words. */
#include "docker.h"

/* The quote that is open after c: ' and " quote each other; a backslash works outside of '. */
struct splitter {
	struct strbuf word;
	bool in_word;
	char quote; /* 0 = none */
	bool escaped;
};

static void end_word(struct splitter *s, struct docker_args *into)
{
	if (s->in_word) {
		docker_arg(into, arena_cstr(into->a, strbuf_str(&s->word)));
	}
	strbuf_reset(&s->word);
	s->in_word = false;
}

static void take(struct splitter *s, char c, struct docker_args *into)
{
	bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';

	if (s->escaped) {
		(void)strbuf_addc(&s->word, c);
		s->escaped = false;
	} else if (c == '\\' && s->quote != '\'') {
		s->escaped = s->in_word = true;
	} else if (s->quote == c) {
		s->quote = 0;
	} else if (s->quote == 0 && (c == '\'' || c == '"')) {
		s->quote = c;
		s->in_word = true;
	} else if (s->quote == 0 && blank) {
		end_word(s, into);
	} else {
		(void)strbuf_addc(&s->word, c);
		s->in_word = true;
	}
}

bool docker_split(struct arena *a, struct str text, struct docker_args *into, struct err *err)
{
	struct splitter s = { .word = STRBUF_INIT(0) };

	BUG_ON(into->a != a);
	for (size_t i = 0; i < text.len; i++) {
		take(&s, text.p[i], into);
	}
	end_word(&s, into);

	bool open = s.quote || s.escaped;

	strbuf_release(&s.word);
	return !open || err_set(err, ERR_USAGE, "container options: a quote is not closed: %.*s",
				STR_ARG(text));
}
