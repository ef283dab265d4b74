/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sys/rundir.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *seki_rundir_base(const char *from_option)
{
	const char *from_env = getenv("SEKISHO_RUN_DIR");

	if (from_option)
		return from_option;
	return from_env && *from_env ? from_env : SEKI_RUNDIR_DEFAULT;
}

bool seki_rundir_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > SEKI_RUNDIR_NAME_MAX || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return false;
	}
	return true;
}

int seki_rundir_path(const char *base, const char *name, const char *leaf, char *out, size_t size)
{
	int n;

	if (!seki_rundir_name_ok(name))
		return -EINVAL;
	n = snprintf(out, size, "%s/%s%s%s", base, name, leaf ? "/" : "", leaf ? leaf : "");
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* mkdir -p */
static int make_path(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int seki_rundir_claim(const char *base, const char *name)
{
	char path[PATH_MAX];
	int fd, err;

	err = seki_rundir_path(base, name, NULL, path, sizeof(path));
	if (err)
		return err;
	err = make_path(path);
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(fd);
		return err;
	}
	return fd;
}
