// SPDX-License-Identifier: BSD-3-Clause

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/bench/bench.h"
#include "control/bench/disturbance.h"
#include "control/common/complain.h"
#include "control/common/json.h"
#include "control/common/table.h"
#include "control/common/text.h"
#include "control/common/version.h"

enum { WORD = 64 };

static const double MARKED = 0.01; // a measurement that is disturbed for this share is marked

// A member of a measured value, or the value itself if it is a plain number.
static double figure_of(const json_t *value, const char *member)
{
	return json_number_value(json_is_object(value) ? json_object_get(value, member) : value);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

json_t *bench_measured(const double *value, unsigned n)
{
	double sorted[BENCH_REPEATS];
	json_t *all = json_array();

	if (!n) {
		json_decref(all);
		return json_null();
	}
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(all, json_real(value[i]));
	memcpy(sorted, value, n * sizeof *value);
	qsort(sorted, n, sizeof *sorted, by_value);
	return json_pack("{s:f, s:f, s:f, s:o}", "median",
			 (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, "min", sorted[0], "max",
			 sorted[n - 1], "all", all);
}

double bench_median(const double *value, unsigned n)
{
	json_t *m = bench_measured(value, n);
	double median = figure_of(m, "median");

	json_decref(m);
	return median;
}

void bench_add(struct bench *b, json_t *row)
{
	double share = disturbance_share(&b->since);

	json_object_set_new(row, "disturbed", json_real(share));
	json_array_append_new(b->rows, row);
	b->disturbed = share > b->disturbed ? share : b->disturbed;
	disturbance_begin(&b->since);
}

void bench_progress(struct bench *b)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rbench %s: %u repeats done", b->mode->name, ++b->done);
}

// Prints at least four digits.
static void format_figure(double v, char *out, size_t size)
{
	double size_of = fabs(v);

	snprintf(out, size, "%.*f",
		 size_of >= 1000  ? 0
		 : size_of >= 100 ? 1
		 : size_of >= 10  ? 2
				  : 3,
		 v);
}

static void put_median(json_t *v, char out[TABLE_CELL])
{
	if (json_is_object(v) || json_is_real(v))
		format_figure(figure_of(v, "median"), out, TABLE_CELL);
	else
		table_plain_cell(v, out);
}

static void put_spread(json_t *v, char out[TABLE_CELL])
{
	char least[WORD], most[WORD], median[WORD];

	if (json_is_null(v)) {
		snprintf(out, TABLE_CELL, "-");
		return;
	}
	format_figure(figure_of(v, "median"), median, sizeof median);
	format_figure(figure_of(v, "min"), least, sizeof least);
	format_figure(figure_of(v, "max"), most, sizeof most);
	snprintf(out, TABLE_CELL, "%s (%s-%s)", median, least, most);
}

static void put_disturbed(json_t *v, char out[TABLE_CELL])
{
	if (json_real_value(v) < MARKED)
		snprintf(out, TABLE_CELL, "-");
	else
		snprintf(out, TABLE_CELL, "%.0f %%", json_real_value(v) * 100);
}

// Makes the title of a column from its member: "p50_ns" is titled "P50 NS".
static void make_title(const char *member, char title[WORD])
{
	size_t len = strnlen(member, WORD - 1);

	for (size_t i = 0; i < len; i++)
		title[i] = member[i] == '_' ? ' ' : (char)toupper((unsigned char)member[i]);
	title[len] = 0;
}

static void print_rows(json_t *rows, const struct bench_column columns[BENCH_COLUMNS], bool marked)
{
	struct table_column column[BENCH_COLUMNS + 2] = {0};
	char title[BENCH_COLUMNS][WORD];
	int n;

	for (n = 0; n < BENCH_COLUMNS && columns[n].member; n++) {
		const char *member = columns[n].member;
		bool word = json_is_string(json_object_get(json_array_get(rows, 0), member));
		make_title(member, title[n]);
		column[n] = (struct table_column){
			title[n], member, .cell = columns[n].spread ? put_spread : put_median,
			.right = !word};
	}
	if (marked)
		column[n] = (struct table_column){"DISTURBED", "disturbed", .cell = put_disturbed,
						  .right = true};
	table_print(stdout, rows, column, false);
}

static void cpu_model(char *out, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(out, size, "unknown");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
			snprintf(out, size, "%s", strchr(line, ':') + 2);
			out[strcspn(out, "\n")] = 0;
			break;
		}
	if (f)
		fclose(f);
}

