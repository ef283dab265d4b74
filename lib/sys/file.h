/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, with a limit. */
#ifndef SEKI_LIB_SYS_FILE_H
#define SEKI_LIB_SYS_FILE_H

#include <stddef.h>

/*
 * Reads a regular file of at most max bytes into memory of malloc(), which becomes the caller's. 0
 * or negative errno; -EFBIG: larger than max; -EINVAL: not a regular file.
 */
int seki_file_read(const char *path, size_t max, void **data, size_t *len);

#endif
