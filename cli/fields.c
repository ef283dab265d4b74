/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fields.h"

#include <ctype.h>

struct json_object *seki_field(struct json_object *from, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(from, key, &value);
	return value;
}

uint64_t seki_field_u64(struct json_object *from, const char *key)
{
	return json_object_get_uint64(seki_field(from, key));
}

double seki_field_double(struct json_object *from, const char *key)
{
	return json_object_get_double(seki_field(from, key));
}

const char *seki_printable(const char *text)
{
	static char buffers[8][128];
	static unsigned int next;
	char *out = buffers[next++ % 8];
	size_t i;

	for (i = 0; text && text[i] && i + 1 < sizeof(buffers[0]); i++)
		out[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
	out[i] = '\0';
	return out;
}

const char *seki_field_text(struct json_object *from, const char *key)
{
	struct json_object *value = seki_field(from, key);

	return seki_printable(json_object_is_type(value, json_type_string)
				      ? json_object_get_string(value)
				      : NULL);
}

size_t seki_field_count(struct json_object *from, const char *key)
{
	struct json_object *array = seki_field(from, key);

	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

struct json_object *seki_field_item(struct json_object *from, const char *key, size_t i)
{
	return i < seki_field_count(from, key) ? json_object_array_get_idx(seki_field(from, key), i)
					       : NULL;
}

void seki_field_put(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_is_type(to, json_type_object))
		json_object_object_add(to, key, value);
	else
		json_object_put(value);
}

void seki_field_put_u64(struct json_object *to, const char *key, uint64_t value)
{
	seki_field_put(to, key, json_object_new_uint64(value));
}
