/* SPDX-License-Identifier: Apache-2.0 */
/* What ubpf_model.p4 and sekisho.p4 declare, and the methods that headers and stacks have. */
#include "tests/p4ref/ref.h"

#include <string.h>

static struct ref_val *nothing(struct ref *r, const struct p4_expr *call)
{
	return ref_make(r, call->type);
}

static struct ref_val *arg(struct ref *r, const struct p4_expr *call, uint32_t i)
{
	return ref_eval(r, call->bound[i]);
}

static uint64_t arg64(struct ref *r, const struct p4_expr *call, uint32_t i)
{
	mpz_t x;

	mpz_init(x);
	ref_unsigned(x, arg(r, call, i));
	return mpz_get_ui(x);
}

/* ---- hash: lookup3 by Bob Jenkins (public domain), of the fields in host order ---- */

static uint32_t rot(uint32_t x, uint32_t k)
{
	return x << k | x >> (32 - k);
}

static void mix(uint32_t s[3])
{
	static const uint8_t by[] = {4, 6, 8, 16, 19, 4};

	for (int i = 0; i < 6; i++) {
		uint32_t *a = &s[i % 3], *b = &s[(i + 1) % 3], *c = &s[(i + 2) % 3];

		*a -= *c;
		*a ^= rot(*c, by[i]);
		*c += *b;
	}
}

static void final(uint32_t s[3])
{
	static const uint8_t by[] = {14, 11, 25, 16, 4, 14, 24};

	for (int i = 0; i < 7; i++) {
		uint32_t *c = &s[(i + 2) % 3], *b = &s[(i + 1) % 3];

		*c ^= *b;
		*c -= rot(*b, by[i]);
	}
}

uint32_t ref_lookup3(const uint8_t *data, size_t len)
{
	uint32_t s[3];

	s[0] = s[1] = s[2] = 0xdeadbeef + (uint32_t)len;
	if (len == 0)
		return s[2];
	for (; len > 12; len -= 12, data += 12) {
		for (size_t i = 0; i < 12; i++)
			s[i / 4] += (uint32_t)data[i] << 8 * (i % 4);
		mix(s);
	}
	for (size_t i = 0; i < len; i++)
		s[i / 4] += (uint32_t)data[i] << 8 * (i % 4);
	final(s);
	return s[2];
}

/* Bytes of C's type for a field: 1, 2, 4, 8, 16, then in steps of 8. */
static uint32_t host_bytes(uint32_t width)
{
	uint32_t n = 1;

	if (width > 128)
		return (width + 63) / 64 * 8;
	while (n * 8 < width)
		n *= 2;
	return n;
}

static size_t put_host(const struct ref_val *v, uint8_t *out, size_t max)
{
	size_t n = 0;
	mpz_t x;

	if (v->n) {
		for (uint32_t i = 0; i < v->n; i++)
			n += put_host(&v->part[i], out + n, max - n);
		return n;
	}
	n = host_bytes(ref_width(v->type));
	if (n > max)
		return 0;
	mpz_init(x);
	ref_unsigned(x, v);
	for (size_t i = 0; i < n; i++, mpz_fdiv_q_2exp(x, x, 8))
		out[i] = (uint8_t)mpz_get_ui(x);
	return n;
}

static void do_hash(struct ref *r, const struct p4_expr *call)
{
	struct ref_place to = ref_locate(r, call->bound[0]);
	uint8_t data[1024];
	size_t n = put_host(arg(r, call, 2), data, sizeof(data));

	ref_write(r, &to, ref_number(r, to.v->type, ref_lookup3(data, n)));
}

/* ---- checksums: RFC 1624, equation 3 ---- */

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static struct ref_val *replace(struct ref *r, const struct p4_expr *call)
{
	uint32_t csum = (uint32_t)arg64(r, call, 0);
	uint32_t old = ~(uint32_t)arg64(r, call, 1), new = (uint32_t)arg64(r, call, 2);
	uint32_t sum = (~csum & 0xffff) + (old & 0xffff) + (new & 0xffff);

	if (strcmp(call->callee->name, "csum_replace4") == 0)
		sum += (old >> 16) + (new >> 16);
	return ref_number(r, ref_type(r, call->type), ~fold(sum) & 0xffff);
}

/* ---- facts from inside the VM ---- */

static struct ref_val *udp_sent(struct ref *r, const struct p4_expr *call, int family)
{
	struct ref_val *s = arg(r, call, 0), *d = arg(r, call, 1);
	uint64_t sport = arg64(r, call, 2), dport = arg64(r, call, 3);
	const struct ref_fact *f = r->facts;

