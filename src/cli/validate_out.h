/* validate_out.h - what validate found, for people and for programs. */
#ifndef ACTC_CLI_VALIDATE_OUT_H
#define ACTC_CLI_VALIDATE_OUT_H

#include "actc/diag.h"

struct validate_out {
	FILE *out;
	bool colour;
	bool strict;  /* warnings are errors */
	bool started; /* something was printed */
};

struct validate_format {
	const char *name;
	bool people;  /* not for programs: on stderr */
	bool summary; /* a line with the counts follows */
	void (*begin)(struct validate_out *o);
	/* The diagnostics of one file, in order. */
	void (*file)(struct validate_out *o, const struct diags *d);
	void (*end)(struct validate_out *o);
};

/* NULL when there is none of that name. */
const struct validate_format *validate_format_find(struct str name);

#endif
