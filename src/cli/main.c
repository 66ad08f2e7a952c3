/* main.c - the program's entry; everything else is in the library that tests and fuzzers link. */
#include <stdio.h>

int main(void)
{
	(void)puts("act-c " ACTC_VERSION);
	return 0;
}
