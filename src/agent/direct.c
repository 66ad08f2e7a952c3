/*
 * direct.c - the agent's own connection to act-c, past the container's stdin and stdout.
 *
 * These stay open: the end of stdin is the end of who started the container, and so of all. What a
 * process of the job writes into them through /proc, as root may, is nobody's.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int dial(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && strlen(path) < sizeof(to.sun_path)) {
		memcpy(to.sun_path, path, strlen(path));
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
			return fd;
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return -1;
}

bool direct_dial(struct agent *a, const char *path, const char *token)
{
	int fd = *path ? dial(path) : -1;

	if (fd >= 0 && write(fd, token, strlen(token)) != (ssize_t)strlen(token)) {
		(void)close(fd);
		fd = -1;
	}
	if (fd < 0) {
		return false;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ FRAME_SOCKET_BUFFER }, sizeof(int));
	a->life = a->in;
	a->in = a->direct = fd;
	/* A ping that has come by the old way is answered by none: the next one comes by the new.
	 */
	frame_input_drop(&a->input);
	return true;
}

void direct_life(struct agent *a)
{
	char waste[4096];
	ssize_t n = read(a->life, waste, sizeof(waste));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		a->over = true;
	}
}