	while (f && (f->family != family || f->sport != sport || f->dport != dport ||
		     mpz_cmp(f->saddr, s->num) != 0 || mpz_cmp(f->daddr, d->num) != 0))
		f = f->next;
	return ref_number(r, call->type, f != NULL);
}

/* ---- extern objects ---- */

static uint32_t ctor_arg(struct ref *r, const struct p4_expr *call, uint32_t i)
{
	return (uint32_t)mpz_get_ui(ref_eval(r, call->bound[i])->num);
}

static void set_up_random(struct ref *r, struct ref_obj *obj, const struct p4_expr *call)
{
	struct ref_val *low = ref_eval(r, call->bound[0]), *high = ref_eval(r, call->bound[1]);

	if (mpz_cmp(low->num, high->num) != 0)
		ref_unable(call->tok, "random numbers");
	obj->value = low;
}

void ref_set_up(struct ref *r, struct ref_obj *obj, const struct p4_expr *call)
{
	const char *of = obj->type->decl->name;

	if (strcmp(of, "Hash") == 0) {
		obj->algorithm = ctor_arg(r, call, 0);
	} else if (strcmp(of, "Random") == 0) {
		set_up_random(r, obj, call);
	} else if (strcmp(of, "Digest") == 0) {
		obj->max = call->args ? ctor_arg(r, call, 0) : 256;
	} else if (strcmp(of, "ActionSelector") == 0) {
		obj->algorithm = ctor_arg(r, call, 0);
		obj->max = ctor_arg(r, call, 1);
		obj->width = ctor_arg(r, call, 2);
	} else if (strcmp(of, "DirectCounter") == 0 || strcmp(of, "DirectMeter") == 0) {
		obj->unit = ctor_arg(r, call, 0);
	} else if (strcmp(of, "Counter") == 0 || strcmp(of, "Meter") == 0) {
		obj->max = ctor_arg(r, call, 0);
		obj->unit = ctor_arg(r, call, 1);
	} else if (strcmp(of, "Register") == 0 || strcmp(of, "ActionProfile") == 0) {
		obj->max = ctor_arg(r, call, 0);
	} else if (strcmp(of, "InternetChecksum") != 0) {
		ref_unable(call->tok, "instances of %s", of);
	}
}

/* ---- extern functions ---- */

static bool run_statement(struct ref *r, const struct p4_expr *call)
{
	const char *name = call->callee->name;

	if (strcmp(name, "mark_to_drop") == 0 || strcmp(name, "mark_to_pass") == 0) {
		r->pass = name[8] == 'p';
		if (!r->pass)
			r->site = ref_line(call->tok);
	} else if (strcmp(name, "truncate") == 0) {
		mpz_init_set(r->cut, arg(r, call, 0)->num);
		r->truncated = true;
	} else if (strcmp(name, "hash") == 0) {
		do_hash(r, call);
	} else if (strcmp(name, "verify") == 0) {
		if (!ref_true(r, call->bound[0]))
			ref_reject(r, call->tok);
	} else {
		return false;
	}
	return true;
}

struct ref_val *ref_extern(struct ref *r, const struct p4_expr *call)
{
	const char *name = call->callee->name;

	if (run_statement(r, call))
		return nothing(r, call);
	if (strcmp(name, "static_assert") == 0)
		return ref_number(r, call->type, 1);
	if (strcmp(name, "ubpf_time_get_ns") == 0)
		return ref_number(r, call->type, r->time & 0xffffffffffffull);
	if (strcmp(name, "timestamp") == 0)
		return ref_number(r, call->type, r->time);
	if (strncmp(name, "csum_replace", strlen("csum_replace")) == 0)
		return replace(r, call);
	if (strcmp(name, "vm_udp_sent") == 0)
		return udp_sent(r, call, 4);
	if (strcmp(name, "vm_udp_sent6") == 0)
		return udp_sent(r, call, 6);
	if (strcmp(name, "checkUDPSent") == 0)
		return ref_number(r, call->type, r->facts != NULL);
	ref_unable(call->tok, "the extern function '%s'", name);
}

/* ---- registers ---- */

static struct ref_entry *find_cell(struct ref *r, struct ref_obj *obj, const struct ref_val *index)
{
	struct ref_bits bits = {0};
	struct ref_entry *e = obj->entries;
	mpz_t key;

	mpz_init(key);
	ref_pack(r, &bits, index, false);
	ref_get_bits(&bits, 0, (uint32_t)bits.len, key);
	while (e && mpz_cmp(e->fields[0].a, key) != 0)
		e = e->next;
	if (!e) {
		e = seki_arena_new(&r->scratch, struct ref_entry);
		e->fields = seki_arena_new(&r->scratch, struct ref_field);
		mpz_init_set(e->fields[0].a, key);
	}
	return e;
}

