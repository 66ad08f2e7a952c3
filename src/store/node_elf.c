/*
 * node_elf.c - what a program wants of the system it runs on, from its ELF file: libraries and the
 * versions of their symbols. Distributions link node to libraries of their own; such a node runs
 * nowhere else.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/node_store.h"

enum { GLIBC_MINOR_MAX = 28 };

struct elf {
	const unsigned char *p;
	size_t len;
};

static const struct str libraries[] = {
	STR_INIT("libdl.so.2"),
	STR_INIT("libstdc++.so.6"),
	STR_INIT("libm.so.6"),
	STR_INIT("libgcc_s.so.1"),
	STR_INIT("libpthread.so.0"),
	STR_INIT("libc.so.6"),
	STR_INIT("librt.so.1"),
	STR_INIT("libatomic.so.1"),
	STR_INIT("ld-linux-x86-64.so.2"),
	STR_INIT("ld-linux-aarch64.so.1"),
};

/* A part of the file, or NULL when it is not in there. */
static const void *part(const struct elf *e, uint64_t at, uint64_t len)
{
	return at <= e->len && len <= e->len - at ? e->p + at : NULL;
}

static bool is_allowed(struct str library)
{
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		if (str_eq(libraries[i], library)) {
			return true;
		}
	}
	return false;
}

/* "GLIBC_2.34" and "GLIBC_2.3.4" have a minor version of 34 and 3. */
static bool is_old_enough(struct str version)
{
	struct str rest = str_slice(version, strlen("GLIBC_2."), version.len);
	unsigned long minor = 0;

	return !str_starts(version, STR("GLIBC_2.")) ||
	       (str_to_ulong(str_cut(&rest, '.'), &minor) && minor <= GLIBC_MINOR_MAX);
}

static bool needs_are_allowed(const struct elf *e, const Elf64_Shdr *dynamic, struct str strings)
{
	const Elf64_Dyn *d = part(e, dynamic->sh_offset, dynamic->sh_size);

	for (size_t i = 0; d && i < dynamic->sh_size / sizeof(*d); i++) {
		if (d[i].d_tag == DT_NEEDED && d[i].d_un.d_val < strings.len &&
		    !is_allowed(str_of(strings.p + d[i].d_un.d_val))) {
			return false;
		}
	}
	return d != NULL;
}

static bool versions_are_old(struct str strings)
{
	while (strings.p && strings.len) {
		if (!is_old_enough(str_cut(&strings, '\0'))) {
			return false;
		}
	}
	return true;
}

static bool check(const struct elf *e)
{
	const Elf64_Ehdr *h = part(e, 0, sizeof(*h));
	const Elf64_Shdr *s = NULL;

	if (!h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 || h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_shentsize != sizeof(*s)) {
		return false;
	}
	s = part(e, h->e_shoff, (uint64_t)h->e_shnum * sizeof(*s));
	for (size_t i = 0; s && i < h->e_shnum; i++) {
		const Elf64_Shdr *names = s[i].sh_link < h->e_shnum ? &s[s[i].sh_link] : NULL;
		const char *p = NULL;

		if (s[i].sh_type != SHT_DYNAMIC || !names || names->sh_size == 0) {
			continue;
		}
		p = part(e, names->sh_offset, names->sh_size);
		/* With a NUL at its end every string in it ends. */
		if (!p || p[names->sh_size - 1] != '\0') {
			return false;
		}
		return needs_are_allowed(e, &s[i], str_mk(p, names->sh_size)) &&
		       versions_are_old(str_mk(p, names->sh_size));
	}
	return false;
}

bool node_is_portable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf e = { NULL, 0 };
	struct stat st;
	bool ok = false;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		e.len = (size_t)st.st_size;

		void *p = mmap(NULL, e.len, PROT_READ, MAP_PRIVATE, fd, 0);

		if (p != MAP_FAILED) {
			e.p = p;
			ok = check(&e);
			(void)munmap(p, e.len);
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}
