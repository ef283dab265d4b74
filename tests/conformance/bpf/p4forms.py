# SPDX-License-Identifier: Apache-2.0
"""C in the forms that p4c-ubpf gives to parsers, tables and deparsers of P4 programs: what it makes
of headers' fields of any width, of jumps between states, of lookups and default actions, and of the
head that moves before the headers are written. `programs()` gives names and texts; objects.py
compiles them and compares what they do with what they do natively."""

PROLOGUE = """
#ifndef SEKI_UNSIGNED
#undef BYTES
#define BYTES(w) ((w) / 8)
#endif
#define MASK(t, w) ((((t)1) << (w)) - (t)1)
#define write_partial(a, w, s, v) \\
    do { *((uint8_t *)(a)) = (*((uint8_t *)(a)) & ~(MASK(uint8_t, w) << s)) | (v << s); } while (0)
#undef write_byte
#define write_byte(base, offset, v) do { *(uint8_t *)((base) + (offset)) = (v); } while (0)
#define memcpy __builtin_memcpy
enum { MAP_LPM = 5 };

static inline uint16_t add16(uint16_t sum, uint16_t more)
{
    uint16_t r = sum;
    r += more;
    return r + (r < more);
}
static inline uint16_t csum_replace2(uint16_t sum, uint16_t old, uint16_t new)
{
    return ~add16(add16(~sum, ~old), new);
}
static inline uint32_t add32(uint32_t sum, uint32_t more)
{
    uint32_t r = sum;
    r += more;
    return r + (r < more);
}
static inline uint16_t fold(uint32_t sum)
{
    uint32_t r = sum << 16 | sum >> 16;
    sum = ~sum;
    sum -= r;
    return (uint16_t)(sum >> 16);
}
static inline uint16_t csum_replace4(uint16_t sum, uint32_t from, uint32_t to)
{
    return fold(add32(add32(~(uint32_t)sum, ~from), to));
}
"""

HEADERS = {
    "ethernet": [("dst", 48), ("src", 48), ("type", 16)],
    "vlan": [("pcp", 3), ("dei", 1), ("vid", 12), ("type", 16)],
    "mpls": [("label", 20), ("tc", 3), ("stack", 1), ("ttl", 8)],
    "ipv4": [("version", 4), ("ihl", 4), ("diffserv", 8), ("length", 16), ("id", 16),
             ("flags", 3), ("frag", 13), ("ttl", 8), ("protocol", 8), ("checksum", 16),
             ("src", 32), ("dst", 32)],
    "ipv6": [("version", 4), ("tclass", 8), ("flow", 20), ("length", 16), ("next", 8),
             ("hops", 8), ("src", 128), ("dst", 128)],
    "udp": [("sport", 16), ("dport", 16), ("length", 16), ("checksum", 16)],
    "vxlan": [("flags", 8), ("reserved", 24), ("vni", 24), ("reserved2", 8)],
    "gtp": [("version", 3), ("pt", 1), ("spare", 1), ("ex", 1), ("seq", 1), ("npdu", 1),
            ("type", 8), ("length", 16), ("teid", 32)],
    "arp": [("hw", 16), ("proto", 16), ("hwlen", 8), ("plen", 8), ("op", 16), ("sha", 48),
            ("spa", 32), ("tha", 48), ("tpa", 32)],
    "tag": [("kind", 8), ("value", 8)],
    "skip": [("bits", 8)],
    "word": [("data", 32)],
    "one": [("type", 8), ("data", 8)],
    "two": [("type", 8), ("data", 16)],
    "four": [("type", 8), ("data", 32)],
    "tcp": [("sport", 16), ("dport", 16), ("seqno", 32), ("ackno", 32), ("offset", 4), ("res", 6),
            ("ack", 1), ("psh", 1), ("rst", 1), ("syn", 1), ("fin", 1), ("pad", 1),
            ("window", 16), ("checksum", 16), ("urgent", 16)],
}


def ctype(width):
    return next(f"uint{size}_t" for size in (8, 16, 32, 64) if width <= size)


def declare(name, width):
    return f"{ctype(width)} {name};" if width <= 64 else f"uint8_t {name}[{width // 8}];"


