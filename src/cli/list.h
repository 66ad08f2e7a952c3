/* list.h - the forms of `act-c list` that have a file of their own. */
#ifndef ACTC_CLI_LIST_H
#define ACTC_CLI_LIST_H

#include "chosen.h"

void list_print_json(struct options *o, const struct chosen *c);

#endif
