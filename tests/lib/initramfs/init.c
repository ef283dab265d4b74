/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PID 1 of the virtual machines that the tests boot (tests/lib/vm.py): loads the modules that came
 * with it, makes a root of the host's own file system (9p, read-only) under a tmpfs, and then runs
 * the commands that the host sends over a virtio-serial port, several at a time.
 *
 * A frame on the port is struct frame and then `len` bytes. Host to guest: RUN (command, NUL, its
 * stdin), SIGNAL (u32, to the command's process group). Guest to host: READY (job 0), OUT and ERR
 * (what the command wrote), EXIT (i32: exit code, or minus the signal). The machine powers off when
 * the host closes the port.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT	  "/dev/vport*p1"
#define MAX_JOBS  64
#define MAX_FRAME (64u << 20)

enum kind { RUN = 1, SIGNAL = 2, READY = 16, OUT = 17, ERR = 18, EXIT = 19 };

struct frame {
	uint32_t job;
	uint32_t kind;
	uint32_t len;
};

/* A slot is free where pid is 0 and both pipes are closed. */
struct job {
	uint32_t id;
	pid_t pid;
	int pipe[2]; /* read ends of stdout and stderr, -1: closed */
};

static struct job jobs[MAX_JOBS];
static int port;

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "init: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(args);
	power_off();
}

static void must_mount(const char *what, const char *where, const char *type, unsigned long flags,
		       const char *data)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, data))
		die("mount %s on %s", type, where);
}

static void load_modules(void)
{
	FILE *list = fopen("/modules/list", "re");
	char name[256], path[512];

	if (!list)
		die("/modules/list");
	while (fscanf(list, "%255s", name) == 1) {
		int fd;

		snprintf(path, sizeof(path), "/modules/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			die("module %s", name);
		close(fd);
	}
	fclose(list);
}

static void make_root(void)
{
	must_mount("root", "/lower", "9p", MS_RDONLY,
		   "trans=virtio,version=9p2000.L,msize=512000,cache=loose");
	must_mount("tmpfs", "/rw", "tmpfs", 0, NULL);
	mkdir("/rw/upper", 0755);
	mkdir("/rw/work", 0755);
	must_mount("overlay", "/new", "overlay", 0,
		   "lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work");
	must_mount("/proc", "/new/proc", NULL, MS_MOVE, NULL);
	must_mount("/sys", "/new/sys", NULL, MS_MOVE, NULL);
	must_mount("/dev", "/new/dev", NULL, MS_MOVE, NULL);
	if (chdir("/new") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		die("new root");
	must_mount("tmpfs", "/run", "tmpfs", 0, "mode=755");
	must_mount("devpts", "/dev/pts", "devpts", 0, NULL);
	must_mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	must_mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL);
	must_mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	must_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
}

/* The driver makes the port some time after it was loaded. */
static void open_port(void)
{
	const struct timespec tick = {.tv_nsec = 1000000};

	for (int tries = 0; tries < 5000; tries++) {
		glob_t found;

		port = -1;
		if (glob(PORT, 0, NULL, &found) == 0)
			port = open(found.gl_pathv[0], O_RDWR | O_CLOEXEC);
		globfree(&found);
		if (port >= 0)
			return;
		nanosleep(&tick, NULL);
	}
	die(PORT);
}

static void set_world(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct rlimit no_core = {0, 0};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &lo))
		die("lo");
	close(s);
	sethostname("vm", 2);
	setrlimit(RLIMIT_CORE, &no_core);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
}