static void add_cell(struct ref *r, struct ref_obj *obj, const struct ref_entry *found,
		     const struct ref_val *v)
{
	struct ref_entry *e = seki_arena_new(r->arena, struct ref_entry);
	uint32_t n = 0;

	for (const struct ref_entry *o = obj->entries; o; o = o->next)
		n++;
	if (n >= obj->max)
		return;
	e->fields = seki_arena_new(r->arena, struct ref_field);
	mpz_init_set(e->fields[0].a, found->fields[0].a);
	e->args = seki_arena_alloc(r->arena, sizeof(*e->args));
	e->args[0] = ref_clone(r, v);
	e->next = obj->entries;
	obj->entries = e;
}

static struct ref_val *use_register(struct ref *r, const struct p4_expr *call)
{
	struct ref_obj *obj = ref_object(r, call->a->a);
	struct ref_entry *e = find_cell(r, obj, arg(r, call, 0));
	struct ref_val *v;

	if (strcmp(call->callee->name, "read") == 0)
		return e->args ? ref_clone(r, e->args[0]) : ref_make(r, ref_type(r, call->type));
	v = arg(r, call, 1);
	ref_memory(r, &r->keep);
	if (e->args)
		ref_copy(e->args[0], v);
	else
		add_cell(r, obj, e, v);
	ref_memory(r, &r->scratch);
	return nothing(r, call);
}

static struct ref_val *use_random(struct ref *r, const struct p4_expr *call)
{
	struct ref_val *v = ref_make(r, ref_type(r, call->type));

	mpz_set(v->num, ref_object(r, call->a->a)->value->num);
	ref_wrap(v->num, v->type);
	return v;
}

struct ref_val *ref_method(struct ref *r, const struct p4_expr *call)
{
	const char *of = call->callee->owner->name;

	static const struct {
		const char *of;
		struct ref_val *(*run)(struct ref *r, const struct p4_expr *call);
	} methods[] = {
		{"packet_in", ref_packet_in},
		{"packet_out", ref_packet_out},
		{"Register", use_register},
		{"Hash", ref_get_hash},
		{"InternetChecksum", ref_checksum},
		{"Counter", ref_count},
		{"DirectCounter", ref_count},
		{"Meter", ref_meter},
		{"DirectMeter", ref_meter},
		{"Digest", ref_digest},
		{"Random", use_random},
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(of, methods[i].of) == 0)
			return methods[i].run(r, call);
	ref_unable(call->tok, "the method '%s' of %s", call->callee->name, of);
}

/* ---- built in ---- */

/* Elements move up by n (push) or down by n (pop); those that are new are invalid. */
static void move_elements(struct ref_val *stack, const mpz_t by, bool push)
{
	uint32_t size = stack->n, n = mpz_cmp_ui(by, size) > 0 ? size : (uint32_t)mpz_get_ui(by);

	for (uint32_t k = 0; k < size; k++) {
		uint32_t to = push ? size - 1 - k : k;

		if (push ? to >= n : to + n < size)
			ref_copy(&stack->part[to], &stack->part[push ? to - n : to + n]);
		else
			ref_clear(&stack->part[to]);
	}
	if (push)
		stack->next = stack->next + n > size ? size : stack->next + n;
	else
		stack->next = stack->next > n ? stack->next - n : 0;
}

struct ref_val *ref_builtin(struct ref *r, const struct p4_expr *call)
{
	const char *name = call->a->name;
	const struct p4_type *type = ref_type(r, call->a->a->type);
	struct ref_place place;
	int64_t bits;

	if (strncmp(name, "minSize", 7) == 0 || strncmp(name, "maxSize", 7) == 0) {
		type = type->kind == P4_T_TYPE ? ref_type(r, type->elem) : type;
		bits = seki_type_limit(type, name[1] == 'a' ? P4_MOST : P4_LEAST);
		if (strcmp(name + 7, "InBytes") == 0)
			bits = (bits + 7) / 8;
		return ref_number(r, ref_type(r, call->type), (uint64_t)bits);
	}
	place = ref_locate(r, call->a->a);
	if (strcmp(name, "isValid") == 0)
		return ref_number(r, call->type, ref_is_valid(place.v));
	if (strcmp(name, "setValid") == 0 || strcmp(name, "setInvalid") == 0)
		ref_set_valid(&place, name[3] == 'V');
	else if (!place.nowhere)
		move_elements(place.v, ref_eval(r, call->args)->num, name[1] == 'u');
	return nothing(r, call);
}
