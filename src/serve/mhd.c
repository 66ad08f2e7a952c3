/* mhd.c - loading libmicrohttpd: linked, it would cost every start of act-c several milliseconds.
 */
#include "mhd.h"

#ifndef ACTC_LIBMICROHTTPD_SO
#define ACTC_LIBMICROHTTPD_SO "libmicrohttpd.so"
#endif

#define SYMBOL(function) DYNLOAD_SYMBOL(mhd, function)

static const struct dynload_symbol symbols[] = { MHD_FUNCTIONS(SYMBOL) };

bool mhd_load(struct mhd *m, struct err *err)
{
	return dynload(ACTC_LIBMICROHTTPD_SO, symbols, sizeof(symbols) / sizeof(*symbols), m, err);
}
