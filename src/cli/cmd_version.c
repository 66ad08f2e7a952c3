/* cmd_version.c - `act-c version` and `act-c --version`. */
#include "cli.h"

#include <stdio.h>

int cmd_version(struct options *o)
{
	(void)o;
	(void)puts("act-c " ACTC_VERSION);
	return EXIT_OK;
}
