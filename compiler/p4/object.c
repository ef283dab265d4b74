/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated C to an object by clang: memory files are its standard input, output and error, so that
 * nothing is left behind, whatever happens.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/p4obj.h"
#include "compiler/p4/compile.h"

#define OBJECT_MAX ((off_t)64 << 20)

static int memory_file(const char *name, const char *text)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	size_t len = text ? strlen(text) : 0, done = 0;
	int err;

	if (fd < 0)
		return -errno;
	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0) {
			err = -errno;
			close(fd);
			return err;
		}
		done += (size_t)n;
	}
	return fd;
}

/* In the child: becomes clang. */
static void exec_clang(int in, int out, int log)
{
	const char *clang = getenv("SEKISHO_CLANG");
	int err;

	if (lseek(in, 0, SEEK_SET) < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	if (!clang || !*clang)
		clang = "clang";
	execlp(clang, clang, "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-ffreestanding",
	       "-fno-stack-protector", "-fdebug-compilation-dir=.", "-w", "-x", "c", "-c", "-",
	       "-o", "-", (char *)NULL);
	err = errno;
	dprintf(2, "%s: %s\n", clang, strerror(err));
	_exit(err == ENOENT ? 127 : 126);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EIO;
}

static int read_back(int fd, void **data, size_t *len)
{
	struct stat st;
	char *buf;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0 || st.st_size > OBJECT_MAX)
		return -EIO;
	buf = malloc((size_t)st.st_size);
	if (!buf)
		return -ENOMEM;
	if (pread(fd, buf, (size_t)st.st_size, 0) != st.st_size) {
		free(buf);
		return -EIO;
	}
	*data = buf;
	*len = (size_t)st.st_size;
	return 0;
}

static void copy_log(int fd, char *log, size_t size)
{
	ssize_t n;

	if (!log || size == 0)
		return;
	n = pread(fd, log, size - 1, 0);
	log[n > 0 ? n : 0] = '\0';
}

int seki_p4_object_build(const char *code, void **object, size_t *len, char *log, size_t log_size)
{
	int in = memory_file("program.c", code);
	int out = memory_file("program.o", NULL);
	int err_log = memory_file("log", NULL);
	int err = in < 0 ? in : out < 0 ? out : err_log < 0 ? err_log : 0;
	pid_t pid;

	if (!err) {
		pid = fork();
		if (pid == 0)
			exec_clang(in, out, err_log);
		err = pid < 0 ? -errno : wait_for(pid);
	}
	if (!err)
		err = read_back(out, object, len);
	if (err)
		copy_log(err_log, log, log_size);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (err_log >= 0)
		close(err_log);
	return err;
}

/* The bytes of a section, or NULL; the object is clang's. */
static void *find_section(void *object, size_t len, const char *name, size_t size)
{
	const Elf64_Ehdr *elf = object;
	const Elf64_Shdr *sections, *names;

	if (len < sizeof(*elf) || elf->e_shoff > len ||
	    (len - elf->e_shoff) / sizeof(*sections) < elf->e_shnum ||
	    elf->e_shstrndx >= elf->e_shnum)
		return NULL;
	sections = (const void *)((char *)object + elf->e_shoff);
	names = &sections[elf->e_shstrndx];
	for (uint32_t i = 0; i < elf->e_shnum; i++) {
		const Elf64_Shdr *s = &sections[i];

		if (names->sh_offset + s->sh_name + strlen(name) < len && s->sh_size == size &&
		    s->sh_offset <= len - size &&
		    strcmp((char *)object + names->sh_offset + s->sh_name, name) == 0)
			return (char *)object + s->sh_offset;
	}
	return NULL;
}

void seki_p4_object_set_bounds(void *object, size_t len, const struct seki_obj_bounds *bounds)
{
	void *to = find_section(object, len, SEKI_OBJ_BOUNDS, sizeof(*bounds));

	if (to)
		memcpy(to, bounds, sizeof(*bounds));
}