static json_t *machine(void)
{
	char model[128];

	cpu_model(model, sizeof model);
	return json_pack("{s:s, s:I, s:I, s:b}", "cpu", model, "cores",
			 (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "tsc_hz",
			 (json_int_t)rte_get_tsc_hz(), "huge_pages", rte_eal_has_hugepages());
}

static bool print_json(const struct bench *b)
{
	json_t *all = json_pack("{s:s, s:s, s:s, s:o, s:f, s:i, s:O, s:O}", "version",
				NESTSWITCH_VERSION, "mode", b->mode->name, "about", b->mode->about,
				"machine", machine(), "seconds", b->o.seconds, "repeats",
				(int)b->o.repeats, "rows", b->rows, "details", b->details);
	bool good = all && !json_dumpf(all, stdout, JSON_INDENT(1) | JSON_DIGITS) &&
		    putchar('\n') != EOF;

	json_decref(all);
	return good;
}

static void print_text(const struct bench *b)
{
	json_t *m = machine();

	text_wrap(stdout, b->mode->about, 0);
	printf("%s, TSC %.0f MHz, %lld cores, %s huge pages; nestswitch %s. ",
	       json_string_value(json_object_get(m, "cpu")),
	       json_number_value(json_object_get(m, "tsc_hz")) / 1e6,
	       json_integer_value(json_object_get(m, "cores")),
	       json_is_true(json_object_get(m, "huge_pages")) ? "with" : "no", NESTSWITCH_VERSION);
	printf("Median (least-greatest) of %u repeats", b->o.repeats);
	printf(b->o.seconds > 0 ? " of %g s.\n\n" : ".\n\n", b->o.seconds);
	json_decref(m);
	print_rows(b->rows, b->mode->columns, b->disturbed >= MARKED);
	if (json_array_size(b->details)) {
		putchar('\n');
		print_rows(b->details, b->mode->details, false);
	}
	if (b->disturbed >= MARKED)
		printf("\nDISTURBED: threads waited for a core for this share of the time. Measure on a quiet machine.\n");
}

bool bench_print(const struct bench *b)
{
	if (b->done)
		fputc('\n', stderr);
	if (b->o.json)
		print_json(b);
	else
		print_text(b);
	return (!fflush(stdout) && !ferror(stdout)) ||
	       complain("standard output: %s", strerror(errno));
}

bool bench_can_write(const char *path)
{
	bool is_new = access(path, F_OK) != 0;
	FILE *f = fopen(path, "a");

	if (!f || fclose(f))
		return complain("%s: %s", path, strerror(errno));
	return !is_new || !unlink(path) || complain("%s: %s", path, strerror(errno));
}

bool bench_plot_ready(struct bench *b)
{
	const char *path = b->o.plot, *end = strrchr(path, '.');

	b->failure = EXIT_USAGE;
	if (!b->mode->plot.x)
		return complain("bench %s has no plot (it has only a few numbers)", b->mode->name);
	if (!end || (strcmp(end, ".svg") && strcmp(end, ".png")))
		return complain("--plot cannot be '%s' (FILE.svg or FILE.png)", path);
	b->failure = EXIT_REFUSED;
	if (system("command -v gnuplot >/dev/null"))
		return complain("--plot needs gnuplot (apt-get install gnuplot-nox)");
	return bench_can_write(path);
}

// Writes a text in gnuplot's quotes.
static void put_quoted(FILE *f, const char *text)
{
	fputc('\'', f);
	for (; *text; text++)
		fprintf(f, *text == '\'' ? "''" : "%c", *text);
	fputc('\'', f);
}

// The line of the plot to which a row belongs: "size 64, ports 2".
static void name_series(const struct bench *b, const json_t *row, char out[TABLE_CELL])
{
	const char *const *series = b->mode->plot.series;
	char value[TABLE_CELL];
	size_t at = 0;

	*out = 0;
	for (int i = 0; i < BENCH_SERIES && series[i]; i++) {
		table_plain_cell(json_object_get(row, series[i]), value);
		at += (size_t)snprintf(out + at, TABLE_CELL - at, "%s%s %.*s", i ? ", " : "",
				       series[i], WORD, value);
	}
}

// Writes the rows of one series as a data block.
static void put_points(FILE *f, const struct bench *b, json_t *rows, const char *series)
{
	char name[TABLE_CELL];
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		const json_t *y = json_object_get(row, b->mode->plot.y),
			     *x = json_object_get(row, b->mode->plot.x);
		name_series(b, row, name);
		if (strcmp(name, series))
			continue;
		if (json_is_string(x))
			fprintf(f, "\"%s\"", json_string_value(x));
		else
			fprintf(f, "%g", json_number_value(x));
		fprintf(f, " %g %g %g\n", figure_of(y, "median"), figure_of(y, "min"),
			figure_of(y, "max"));
	}
}

