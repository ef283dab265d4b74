/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in C: methods of headers, externs, actions and functions in place. */
#include "compiler/p4/emit.h"

#include <string.h>

static const char *unsupported(struct p4_emit *em, const struct p4_expr *call, const char *what)
{
	seki_diag_unsupported(em->diags, seki_expr_span(call), "%s", what);
	return "0";
}

static const char *arg(struct p4_emit *em, const struct p4_expr *call, uint32_t i)
{
	return seki_olde_expr(em, call->bound[i]);
}

/* ---- statements inside an expression ---- */

/* Redirects what is emitted, for ({ ... }). */
static struct seki_strbuf *capture(struct p4_emit *em, struct seki_strbuf *text)
{
	struct seki_strbuf *saved = em->out;

	*text = (struct seki_strbuf){.arena = em->arena};
	em->out = text;
	return saved;
}

/* ---- externs ---- */

static const char *emit_udp_sent(struct p4_emit *em, const struct p4_expr *call)
{
	bool v6 = strcmp(call->callee->name, "vm_udp_sent6") == 0;
	const char *q = seki_olde_text(em, "q%u", seki_olde_id(em));
	uint32_t n = v6 ? 16 : 4;

	return seki_olde_text(em,
			      "({ struct udp_query %s = {0}; %s.family = %u; %s.sport = %s; "
			      "%s.dport = %s; put%u(%s.saddr, %s); put%u(%s.daddr, %s); "
			      "(u8)(vm_udp_sent(&%s, %s) != 0); })",
			      q, q, v6 ? 6 : 4, q, arg(em, call, 2), q, arg(em, call, 3), n, q,
			      arg(em, call, 0), n, q, arg(em, call, 1), q, arg(em, call, 4));
}

static const char *emit_extern(struct p4_emit *em, const struct p4_expr *call)
{
	const char *name = call->callee->name;

	if (strcmp(name, "ubpf_time_get_ns") == 0)
		return "((u64)ubpf_time_get_ns() & 0xffffffffffffull)";
	if (strcmp(name, "csum_replace2") == 0 || strcmp(name, "csum_replace4") == 0)
		return seki_olde_text(em, "replace%s(%s, %s, %s)", name + strlen("csum_replace"),
				      arg(em, call, 0), arg(em, call, 1), arg(em, call, 2));
	if (strcmp(name, "checkUDPSent") == 0)
		return "((u8)(vm_udp_sent_any(10000) != 0))";
	if (strcmp(name, "vm_udp_sent") == 0 || strcmp(name, "vm_udp_sent6") == 0)
		return emit_udp_sent(em, call);
	return unsupported(em, call, seki_olde_text(em, "the extern function '%s' is", name));
}

static void emit_mark(struct p4_emit *em, const struct p4_expr *call, bool drop)
{
	em->drops = true;
	seki_olde_line(em, "pass = %u;", !drop);
	if (drop)
		seki_olde_line(em, "site = %u;", seki_olde_line_number(call->tok));
}

/* hash(result, algorithm, data): of the fields of data, one behind the other. */
static void emit_hash(struct p4_emit *em, const struct p4_expr *call)
{
	const struct p4_expr *data = call->bound[2];
	const struct p4_expr *list = data->kind == P4_E_LIST ? data->args : data;
	const char *d = seki_olde_text(em, "d%u", seki_olde_id(em));
	uint32_t i = 0, bytes = 0;

	seki_olde_line(em, "{\n\tstruct __attribute__((packed)) {");
	for (const struct p4_expr *e = list; e; e = e->next, i++) {
		if (!seki_olde_is_scalar(e->type)) {
			unsupported(em, e, "hashing this is");
			return;
		}
		seki_olde_line(em, "\t%s f%u;", seki_olde_ctype(em, e->type, e->tok), i);
		bytes += seki_olde_cwidth(seki_olde_width(e->type)) / 8;
		if (list == data)
			break;
	}
	seki_olde_line(em, "} %s;", d);
	if (bytes > 64)
		unsupported(em, data, "hashing more than 64 bytes is");
	seki_olde_line(em, "__builtin_memset(&%s, 0, sizeof(%s));", d, d);
	i = 0;
	for (const struct p4_expr *e = list; e; e = e->next) {
		seki_olde_line(em, "%s.f%u = %s;", d, i++, seki_olde_expr(em, e));
		if (list == data)
			break;
	}
	seki_olde_assign(em, call->bound[0],
			 seki_olde_text(em, "((u32)ubpf_hash(&%s, sizeof(%s)))", d, d));
	seki_olde_line(em, "}");
}

static void emit_verify(struct p4_emit *em, const struct p4_expr *call)
{
	if (!em->step) {
		unsupported(em, call, "verify() outside a parser's state is");
		return;
	}
	seki_olde_line(em, "if (!%s) {\n\t\tsite = %u;\n\t\tgoto reject;\n\t}", arg(em, call, 0),
		       seki_olde_line_number(call->tok));
	em->rejects = true;
}

