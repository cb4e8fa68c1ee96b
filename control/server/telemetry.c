// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "control/server/telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <rte_telemetry.h>
#include <rte_version.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "control/api/control.h"
#include "control/api/describe.h"
#include "control/common/error.h"
#include "control/switch/state.h"
#include "dataplane/event.h"

// Returns the result of a command, a new reference. NULL: there is none.
typedef json_t *(*answer_fn)(const struct control *k, const char *param);

struct question {
	answer_fn answer;
	const char *param;
	struct rte_tel_data *out;
	int rc;
	bool answered;
};

// Global, because DPDK's callbacks have no argument and cannot be unregistered.
static struct {
	pthread_mutex_t turn; // held by a thread of DPDK from question to answer
	pthread_mutex_t lock; // protects the members below
	pthread_cond_t change;
	struct question *question;
	bool open;
	int bell; // eventfd that announces a question
	struct event *heard;
	const struct control *k;
} desk = {.turn = PTHREAD_MUTEX_INITIALIZER,
	  .lock = PTHREAD_MUTEX_INITIALIZER,
	  .change = PTHREAD_COND_INITIALIZER};

static json_t *ports(const struct control *k, const char *param)
{
	json_t *names = json_array();

	(void)param;
	for (unsigned i = 0; i < k->sw->config->port_count; i++)
		json_array_append_new(names, json_string(k->sw->config->port[i].name));
	return names;
}

static json_t *port(const struct control *k, const char *param)
{
	int number = param ? switch_port(k->sw, param) : -1;

	return number < 0 ? NULL : describe_port(k->sw, (unsigned)number);
}

// One member of the status.
static json_t *status_member(const struct control *k, const char *name)
{
	json_t *all = describe_status(k), *o = json_incref(json_object_get(all, name));

	json_decref(all);
	return o;
}

static json_t *table(const struct control *k, const char *param)
{
	(void)param;
	return status_member(k, "fdb");
}

// Telemetry has no fractions, therefore the load is in per cent.
static json_t *workers(const struct control *k, const char *param)
{
	json_t *all = status_member(k, "workers"), *o = json_object(), *worker;
	char name[32];
	size_t i;

	(void)param;
	json_array_foreach(all, i, worker) {
		snprintf(name, sizeof name, "worker%zu", i);
		json_object_set_new(
			worker, "load",
			json_real(100 * json_real_value(json_object_get(worker, "load"))));
		json_object_set(o, name, worker);
	}
	json_decref(all);
	return o;
}

static json_t *tel_status(const struct control *k, const char *param)
{
	(void)param;
	return describe_status(k);
}

static const struct {
	const char *name, *help;
	answer_fn answer;
} commands[] = {
	{"/nestswitch/ports", "Names of the ports. Takes no parameters", ports},
	{"/nestswitch/port", "State and counters of a port. Parameters: name of the port", port},
	{"/nestswitch/table", "Use of the MAC table. Takes no parameters", table},
	{"/nestswitch/workers",
	 "Ports, cycles and load (per cent) of the workers. Takes no parameters", workers},
	{"/nestswitch/status", "Version, uptime (s), table and buffers. Takes no parameters",
	 tel_status},
};

static void put_tel_number(struct rte_tel_data *out, const char *name, json_t *v)
{
	uint64_t number = (uint64_t)(json_number_value(v) + 0.5);

#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	rte_tel_data_add_dict_uint(out, name, number);
#else
	rte_tel_data_add_dict_u64(out, name, number);
#endif
}

static void put_object(struct rte_tel_data *out, json_t *o);

static void put_container(struct rte_tel_data *out, const char *name, json_t *o)
{
	struct rte_tel_data *inner = rte_tel_data_alloc();

	if (!inner)
		return;
	put_object(inner, o);
	if (rte_tel_data_add_dict_container(out, name, inner, 0))
		rte_tel_data_free(inner);
}

// Leaves out members that telemetry cannot express.
static void put_object(struct rte_tel_data *out, json_t *o)
{
	const char *name;
	json_t *v;

	rte_tel_data_start_dict(out);
	json_object_foreach(o, name, v) {
		if (json_is_string(v))
			rte_tel_data_add_dict_string(out, name, json_string_value(v));
		else if (json_is_number(v))
			put_tel_number(out, name, v);
		else if (json_is_object(v))
			put_container(out, name, v);
	}
}

static void put_array(struct rte_tel_data *out, json_t *array)
{
	size_t i;
	json_t *v;

	rte_tel_data_start_array(out, RTE_TEL_STRING_VAL);
	json_array_foreach(array, i, v)
		rte_tel_data_add_array_string(out, json_string_value(v));
}

static int put_result(struct rte_tel_data *out, json_t *result)
{
	if (json_is_array(result))
		put_array(out, result);
	else if (json_is_object(result))
		put_object(out, result);
	int rc = result ? 0 : -EINVAL;
	json_decref(result);
	return rc;
}

// Answers the pending question, in the control thread.
static void on_bell(evutil_socket_t fd, short what, void *arg)
{
	eventfd_t rings;

	(void)what, (void)arg;
	eventfd_read(fd, &rings);
	pthread_mutex_lock(&desk.lock);
	if (desk.question && !desk.question->answered) {
		desk.question->rc = put_result(desk.question->out,
					       desk.question->answer(desk.k, desk.question->param));
		desk.question->answered = true;
		pthread_cond_signal(&desk.change);
	}
	pthread_mutex_unlock(&desk.lock);
}

static answer_fn find(const char *name)
{
	size_t i = 0;

	while (strcmp(commands[i].name, name) != 0)
		i++;
	return commands[i].answer;
}

// Runs in a thread of DPDK.
static int on_command(const char *name, const char *param, struct rte_tel_data *out)
{
	struct question q = {.answer = find(name), .param = param, .out = out, .rc = -ETIMEDOUT};
	struct timespec until;
	int rc = 0;

	pthread_mutex_lock(&desk.turn);
	pthread_mutex_lock(&desk.lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TELEMETRY_PATIENCE_S;
	desk.question = &q;
	if (desk.open)
		eventfd_write(desk.bell, 1);
	while (desk.open && !q.answered && !rc)
		rc = pthread_cond_clockwait(&desk.change, &desk.lock, CLOCK_MONOTONIC, &until);
	desk.question = NULL;
	pthread_mutex_unlock(&desk.lock);
	pthread_mutex_unlock(&desk.turn);
	return q.rc;
}

static bool register_commands(void)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (rte_telemetry_register_cmd(commands[i].name, on_command, commands[i].help))
			return false;
	return true;
}

bool telemetry_open(struct event_base *base, const struct control *k, struct error *e)
{
	desk.k = k;
	desk.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	desk.heard = desk.bell < 0
			     ? NULL
			     : event_new(base, desk.bell, EV_READ | EV_PERSIST, on_bell, NULL);
	if (!desk.heard || event_add(desk.heard, NULL) || !register_commands())
		return error_set(e, "telemetry: %s", strerror(errno));
	pthread_mutex_lock(&desk.lock);
	desk.open = true;
	pthread_mutex_unlock(&desk.lock);
	return true;
}

void telemetry_close(void)
{
	pthread_mutex_lock(&desk.lock);
	desk.open = false;
	pthread_cond_signal(&desk.change);
	pthread_mutex_unlock(&desk.lock);
	if (!desk.heard)
		return;
	event_free(desk.heard);
	close(desk.bell);
	desk.heard = NULL;
}
