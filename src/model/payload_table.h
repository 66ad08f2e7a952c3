/* payload_table.h - the default payloads as templates. */
#ifndef ACTC_MODEL_PAYLOAD_TABLE_H
#define ACTC_MODEL_PAYLOAD_TABLE_H

#include <stddef.h>

/* What github.ref is for an event (SEMANTICS 1.4 "Ref/SHA per event"). */
enum ref_rule {
	REF_DEFAULT, /* the default branch */
	REF_CURRENT, /* what is checked out */
	REF_MERGE,   /* refs/pull/N/merge; the base branch once it is merged */
	REF_RELEASE, /* the release's tag */
	REF_CREATED, /* the branch or tag that was created */
	REF_QUEUE,   /* the merge group's branch */
};

/* JSON with single quotes. "{name}" alone stands for that value, inside a text for its text. */
struct payload_part {
	const char *name;
	const char *json;
};

struct payload_row {
	const char *event;
	enum ref_rule ref;
	const char *json; /* what the event adds to repository and sender */
};

/* What one of an event's actions adds to its row. */
struct payload_action {
	const char *event, *action;
	const char *json;
};

/* Later parts may use earlier ones. */
extern const struct payload_part payload_parts[];
extern const size_t payload_nparts;
extern const struct payload_row payload_rows[];
extern const size_t payload_nrows;
extern const struct payload_action payload_actions[];
extern const size_t payload_nactions;

#endif
