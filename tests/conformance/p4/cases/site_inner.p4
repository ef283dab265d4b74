/* SPDX-License-Identifier: Apache-2.0 */
/* Included by site.p4. */
action drop_it() {
	mark_to_drop();
}