static bool emit_extern_stmt(struct p4_emit *em, const struct p4_expr *call)
{
	const char *name = call->callee->name;

	if (strcmp(name, "mark_to_drop") == 0 || strcmp(name, "mark_to_pass") == 0) {
		emit_mark(em, call, name[8] == 'd');
	} else if (strcmp(name, "truncate") == 0) {
		em->truncates = true;
		seki_olde_line(em, "trunc_len = %s;\n\ttrunc = 1;", arg(em, call, 0));
	} else if (strcmp(name, "hash") == 0) {
		emit_hash(em, call);
	} else if (strcmp(name, "verify") == 0) {
		emit_verify(em, call);
	} else {
		return false;
	}
	return true;
}

/* ---- methods ---- */

static const char *emit_register(struct p4_emit *em, const struct p4_expr *call)
{
	const struct p4_expr *object = call->a->a;
	const struct p4_map *map = object->kind == P4_E_NAME ? seki_old_map(em->lower, object->decl)
							     : NULL;
	const char *tk, *tv, *k, *v;

	if (!map || map->kind != P4_MAP_REGISTER)
		return unsupported(em, call, "this method is");
	tk = seki_olde_ctype(em, map->key_type, call->tok);
	tv = seki_olde_ctype(em, map->value_type, call->tok);
	k = seki_olde_text(em, "k%u", seki_olde_id(em));
	v = seki_olde_text(em, "v%u", seki_olde_id(em));
	if (strcmp(call->callee->name, "read") == 0)
		return seki_olde_text(em,
				      "({ %s %s = %s; %s *%s = ubpf_map_lookup(&%s$map, &%s); "
				      "%s ? *%s : (%s)0; })",
				      tk, k, arg(em, call, 0), tv, v, map->name, k, v, v, tv);
	return seki_olde_text(em,
			      "({ %s %s = %s; %s %s = %s; ubpf_map_update(&%s$map, &%s, &%s); })",
			      tk, k, arg(em, call, 0), tv, v, arg(em, call, 1), map->name, k, v);
}

static const char *emit_lookahead(struct p4_emit *em, const struct p4_expr *call)
{
	uint32_t width;

	if (!em->step)
		return unsupported(em, call, "lookahead() outside a parser's state is");
	if (!seki_olde_is_scalar(call->type))
		return unsupported(em, call, "lookahead() of this type is");
	width = seki_olde_width(call->type);
	em->rejects = true;
	return seki_olde_text(em, "({ if (pkt_len < %u) { site = %u; goto reject; } %s; })",
			      (em->off + width + 7) / 8, seki_olde_line_number(call->tok),
			      seki_olde_load(em, em->off, width));
}

static const char *emit_method(struct p4_emit *em, const struct p4_expr *call)
{
	const char *packet = seki_old_packet_call(call);

	if (packet && strcmp(packet, "lookahead") == 0)
		return emit_lookahead(em, call);
	if (packet && strcmp(packet, "length") == 0)
		return "pkt_len";
	if (packet)
		return unsupported(em, call,
				   seki_olde_text(em, "%s() inside another statement is", packet));
	return emit_register(em, call);
}

static void set_valid(struct p4_emit *em, const struct p4_expr *call)
{
	const char *header = seki_olde_expr(em, call->a->a);

	if (strcmp(call->a->name, "setValid") == 0)
		seki_olde_line(em, "%s.valid = 1;", header);
	else if (strcmp(call->a->name, "setInvalid") == 0)
		seki_olde_line(em, "%s = (%s){0};", header,
			       seki_olde_ctype(em, call->a->a->type, call->tok));
	else
		unsupported(em, call, "this is");
}

/* ---- in place ---- */

static const char *directed_value(struct p4_emit *em, const struct p4_decl *p,
				  const struct p4_expr *value)
{
	if (p->dir == P4_DIR_OUT || !value) {
		if (!value && p->init)
			return seki_olde_expr(em, p->init);
		return seki_olde_is_scalar(p->type)
			       ? "0"
			       : seki_olde_text(em, "(%s){0}",
						seki_olde_ctype(em, p->type, p->tok));
	}
	return seki_olde_expr(em, value);
}

/* A parameter that stands for the headers, the metadata or the standard metadata itself. */
static bool is_bound(const struct p4_emit *em, const struct p4_decl *p)
{
	return em->lower->cnames[p->id] != NULL;
}

static void copy_in(struct p4_emit *em, const struct p4_decl *decl, struct p4_expr *const *bound,
		    const char *const *data)
{
	uint32_t i = 0;

	for (const struct p4_decl *p = decl->params; p; p = p->next, i++)
		if (!is_bound(em, p))
			seki_olde_line(em, "%s %s = %s;", seki_olde_ctype(em, p->type, p->tok),
				       seki_olde_cname(em, p),
				       data && data[i] ? data[i] : directed_value(em, p, bound[i]));
	for (const struct p4_decl *d = decl->members; d; d = d->next)
		if (d->kind == P4_D_VAR)
			seki_olde_var(em, d);
}

