/*
 * schema.c - the table of events as a JSON Schema (draft 2020-12).
 *
 * What it says is as strict as readers may rely on: which members a record of each kind has, and of
 * what type. Members that it does not name are allowed, since later versions add some.
 */
#include "actc/event.h"
#include "table.h"

static void add_about(struct strbuf *out, const char *about)
{
	if (about) {
		strbuf_adds(out, STR(", \"description\": "));
		json_quote(out, str_of(about));
	}
}

static void add_words(struct strbuf *out, const char *words)
{
	struct str rest = str_of(words);
	const char *before = ", \"enum\": [";

	while (rest.p) {
		strbuf_adds(out, str_of(before));
		json_quote(out, str_cut(&rest, ' '));
		before = ", ";
	}
	strbuf_addc(out, ']');
}

static void add_property(struct strbuf *out, const struct event_field *f)
{
	static const char *const types[] = {
		[FIELD_TEXT] = "\"type\": \"string\"",
		[FIELD_WORD] = "\"type\": \"string\"",
		[FIELD_INT] = "\"type\": \"integer\"",
		[FIELD_BOOL] = "\"type\": \"boolean\"",
		[FIELD_VALUE] = "\"type\": [\"object\", \"array\"]",
	};

	strbuf_addf(out, "        \"%.*s\": {%s", STR_ARG(f->name), types[f->type]);
	if (f->words) {
		add_words(out, f->words);
	}
	add_about(out, f->about);
	strbuf_addc(out, '}');
}

static void add_required(struct strbuf *out, const struct event_type *type)
{
	static const char *const scopes[] = {
		[SCOPE_RUN] = "",
		[SCOPE_JOB] = "\"job\"",
		[SCOPE_STEP] = "\"job\", \"step\"",
	};
	const char *before = type->scope == SCOPE_RUN ? "" : ", ";

	strbuf_addf(out, "      \"required\": [%s", scopes[type->scope]);
	for (size_t i = 0; i < type->n; i++) {
		if (type->fields[i].required) {
			strbuf_addf(out, "%s\"%.*s\"", before, STR_ARG(type->fields[i].name));
			before = ", ";
		}
	}
	strbuf_adds(out, STR("],\n"));
}

static void add_definition(struct strbuf *out, const struct event_type *type)
{
	strbuf_addf(out, "    \"%.*s\": {\n      \"type\": \"object\"", STR_ARG(type->name));
	add_about(out, type->about);
	strbuf_adds(out, STR(",\n"));
	add_required(out, type);
	strbuf_adds(out, STR("      \"properties\": {"));
	for (size_t i = 0; i < type->n; i++) {
		strbuf_adds(out, i ? STR(",\n") : STR("\n"));
		add_property(out, &type->fields[i]);
	}
	strbuf_adds(out, type->n ? STR("\n      }\n    }") : STR("}\n    }"));
}

static const char head[] =
	"{\n"
	"  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	"  \"title\": \"An event of act-c, version 1\",\n"
	"  \"description\": \"One line of `act-c run --json` and of a run's events.ndjson. "
	"Readers ignore members and events they do not know.\",\n"
	"  \"type\": \"object\",\n"
	"  \"required\": [\"v\", \"seq\", \"t\", \"event\"],\n"
	"  \"properties\": {\n"
	"    \"v\": {\"const\": 1, \"description\": \"rises only when something is removed or "
	"changes its meaning\"},\n"
	"    \"seq\": {\"type\": \"integer\", \"minimum\": 1, \"description\": \"order within the "
	"run, without gaps\"},\n"
	"    \"t\": {\"type\": \"number\", \"description\": \"seconds since the epoch\"},\n"
	"    \"job\": {\"type\": \"string\", \"minLength\": 1, \"description\": \"path of job "
	"instances: build, test(3), deploy(eu)/test(3)\"},\n"
	"    \"step\": {\"type\": \"string\", \"minLength\": 1, \"description\": \"of the "
	"job: its number, 4/2 for an inner step, setup, complete\"},\n"
	"    \"event\": {\"enum\": [";

void event_schema(struct strbuf *out)
{
	strbuf_adds(out, str_of(head));
	for (int k = 0; k < EVENT_KINDS; k++) {
		strbuf_adds(out, k ? STR(",\n      ") : STR("\n      "));
		json_quote(out, event_type((enum event_kind)k)->name);
	}
	strbuf_adds(out, STR("\n    ]}\n  },\n  \"allOf\": ["));
	for (int k = 0; k < EVENT_KINDS; k++) {
		struct str name = event_type((enum event_kind)k)->name;

		strbuf_addf(
			out,
			"%s\n    {\"if\": {\"properties\": {\"event\": {\"const\": \"%.*s\"}}}, "
			"\"then\": {\"$ref\": \"#/$defs/%.*s\"}}",
			k ? "," : "", STR_ARG(name), STR_ARG(name));
	}
	strbuf_adds(out, STR("\n  ],\n  \"$defs\": {\n"));
	for (int k = 0; k < EVENT_KINDS; k++) {
		add_definition(out, event_type((enum event_kind)k));
		strbuf_adds(out, k + 1 < EVENT_KINDS ? STR(",\n") : STR("\n"));
	}
	strbuf_adds(out, STR("  }\n}\n"));
}
