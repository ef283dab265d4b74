/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of JSON that a peer sent. What is missing or of another type reads as nothing: NULL, 0, an
 * empty text, no items.
 */
#ifndef SEKI_CLI_FIELDS_H
#define SEKI_CLI_FIELDS_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

struct json_object *seki_field(struct json_object *from, const char *key);
uint64_t seki_field_u64(struct json_object *from, const char *key);
double seki_field_double(struct json_object *from, const char *key);

/* With '?' for what is not printable ASCII; one of a few buffers in turn, so that a printf() can have
 * several. */
const char *seki_field_text(struct json_object *from, const char *key);
const char *seki_printable(const char *text); /* NULL: "" */

/* Of an array. */
size_t seki_field_count(struct json_object *from, const char *key);
struct json_object *seki_field_item(struct json_object *from, const char *key, size_t i);

/* A new member in the place of one that may be there; nothing where `to` is no object. Takes `value`. */
void seki_field_put(struct json_object *to, const char *key, struct json_object *value);
void seki_field_put_u64(struct json_object *to, const char *key, uint64_t value);

#endif
