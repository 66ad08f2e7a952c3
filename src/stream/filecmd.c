/*
 * filecmd.c - reading the files behind GITHUB_ENV, GITHUB_OUTPUT and GITHUB_STATE (SEMANTICS 4.8).
 *
 * Only the grammar and the encoding; what a pair means and which names are refused is the step's
 * business. The messages are the runner's.
 */
#include "actc/stream.h"
#include "actc/utf8.h"

/* --- encodings ---------------------------------------------------------------------------------
 */

struct encoding {
	struct str bom;
	size_t unit; /* bytes */
	bool big_endian;
};

/* The longer marks first: UTF-32's begins with UTF-16's. */
static const struct encoding encodings[] = {
	{ { "\xFF\xFE\0\0", 4 }, 4, false }, { { "\0\0\xFE\xFF", 4 }, 4, true },
	{ { "\xEF\xBB\xBF", 3 }, 1, false }, { { "\xFF\xFE", 2 }, 2, false },
	{ { "\xFE\xFF", 2 }, 2, true },
};

/* The unit at s[at]; a part of one at the end reads as an invalid one. */
static uint32_t unit_at(struct str s, size_t at, const struct encoding *e)
{
	uint32_t u = 0;

	if (at + e->unit > s.len) {
		return UINT32_MAX;
	}
	for (size_t i = 0; i < e->unit; i++) {
		size_t from = e->big_endian ? i : e->unit - 1 - i;

		u = u << 8 | (unsigned char)s.p[at + from];
	}
	return u;
}

static void decode_units(struct strbuf *out, struct str s, const struct encoding *e)
{
	for (size_t at = 0; at < s.len; at += e->unit) {
		uint32_t u = unit_at(s, at, e);

		if (e->unit == 2 && u >= 0xD800 && u < 0xDC00) {
			uint32_t low = unit_at(s, at + 2, e);

			if (low >= 0xDC00 && low < 0xE000) {
				u = 0x10000 + ((u - 0xD800) << 10) + (low - 0xDC00);
				at += e->unit;
			}
		}
		utf8_encode(out, u);
	}
}

struct str filecmd_decode(struct arena *a, struct str content)
{
	static const struct encoding plain = { { "", 0 }, 1, false };
	const struct encoding *e = &plain;
	struct strbuf b = STRBUF_INIT(0);

	for (size_t i = 0; e == &plain && i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if (str_starts(content, encodings[i].bom)) {
			e = &encodings[i];
		}
	}
	content = str_slice(content, e->bom.len, content.len);
	if (e->unit > 1) {
		decode_units(&b, content, e);
	} else if (!utf8_valid(content)) {
		utf8_sanitize(&b, content);
	} else {
		return content;
	}

	struct str out = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return out;
}

/* --- the grammar -------------------------------------------------------------------------------
 */

/* A line, with or without a newline at its end. */
struct file_line {
	struct str text;
	bool newline;
};

static bool next_line(struct str content, size_t *at, struct file_line *line)
{
	if (*at >= content.len) {
		return false;
	}

	size_t nl = str_chr(content, '\n', *at);

	line->newline = nl != STR_NPOS;
	line->text = str_slice(content, *at, line->newline ? nl : content.len);
	*at = line->newline ? nl + 1 : content.len;
	return true;
}

static bool fault(struct arena *a, struct str *why, const char *before, struct str what,
		  const char *behind)
{
	*why = arena_printf(a, "%s%.*s%s", before, STR_ARG(what), behind);
	return false;
}

/* All lines up to the delimiter; the newline before it is not part of the value. */
static bool read_heredoc(struct arena *a, struct str content, size_t *at, struct str delimiter,
			 struct str *value, struct str *why)
{
	size_t from = *at;
	size_t end = *at;
	struct file_line line;

	for (;;) {
		if (!next_line(content, at, &line)) {
			return fault(a, why, "Invalid value. Matching delimiter not found '",
				     delimiter, "'");
		}
		if (str_eq(line.text, delimiter)) {
			break;
		}
		if (!line.newline) {
			return fault(a, why, "Invalid value. EOF marker missing new line.",
				     STR_EMPTY, "");
		}
		end = *at - 1;
	}
	*value = str_slice(content, from, end);
	return true;
}

bool filecmd_parse(struct arena *a, struct str content,
		   void (*pair)(void *ctx, struct str name, struct str value), void *ctx,
		   struct str *why)
{
	struct file_line line;

	for (size_t at = 0; next_line(content, &at, &line);) {
		struct str text = line.text;
		size_t equals = str_chr(text, '=', 0);
		size_t heredoc = str_find(text, STR("<<"), 0);

		if (text.len == 0) {
			continue;
		}
		if (equals != STR_NPOS && (heredoc == STR_NPOS || equals < heredoc)) {
			pair(ctx, str_slice(text, 0, equals),
			     str_slice(text, equals + 1, text.len));
			continue;
		}
		if (heredoc == STR_NPOS) {
			return fault(a, why, "Invalid format '", text, "'");
		}

		struct str delimiter = str_slice(text, heredoc + 2, text.len);
		struct str value;

		if (heredoc == 0 || delimiter.len == 0) {
			return fault(a, why, "Invalid format '", text,
				     "'. Name must not be empty and delimiter must not be empty");
		}
		if (!read_heredoc(a, content, &at, delimiter, &value, why)) {
			return false;
		}
		pair(ctx, str_slice(text, 0, heredoc), value);
	}
	return true;
}
