/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/agent/region.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/vminfo.h"

#define DEVICES		    "/sys/bus/pci/devices"
#define VENDOR		    0x1af4
#define DEVICE_IVSHMEM	    0x1110

#define EXPLAIN(error, ...) snprintf(error, SEKI_REGION_ERROR, __VA_ARGS__)

/* A number in a file of a PCI device, or -1. */
static long attribute(const char *pci, const char *name)
{
	char path[PATH_MAX], text[32] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", pci, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? strtol(text, NULL, 0) : -1;
}

static bool is_ivshmem(const char *pci)
{
	return attribute(pci, "vendor") == VENDOR && attribute(pci, "device") == DEVICE_IVSHMEM;
}

/* A device that no driver ever used may not decode its addresses yet. */
static int enable(const char *pci, char *error)
{
	char path[PATH_MAX];
	int fd, err;

	if (attribute(pci, "enable") > 0)
		return 0;
	snprintf(path, sizeof(path), DEVICES "/%s/enable", pci);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1) {
		err = -errno;
		EXPLAIN(error, "PCI device %s cannot be enabled: %s", pci, strerror(-err));
		if (fd >= 0)
			close(fd);
		return err;
	}
	close(fd);
	return 0;
}

/* The only ivshmem device, into `pci`. */
static int only_device(char *pci, size_t size, char *error)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *entry;
	int found = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !is_ivshmem(entry->d_name))
			continue;
		found++;
		snprintf(pci, size, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (found == 1)
		return 0;
	if (found == 0)
		EXPLAIN(error, "no ivshmem device (PCI 1af4:1110) in this machine: give it "
			       "-device ivshmem-plain, or name a file by --region");
	else
		EXPLAIN(error, "%d ivshmem devices in this machine: choose one by --pci", found);
	return -ENODEV;
}

int seki_region_find(const char *pci, char *path, size_t size, char *error)
{
	char only[NAME_MAX + 1];
	int err;

	if (!pci) {
		err = only_device(only, sizeof(only), error);
		if (err)
			return err;
		pci = only;
	} else if (strchr(pci, '/') || !is_ivshmem(pci)) {
		EXPLAIN(error, "%s is not the PCI address of an ivshmem device", pci);
		return -ENODEV;
	}
	err = enable(pci, error);
	if (err)
		return err;
	/* Not resource2_wc: write combining would let stores pass each other. */
	snprintf(path, size, DEVICES "/%s/resource2", pci);
	return 0;
}

/* Is it large enough, and is nobody else writing? */
static int check_region(int fd, const char *path, char *error)
{
	struct stat st;
	int err;

	if (fstat(fd, &st)) {
		err = -errno;
		EXPLAIN(error, "%s: %s", path, strerror(-err));
		return err;
	}
	if (st.st_size < (off_t)SEKI_VMINFO_REGION_BYTES) {
		EXPLAIN(error, "%s has %lld bytes, less than the %u of a facts region", path,
			(long long)st.st_size, SEKI_VMINFO_REGION_BYTES);
		return -EINVAL;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = -errno;
		EXPLAIN(error, "%s: another agent writes to it", path);
		return err;
	}
	return 0;
}

int seki_region_map(const char *path, void **region, char *error)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *at;
	int err;

	if (fd < 0) {
		err = -errno;
		EXPLAIN(error, "%s: %s", path, strerror(-err));
		return err;
	}
	err = check_region(fd, path, error);
	if (err) {
		close(fd);
		return err;
	}
	at = mmap(NULL, SEKI_VMINFO_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		err = -errno;
		EXPLAIN(error, "%s cannot be mapped: %s (does a driver hold it?)", path,
			strerror(-err));
		close(fd);
		return err;
	}
	*region = at;
	return 0;
}
