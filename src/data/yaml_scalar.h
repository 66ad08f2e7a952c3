/* yaml_scalar.h - which value a scalar is (SEMANTICS 1.1); private to the YAML reader. */
#ifndef ACTC_DATA_YAML_SCALAR_H
#define ACTC_DATA_YAML_SCALAR_H

#include "actc/yaml.h"

enum scalar_fault {
	SCALAR_OK,
	SCALAR_BAD_STYLE, /* the style does not go with the tag */
	SCALAR_BAD_VALUE, /* the text is no value of the type */
	SCALAR_BAD_TAG,
};

/* Sets kind, b and n from text and plain. `tag` is the full URI or empty; *type is the URI that an
 * error names. */
enum scalar_fault yaml_scalar_resolve(struct yaml_node *n, struct str tag, struct str *type);

#endif
