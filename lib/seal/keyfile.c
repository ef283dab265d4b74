/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: who may read them, and what they hold. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/seal/seal.h"

#define HEX_DIGITS (2 * SEKI_SEAL_KEY_BYTES)

static int check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return (st.st_mode & 077) ? -EPERM : 0;
}

/* Bytes read, at most size; negative errno. */
static ssize_t read_up_to(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int decode(const char *text, size_t len, uint8_t *key)
{
	if (len == SEKI_SEAL_KEY_BYTES) {
		memcpy(key, text, SEKI_SEAL_KEY_BYTES);
		return 0;
	}
	if (len == HEX_DIGITS + 1 && text[HEX_DIGITS] == '\n')
		len--;
	if (len != HEX_DIGITS)
		return -EBADMSG;
	for (size_t i = 0; i < HEX_DIGITS; i++)
		if (hex_value(text[i]) < 0)
			return -EBADMSG;
	for (size_t i = 0; i < SEKI_SEAL_KEY_BYTES; i++)
		key[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
	return 0;
}

int seki_seal_read_key(const char *path, uint8_t *key)
{
	/* O_NONBLOCK: a FIFO in its place must not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[HEX_DIGITS + 2];
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	err = check_file(fd);
	if (!err) {
		n = read_up_to(fd, text, sizeof(text));
		err = n < 0 ? (int)n : decode(text, (size_t)n, key);
		seki_seal_wipe(text, sizeof(text));
	}
	close(fd);
	return err;
}

const char *seki_seal_key_error(int err)
{
	switch (err) {
	case -EINVAL:
		return "not a regular file";
	case -EPERM:
		return "others than its owner may access it: chmod 600 it";
	case -EBADMSG:
		return "holds neither 32 bytes nor 64 hex digits";
	default:
		return strerror(-err);
	}
}
