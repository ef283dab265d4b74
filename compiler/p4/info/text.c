/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as protobuf's text format: protobuf-c writes only the binary one. What has its default
 * value is left out, as in the binary form.
 */
#include "compiler/p4/info/build.h"

#include <string.h>

#include "compiler/front/strbuf.h"

#define MAX_DEPTH 32

static void indent(struct seki_strbuf *out, int depth)
{
	while (depth-- > 0)
		seki_strbuf_printf(out, "  ");
}

static void put_bytes(struct seki_strbuf *out, const uint8_t *data, size_t len)
{
	seki_strbuf_printf(out, "\"");
	for (size_t i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] > 0x7e || data[i] == '"' || data[i] == '\\')
			seki_strbuf_printf(out, "\\%03o", data[i]);
		else
			seki_strbuf_printf(out, "%c", data[i]);
	seki_strbuf_printf(out, "\"");
}

static void put_enum(struct seki_strbuf *out, const ProtobufCFieldDescriptor *field, int value)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(field->descriptor,
									   value);

	if (v)
		seki_strbuf_printf(out, "%s", v->name);
	else
		seki_strbuf_printf(out, "%d", value);
}

static bool is_default(const ProtobufCFieldDescriptor *field, const void *at)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
		return *(const int64_t *)at == 0;
	case PROTOBUF_C_TYPE_BOOL:
		return !*(const protobuf_c_boolean *)at;
	case PROTOBUF_C_TYPE_STRING:
		return !*(char *const *)at || !**(char *const *)at;
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len == 0;
	case PROTOBUF_C_TYPE_MESSAGE:
		return !*(ProtobufCMessage *const *)at;
	default:
		return *(const uint32_t *)at == 0;
	}
}

static void put_message(const ProtobufCMessage *message, struct seki_strbuf *out, int depth);

static void put_value(const ProtobufCFieldDescriptor *field, const void *at,
		      struct seki_strbuf *out, int depth)
{
	const ProtobufCBinaryData *bytes = at;
	const char *text;

	indent(out, depth);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		seki_strbuf_printf(out, "%s {\n", field->name);
		put_message(*(ProtobufCMessage *const *)at, out, depth + 1);
		indent(out, depth);
		seki_strbuf_printf(out, "}\n");
		return;
	}
	seki_strbuf_printf(out, "%s: ", field->name);
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		text = *(char *const *)at;
		put_bytes(out, (const uint8_t *)text, strlen(text));
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_bytes(out, bytes->data, bytes->len);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		seki_strbuf_printf(out, "%s", *(const protobuf_c_boolean *)at ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_ENUM:
		put_enum(out, field, *(const int *)at);
		break;
	case PROTOBUF_C_TYPE_INT64:
		seki_strbuf_printf(out, "%lld", (long long)*(const int64_t *)at);
		break;
	case PROTOBUF_C_TYPE_INT32:
		seki_strbuf_printf(out, "%d", *(const int32_t *)at);
		break;
	default:
		seki_strbuf_printf(out, "%u", *(const uint32_t *)at);
		break;
	}
	seki_strbuf_printf(out, "\n");
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_INT64:
		return sizeof(int64_t);
	default:
		return sizeof(uint32_t);
	}
}

static void put_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
		      struct seki_strbuf *out, int depth)
{
	const char *at = (const char *)message + field->offset;
	const void *quantifier = (const char *)message + field->quantifier_offset;

	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		const char *items = *(char *const *)at;

		for (size_t i = 0; i < *(const size_t *)quantifier; i++)
			put_value(field, items + i * size_of(field), out, depth);
		return;
	}
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		if (*(const uint32_t *)quantifier == field->id)
			put_value(field, at, out, depth);
		return;
	}
	if (!is_default(field, at))
		put_value(field, at, out, depth);
}

static void put_message(const ProtobufCMessage *message, struct seki_strbuf *out, int depth)
{
	if (depth > MAX_DEPTH)
		return;
	for (unsigned i = 0; i < message->descriptor->n_fields; i++)
		put_field(message, &message->descriptor->fields[i], out, depth);
}

void seki_info_print(const ProtobufCMessage *message, struct seki_strbuf *out)
{
	put_message(message, out, 0);
}
