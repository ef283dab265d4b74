/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/sys/file.h"

#define TRIES_MAX 5u
#define TRIES_NS  60000000000ull

#define ARGS	  "args"
#define TRIES	  "tries"
#define NEW	  "new"

struct tries {
	uint64_t last_ns;
	uint32_t n;
	uint32_t pad;
};

struct path {
	char text[PATH_MAX + 32];
};

static struct path part(const struct seki_kept *kept, const char *name)
{
	struct path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", kept->dir, name);
	return path;
}

static struct path program(const struct seki_kept *kept, uint32_t number)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", number);
	return part(kept, name);
}

void seki_kept_init(struct seki_kept *kept, const char *base, const char *name)
{
	int n = base ? snprintf(kept->dir, sizeof(kept->dir), "%s/%s", base, name) : -1;

	if (n < 0 || (size_t)n >= sizeof(kept->dir))
		kept->dir[0] = '\0';
}

static int write_all(const char *path, const struct iovec *iov, int n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t done, len = 0;
	int err;

	if (fd < 0)
		return -errno;
	for (int i = 0; i < n; i++)
		len += (ssize_t)iov[i].iov_len;
	done = writev(fd, iov, n);
	err = done < 0 ? -errno : done < len ? -ENOSPC : 0;
	close(fd);
	return err;
}

static int replace(const struct seki_kept *kept, const struct path *path, const struct iovec *iov,
		   int n)
{
	const struct path new = part(kept, NEW);
	int err = write_all(new.text, iov, n);

	if (!err && rename(new.text, path->text))
		err = -errno;
	if (err)
		unlink(new.text);
	return err;
}

int seki_kept_begin(const struct seki_kept *kept, int argc, char **argv)
{
	const struct path path = part(kept, ARGS);
	struct iovec iov[SEKI_KEPT_ARGS];

	if (!kept->dir[0])
		return 0;
	if (argc > SEKI_KEPT_ARGS)
		return -E2BIG;
	seki_kept_end(kept);
	if (mkdir(kept->dir, 0700))
		return -errno;
	for (int i = 0; i < argc; i++)
		iov[i] = (struct iovec){argv[i], strlen(argv[i]) + 1};
	return replace(kept, &path, iov, argc);
}

int seki_kept_put(const struct seki_kept *kept, uint32_t number, const struct seki_request *request)
{
	const struct path path = program(kept, number);
	struct seki_control_target target = request->target;
	struct seki_control_frame frame = {.op = SEKI_CONTROL_LOAD,
					   .len = (uint32_t)(sizeof(target) + request->object_len)};
	const struct iovec iov[] = {{&frame, sizeof(frame)},
				    {&target, sizeof(target)},
				    {(void *)request->object, request->object_len}};

	if (!kept->dir[0])
		return 0;
	target.flags = 0;
	target.names = 0;
	snprintf(frame.name, sizeof(frame.name), "%s", request->load.name);
	return replace(kept, &path, iov, 3);
}

void seki_kept_drop(const struct seki_kept *kept, uint32_t number)
{
	if (kept->dir[0])
		unlink(program(kept, number).text);
}

void seki_kept_move(const struct seki_kept *kept, uint32_t from, uint32_t to)
{
	if (from != to)
		rename(program(kept, from).text, program(kept, to).text);
}

int seki_kept_try(const struct seki_kept *kept, uint64_t now_ns)
{
	const struct path path = part(kept, TRIES);
	struct tries tries = {.n = 0}, *read = NULL;
	const struct iovec iov = {&tries, sizeof(tries)};
	size_t len;

	if (!seki_file_read(path.text, sizeof(tries), (void **)&read, &len) &&
	    len == sizeof(tries) && now_ns - read->last_ns < TRIES_NS)
		tries.n = read->n;
	free(read);
	if (tries.n >= TRIES_MAX)
		return -ELOOP;
	tries.n++;
	tries.last_ns = now_ns;
	return replace(kept, &path, &iov, 1);
}

int seki_kept_args(const struct seki_kept *kept, char *argv[SEKI_KEPT_ARGS], char **text)
{
	const struct path path = part(kept, ARGS);
	size_t len, at = 0;
	char *args;
	int n = 0;
	int err = seki_file_read(path.text, SEKI_KEPT_ARGS * PATH_MAX, (void **)&args, &len);

	if (err)
		return err;
	while (at < len && n < SEKI_KEPT_ARGS && memchr(args + at, '\0', len - at)) {
		argv[n++] = args + at;
		at += strlen(args + at) + 1;
	}
	if (at < len || !n) {
		free(args);
		return -EPROTO;
	}
	*text = args;
	return n;
}

int seki_kept_get(const struct seki_kept *kept, uint32_t number, struct seki_request *out,
		  void **data)
{
	const struct path path = program(kept, number);
	struct seki_control_frame *frame;
	size_t len;
	int err = seki_file_read(path.text, sizeof(*frame) + SEKI_CONTROL_MAX_REQUEST,
				 (void **)&frame, &len);

	if (err)
		return err;
	if (len < sizeof(*frame) || frame->len != len - sizeof(*frame) ||
	    frame->op != SEKI_CONTROL_LOAD || !memchr(frame->name, '\0', sizeof(frame->name)))
		err = -EPROTO;
	if (!err)
		err = seki_request_read(frame, frame + 1, out);
	if (err)
		free(frame);
	else
		*data = frame;
	return err;
}

void seki_kept_end(const struct seki_kept *kept)
{
	if (!kept->dir[0])
		return;
	for (uint32_t i = 0; i < SEKI_PROGRAMS; i++)
		seki_kept_drop(kept, i);
	unlink(part(kept, ARGS).text);
	unlink(part(kept, TRIES).text);
	unlink(part(kept, NEW).text);
	rmdir(kept->dir);
}
