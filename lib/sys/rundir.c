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

/* mkdir -p; the last one is private. */
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
		if (mkdir(part, path[i] ? 0755 : 0700) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* Can only we and root change what is behind this entry of a directory? */
static int check_entry(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	if (st.st_uid && st.st_uid != geteuid())
		return -EPERM;
	/* In a sticky directory, nobody can rename what is others'. */
	return S_ISDIR(st.st_mode) && (st.st_mode & 022) && !(st.st_mode & S_ISVTX) ? -EPERM : 0;
}

static int check_entries(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	int err = check_entry(path[0] == '/' ? "/" : ".");

	for (size_t i = 1; i <= len && !err; i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		err = check_entry(part);
	}
	return err;
}

/* As named and as it is with symbolic links followed. */
static int check_path(const char *path)
{
	char real[PATH_MAX];
	int err = check_entries(path);

	if (err)
		return err;
	return realpath(path, real) ? check_entries(real) : -errno;
}

/* Ours alone from now on: whoever may open it could hold its lock. */
static int lock_dir(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_mode & 022)
		return -EPERM; /* others may have put something there */
	if (fchmod(fd, 0700))
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
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
	if (!err)
		err = check_path(path);
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = lock_dir(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}
