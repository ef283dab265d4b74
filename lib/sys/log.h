/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a program: lines with a time stamp to standard error, limited in rate so that nobody
 * outside can fill a disk by provoking messages. For programs only; libraries return errors.
 */
#ifndef SEKI_LIB_SYS_LOG_H
#define SEKI_LIB_SYS_LOG_H

/*
 * One line, without its newline; control characters become '?'. Keeps errno. Any thread. Of more
 * than SEKI_LOG_BURST lines at once, one a second is written and the rest counted.
 */
#define SEKI_LOG_BURST 40
void seki_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lines of both kinds go there instead, without time stamp and at any rate; for code inside another program. */
void seki_log_to(void (*sink)(const char *line));

/* "who: text" to standard error at once, for what ends or refuses a command. Returns 1. */
int seki_complain(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
