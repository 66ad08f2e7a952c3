/* main.c - the program's entry; everything else is in the library that tests and fuzzers link. */
#include "cli.h"

#include <malloc.h>

int main(int argc, char **argv)
{
	(void)mallopt(M_TOP_PAD, 1 << 20);
	return cli_main(argc, argv);
}
