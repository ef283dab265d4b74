/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of the virtual machine that a P4 VM runs in (--isolation=vm): loads the modules
 * that came with it, starts sekisho-p4vmd as the host says, and stands between its sockets and the
 * host (abi/guest.h). Packets do not pass through it, nor do wake-ups. Whatever goes wrong ends the
 * machine; the host starts another.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "p4vm/guest/guest.h"

static struct seki_guest guest = {.daemon_out = -1};

void seki_guest_die(const char *format, ...)
{
	int err = errno;
	va_list args;

	va_start(args, format);
	fprintf(stderr, "init: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(err));
	va_end(args);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void must_mount(const char *what, const char *where, const char *type)
{
	mkdir(where, 0755);
	if (mount(what, where, type, 0, NULL))
		seki_guest_die("mount %s", where);
}

static void load_modules(void)
{
	FILE *list = fopen("/modules/list", "re");
	char name[128], path[256];

	if (!list)
		seki_guest_die("/modules/list");
	while (fscanf(list, "%127s", name) == 1) {
		int fd;

		snprintf(path, sizeof(path), "/modules/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			seki_guest_die("module %s", name);
		close(fd);
	}
	fclose(list);
}

/* The sandbox leaves its root by pivot_root(), which the kernel's first root does not allow. */
static void leave_first_root(void)
{
	mkdir("/root", 0755);
	if (mount("/", "/root", NULL, MS_BIND | MS_REC, NULL) || chdir("/root") ||
	    mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		seki_guest_die("root");
}

/* The driver makes the port some time after it was loaded. */
static int open_port(void)
{
	const struct timespec tick = {.tv_nsec = 1000000};

	for (int tries = 0; tries < 5000; tries++) {
		glob_t found;
		int fd = -1;

		if (glob("/dev/vport*p1", 0, NULL, &found) == 0)
			fd = open(found.gl_pathv[0], O_RDWR | O_CLOEXEC);
		globfree(&found);
		if (fd >= 0)
			return fd;
		nanosleep(&tick, NULL);
	}
	seki_guest_die("no virtio-serial port");
	return -1;
}

static int is_uio(const struct dirent *entry)
{
	return strncmp(entry->d_name, "uio", 3) == 0;
}

int seki_guest_find(uint32_t slot, uint32_t function, uint32_t index, char path[SEKI_GUEST_PATH])
{
	struct dirent **names;
	char dir[128];
	int n;

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/0000:00:%02x.%u/uio", slot, function);
	n = scandir(dir, &names, is_uio, versionsort);
	if (n > (int)index)
		snprintf(path, SEKI_GUEST_PATH, "/dev/%.32s", names[index]->d_name);
	for (int i = 0; i < n; i++)
		free(names[i]);
	if (n >= 0)
		free(names);
	return n > (int)index ? 0 : -ENOENT;
}

static void name_interrupts(void)
{
	char path[SEKI_GUEST_PATH], name[SEKI_GUEST_PATH];

	for (uint32_t i = 0; i < SEKI_GUEST_VECTORS_MAX; i++) {
		if (seki_guest_find(SEKI_GUEST_SLOT_DOORBELL, 0, i, path))
			break;
		snprintf(name, sizeof(name), SEKI_GUEST_WAKE, i);
		if (symlink(path, name))
			seki_guest_die("%s", name);
	}
	if (access("/dev/sekisho-wake0", F_OK))
		seki_guest_die("no doorbell");
}

void seki_guest_send(uint32_t kind, uint32_t id, const void *data, size_t len)
{
	struct seki_guest_frame frame = {
		.magic = SEKI_GUEST_MAGIC, .kind = kind, .id = id, .len = (uint32_t)len};
	struct iovec parts[] = {{&frame, sizeof(frame)}, {(void *)data, len}};
	size_t at = 0;

	while (at < 2) {
		ssize_t n = writev(guest.port, &parts[at], (int)(2 - at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			seki_guest_die("port");
		for (; at < 2 && (size_t)n >= parts[at].iov_len; at++)
			n -= (ssize_t)parts[at].iov_len;
		if (at < 2) {
			parts[at].iov_base = (char *)parts[at].iov_base + n;
			parts[at].iov_len -= (size_t)n;
		}
	}
}

static void take_file(const uint8_t *data, size_t len)
{
	const struct seki_guest_file *file = (const void *)data;
	char path[128];
	int fd;

	if (len < sizeof(*file) || !memchr(file->name, '\0', sizeof(file->name)) ||
	    strchr(file->name, '/') || guest.daemon) {
		errno = EPROTO;
		seki_guest_die("file");
	}
	snprintf(path, sizeof(path), SEKI_GUEST_FILES "/%s", file->name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	len -= sizeof(*file);
	if (fd < 0 || write(fd, file->data, len) != (ssize_t)len)
		seki_guest_die("%s", path);
	close(fd);
}

static void forget_files(void)
{
	glob_t found;

	if (glob(SEKI_GUEST_FILES "/*", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
	}
	globfree(&found);
}

static void start_daemon(const uint8_t *data, size_t len)
{
	const struct seki_guest_start *start = (const void *)data;
	char *argv[SEKI_GUEST_ARGS + 1];
	struct timespec now;
	int ends[2];
	size_t n = 0;

	errno = EPROTO;
	if (guest.daemon || len <= sizeof(*start) || data[len - 1])
		seki_guest_die("start");
	for (size_t at = sizeof(*start); at < len && n < SEKI_GUEST_ARGS;) {
		argv[n] = (char *)(uintptr_t)&data[at];
		at += strlen(argv[n++]) + 1;
	}
	argv[n] = NULL;
	snprintf(guest.name, sizeof(guest.name), "%s", n > 1 ? argv[1] : "");
	now.tv_sec = (time_t)(start->real_ns / 1000000000u);
	now.tv_nsec = (long)(start->real_ns % 1000000000u);
	if (clock_settime(CLOCK_REALTIME, &now) || pipe2(ends, O_CLOEXEC))
		seki_guest_die("start");
	guest.daemon = fork();
	if (guest.daemon < 0)
		seki_guest_die("fork");
	if (guest.daemon == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execv("/sekisho-p4vmd", argv);
		_exit(127);
	}
	close(ends[1]);
	guest.daemon_out = ends[0];
}

/* It says that it is ready, and nothing more until it ends. */
static void hear_daemon(void)
{
	char text[1024];
	ssize_t n = read(guest.daemon_out, text, sizeof(text));
	int status = 0;

	if (n > 0 && !guest.ready) {
		guest.ready = true;
		forget_files();
		seki_guest_send(SEKI_GUEST_READY, 0, NULL, 0);
	}
	if (n > 0)
		return;
	waitpid(guest.daemon, &status, 0);
	errno = 0;
	seki_guest_die("sekisho-p4vmd ended (%d)", status);
}

static void take_frame(const struct seki_guest_frame *frame, const uint8_t *data)
{
	switch (frame->kind) {
	case SEKI_GUEST_FILE:
		take_file(data, frame->len);
		break;
	case SEKI_GUEST_START:
		start_daemon(data, frame->len);
		break;
	case SEKI_GUEST_ATTACH:
		seki_guest_attach(&guest, frame->id, data, frame->len);
		break;
	case SEKI_GUEST_DETACH:
		seki_guest_detach(&guest, frame->id);
		break;
	case SEKI_GUEST_OPEN:
		seki_guest_open(&guest, frame->id);
		break;
	case SEKI_GUEST_DATA:
		seki_guest_data(&guest, frame->id, data, frame->len);
		break;
	case SEKI_GUEST_CLOSE:
		seki_guest_close(&guest, frame->id);
		break;
	default:
		errno = EPROTO;
		seki_guest_die("frame of kind %u", frame->kind);
	}
}

/* What has come of the port's stream; whole frames are taken. */
static void hear_host(void)
{
	static uint8_t buf[sizeof(struct seki_guest_frame) + SEKI_GUEST_DATA_MAX]
		__attribute__((aligned(8)));
	static size_t have;
	struct seki_guest_frame frame;
	size_t want = sizeof(frame);
	ssize_t n;

	if (have >= sizeof(frame)) {
		memcpy(&frame, buf, sizeof(frame));
		want += frame.len;
	}
	n = read(guest.port, &buf[have], want - have);
	if (n <= 0)
		seki_guest_die("the host closed the port");
	have += (size_t)n;
	if (have < sizeof(frame))
		return;
	memcpy(&frame, buf, sizeof(frame));
	errno = EPROTO;
	if (frame.magic != SEKI_GUEST_MAGIC || frame.len > SEKI_GUEST_DATA_MAX)
		seki_guest_die("port");
	if (have < sizeof(frame) + frame.len)
		return;
	have = 0;
	take_frame(&frame, buf + sizeof(frame));
}

static void serve(void)
{
	struct pollfd polls[2 + SEKI_GUEST_CONNS];

	for (;;) {
		uint32_t n = 2;
		int timeout;

		polls[0] = (struct pollfd){guest.port, POLLIN, 0};
		polls[1] = (struct pollfd){guest.daemon_out, POLLIN, 0};
		timeout = seki_guest_polls(&guest, polls, &n);
		if (poll(polls, n, timeout) < 0)
			continue;
		if (polls[1].revents)
			hear_daemon();
		seki_guest_step(&guest, &polls[2], n - 2);
		if (polls[0].revents)
			hear_host();
	}
}

int main(void)
{
	must_mount("devtmpfs", "/dev", "devtmpfs");
	must_mount("proc", "/proc", "proc");
	must_mount("sysfs", "/sys", "sysfs");
	load_modules();
	leave_first_root();
	mkdir("/run", 0755);
	mkdir(SEKI_GUEST_FILES, 0700);
	guest.port = open_port();
	name_interrupts();
	seki_guest_send(SEKI_GUEST_HELLO, 0, NULL, 0);
	serve();
	return 0;
}
