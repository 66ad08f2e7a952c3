/*
 * command.c - recognising workflow commands in a line of output (SEMANTICS 4.9).
 *
 * Only what a line says; what a command does, and whether commands are stopped, is the step's
 * business. Both notations are those of the runner: `::name key=value,…::data` at the start of a
 * line, and the older `##[name key=value;…]data` anywhere in it.
 */
#include "actc/stream.h"
#include "actc/utf8.h"

/* In the order of enum command_kind. */
static const char *const names[] = {
	[COMMAND_SET_OUTPUT] = "set-output",
	[COMMAND_SAVE_STATE] = "save-state",
	[COMMAND_SET_ENV] = "set-env",
	[COMMAND_ADD_PATH] = "add-path",
	[COMMAND_ADD_MASK] = "add-mask",
	[COMMAND_ADD_MATCHER] = "add-matcher",
	[COMMAND_REMOVE_MATCHER] = "remove-matcher",
	[COMMAND_DEBUG] = "debug",
	[COMMAND_ERROR] = "error",
	[COMMAND_WARNING] = "warning",
	[COMMAND_NOTICE] = "notice",
	[COMMAND_GROUP] = "group",
	[COMMAND_ENDGROUP] = "endgroup",
	[COMMAND_ECHO] = "echo",
	[COMMAND_STOP_COMMANDS] = "stop-commands",
};

struct escape {
	char code[4];
	char meant;
};

/* Each notation's escapes; "%25" stands for the sign itself, so one pass gives the same as undoing
 * it last. Lower-case digits are no escape. */
static const struct escape data_escapes[] = { { "%0D", '\r' }, { "%0A", '\n' }, { "%25", '%' } };
static const struct escape property_escapes[] = {
	{ "%0D", '\r' }, { "%0A", '\n' }, { "%3A", ':' }, { "%2C", ',' }, { "%25", '%' },
};
static const struct escape v1_escapes[] = {
	{ "%3B", ';' }, { "%0D", '\r' }, { "%0A", '\n' }, { "%5D", ']' }, { "%25", '%' },
};

struct notation {
	const struct escape *data, *property;
	size_t ndata, nproperty;
	char separator;
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct notation v2 = { data_escapes, property_escapes, LENGTH(data_escapes),
				    LENGTH(property_escapes), ',' };
static const struct notation v1 = { v1_escapes, v1_escapes, LENGTH(v1_escapes), LENGTH(v1_escapes),
				    ';' };

/* The parts of a line that has a command's shape. */
struct shape {
	const struct notation *notation;
	struct str name;
	struct str properties;
	struct str data;
};

static bool name_kind(struct str name, enum command_kind *kind)
{
	for (size_t i = 0; i < LENGTH(names); i++) {
		if (str_ieq(name, str_of(names[i]))) {
			*kind = (enum command_kind)i;
			return true;
		}
	}
	return false;
}

bool command_is_registered(struct str name)
{
	enum command_kind kind;

	return name_kind(name, &kind);
}

/* --- shapes ------------------------------------------------------------------------------------
 */

static void split_info(struct shape *shape, struct str info)
{
	size_t space = str_chr(info, ' ', 0);

	shape->name = str_slice(info, 0, space == STR_NPOS ? info.len : space);
	shape->properties = space == STR_NPOS ? STR_EMPTY : str_slice(info, space + 1, info.len);
}

static bool shape_v2(struct str line, struct shape *shape)
{
	struct str mark = STR("::");

	line = utf8_trim_start(line);
	if (!str_starts(line, mark)) {
		return false;
	}

	size_t end = str_find(line, mark, mark.len);

	if (end == STR_NPOS) {
		return false;
	}
	shape->notation = &v2;
	split_info(shape, str_slice(line, mark.len, end));
	shape->properties = utf8_trim(shape->properties);
	shape->data = str_slice(line, end + mark.len, line.len);
	return true;
}

static bool shape_v1(struct str line, struct shape *shape)
{
	struct str mark = STR("##[");
	size_t start = str_find(line, mark, 0);
	size_t end = start == STR_NPOS ? STR_NPOS : str_chr(line, ']', start);

	if (end == STR_NPOS) {
		return false;
	}
	shape->notation = &v1;
	split_info(shape, str_slice(line, start + mark.len, end));
	shape->data = str_slice(line, end + 1, line.len);
	return true;
}

/* --- escapes and properties --------------------------------------------------------------------
 */

static const struct escape *escape_at(struct str s, size_t at, const struct escape *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(str_slice(s, at, at + 3), str_of(table[i].code))) {
			return &table[i];
		}
	}
	return NULL;
}

