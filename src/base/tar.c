/* tar.c - headers of the ustar format, made and read. */
#include "actc/tar.h"

#include <string.h>

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a tar header is one block");

/* All of the field but its last byte, which stays NUL. */
static void octal(char *field, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0; value >>= 3) {
		field[i] = (char)('0' + (value & 7));
	}
}

static bool fill(char *field, size_t size, struct str text)
{
	memcpy(field, text.p, text.len < size ? text.len : size);
	return text.len <= size;
}

/* Where a path is cut into prefix and name: at the first slash that leaves a short enough name. */
static size_t cut_at(const struct tar_header *h, struct str path)
{
	size_t from = path.len > sizeof(h->name) ? path.len - sizeof(h->name) - 1 : 0;
	size_t cut = str_chr(path, '/', from);

	return cut == STR_NPOS || cut == 0 || cut > sizeof(h->prefix) ? STR_NPOS : cut;
}

static bool fill_path(struct tar_header *h, struct str path)
{
	size_t cut = path.len > sizeof(h->name) ? cut_at(h, path) : STR_NPOS;

	if (cut == STR_NPOS) {
		return fill(h->name, sizeof(h->name), path);
	}
	(void)fill(h->prefix, sizeof(h->prefix), str_slice(path, 0, cut));
	return fill(h->name, sizeof(h->name), str_slice(path, cut + 1, path.len));
}

bool tar_header_make(struct tar_header *h, const struct tar_entry *e)
{
	bool fits;

	memset(h, 0, sizeof(*h));
	fits = fill_path(h, e->path);
	fits = fill(h->link, sizeof(h->link), e->target) && fits;
	h->type = (char)e->type;
	memcpy(h->magic, "ustar", sizeof("ustar"));
	memcpy(h->magic + sizeof("ustar"), "00", 2);
	octal(h->mode, sizeof(h->mode), e->mode & 07777);
	octal(h->uid, sizeof(h->uid), 0);
	octal(h->gid, sizeof(h->gid), 0);
	octal(h->size, sizeof(h->size), e->size <= TAR_NUMBER_MAX ? e->size : 0);
	octal(h->mtime, sizeof(h->mtime), e->mtime > 0 ? (uint64_t)e->mtime & TAR_NUMBER_MAX : 0);
	octal(h->checksum, sizeof(h->checksum) - 1, tar_sum(h));
	return fits;
}

unsigned tar_sum(const struct tar_header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(*h); i++) {
		bool is_sum = i >= offsetof(struct tar_header, checksum) &&
			      i < offsetof(struct tar_header, type);

		sum += is_sum ? ' ' : p[i];
	}
	return sum;
}

uint64_t tar_number(const char *field, size_t len)
{
	uint64_t n = 0;

	if ((unsigned char)field[0] & 0x80) {
		n = (unsigned char)field[0] & 0x3f;
		for (size_t i = 1; i < len; i++) {
			n = n << 8 | (unsigned char)field[i];
		}
		return n;
	}
	for (size_t i = 0; i < len && field[i]; i++) {
		if (field[i] >= '0' && field[i] <= '7') {
			n = n << 3 | (uint64_t)(field[i] - '0');
		}
	}
	return n;
}

size_t tar_padding(uint64_t size)
{
	return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

static const char zeros[2 * TAR_BLOCK];

bool tar_add_file(struct strbuf *tar, struct str path, unsigned mode, struct str content)
{
	struct tar_entry e = { .type = TAR_FILE,
			       .path = path,
			       .target = STR_EMPTY,
			       .mode = mode,
			       .size = content.len };
	struct tar_header h;

	return tar_header_make(&h, &e) && strbuf_add(tar, &h, sizeof(h)) &&
	       strbuf_adds(tar, content) && strbuf_add(tar, zeros, tar_padding(content.len));
}

bool tar_add_link(struct strbuf *tar, struct str path, struct str target)
{
	struct tar_entry e = { .type = TAR_LINK, .path = path, .target = target, .mode = 0777 };
	struct tar_header h;

	return tar_header_make(&h, &e) && strbuf_add(tar, &h, sizeof(h));
}

void tar_add_end(struct strbuf *tar)
{
	(void)strbuf_add(tar, zeros, sizeof(zeros));
}
