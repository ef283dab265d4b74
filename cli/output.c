// SPDX-License-Identifier: Apache-2.0
/* See the header. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys/log.h"

static int complain_of(const char *path, int err)
{
	return seki_complain("sekisho", "cannot write '%s': %s", path, strerror(err));
}

/* A pipe, a terminal, /dev/stdout: it is written to, and nothing takes its place. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static FILE *open_special(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		complain_of(path, errno);
	return file;
}

FILE *seki_cli_output_open(struct seki_cli_output *output, const char *path)
{
	FILE *file = NULL;
	int fd, err;

	*output = (struct seki_cli_output){.path = path};
	if (is_special(path))
		return open_special(path);
	if (asprintf(&output->temp, "%s.XXXXXX", path) < 0) {
		output->temp = NULL;
		complain_of(path, ENOMEM);
		return NULL;
	}
	fd = mkostemp(output->temp, O_CLOEXEC);
	err = errno;
	if (fd < 0) {
		free(output->temp);
		output->temp = NULL;
		complain_of(path, err);
		return NULL;
	}
	if (fchmod(fd, 0644) == 0)
		file = fdopen(fd, "w");
	if (file)
		return file;
	err = errno;
	close(fd);
	seki_cli_output_drop(output);
	complain_of(path, err);
	return NULL;
}

int seki_cli_output_commit(struct seki_cli_output *output, FILE *file)
{
	int err = 0;

	errno = EIO; /* where an earlier write failed, nobody kept why */
	if (ferror(file) || fflush(file) || (output->temp && rename(output->temp, output->path)))
		err = errno;
	if (err)
		return complain_of(output->path, err);
	free(output->temp);
	output->temp = NULL;
	return 0;
}

void seki_cli_output_drop(struct seki_cli_output *output)
{
	if (!output->temp)
		return;
	unlink(output->temp);
	free(output->temp);
	output->temp = NULL;
}

int seki_cli_save(const char *path, const void *data, size_t len)
{
	struct seki_cli_output output;
	FILE *file = seki_cli_output_open(&output, path);
	int ret;

	if (!file)
		return 1;
	fwrite(data, 1, len, file); /* commit sees a failure */
	ret = seki_cli_output_commit(&output, file);
	fclose(file);
	seki_cli_output_drop(&output);
	return ret;
}