static struct str unescape(struct arena *a, struct str s, const struct escape *table, size_t n)
{
	size_t at = str_chr(s, '%', 0);

	if (at == STR_NPOS) {
		return s;
	}

	char *p = arena_cstr(a, s);
	size_t len = at;

	while (at < s.len) {
		const struct escape *e = s.p[at] == '%' ? escape_at(s, at, table, n) : NULL;

		p[len++] = e ? e->meant : s.p[at];
		at += e ? 3 : 1;
	}
	p[len] = '\0';
	return str_mk(p, len);
}

/* .NET's Split('=', 2) without empty parts: signs before the key and before the value are passed
 * over, and both must be left. */
static bool split_property(struct str s, struct str *key, struct str *value)
{
	size_t at = 0;

	while (at < s.len && s.p[at] == '=') {
		at++;
	}

	size_t end = str_chr(s, '=', at);

	if (end == STR_NPOS) {
		return false;
	}
	*key = str_slice(s, at, end);
	while (end < s.len && s.p[end] == '=') {
		end++;
	}
	*value = str_slice(s, end, s.len);
	return value->len > 0;
}

static void read_properties(struct arena *a, const struct shape *shape, struct command *out)
{
	VEC(struct command_property) list = { 0 };
	struct str rest = shape->properties;
	const struct notation *n = shape->notation;

	while (rest.p) {
		struct str key;
		struct str value;

		if (split_property(str_cut(&rest, n->separator), &key, &value)) {
			value = unescape(a, value, n->property, n->nproperty);
			vec_push(a, &list, (struct command_property){ key, value });
		}
	}
	out->n = list.n;
	out->properties = list.v;
}

/* --- commands ----------------------------------------------------------------------------------
 */

/* Whether the line can be a command at all, which hardly any is: :: stands behind blanks only. */
static bool worth_a_look(struct str line)
{
	unsigned char first = line.len ? (unsigned char)line.p[0] : 'x';

	if (first == ':' || first <= ' ' || first >= 0x80) {
		return true;
	}
	return str_find(line, STR("##["), 0) != STR_NPOS;
}

bool command_possible(struct str line)
{
	return worth_a_look(line) && (str_find(line, STR("::"), 0) != STR_NPOS ||
				      str_find(line, STR("##["), 0) != STR_NPOS);
}

bool command_parse(struct arena *a, struct str line, struct command *out)
{
	struct shape shape;
	enum command_kind kind;

	if (!worth_a_look(line)) {
		return false;
	}
	if (!(shape_v2(line, &shape) && name_kind(shape.name, &kind)) &&
	    !(shape_v1(line, &shape) && name_kind(shape.name, &kind))) {
		return false;
	}
	*out = (struct command){ .kind = kind, .name = shape.name };
	out->data = unescape(a, shape.data, shape.notation->data, shape.notation->ndata);
	read_properties(a, &shape, out);
	return true;
}

bool command_is_resume(struct str line, struct str token)
{
	struct shape shape;

	if (!worth_a_look(line)) {
		return false;
	}
	/* The token counts as a registered name, and the first notation that has one decides. */
	if (shape_v2(line, &shape) &&
	    (str_ieq(shape.name, token) || command_is_registered(shape.name))) {
		return str_ieq(shape.name, token);
	}
	return shape_v1(line, &shape) && str_ieq(shape.name, token);
}

struct str command_property(const struct command *c, struct str key)
{
	/* One that is given twice counts as its last value. */
	for (size_t i = c->n; i > 0; i--) {
		if (str_ieq(c->properties[i - 1].key, key)) {
			return c->properties[i - 1].value;
		}
	}
	return STR_EMPTY;
}
