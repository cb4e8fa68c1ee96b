// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "control/api/control.h"
#include "control/api/describe_evpn.h"
#include "control/api/method.h"
#include "control/api/methods/methods.h"
#include "control/common/error.h"
#include "control/config/config.h"
#include "control/config/evpn.h"
#include "control/config/settings.h"
#include "control/evpn/fabric.h"
#include "control/evpn/overlay.h"
#include "dataplane/key.h"

static json_t *evpn_show(struct control *k, const json_t *params, struct error *e)
{
	(void)params;
	json_t *o = describe_evpn(k->sw, overlay_fabric(k->overlay));
	return o ? o : method_refuse(e, METHOD_REFUSED, "out of memory");
}

static json_t *evpn_vtep(struct control *k, const json_t *params, struct error *e)
{
	(void)params, (void)e;
	return describe_vteps(k->sw, overlay_fabric(k->overlay));
}

static bool vlan_param(const json_t *params, uint16_t *vid, struct error *e)
{
	uint64_t number = 0;

	if (!param_number(params, "vlan", (struct param_range){1, VID_MAX, NULL}, &number, e))
		return false;
	*vid = (uint16_t)number;
	return number || method_refuse(e, METHOD_USAGE, "a VLAN is wanted (evpn add vlan V vni N)");
}

// Sets the VNI of an added row. Its limits are those of a file.
static bool vni_param(const json_t *params, struct config_vni *v, struct error *e)
{
	const struct setting *vnis = setting_find(config_evpn_settings, "vnis");
	char text[SETTING_VALUE];

	if (!param_scalar(json_object_get(params, "vni"), text, sizeof text))
		return method_refuse(e, METHOD_USAGE, "a VNI is wanted (evpn add vlan V vni N)");
	return setting_set(setting_find(vnis->element->settings, "vni"), v, text, e) ||
	       method_usage(e);
}

static json_t *evpn_add(struct control *k, const json_t *params, struct error *e)
{
	struct config_vni *v = NULL;
	struct change ch;
	uint16_t vid;

	if (!vlan_param(params, &vid, e) || !change_begin(&ch, k, e))
		return NULL;
	if (!evpn_is_there(ch.c))
		method_refuse(e, METHOD_REFUSED,
			      "the configuration has no section evpn (add it to the file)");
	else
		v = setting_add_element(setting_find(config_evpn_settings, "vnis"), ch.c);
	if (v)
		v->vid = vid;
	return change_finish(&ch, v && vni_param(params, v, e));
}

static json_t *evpn_del(struct control *k, const json_t *params, struct error *e)
{
	struct change ch;
	uint16_t vid;

	if (!vlan_param(params, &vid, e) || !change_begin(&ch, k, e))
		return NULL;
	struct config_evpn *v = &ch.c->evpn;
	unsigned kept = 0;
	for (unsigned i = 0; i < v->vni_count; i++)
		if (v->vni[i].vid != vid)
			v->vni[kept++] = v->vni[i];
	bool found = kept < v->vni_count;
	v->vni_count = kept;
	if (!found)
		method_refuse(e, METHOD_REFUSED, "VLAN %u has no VNI (evpn show)", vid);
	return change_finish(&ch, found);
}

// Parameter `hard`: FRR tells everything anew. Without FRR there is nothing to read.
static json_t *evpn_resync(struct control *k, const json_t *params, struct error *e)
{
	struct fabric *f = overlay_fabric(k->overlay);

	if (!evpn_is_there(k->sw->config))
		return method_refuse(e, METHOD_REFUSED,
				     "the configuration has no section evpn (add it to the file)");
	if (f)
		fabric_resync(f, json_is_true(json_object_get(params, "hard")));
	return json_object();
}

const struct method methods_evpn[] = {
	{"evpn.show", evpn_show, METHOD_PUBLIC, NULL, NULL},
	{"evpn.vtep", evpn_vtep, METHOD_PUBLIC, NULL, NULL},
	{"evpn.resync", evpn_resync, 0, NULL, PARAMS("hard")},
	{"evpn.add", evpn_add, 0, NULL, PARAMS("vlan", "vni")},
	{"evpn.del", evpn_del, 0, NULL, PARAMS("vlan")},
	{0},
};
