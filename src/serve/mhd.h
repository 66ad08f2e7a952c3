/* mhd.h - libmicrohttpd, loaded at first use: the functions that the server calls. */
#ifndef SERVE_MHD_H
#define SERVE_MHD_H

#include <microhttpd.h>

#include "actc/dynload.h"
#include "actc/err.h"

#define MHD_FUNCTIONS(X)                           \
	X(MHD_add_response_header)                 \
	X(MHD_create_response_from_buffer)         \
	X(MHD_create_response_from_fd_at_offset64) \
	X(MHD_destroy_response)                    \
	X(MHD_get_connection_values)               \
	X(MHD_lookup_connection_value)             \
	X(MHD_queue_response)                      \
	X(MHD_resume_connection)                   \
	X(MHD_start_daemon)                        \
	X(MHD_suspend_connection)                  \
	X(MHD_stop_daemon)

struct mhd {
	MHD_FUNCTIONS(DYNLOAD_MEMBER)
};

/* ERR_NOT_FOUND where the library is not installed. */
bool mhd_load(struct mhd *m, struct err *err);

#endif