static void copy_out(struct p4_emit *em, const struct p4_decl *decl, struct p4_expr *const *bound)
{
	uint32_t i = 0;

	for (const struct p4_decl *p = decl->params; p; p = p->next, i++)
		if ((p->dir == P4_DIR_OUT || p->dir == P4_DIR_INOUT) && bound[i] &&
		    !is_bound(em, p))
			seki_olde_assign(em, bound[i], seki_olde_cname(em, p));
}

void seki_olde_inline(struct p4_emit *em, const struct p4_decl *decl, struct p4_expr *const *bound,
		      const char *const *data, const char *result)
{
	struct p4_frame frame = {
		.outer = em->frame, .id = seki_olde_id(em), .decl = decl, .result = result};

	seki_olde_line(em, "{");
	copy_in(em, decl, bound, data);
	em->frame = &frame;
	seki_olde_stmt(em, decl->body);
	em->frame = frame.outer;
	if (frame.returns)
		seki_olde_line(em, "end_%u:;", frame.id);
	copy_out(em, decl, bound);
	if (frame.exits) {
		em->frame->returns = true;
		em->frame->exits = true;
		seki_olde_line(em, "if (exiting)\n\t\tgoto end_%u;", em->frame->id);
	}
	seki_olde_line(em, "}");
}

/* A control inside another. */
static void emit_block(struct p4_emit *em, const struct p4_expr *call)
{
	const struct p4_decl *block = call->callee;

	if (em->step || block->kind != P4_D_CONTROL) {
		unsupported(em, call, "applying parsers inside others is");
		return;
	}
	if (block->ctor_params || block->type_params) {
		unsupported(em, call, "controls with constructor or type parameters are");
		return;
	}
	seki_old_bind(em->lower, call);
	seki_olde_inline(em, block, call->bound, NULL, NULL);
}

static const char *emit_function(struct p4_emit *em, const struct p4_expr *call)
{
	const char *r = seki_olde_text(em, "r%u", seki_olde_id(em));
	struct seki_strbuf text;
	struct seki_strbuf *saved;

	if (call->callee->type_params)
		return unsupported(em, call, "functions with type parameters are");
	saved = capture(em, &text);
	seki_olde_inline(em, call->callee, call->bound, NULL, r);
	em->out = saved;
	return seki_olde_text(em, "({ %s %s = %s; %s %s; })",
			      seki_olde_ctype(em, call->type, call->tok), r,
			      seki_olde_is_scalar(call->type) ? "0" : "{0}", text.data, r);
}

/* table.apply().hit and .miss */
static const char *emit_applied(struct p4_emit *em, const struct p4_expr *member)
{
	const char *hit = seki_olde_text(em, "hit%u", seki_olde_id(em));
	struct seki_strbuf text;
	struct seki_strbuf *saved = capture(em, &text);

	seki_olde_apply(em, member->a->callee, hit, NULL);
	em->out = saved;
	return seki_olde_text(em, "({ u8 %s = 0; %s (u8)%s%s; })", hit, text.data,
			      strcmp(member->name, "miss") == 0 ? "!" : "", hit);
}

const char *seki_olde_call(struct p4_emit *em, const struct p4_expr *call)
{
	if (call->kind == P4_E_MEMBER)
		return emit_applied(em, call);
	switch (call->call) {
	case P4_CALL_BUILTIN:
		if (strcmp(call->a->name, "isValid") == 0 && call->a->a->type->kind == P4_T_HEADER)
			return seki_olde_text(em, "%s.valid", seki_olde_expr(em, call->a->a));
		return unsupported(em, call, "this method is");
	case P4_CALL_EXTERN:
		return emit_extern(em, call);
	case P4_CALL_METHOD:
		return emit_method(em, call);
	case P4_CALL_FUNCTION:
		return emit_function(em, call);
	default:
		return unsupported(em, call, "this call is");
	}
}

void seki_olde_call_stmt(struct p4_emit *em, const struct p4_expr *call)
{
	switch (call->call) {
	case P4_CALL_TABLE:
		seki_olde_apply(em, call->callee, NULL, NULL);
		break;
	case P4_CALL_ACTION:
		seki_olde_inline(em, call->callee, call->bound, NULL, NULL);
		break;
	case P4_CALL_FUNCTION:
		if (call->callee->type_params)
			unsupported(em, call, "functions with type parameters are");
		else if (call->type->kind == P4_T_VOID)
			seki_olde_inline(em, call->callee, call->bound, NULL, NULL);
		else
			seki_olde_line(em, "(void)%s;", emit_function(em, call));
		break;
	case P4_CALL_BUILTIN:
		if (call->type->kind == P4_T_VOID)
			set_valid(em, call);
		break;
	case P4_CALL_EXTERN:
		if (!emit_extern_stmt(em, call))
			seki_olde_line(em, "(void)%s;", emit_extern(em, call));
		break;
	case P4_CALL_METHOD:
		seki_olde_line(em, "(void)%s;", emit_method(em, call));
		break;
	case P4_CALL_APPLY:
		emit_block(em, call);
		break;
	default:
		unsupported(em, call, "this call is");
		break;
	}
}