def extract_field(place, width, align):
    """Statements that read one field at packetOffsetInBits; p4c reads past fields of odd widths."""
    if width > 64:
        count = width // 8
        read = "".join(f"{place}[{i}] = (uint8_t)((load_byte(pkt, BYTES(offset) + "
                       f"{count - i - 1}) >> 0));\n" for i in range(count))
        return read + f"offset += {width};\n"
    words = (width + align - 1) // 8 + 1
    helper, size = next((h, s) for h, s in (("byte", 8), ("half", 16), ("word", 32),
                                            ("dword", 64)) if words * 8 <= s)
    shift = size - align - width
    value = f"(load_{helper}(pkt, BYTES(offset)) >> {shift})"
    if width != size:
        value += f" & MASK({ctype(width)}, {width})"
    return f"{place} = ({ctype(width)})({value});\noffset += {width};\n"


def total(kind):
    return sum(width for _, width in HEADERS[kind])


def extract(header, kind):
    out = f"if (pkt_len < BYTES(offset + {total(kind)})) {{\ngoto reject;\n}}\n"
    align = 0
    for field, width in HEADERS[kind]:
        out += extract_field(f"hdr.{header}.{field}", width, align)
        align = (align + width) % 8
    return out + f"hdr.{header}.ebpf_valid = 1;\n"


