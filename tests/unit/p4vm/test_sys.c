/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables, names of instances, files with a limit. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "lib/sys/file.h"
#include "lib/sys/opts.h"
#include "lib/sys/rundir.h"

struct config {
	const char *name;
	const char *other;
	const char *text;
	const char *maybe;
	uint32_t number;
	bool flag;
	struct seki_opt_list list;
};

static const struct seki_opt options[] = {
	SEKI_OPT_REQUIRED_LINE(struct config, name, "NAME", "a name"),
	SEKI_OPT_OPTIONAL_LINE(struct config, other, "OTHER", "another"),
	SEKI_OPT_STRING_LINE(struct config, text, 't', "text", "T", "some text"),
	SEKI_OPT_MAYBE_LINE(struct config, maybe, 'm', "maybe", "M", "some text or none"),
	SEKI_OPT_U32_LINE(struct config, number, 0, "number", "N", 2, 10, "a number"),
	SEKI_OPT_FLAG_LINE(struct config, flag, 'f', "flag", "a flag"),
	SEKI_OPT_LIST_LINE(struct config, list, 'l', "list", "L", "some texts"),
};

static const struct seki_command command = {"test", "A test.", options, SEKI_COUNT(options)};

static int parse(struct config *config, char *err, const char *line)
{
	char *argv[16] = {"test"};
	static char kept[256];
	int argc = 1;

	snprintf(kept, sizeof(kept), "%s", line);
	for (char *word = strtok(kept, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	memset(config, 0, sizeof(*config));
	return seki_opts_parse(&command, argc, argv, config, err, 256);
}

static void test_options(void **state)
{
	struct config c;
	char err[256] = "";

	(void)state;
	assert_int_equal(parse(&c, err, "a --text=x=y --number 7 -f"), 0);
	assert_string_equal(c.name, "a");
	assert_null(c.other);
	assert_string_equal(c.text, "x=y");
	assert_int_equal(c.list.n, 0);
	assert_int_equal(parse(&c, err, "a -lx --list=y=z -l w"), 0);
	assert_int_equal(c.list.n, 3);
	assert_string_equal(c.list.items[0], "x");
	assert_string_equal(c.list.items[1], "y=z");
	assert_string_equal(c.list.items[2], "w");
	assert_int_equal(parse(&c, err, "a --text=x=y --number 7 -f"), 0);
	assert_int_equal(c.number, 7);
	assert_true(c.flag);
	assert_int_equal(parse(&c, err, "-tz a b"), 0);
	assert_string_equal(c.text, "z");
	assert_string_equal(c.other, "b");
	assert_int_equal(parse(&c, err, "-- -f"), 0);
	assert_string_equal(c.name, "-f");
	assert_false(c.flag);
	assert_null(c.maybe);
	assert_int_equal(parse(&c, err, "--maybe a"), 0);
	assert_string_equal(c.name, "a");
	assert_string_equal(c.maybe, "");
	assert_int_equal(parse(&c, err, "a --maybe=x,y"), 0);
	assert_string_equal(c.maybe, "x,y");
	assert_int_equal(parse(&c, err, "a --help"), SEKI_OPTS_HELP);
	assert_int_equal(parse(&c, err, "-h"), SEKI_OPTS_HELP);
}

static void assert_bad(const char *line, const char *named)
{
	struct config c;
	char err[256] = "";

	assert_int_equal(parse(&c, err, line), -EINVAL);
	if (!strstr(err, named))
		fail_msg("'%s' does not name '%s'", err, named);
}

static void test_bad_options(void **state)
{
	(void)state;
	assert_bad("", "NAME");
	assert_bad("a b c", "'c'");
	assert_bad("a --unknown", "--unknown");
	assert_bad("a --tex=1", "--tex=1");
	assert_bad("a -x", "-x");
	assert_bad("a --text", "--text");
	assert_bad("a --flag=1", "--flag=1");
	assert_bad("a --number 1", "'1'");
	assert_bad("a --number 11", "'11'");
	assert_bad("a --number -5", "'-5'");
	assert_bad("a --number 5x", "'5x'");
	assert_bad("a --number 99999999999999999999", "'99999999999999999999'");
	assert_bad("a --NAME b", "--NAME");
}

static void test_help_has_every_option(void **state)
{
	char text[2048] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	seki_opts_help(&command, out);
	fclose(out);
	for (size_t i = 0; i < SEKI_COUNT(options); i++) {
		assert_non_null(strstr(text, options[i].name));
		assert_non_null(strstr(text, options[i].help));
	}
	assert_non_null(strstr(text, "usage: test NAME [OTHER] [options]"));
}

static void test_names(void **state)
{
	static const char *const good[] = {"a", "web-1", "T.4_x",
					   "0123456789012345678901234567890123456789"};
	static const char *const bad[] = {
		"",    ".",   "..",  "-a",
		"a/b", "a b", "a\n", "01234567890123456789012345678901234567890"};
	char path[64];

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(good); i++)
		assert_true(seki_rundir_name_ok(good[i]));
	for (size_t i = 0; i < SEKI_COUNT(bad); i++) {
		assert_false(seki_rundir_name_ok(bad[i]));
		assert_int_equal(seki_rundir_path("/run", bad[i], NULL, path, 64), -EINVAL);
	}
	assert_int_equal(seki_rundir_path("/run", "a", "b", path, sizeof(path)), 0);
	assert_string_equal(path, "/run/a/b");
	assert_int_equal(seki_rundir_path("/run", "a", "b", path, 8), -ENAMETOOLONG);
}

static void test_claim_is_exclusive(void **state)
{
	char dir[] = "/tmp/seki-test-XXXXXX", path[64];
	int first, second;

	(void)state;
	assert_non_null(mkdtemp(dir));
	first = seki_rundir_claim(dir, "a");
	assert_true(first >= 0);
	assert_int_equal(seki_rundir_claim(dir, "a"), -EBUSY);
	close(first);
	second = seki_rundir_claim(dir, "a");
	assert_true(second >= 0);
	close(second);
	snprintf(path, sizeof(path), "%s/a", dir);
	rmdir(path);
	rmdir(dir);
}

/* Whoever can rename the directory could put a P4 VM of their own in the place of the tenant's. */
static void test_claim_where_others_may_write(void **state)
{
	char dir[] = "/tmp/seki-test-XXXXXX", path[64];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(seki_rundir_claim(dir, "a"), -EPERM);
	assert_int_equal(chmod(dir, 01777), 0);
	fd = seki_rundir_claim(dir, "a");
	assert_true(fd >= 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(chmod(path, 01777), 0);
	assert_int_equal(seki_rundir_claim(dir, "a"), -EPERM);
	rmdir(path);
	rmdir(dir);
}

static void test_claim_where_others_own(void **state)
{
	char dir[] = "/tmp/seki-test-XXXXXX", path[64];

	(void)state;
	if (geteuid())
		skip();
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_int_equal(seki_rundir_claim(dir, "a"), -EPERM);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chown(dir, 65534, 65534), 0);
	assert_int_equal(seki_rundir_claim(dir, "a"), -EPERM);
	rmdir(path);
	rmdir(dir);
}

static void test_file_read(void **state)
{
	char path[] = "/tmp/seki-test-XXXXXX";
	int fd = mkstemp(path);
	void *data;
	size_t len;

	(void)state;
	assert_int_equal(write(fd, "0123456789", 10), 10);
	close(fd);
	assert_int_equal(seki_file_read(path, 10, &data, &len), 0);
	assert_int_equal(len, 10);
	assert_memory_equal(data, "0123456789", 10);
	free(data);
	assert_int_equal(seki_file_read(path, 9, &data, &len), -EFBIG);
	unlink(path);
	assert_int_equal(seki_file_read(path, 9, &data, &len), -ENOENT);
	assert_int_equal(seki_file_read("/dev/zero", 9, &data, &len), -EINVAL);
	assert_int_equal(seki_file_read("/", 9, &data, &len), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_help_has_every_option),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_claim_is_exclusive),
		cmocka_unit_test(test_claim_where_others_may_write),
		cmocka_unit_test(test_claim_where_others_own),
		cmocka_unit_test(test_file_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