static void put_plot(FILE *f, const struct bench *b, json_t *rows)
{
	json_t *series = json_object(), *row, *value; // an ordered set
	bool words = json_is_string(json_object_get(json_array_get(rows, 0), b->mode->plot.x));
	char name[TABLE_CELL];
	const char *key;
	size_t i;
	int n = 0;

	json_array_foreach(rows, i, row) {
		name_series(b, row, name);
		json_object_set_new(series, name, json_null());
	}
	json_object_foreach(series, key, value) {
		fprintf(f, "$data%d << END\n", n++);
		put_points(f, b, rows, key);
		fputs("END\n", f);
	}
	n = 0;
	json_object_foreach(series, key, value) {
		fprintf(f, "%s $data%d using %s title ", n ? "," : "plot", n,
			words ? "2:3:4:xtic(1)" : "1:2:3:4 with yerrorlines pt 7");
		put_quoted(f, *key ? key : b->mode->plot.y_title);
		n++;
	}
	fputc('\n', f);
	json_decref(series);
}

// Whether any figure is above 0. gnuplot finds no range for others by itself.
static bool has_height(const struct bench *b, json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
		if (figure_of(json_object_get(row, b->mode->plot.y), "max") > 0)
			return true;
	return false;
}

static void put_frame(FILE *f, const struct bench *b, json_t *rows)
{
	fprintf(f, "set terminal %s size 900,540\nset output ",
		strcmp(strrchr(b->o.plot, '.'), ".svg") ? "png" : "svg background 'white'");
	put_quoted(f, b->o.plot);
	fprintf(f, "\nset title 'nestswitch bench %s'\nset xlabel '%s'\nset ylabel '%s'\n",
		b->mode->name, b->mode->plot.x_title, b->mode->plot.y_title);
	fprintf(f, "set yrange [0:%s]\nset grid\nset key outside below\n",
		has_height(b, rows) ? "*" : "1");
	fputs("set style data histogram\nset style histogram errorbars gap 2\nset style fill solid 0.6\n",
	      f);
	fputs(b->mode->plot.log_x ? "set logscale x\n" : "", f);
}

bool bench_plot(const struct bench *b)
{
	signal(SIGPIPE, SIG_IGN); // gnuplot may end early
	FILE *f = popen("gnuplot", "w");

	if (!f)
		return complain("gnuplot: %s", strerror(errno));
	json_t *rows = b->mode->plot.details ? b->details : b->rows;
	put_frame(f, b, rows);
	put_plot(f, b, rows);
	return !pclose(f) || complain("%s: gnuplot failed", b->o.plot);
}