def emit_partial(place, width, align):
    """A field that does not begin or end with a byte, as the deparser writes it."""
    out, left, bits = "", width, width % 8 or 8
    for i in range((width + 7) // 8):
        out += f"b = ((char *)(&{place}))[{i}];\n"
        free = 8 - align if align else 8
        bits = min(left, 8)
        write = min(bits, free)
        if align == 0 and write == 8:
            out += f"write_byte(pkt, BYTES(offset) + {i}, (b));\n"
        else:
            shift = 8 - align - write
            by = (shift if align == 0 else align) if width > free else 0
            out += f"write_partial(pkt + BYTES(offset) + {i}, {write}, {shift}, (b >> {by}));\n"
        left -= write
        bits -= write
        align = (align + write) % 8
        write = 8 - write
        if bits > 0:
            if write == 8:
                out += f"write_byte(pkt, BYTES(offset) + {i} + 1, (b << {8 - align % 8}));\n"
            else:
                out += (f"write_partial(pkt + BYTES(offset) + {i} + 1, {write}, "
                        f"{8 + align - write}, (b));\n")
            left -= write
        align = (align + write) % 8
    return out


def emit_field(place, width, align):
    if width > 64:
        out = "".join(f"b = ((char *)(&{place}))[{i}];\nwrite_byte(pkt, BYTES(offset) + "
                      f"{width // 8 - i - 1}, (b));\n" for i in range(width // 8))
        return out + f"offset += {width};\n"
    size = int(ctype(width)[4:-2])
    out = ""
    if size > 8:
        shift = f" << {size - width}" if size != width else ""
        out = f"{place} = bswap{size}({place}{shift});\n"
    return out + emit_partial(place, width, align) + f"offset += {width};\n"


def emit(header, kind):
    out = f"if (hdr.{header}.ebpf_valid) {{\nif (pkt_len < BYTES(offset + {total(kind)})) {{\n"
    out += "goto reject;\n}\n"
    align = 0
    for field, width in HEADERS[kind]:
        out += emit_field(f"hdr.{header}.{field}", width, align)
        align = (align + width) % 8
    return out + "}\n"


def deparser(emits):
    out = "int out = 0;\n"
    for header, kind in emits:
        out += f"if (hdr.{header}.ebpf_valid)\nout += {total(kind)};\n"
    out += """int by = BYTES(out) - BYTES(offset);
pkt = ubpf_adjust_head(ctx, by);
pkt_len += by;
offset = 0;
if (keep > 0) {
pkt_len -= ubpf_truncate_packet(ctx, keep);
}
"""
    return out + "".join(emit(header, kind) for header, kind in emits)


def table(name, key, actions, lpm=False):
    """Declarations, and the statements of its apply(): key: (field, width, expression); actions:
    (name, parameters, statements)."""
    fields = sorted(key, key=lambda k: -k[1])
    decls = f"struct {name}_key {{\n"
    for i, (field, width, _) in enumerate(fields):
        decls += f"uint32_t prefix_len{i};\n" if lpm else ""
        decls += declare(field, width) + "\n"
    decls += f"}};\nenum {name}_actions {{ {', '.join(f'{name}_{a[0]}' for a in actions)} }};\n"
    decls += f"struct {name}_value {{\nenum {name}_actions action;\nunion {{\n"
    for action, params, _ in actions:
        decls += "struct {" + "".join(declare(p, w) for p, w in params) + f"}} {action};\n"
    decls += "} u;\n};\n"
    kind = "MAP_LPM" if lpm else "MAP_HASH"
    decls += (f"struct ubpf_map_def {name} = {{{kind}, sizeof(struct {name}_key), "
              f"sizeof(struct {name}_value), 1024, 0}};\n"
              f"struct ubpf_map_def {name}_defaultAction = {{MAP_ARRAY, 4, "
              f"sizeof(struct {name}_value), 1, 0}};\n")
    apply = f"{{\nstruct {name}_key key = {{}};\n"
    for field, width, expr in key:
        apply += f"key.{field} = {expr};\n" if width <= 64 else \
            f"memcpy(&key.{field}, &{expr}, {width // 8});\n"
    apply += f"""struct {name}_value *value = NULL;
value = ubpf_map_lookup(&{name}, &key);
if (value == NULL) {{
hit = 0;
value = ubpf_map_lookup(&{name}_defaultAction, &zero);
}} else {{
hit = 1;
}}
if (value != NULL) {{
switch (value->action) {{
"""
    for action, _, body in actions:
        apply += f"case {name}_{action}: {{\n{body}\n}}\nbreak;\n"
    apply += "default: return 1;\n}\n} else return 1;\n}\n"
    return decls, apply


def program(headers, states, control, emits, decls="", meta=(), packets=(), before=""):
    """headers: (name, kind); states: (name, statements); the first one is the start."""
    kinds = dict(headers)
    out = "".join(f"//: compare {packet}\n" for packet in packets)
    out += '#include "ubpf.h"\n' + PROLOGUE
    for kind in dict.fromkeys(kinds.values()):
        fields = " ".join(declare(f, w) for f, w in HEADERS[kind])
        out += f"struct {kind}_h {{ {fields} uint8_t ebpf_valid; }};\n"
    out += "struct Headers {\n"
    out += "".join(f"struct {kind}_h {name};\n" for name, kind in headers)
    out += "};\nstruct Metadata {\n" + "".join(declare(f, w) for f, w in meta) + "};\n"
    init = ", ".join(f".{name} = {{.ebpf_valid = 0}}" for name, _ in headers)
    out += decls + f"""
uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{{
void *pkt = ubpf_packet_data(ctx);
uint32_t pkt_len = std_meta->packet_length;
struct Headers hdr = {{ {init} }};
struct Metadata meta = {{ }};
int offset = 0;
uint8_t pass = 1;
uint8_t hit = 0;
unsigned char b;
uint32_t zero = 0;
int keep = -1;
{before}
goto {states[0][0]};
"""
    for name, body in states:
        out += f"{name}: {{\n{body}}}\n"
    out += "reject: { return 1; }\naccept:\n{\n" + control + "}\ndeparser:\n{\n"
    out += deparser([(name, kinds[name]) for name in emits]) + "}\n"
    return out + "if (pass)\nreturn 1;\nelse\nreturn 0;\n}\n"


def select(expr, cases, default="reject"):
    return f"switch ({expr}) {{\n" + "".join(f"case {v}: goto {s};\n" for v, s in cases) + \
        f"default: goto {default};\n}}\n"


ETHERNET = "00112233445566778899aabb"
IPV4 = "4500003c1c4640004006b1e6ac100a63ac100a0c"
TCP = "c0ff0050000000010000000250180800abcd0000"
PAYLOAD = "68656c6c6f20776f726c6421"
IPV6 = "60012345001411400102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
VXLAN = "10e112b5002a0000" + "0800000000abcd00"


def start(next_states):
    return ("start", extract("ethernet", "ethernet") + select("hdr.ethernet.type", next_states,
                                                              "accept"))


def switch_program():
    decls, apply = table(
        "pipe_forward", [("hdr_ipv4_dst", 32, "hdr.ipv4.dst"), ("vid", 12, "hdr.vlan.vid")],
        [("NoAction", [], ""), ("drop", [], "pass = false;"),
         ("out", [("mac", 48), ("port", 32)],
          """hdr.ethernet.src = hdr.ethernet.dst;
          hdr.ethernet.dst = value->u.out.mac;
          std_meta->output_port = value->u.out.port;
          std_meta->output_action = REDIRECT;
          old = hdr.ipv4.ttl;
          hdr.ipv4.ttl = (uint8_t)(hdr.ipv4.ttl + 255);
          hdr.ipv4.checksum = csum_replace2(hdr.ipv4.checksum, old << 8, hdr.ipv4.ttl << 8);""")])
    fill = """struct pipe_forward_value fresh = {.action = pipe_forward_out,
    .u.out = {.mac = 0x020304050607, .port = 3}};
    uint32_t index = 0;
    uint16_t old;
    if (pkt_len > 6 && *(uint8_t *)pkt < 0x80)
    ubpf_map_update(&pipe_forward_defaultAction, &index, &fresh);
    """
    return program(
        [("ethernet", "ethernet"), ("vlan", "vlan"), ("ipv4", "ipv4"), ("udp", "udp")],
        [start([("0x8100", "vlan"), ("0x800", "ipv4")]),
         ("vlan", extract("vlan", "vlan") + select("hdr.vlan.type", [("0x800", "ipv4")], "accept")),
         ("ipv4", extract("ipv4", "ipv4") + select("hdr.ipv4.protocol", [("17", "udp")],
                                                   "accept")),
         ("udp", extract("udp", "udp") + "goto accept;\n")],
        f"if (hdr.ipv4.ebpf_valid) {{\n{apply}}}\n",
        ["vlan", "ipv4", "udp"], before=fill,
        decls="#define false 0\n#define true 1\n" + decls,
        packets=[ETHERNET + "0800" + IPV4 + TCP + PAYLOAD,
                 ETHERNET + "8100600a0800" + IPV4.replace("4006", "4011") + TCP + PAYLOAD,
                 ETHERNET + "08060001080006040001" + "00" * 20])


def lpm_program():
    decls, apply = table(
        "pipe_route", [("hdr_ipv4_dst", 32, "hdr.ipv4.dst")],
        [("drop", [], "pass = 0;"),
         ("via", [("address", 32), ("mac", 48)],
          """meta.next = value->u.via.address;
          hdr.ethernet.dst = value->u.via.mac;
          hdr.ipv4.checksum = csum_replace4(hdr.ipv4.checksum, hdr.ipv4.dst, meta.next);
          hdr.ipv4.dst = meta.next;""")], lpm=True)
    fill = """struct pipe_route_value fresh = {.action = pipe_route_via,
    .u.via = {.address = 0x0a000001, .mac = 0x0102030405}};
    uint32_t index = 0;
    if (pkt_len > 20)
    ubpf_map_update(&pipe_route_defaultAction, &index, &fresh);
    """
    return program(
        [("ethernet", "ethernet"), ("ipv4", "ipv4")],
        [start([("0x800", "ipv4")]), ("ipv4", extract("ipv4", "ipv4") + "goto accept;\n")],
        apply, ["ethernet", "ipv4"], decls=decls, before=fill, meta=[("next", 32)],
        packets=[ETHERNET + "0800" + IPV4 + TCP, ETHERNET + "86dd" + IPV6])


def ipv6_program():
    decls, apply = table(
        "pipe_v6", [("dst", 128, "hdr.ipv6.dst"), ("next", 8, "hdr.ipv6.next")],
        [("NoAction", [], "hdr.ipv6.hops = (uint8_t)(hdr.ipv6.hops + 255);"),
         ("rewrite", [("address", 128), ("flow", 20)],
          """memcpy(&hdr.ipv6.dst, &value->u.rewrite.address, 16);
          hdr.ipv6.flow = value->u.rewrite.flow;""")])
    return program(
        [("ethernet", "ethernet"), ("ipv6", "ipv6")],
        [start([("0x86dd", "ipv6")]), ("ipv6", extract("ipv6", "ipv6") + "goto accept;\n")],
        f"if (hdr.ipv6.ebpf_valid) {{\n{apply}}}\n", ["ethernet", "ipv6"], decls=decls,
        packets=[ETHERNET + "86dd" + IPV6 + PAYLOAD, ETHERNET + "0800" + IPV4])


def encap_program():
    outer = """hdr.outer_ethernet = hdr.ethernet;
    hdr.outer_ipv4 = hdr.ipv4;
    hdr.outer_ipv4.ebpf_valid = 1;
    hdr.outer_ethernet.ebpf_valid = 1;
    hdr.outer_ipv4.protocol = 17;
    hdr.outer_udp.ebpf_valid = 1;
    hdr.outer_udp.sport = (uint16_t)(hdr.ipv4.src >> 3);
    hdr.outer_udp.dport = 4789;
    hdr.outer_udp.length = (uint16_t)(hdr.ipv4.length + 16);
    hdr.outer_udp.checksum = 0;
    hdr.vxlan.ebpf_valid = 1;
    hdr.vxlan.flags = 8;
    hdr.vxlan.reserved = 0;
    hdr.vxlan.vni = (uint32_t)hdr.ethernet.dst & 0xffffff;
    hdr.vxlan.reserved2 = 0;
    """
    return program(
        [("outer_ethernet", "ethernet"), ("outer_ipv4", "ipv4"), ("outer_udp", "udp"),
         ("vxlan", "vxlan"), ("ethernet", "ethernet"), ("ipv4", "ipv4")],
        [start([("0x800", "ipv4")]), ("ipv4", extract("ipv4", "ipv4") + "goto accept;\n")],
        f"if (hdr.ipv4.ebpf_valid) {{\n{outer}}}\n",
        ["outer_ethernet", "outer_ipv4", "outer_udp", "vxlan", "ethernet", "ipv4"],
        packets=[ETHERNET + "0800" + IPV4 + TCP, ETHERNET + "0806"])


def decap_program():
    strip = """hdr.outer_ethernet.ebpf_valid = 0;
    hdr.outer_ipv4.ebpf_valid = 0;
    hdr.udp.ebpf_valid = 0;
    hdr.vxlan.ebpf_valid = 0;
    """
    return program(
        [("outer_ethernet", "ethernet"), ("outer_ipv4", "ipv4"), ("udp", "udp"),
         ("vxlan", "vxlan"), ("ethernet", "ethernet"), ("ipv4", "ipv4")],
        [("start", extract("outer_ethernet", "ethernet") +
          select("hdr.outer_ethernet.type", [("0x800", "outer")], "accept")),
         ("outer", extract("outer_ipv4", "ipv4") +
          select("hdr.outer_ipv4.protocol", [("17", "udp")], "accept")),
         ("udp", extract("udp", "udp") + select("hdr.udp.dport", [("4789", "vxlan")], "accept")),
         ("vxlan", extract("vxlan", "vxlan") + "goto inner;\n"),
         ("inner", extract("ethernet", "ethernet") +
          select("hdr.ethernet.type", [("0x800", "ipv4")], "accept")),
         ("ipv4", extract("ipv4", "ipv4") + "goto accept;\n")],
        f"if (hdr.vxlan.ebpf_valid && hdr.vxlan.vni != 5) {{\n{strip}}}\n",
        ["udp", "vxlan", "ethernet"],
        packets=[ETHERNET + "0800" + IPV4.replace("4006", "4011") + VXLAN + ETHERNET + "0800" +
                 IPV4 + TCP, ETHERNET + "0800" + IPV4])


def mpls_program():
    """A stack of three labels, looked at beforehand; the label is swapped, the others popped."""
    ahead = """if (pkt_len < BYTES(offset + 24)) {
    goto reject;
    }
    uint32_t ahead = (uint32_t)((load_word(pkt, BYTES(offset)) >> 8) & MASK(uint32_t, 24));
    """
    return program(
        [("ethernet", "ethernet"), ("m0", "mpls"), ("m1", "mpls"), ("m2", "mpls")],
        [start([("0x8847", "m0")]),
         ("m0", extract("m0", "mpls") + select("hdr.m0.stack", [("0", "m1"), ("1", "accept")])),
         ("m1", ahead + extract("m1", "mpls") + "meta.seen = ahead;\n" +
          select("hdr.m1.stack", [("0", "m2"), ("1", "accept")])),
         ("m2", extract("m2", "mpls") + select("hdr.m2.stack", [("1", "accept")]))],
        """if (hdr.m2.ebpf_valid) {
        hdr.m1.ebpf_valid = 0;
        hdr.m0.ebpf_valid = 0;
        hdr.m2.ttl = hdr.m0.ttl;
        }
        hdr.m0.label = hdr.m0.label ^ (meta.seen & 0xfffff);
        hdr.m0.tc = 7;
        """, ["ethernet", "m0", "m1", "m2"], meta=[("seen", 24)],
        packets=[ETHERNET + "8847" + "0001004000020040000301400a0b0c0d",
                 ETHERNET + "8847" + "000101400002", ETHERNET + "8847000100400002"])


def loop_program():
    """States that lead back: tags are skipped until one of kind 0, eight at most."""
    peek = """if (pkt_len < BYTES(offset + 8)) {
    goto reject;
    }
    uint8_t kind = (uint8_t)((load_byte(pkt, BYTES(offset))));
    meta.count = (uint8_t)(meta.count + 1);
    """
    skip = """{
    uint32_t tmp = 16;
    if (pkt_len < BYTES(offset + tmp)) {
    goto reject;
    }
    offset += tmp;
    }
    """
    return program(
        [("ethernet", "ethernet"), ("tag", "tag")],
        [start([("0x9000", "peek")]),
         ("peek", peek + select("kind", [("0", "tag")], "more")),
         ("more", select("meta.count", [("9", "accept")], "skip")),
         ("skip", skip + "goto peek;\n"),
         ("tag", extract("tag", "tag") + "goto accept;\n")],
        "hdr.tag.value = (uint8_t)(hdr.tag.value + meta.count);\n", ["ethernet", "tag"],
        meta=[("count", 8)],
        packets=[ETHERNET + "9000" + "010102020303000405060708",
                 ETHERNET + "9000" + "0101" * 12, ETHERNET + "90000000"])


def advance_by(bits):
    """Over as many bits as the packet says."""
    return f"""{{
    uint32_t tmp = {bits};
    if (pkt_len < BYTES(offset + tmp)) {{
    goto reject;
    }}
    offset += tmp;
    }}
    """


def options_program():
    """Options of IPv4 are taken off; tags are followed by as much as they say, once or twice."""
    states = [start([("0x800", "ipv4"), ("0x9000", "tag"), ("0x9001", "words")]),
              ("ipv4", extract("ipv4", "ipv4") +
               advance_by("((uint32_t)hdr.ipv4.ihl << 5) + 4294967136") +
               select("hdr.ipv4.protocol", [("17", "udp")], "accept")),
              ("udp", extract("udp", "udp") + "goto accept;\n"),
              ("tag", extract("tag", "tag") + advance_by("(uint32_t)hdr.tag.value") +
               advance_by("((uint32_t)hdr.tag.kind << 3)") + "goto accept;\n"),
              ("words", extract("skip", "skip") +
               advance_by("((uint32_t)hdr.skip.bits << 5)") + extract("tag", "tag") +
               "goto accept;\n")]
    return program(
        [("ethernet", "ethernet"), ("ipv4", "ipv4"), ("udp", "udp"), ("tag", "tag"),
         ("skip", "skip"), ("vlan", "vlan")],
        states,
        """if (hdr.ipv4.ebpf_valid) {
        hdr.ipv4.ihl = 5;
        }
        if (hdr.udp.ebpf_valid && hdr.udp.dport == 53) {
        hdr.vlan.ebpf_valid = 1;
        hdr.vlan.vid = 7;
        hdr.udp.ebpf_valid = 0;
        }
        """, ["ethernet", "vlan", "ipv4", "udp", "tag"],
        packets=[ETHERNET + "0800" + IPV4 + TCP + PAYLOAD,
                 ETHERNET + "0800" + "48" + IPV4.replace("4006", "4011")[2:] + "01" * 12 +
                 "0868003500100000" + PAYLOAD * 3,
                 ETHERNET + "9000" + "0110" + PAYLOAD, ETHERNET + "9001" + "02" + PAYLOAD * 2])


def register_program():
    """A limit of packets by address: registers are hash maps."""
    decls = """struct ubpf_map_def pipe_count = {MAP_HASH, 4, sizeof(uint64_t), 1024, 0};
    struct ubpf_map_def pipe_last = {MAP_HASH, sizeof(uint32_t), sizeof(uint32_t), 1024, 0};
    """
    control = """{
    uint32_t hash_0 = 0;
    struct tuple { uint32_t field_0; uint16_t field_1; uint8_t field_2; uint8_t pad0[1]; };
    struct tuple key = {.pad0 = {0}};
    key.field_0 = hdr.ipv4.src;
    key.field_1 = hdr.ipv4.id;
    key.field_2 = hdr.ipv4.protocol;
    hash_0 = ubpf_hash(&key, sizeof(key));
    meta.bucket = hash_0 & 15;
    }
    uint64_t count_0 = 0;
    uint64_t *tmp = ubpf_map_lookup(&pipe_count, &meta.bucket);
    if (tmp != NULL) {
    count_0 = *tmp;
    }
    count_0 = count_0 + 1;
    uint64_t value_0 = count_0;
    ubpf_map_update(&pipe_count, &meta.bucket, &value_0);
    uint32_t *tmp_0 = ubpf_map_lookup(&pipe_last, &meta.bucket);
    if (tmp_0 != NULL) {
    meta.last = *tmp_0;
    }
    uint32_t value_1 = hdr.ipv4.dst;
    ubpf_map_update(&pipe_last, &meta.bucket, &value_1);
    if (count_0 > 10 || ubpf_time_get_ns() == 0) {
    pass = 0;
    ubpf_printf("too many: %d of %d\\n", count_0, meta.bucket);
    }
    hdr.ipv4.id = (uint16_t)(count_0 + meta.last);
    keep = (int)(60);
    """
    return program(
        [("ethernet", "ethernet"), ("ipv4", "ipv4")],
        [start([("0x800", "ipv4")]), ("ipv4", extract("ipv4", "ipv4") + "goto accept;\n")],
        f"if (hdr.ipv4.ebpf_valid) {{\n{control}}}\n", ["ethernet", "ipv4"], decls=decls,
        meta=[("bucket", 32), ("last", 32)],
        packets=[ETHERNET + "0800" + IPV4 + TCP + PAYLOAD * 3])


def many_program():
    """Ten headers, some of them there; a function of the user's in the same section."""
    decls = """struct word { uint32_t a, b; };
    __attribute__((noinline)) uint32_t external_func(uint32_t a, uint8_t b)
    {
    return a * 2654435761u ^ b;
    }
    """
    states = [start([("0x8100", "v0"), ("0x800", "ipv4"), ("0x86dd", "ipv6"), ("0x806", "arp")]),
              ("v0", extract("v0", "vlan") + select("hdr.v0.type", [
                  ("0x8100", "v1"), ("0x800", "ipv4"), ("0x86dd", "ipv6")], "accept")),
              ("v1", extract("v1", "vlan") + select("hdr.v1.type", [
                  ("0x800", "ipv4"), ("0x86dd", "ipv6")], "accept")),
              ("arp", extract("arp", "arp") + "goto accept;\n"),
              ("ipv4", extract("ipv4", "ipv4") + select("hdr.ipv4.protocol", [
                  ("17", "udp")], "accept")),
              ("ipv6", extract("ipv6", "ipv6") + select("hdr.ipv6.next", [
                  ("17", "udp")], "accept")),
              ("udp", extract("udp", "udp") + select("hdr.udp.dport", [
                  ("2152", "gtp"), ("4789", "vxlan")], "accept")),
              ("gtp", extract("gtp", "gtp") + select("hdr.gtp.type", [("255", "inner")],
                                                     "accept")),
              ("vxlan", extract("vxlan", "vxlan") + "goto accept;\n"),
              ("inner", extract("inner", "ipv4") + "goto accept;\n")]
    names = [("ethernet", "ethernet"), ("v0", "vlan"), ("v1", "vlan"), ("arp", "arp"),
             ("ipv4", "ipv4"), ("ipv6", "ipv6"), ("udp", "udp"), ("gtp", "gtp"),
             ("vxlan", "vxlan"), ("inner", "ipv4")]
    control = """if (hdr.udp.ebpf_valid) {
    hdr.udp.checksum = (uint16_t)external_func(hdr.udp.sport, hdr.ipv4.ttl);
    }
    if (hdr.v1.ebpf_valid) {
    hdr.v0.ebpf_valid = 0;
    }
    if (hdr.gtp.ebpf_valid && hdr.gtp.teid == 1) {
    hdr.gtp.seq = 1;
    hdr.gtp.pt = 0;
    }
    if (hdr.arp.ebpf_valid) {
    hdr.arp.tha = hdr.arp.sha;
    hdr.arp.op = 2;
    }
    """
    return program(names, states, control, ["v0", "arp", "gtp"], decls=decls,
                   packets=[ETHERNET + "8100000181000002" + "0800" + IPV4.replace("4006", "4011") +
                            "0868086800100000" + "30ff000000000001" + IPV4 + TCP,
                            ETHERNET + "8100000181000002" + "86dd" + IPV6 + VXLAN,
                            ETHERNET + "0806" + "0001080006040001" + "0a" * 20])


def advance_program():
    """A header says how many bits behind it go: the packet loses a number of bytes."""
    return program(
        [("skip", "skip")],
        [("start", extract("skip", "skip") + """{
          uint32_t tmp = (uint32_t)hdr.skip.bits;
          if (pkt_len < BYTES(offset + tmp)) {
          goto reject;
          }
          offset += tmp;
          }
          goto accept;
          """)], "", ["skip"],
        packets=["08aabbcc", "10aabbcc", "00aabb", "ff" + "00" * 40, "03aabb"])


def truncate_program():
    """A header says how many bytes stay."""
    return program(
        [("spec", "skip"), ("word", "word")],
        [("start", extract("spec", "skip") + extract("word", "word") + "goto accept;\n")],
        "keep = (int)((uint32_t)hdr.spec.bits);\nhdr.word.data = 0xfffefdfc;\n", ["word"],
        packets=["0201020304050607", "0001020304050607", "ff0102030405"])


def firewall_program():
    """Connections in registers; packets are dropped in the middle of the control."""
    decls = """struct ubpf_map_def pipe_state = {MAP_HASH, 4, 4, 65536, 0};
    struct ubpf_map_def pipe_server = {MAP_HASH, 4, 4, 65536, 0};
    """
    key = """{
    struct tuple { uint32_t field_0; uint32_t field_1; };
    struct tuple key = {};
    key.field_0 = hdr.ipv4.%s;
    key.field_1 = hdr.ipv4.%s;
    meta.id = ubpf_hash(&key, sizeof(key));
    }
    """

    def write(state, server=""):
        return f"uint32_t value = {state};\nubpf_map_update(&pipe_state, &meta.id, &value);\n" + \
            (f"ubpf_map_update(&pipe_server, &meta.id, &{server});\n" if server else "")

    control = f"""if (hdr.tcp.ebpf_valid) {{
    if (hdr.ipv4.src < hdr.ipv4.dst) {key % ("src", "dst")} else {key % ("dst", "src")}
    uint32_t *tmp = ubpf_map_lookup(&pipe_state, &meta.id);
    if (tmp != NULL) meta.state = *tmp;
    uint32_t *tmp_0 = ubpf_map_lookup(&pipe_server, &meta.id);
    if (tmp_0 != NULL) meta.server = *tmp_0;
    if (meta.state == 0 || meta.server == 0) {{
    if (hdr.tcp.syn == 1 && hdr.tcp.ack == 0) {{ {write(1, "hdr.ipv4.dst")} }}
    }} else if (meta.server == hdr.ipv4.src) {{
    if (meta.state == 1) {{
    if (hdr.tcp.syn == 1 && hdr.tcp.ack == 1) {{ {write(2)} }}
    }} else if (meta.state == 2) {{
    pass = 0;
    goto deparser;
    }} else if (hdr.tcp.fin == 1) {{ {write(0, "value")} }}
    }} else if (meta.state == 1) {{
    pass = 0;
    goto deparser;
    }} else if (meta.state == 2) {{
    if (hdr.tcp.syn == 0 && hdr.tcp.ack == 1) {{ {write(3)} }}
    }}
    }}
    """
    back = IPV4[:24] + IPV4[32:] + IPV4[24:32]
    tcp = "c0ff0050000000010000000250%s0800abcd0000"
    return program(
        [("ethernet", "ethernet"), ("ipv4", "ipv4"), ("tcp", "tcp")],
        [start([("0x800", "ipv4")]), ("ipv4", extract("ipv4", "ipv4") + "goto tcp;\n"),
         ("tcp", extract("tcp", "tcp") + "goto accept;\n")],
        control, ["ethernet", "ipv4", "tcp"], decls=decls,
        meta=[("state", 32), ("server", 32), ("id", 32)],
        packets=[ETHERNET + "0800" + address + tcp % flags + PAYLOAD
                 for address in (IPV4, back) for flags in ("04", "24", "20", "02")])


def lookahead_program():
    """Headers as long as there are some, of three kinds: only the packet's end bounds the loop. The
    last of each kind is what stays."""
    look = """if (pkt_len < BYTES(offset + 8)) {
    goto reject;
    }
    uint8_t kind = (uint8_t)((load_byte(pkt, BYTES(offset))));
    """
    kinds = ["one", "two", "four"]
    states = [(f"parse_{kind}", extract(kind, kind) + "goto look;\n") for kind in kinds]
    cases = [(str(1 << i), f"parse_{kind}") for i, kind in enumerate(kinds)]
    return program(
        [(kind, kind) for kind in kinds],
        [("look", look + select("kind", cases, "accept"))] + states, "", kinds,
        packets=["01aa02bbbb04cccccccc00ddee", "04cccccccc04eeeeeeee02ffff0900",
                 "01aa01bb01cc01dd01ee01ff", "0199" * 40 + "00", "02bbbb02cc", "00", ""])


def programs():
    return {"p4-switch": switch_program(), "p4-lpm": lpm_program(), "p4-ipv6": ipv6_program(),
            "p4-encap": encap_program(), "p4-decap": decap_program(), "p4-mpls": mpls_program(),
            "p4-loop": loop_program(), "p4-options": options_program(),
            "p4-register": register_program(), "p4-many": many_program(),
            "p4-advance": advance_program(), "p4-truncate": truncate_program(),
            "p4-firewall": firewall_program(), "p4-lookahead": lookahead_program()}