/* Writes all of it; powers off where the host has gone. */
static void put(const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(port, p, len);

		if (n <= 0 && errno != EINTR)
			power_off();
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

static void get(void *data, size_t len)
{
	char *p = data;

	while (len > 0) {
		ssize_t n = read(port, p, len);

		if (n == 0 || (n < 0 && errno != EINTR))
			power_off();
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

static void send_frame(uint32_t job, enum kind kind, const void *data, uint32_t len)
{
	struct frame f = {job, kind, len};

	put(&f, sizeof(f));
	put(data, len);
}

static struct job *free_job(void)
{
	for (int i = 0; i < MAX_JOBS; i++)
		if (!jobs[i].pid && jobs[i].pipe[0] < 0 && jobs[i].pipe[1] < 0)
			return &jobs[i];
	return NULL;
}

static void run_child(const char *command, int in, int out, int err)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static void start(uint32_t id, const char *command, const char *input, size_t input_len)
{
	struct job *j = free_job();
	int32_t failed = -SIGABRT;
	int in = memfd_create("stdin", MFD_CLOEXEC), out[2], err[2];

	if (!j || in < 0 || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		send_frame(id, EXIT, &failed, sizeof(failed));
		return;
	}
	if (write(in, input, input_len) != (ssize_t)input_len || lseek(in, 0, SEEK_SET))
		die("stdin of a command");
	j->id = id;
	j->pid = fork();
	if (j->pid < 0)
		die("fork");
	if (j->pid == 0)
		run_child(command, in, out[1], err[1]);
	close(in);
	close(out[1]);
	close(err[1]);
	j->pipe[0] = out[0];
	j->pipe[1] = err[0];
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
}

static void take_command(void)
{
	struct frame f;
	char *data;

	get(&f, sizeof(f));
	if (f.len > MAX_FRAME || !(data = malloc(f.len + 1)))
		die("frame of %u bytes", f.len);
	get(data, f.len);
	data[f.len] = '\0';
	if (f.kind == RUN) {
		size_t cut = strlen(data) + 1;

		start(f.job, data, data + cut, f.len + 1 > cut ? f.len - cut : 0);
	}
	for (int i = 0; f.kind == SIGNAL && f.len == 4 && i < MAX_JOBS; i++)
		if (jobs[i].id == f.job && jobs[i].pid)
			kill(-jobs[i].pid, *(int *)data);
	free(data);
}

/* Forwards what there is to read; closes the pipe at its end. */
static void drain(struct job *j, int which)
{
	char buf[16384];
	ssize_t n;

	if (j->pipe[which] < 0)
		return;
	while ((n = read(j->pipe[which], buf, sizeof(buf))) > 0)
		send_frame(j->id, which ? ERR : OUT, buf, (uint32_t)n);
	if (n == 0 || errno != EAGAIN) {
		close(j->pipe[which]);
		j->pipe[which] = -1;
	}
}

static void reap(int sigfd)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(sigfd, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		int32_t code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);

		for (int i = 0; i < MAX_JOBS; i++) {
			if (jobs[i].pid != pid)
				continue;
			drain(&jobs[i], 0);
			drain(&jobs[i], 1);
			send_frame(jobs[i].id, EXIT, &code, sizeof(code));
			jobs[i].pid = 0;
		}
	}
}

static void serve(int sigfd)
{
	for (;;) {
		struct pollfd fds[2 + 2 * MAX_JOBS] = {{port, POLLIN, 0}, {sigfd, POLLIN, 0}};

		for (int i = 0; i < 2 * MAX_JOBS; i++)
			fds[2 + i] = (struct pollfd){jobs[i / 2].pipe[i % 2], POLLIN, 0};
		if (poll(fds, 2 + 2 * MAX_JOBS, -1) < 0)
			continue;
		for (int i = 0; i < 2 * MAX_JOBS; i++)
			if (fds[2 + i].revents)
				drain(&jobs[i / 2], i % 2);
		if (fds[1].revents)
			reap(sigfd);
		if (fds[0].revents)
			take_command();
	}
}

int main(void)
{
	sigset_t chld;
	int sigfd;

	must_mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	must_mount("proc", "/proc", "proc", 0, NULL);
	must_mount("sysfs", "/sys", "sysfs", 0, NULL);
	load_modules();
	make_root();
	set_world();
	open_port();
	for (int i = 0; i < MAX_JOBS; i++)
		jobs[i].pipe[0] = jobs[i].pipe[1] = -1;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sigfd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigfd < 0)
		die("signalfd");
	send_frame(0, READY, NULL, 0);
	serve(sigfd);
}
