/* Diagnostics in the form of GitHub's service: place, caller, and the cut after 500 characters. */
#include <criterion/criterion.h>

#include "actc/diag.h"

struct fixture {
	struct arena a;
	struct sources sources;
	struct diags diags;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .a = ARENA_INIT };
	f->sources.arena = &f->a;
	f->diags = (struct diags){ .arena = &f->a, .sources = &f->sources };
	(void)sources_add(&f->sources, STR("w.yml"), STR("on: push\njobs: x\n"));
	(void)sources_add(&f->sources, STR("called.yml"), STR("on: push\n"));
}

static void expect(struct fixture *f, const char *want)
{
	struct str got = diag_as_github(&f->a, &f->diags, &f->diags.list.v[0]);

	cr_assert(str_eq(got, str_of(want)), "got '%.*s', want '%s'", STR_ARG(got), want);
	arena_release(&f->a);
}

static struct diag *report(struct fixture *f, uint32_t file, uint32_t lo, const char *msg)
{
	return diag_error(&f->diags, (struct span){ file, lo, lo + 1 }, "x", "%s", msg);
}

Test(diag_github, has_file_line_and_column)
{
	struct fixture f;

	setup(&f);
	(void)report(&f, 0, 15, "wrong");
	expect(&f, "w.yml (Line: 2, Col: 7): wrong");
}

Test(diag_github, has_the_file_alone_where_github_knows_no_place)
{
	struct fixture f;

	setup(&f);
	report(&f, 0, 15, "wrong")->token = NO_SPAN;
	expect(&f, "w.yml: wrong");
}

Test(diag_github, is_bare_where_it_concerns_the_run)
{
	struct fixture f;

	setup(&f);
	report(&f, 0, 15, "too many")->bare = true;
	expect(&f, "too many");
}

Test(diag_github, names_the_call_that_led_to_a_file)
{
	struct fixture f;

	setup(&f);
	report(&f, 1, 4, "wrong")->caller = (struct span){ 0, 15, 16 };
	expect(&f, "In w.yml (Line: 2, Col: 7): Error from called workflow called.yml (Line: 1, "
		   "Col: 5): wrong");
}

/* GitHub counts UTF-16 units: a character beyond the basic plane is two, and stays whole. */
Test(diag_github, is_cut_after_500_units)
{
	struct fixture f;
	char msg[4 * 300 + 1] = "", want[4 * 300 + 64] = "w.yml: ";

	setup(&f);
	for (int i = 0; i < 300; i++) {
		memcpy(msg + strlen(msg), "\xf0\x9f\x98\x80", 5);
	}
	report(&f, 0, 0, msg)->token = NO_SPAN;
	for (int i = 0; i < (500 - 7) / 2; i++) {
		memcpy(want + strlen(want), "\xf0\x9f\x98\x80", 5);
	}
	memcpy(want + strlen(want), "[...]", 6);
	expect(&f, want);
}
