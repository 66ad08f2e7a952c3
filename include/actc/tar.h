/*
 * tar.h - the ustar format (POSIX.1-2017, pax, "ustar Interchange Format"), for all who read or
 * write a tar stream: the agent, and those who make one for it or for an engine.
 *
 * An archive is a row of headers of one block each, a file's content after its own, filled up to
 * whole blocks, and two blocks of zeros at its end.
 */
#ifndef ACTC_TAR_H
#define ACTC_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/str.h"
#include "actc/strbuf.h"

enum { TAR_BLOCK = 512 };

/* The largest size and time that a header holds. */
#define TAR_NUMBER_MAX 077777777777ULL

/* Numbers are octal text. A text that fills its field has no NUL. */
struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12]; /* seconds since 1970 */
	char checksum[8];
	char type;
	char link[100];
	char magic[8];
	char owner[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155]; /* where not empty, the path is prefix/name */
	char rest[12];
};

enum tar_type { TAR_FILE = '0', TAR_HARD_LINK, TAR_LINK, TAR_DIR = '5', TAR_PAX = 'x' };

struct tar_entry {
	enum tar_type type;
	struct str path;
	struct str target; /* of links; else empty */
	unsigned mode;
	uint64_t size;
	int64_t mtime; /* 0 for what is before 1970, or has none */
};

/* The header of an entry of user 0 and group 0. A path may lie in prefix and name; false where it
 * or the target is too long even so: then the fields hold their beginning. */
bool tar_header_make(struct tar_header *h, const struct tar_entry *e);

/* The sum over a header, as its checksum field must have it. */
unsigned tar_sum(const struct tar_header *h);

/* A number's field: octal text, or base 256 (GNU's) when its first bit is set. */
uint64_t tar_number(const char *field, size_t len);

/* How many bytes fill a content up to whole blocks. */
size_t tar_padding(uint64_t size);

/* Whole entries of an archive in memory; false where a name is too long, and nothing is added. */
bool tar_add_file(struct strbuf *tar, struct str path, unsigned mode, struct str content);
bool tar_add_link(struct strbuf *tar, struct str path, struct str target);
void tar_add_end(struct strbuf *tar);

#endif
