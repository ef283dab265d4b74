/* SPDX-License-Identifier: Apache-2.0 */
#include "p4vm/vm/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/check.h"

/* The root is the working directory meanwhile. */

static int bind_file(const char *from, const char *to, bool device)
{
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID;
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	if (mount(from, to, NULL, MS_BIND, NULL))
		return -errno;
	/* A device is written to all the same: that is not a write to its file system. */
	return mount(NULL, to, NULL, device ? flags : flags | MS_NODEV, NULL) ? -errno : 0;
}

static int bind_folder(const char *from, const char *to)
{
	if (mkdir(to, 0755) || mount(from, to, NULL, MS_BIND, NULL) ||
	    mount(NULL, to, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL))
		return -errno;
	return 0;
}

/* As on the host: a link into usr/, or a folder. */
static int take_over(const char *path)
{
	char link[64];
	ssize_t n = readlink(path, link, sizeof(link) - 1);

	if (n < 0)
		return errno == EINVAL ? bind_folder(path, path + 1) : 0;
	link[n] = '\0';
	return symlink(link, path + 1) ? -errno : 0;
}

static int fill_root(const struct seki_vm_machine *m)
{
	static const char *const folders[] = {"/usr", "/bin", "/lib", "/lib64", "/lib32"};
	int err = 0;

	for (size_t i = 0; !err && i < SEKI_COUNT(folders); i++)
		err = take_over(folders[i]);
	if (!err)
		err = bind_file(m->image.kernel, &SEKI_JAIL_KERNEL[1], false);
	if (!err)
		err = bind_file(m->image.initrd, &SEKI_JAIL_INITRD[1], false);
	if (!err && (mkdir("dev", 0755) || mkdir("proc", 0755)))
		err = -errno;
	if (!err)
		err = bind_file("/dev/null", "dev/null", true);
	if (!err)
		err = bind_file("/dev/urandom", "dev/urandom", true);
	if (!err && m->kvm)
		err = bind_file("/dev/kvm", "dev/kvm", true);
	if (!err && m->confidential)
		err = bind_file("/dev/sev", "dev/sev", true);
	if (!err && mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		err = -errno;
	return err;
}

static int enter_root(const struct seki_vm_machine *m)
{
	int err;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", m->empty_dir, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0755") ||
	    chdir(m->empty_dir))
		return -errno;
	err = fill_root(m);
	if (err)
		return err;
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/") ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL))
		return -errno;
	return 0;
}

/* /dev/kvm belongs to a group; so may /dev/sev. */
static int become(const struct seki_vm_machine *m)
{
	gid_t groups[2];
	struct stat st;
	size_t n = 0;

	if (m->kvm && stat("/dev/kvm", &st) == 0)
		groups[n++] = st.st_gid;
	if (m->confidential && stat("/dev/sev", &st) == 0)
		groups[n++] = st.st_gid;
	if (setgroups(n, groups) || setresgid(m->uid, m->uid, m->uid) ||
	    setresuid(m->uid, m->uid, m->uid))
		return -errno;
	return 0;
}

int seki_vm_jail(const struct seki_vm_machine *machine)
{
	const struct rlimit none = {0, 0};
	int err;

	umask(022);
	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP))
		return -errno;
	err = enter_root(machine);
	if (err)
		return err;
	if (setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_MSGQUEUE, &none))
		return -errno;
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	return become(machine);
}
