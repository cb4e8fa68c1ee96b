// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/walk.h"

#include "control/common/policykeys.h"
#include "control/config/config.h"
#include "control/config/settings.h"

static void walk_policy(struct config_visitor *v, const char *name, const struct policy *p)
{
	char text[POLICY_TEXT];

	v->begin(v, name, CONFIG_MAP);
	for (int k = 0; k < POLICY_KEYS; k++)
		if (policy_has(p, (enum policy_key)k)) {
			policy_text(p, (enum policy_key)k, text);
			v->value(v, policy_rows[k].name, text);
		}
	v->end(v);
}

static void walk_texts(struct config_visitor *v, const struct setting *s, const void *object)
{
	v->begin(v, s->name, CONFIG_BRIEF_LIST);
	for (unsigned i = 0; i < setting_count(s, object); i++)
		v->value(v, NULL, setting_list_text(s, object, i));
	v->end(v);
}

static void walk_object(struct config_visitor *v, const struct setting *table, const void *object);

static void walk_elements(struct config_visitor *v, const struct setting *s, const void *object)
{
	unsigned count = setting_count(s, object);

	v->begin(v, s->name, count ? CONFIG_LIST : CONFIG_BRIEF_LIST);
	for (unsigned i = 0; i < count; i++) {
		if (setting_is_derived(s, setting_element(s, object, i)))
			continue;
		v->begin(v, NULL, s->element->brief ? CONFIG_BRIEF_MAP : CONFIG_MAP);
		walk_object(v, s->element->settings, setting_element(s, object, i));
		v->end(v);
	}
	v->end(v);
}

static void walk_setting(struct config_visitor *v, const struct setting *s, const void *object)
{
	char text[SETTING_VALUE];

	switch (s->type) {
	case SETTING_POLICY:
		walk_policy(v, s->name, setting_member(s, object));
		break;
	case SETTING_TEXTS:
	case SETTING_NAMES:
		walk_texts(v, s, object);
		break;
	case SETTING_ELEMENTS:
		walk_elements(v, s, object);
		break;
	case SETTING_SECTION:
		v->begin(v, s->name, CONFIG_MAP);
		walk_object(v, s->settings, object);
		v->end(v);
		break;
	default:
		setting_text(s, object, text);
		v->value(v, s->name, text);
	}
}

static void walk_object(struct config_visitor *v, const struct setting *table, const void *object)
{
	for (const struct setting *s = table; s->name; s++)
		if (s->flags & SETTING_WRITTEN || setting_is_set(s, object))
			walk_setting(v, s, object);
}

void config_walk(const struct config *c, struct config_visitor *v)
{
	walk_object(v, config_settings, c);
}
