/*
 * tar.h - the ustar header, as both tar files of the agent use it.
 */
#ifndef AGENT_TAR_H
#define AGENT_TAR_H

enum { TAR_BLOCK = 512 };

struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8];
	char owner[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char rest[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a tar header is one block");

/* The sum over a header with its checksum field taken as blanks. */
static inline unsigned tar_sum(const struct tar_header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;

	for (unsigned i = 0; i < sizeof(*h); i++) {
		bool in_sum_field = i >= offsetof(struct tar_header, checksum) &&
				    i < offsetof(struct tar_header, type);

		sum += in_sum_field ? ' ' : p[i];
	}
	return sum;
}

#endif
