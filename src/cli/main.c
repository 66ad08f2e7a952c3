/* main.c - the program's entry; everything else is in the library that tests and fuzzers link. */
#include "cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
