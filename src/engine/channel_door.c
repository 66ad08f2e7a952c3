/*
 * channel_door.c - the socket by which an agent reaches act-c itself, where both see one file
 * system: what a step prints then passes neither the daemon nor its client.
 *
 * The door opens once. Whoever comes first must bring the token that only the agent was told; then
 * the door is taken away, before anything of the job has run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_impl.h"

static bool make_token(struct channel_door *d)
{
	unsigned char bytes[CHANNEL_TOKEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		(void)snprintf(d->token + 2 * i, 3, "%02x", bytes[i]);
	}
	return true;
}

/* A socket's path is short and a run directory's may not be: it is named by its descriptor. */
static bool listen_in(struct channel_door *d)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" CHANNEL_DOOR, d->dir);
	d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return d->listener >= 0 && bind(d->listener, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	       listen(d->listener, 1) == 0;
}

bool channel_door_open(struct channel_door *d, const char *dir)
{
	*d = (struct channel_door){ .listener = -1, .inside = d->inside };
	d->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d->dir >= 0 && make_token(d) && listen_in(d)) {
		return true;
	}
	channel_door_close(d);
	return false;
}

void channel_door_close(struct channel_door *d)
{
	if (d->listener >= 0) {
		(void)close(d->listener);
		(void)unlinkat(d->dir, CHANNEL_DOOR, 0);
	}
	if (d->dir >= 0) {
		(void)close(d->dir);
	}
	d->listener = d->dir = -1;
}

int door_accept(struct channel_door *d)
{
	char token[CHANNEL_TOKEN];
	int fd = d->listener < 0 ? -1 : accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);

	channel_door_close(d);
	/* The agent wrote it before it said that it had come. */
	if (fd >= 0 && (recv(fd, token, sizeof(token), MSG_DONTWAIT) != (ssize_t)sizeof(token) ||
			memcmp(token, d->token, sizeof(token)) != 0)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}
