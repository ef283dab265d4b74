// SPDX-License-Identifier: Apache-2.0
/* Sealed memfds: see shm.h. Used by the switch's hook, which makes them, and by the P4 VM. */
#include "lib/shm/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

size_t seki_shm_file_bytes(size_t bytes)
{
	size_t size = 4096;

	while (size < bytes)
		size *= 2;
	return size;
}

int seki_shm_create(const char *name, size_t bytes, int *fd)
{
	int made = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (made < 0)
		return -errno;
	if (ftruncate(made, (off_t)seki_shm_file_bytes(bytes)) < 0) {
		err = -errno;
		close(made);
		return err;
	}
	*fd = made;
	return 0;
}

int seki_shm_reserve(int fd, size_t bytes)
{
	int err;

	do
		err = fallocate(fd, 0, 0, (off_t)bytes) < 0 ? -errno : 0;
	while (err == -EINTR);
	return err;
}

int seki_shm_seal(int fd, bool read_only_from_now)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

	if (read_only_from_now)
		seals |= F_SEAL_FUTURE_WRITE;
	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int seki_shm_map(int fd, size_t bytes, bool writable, void **out)
{
	int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *map = mmap(NULL, bytes, prot, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	*out = map;
	return 0;
}

void seki_shm_prefault(void *map, size_t bytes, bool writable)
{
	/* In vain before Linux 5.14: then each page costs a fault. */
	madvise(map, bytes, writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

int seki_shm_check(int fd, size_t bytes)
{
	const int needed = F_SEAL_SHRINK | F_SEAL_GROW;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	/* The seals first: the size of a sealed file stays what fstat says. */
	if (seals < 0 || (seals & needed) != needed)
		return -EINVAL;
	if (fstat(fd, &st) || st.st_size < 0 || (size_t)st.st_size != seki_shm_file_bytes(bytes))
		return -EINVAL;
	return 0;
}

int seki_shm_map_received(int fd, size_t bytes, bool writable, void **out)
{
	int err = seki_shm_check(fd, bytes);

	return err ? err : seki_shm_map(fd, bytes, writable, out);
}

void seki_shm_unmap(void *map, size_t bytes)
{
	if (map)
		munmap(map, bytes);
}
