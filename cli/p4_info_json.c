/* SPDX-License-Identifier: Apache-2.0 */
/* P4Info in protobuf's JSON form (protobuf.dev, "ProtoJSON format"), by what protobuf-c knows of messages. */
#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/p4info.pb-c.h"
#include "cli/p4.h"

static struct json_object *message_json(const ProtobufCMessage *message);

/* RFC 4648, section 4, of malloc(). */
static char *base64(const uint8_t *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((len + 2) / 3 * 4 + 1), *to = text;

	for (size_t i = 0; text && i < len; i += 3) {
		uint32_t left = (uint32_t)(len - i < 3 ? len - i : 3), word = 0;

		for (uint32_t k = 0; k < 3; k++)
			word = word << 8 | (k < left ? data[i + k] : 0);
		for (uint32_t k = 0; k < 4; k++)
			*to++ = k <= left ? digits[word >> (18 - 6 * k) & 63] : '=';
	}
	if (text)
		*to = '\0';
	return text;
}

static struct json_object *bytes_json(const ProtobufCBinaryData *bytes)
{
	char *text = base64(bytes->data, bytes->len);
	struct json_object *json = json_object_new_string(text ? text : "");

	free(text);
	return json;
}

static struct json_object *enum_json(const ProtobufCFieldDescriptor *field, int value)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(field->descriptor,
									   value);

	return v ? json_object_new_string(v->name) : json_object_new_int(value);
}

/* Numbers of 64 bits are strings: JavaScript has none. */
static struct json_object *int64_json(int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return json_object_new_string(text);
}

static struct json_object *value_json(const ProtobufCFieldDescriptor *field, const void *at)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_json(*(ProtobufCMessage *const *)at);
	case PROTOBUF_C_TYPE_STRING:
		return json_object_new_string(*(char *const *)at);
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_json(at);
	case PROTOBUF_C_TYPE_BOOL:
		return json_object_new_boolean(*(const protobuf_c_boolean *)at);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_json(field, *(const int *)at);
	case PROTOBUF_C_TYPE_INT64:
		return int64_json(*(const int64_t *)at);
	case PROTOBUF_C_TYPE_INT32:
		return json_object_new_int(*(const int32_t *)at);
	default:
		return json_object_new_int64(*(const uint32_t *)at);
	}
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_BYTES   ? sizeof(ProtobufCBinaryData)
	       : field->type == PROTOBUF_C_TYPE_INT64 ? sizeof(int64_t)
	       : field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING
		       ? sizeof(void *)
		       : sizeof(uint32_t);
}

/* What has its default value is not there. */
static bool is_default(const ProtobufCFieldDescriptor *field, const void *at)
{
	static const uint8_t zero[sizeof(uint64_t)];

	if (field->type == PROTOBUF_C_TYPE_STRING)
		return !*(char *const *)at || !**(char *const *)at;
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return ((const ProtobufCBinaryData *)at)->len == 0;
	return memcmp(at, zero, size_of(field)) == 0;
}

/* A map of the standard is a list of entries in abi/p4info.proto. */
static bool is_map(const ProtobufCFieldDescriptor *field)
{
	static const char end[] = "Entry";
	const ProtobufCMessageDescriptor *entry = field->descriptor;
	size_t len;

	if (field->type != PROTOBUF_C_TYPE_MESSAGE)
		return false;
	len = strlen(entry->name);
	return len > strlen(end) && strcmp(entry->name + len - strlen(end), end) == 0 &&
	       entry->n_fields == 2 && entry->fields[0].type == PROTOBUF_C_TYPE_STRING;
}

static void add_entry(struct json_object *map, const ProtobufCMessage *entry)
{
	const ProtobufCFieldDescriptor *fields = entry->descriptor->fields;
	const char *at = (const char *)entry;
	const char *key = *(char *const *)(at + fields[0].offset);

	json_object_object_add(map, key ? key : "", value_json(&fields[1], at + fields[1].offset));
}

static struct json_object *list_json(const ProtobufCFieldDescriptor *field, const char *items,
				     size_t n)
{
	struct json_object *list = is_map(field) ? json_object_new_object()
						 : json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		const char *at = items + i * size_of(field);

		if (is_map(field))
			add_entry(list, *(ProtobufCMessage *const *)at);
		else
			json_object_array_add(list, value_json(field, at));
	}
	return list;
}

/* match_fields -> matchFields */
static void json_name(const char *name, char out[64])
{
	size_t n = 0;

	for (; *name && n < 63; name++) {
		bool up = *name == '_' && name[1];

		name += up;
		out[n++] = (char)(up ? toupper((unsigned char)*name) : *name);
	}
	out[n] = '\0';
}

static void add_field(struct json_object *json, const ProtobufCMessage *message,
		      const ProtobufCFieldDescriptor *field)
{
	const char *at = (const char *)message + field->offset;
	const char *quantifier = (const char *)message + field->quantifier_offset;
	char name[64];

	json_name(field->name, name);
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n = *(const size_t *)(const void *)quantifier;

		if (n)
			json_object_object_add(
				json, name, list_json(field, *(char *const *)(const void *)at, n));
	} else if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		if (*(const uint32_t *)(const void *)quantifier == field->id)
			json_object_object_add(json, name, value_json(field, at));
	} else if (!is_default(field, at)) {
		json_object_object_add(json, name, value_json(field, at));
	}
}

static struct json_object *message_json(const ProtobufCMessage *message)
{
	struct json_object *json = json_object_new_object();

	for (unsigned i = 0; message && i < message->descriptor->n_fields; i++)
		add_field(json, message, &message->descriptor->fields[i]);
	return json;
}

char *seki_cli_p4info_json(const void *info, size_t len)
{
	P4__Config__V1__P4Info *message = p4__config__v1__p4_info__unpack(NULL, len, info);
	struct json_object *json;
	char *text;

	if (!message)
		return NULL;
	json = message_json(&message->base);
	p4__config__v1__p4_info__free_unpacked(message, NULL);
	if (asprintf(&text, "%s\n",
		     json_object_to_json_string_ext(
			     json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)) < 0)
		text = NULL;
	json_object_put(json);
	return text;
}
