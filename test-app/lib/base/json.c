// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "json.h"

static void json_text(struct json *json, const char *text)
{
	fputc('"', json->out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(json->out, "\\%c", *text);
		else if (*text < ' ' || *text > '~')
			fprintf(json->out, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, json->out);
	}
	fputc('"', json->out);
}

/* What stands before a value. */
static void json_begin(struct json *json, const char *name)
{
	bool *is_full;

	if (!json->depth)
		return;
	is_full = &json->is_full[json->depth - 1];
	if (*is_full)
		fputc(',', json->out);
	*is_full = true;
	if (!name) {
		fputc('\n', json->out);
		return;
	}
	json_text(json, name);
	fputc(':', json->out);
}

static void json_open(struct json *json, const char *name, char open, char close)
{
	json_begin(json, name);
	if (json->depth == JSON_DEPTH_MAX)
		abort();
	json->close[json->depth] = close;
	json->is_full[json->depth++] = false;
	fputc(open, json->out);
}

void json_object(struct json *json, const char *name)
{
	json_open(json, name, '{', '}');
}

void json_array(struct json *json, const char *name)
{
	json_open(json, name, '[', ']');
}

void json_end(struct json *json)
{
	json->depth--;
	if (json->close[json->depth] == ']' && json->is_full[json->depth])
		fputc('\n', json->out);
	fputc(json->close[json->depth], json->out);
	if (!json->depth)
		fputc('\n', json->out);
}

void json_string(struct json *json, const char *name, const char *text)
{
	json_begin(json, name);
	json_text(json, text);
}

void json_number(struct json *json, const char *name, uint64_t number)
{
	json_begin(json, name);
	fprintf(json->out, "%" PRIu64, number);
}

void json_address(struct json *json, const char *name, uint64_t address)
{
	json_begin(json, name);
	fprintf(json->out, "\"%#" PRIx64 "\"", address);
}

void json_decimal(struct json *json, const char *name, double number, int places)
{
	if (!isfinite(number)) {
		json_null(json, name);
		return;
	}
	json_begin(json, name);
	fprintf(json->out, "%.*f", places, number);
}

void json_bool(struct json *json, const char *name, bool value)
{
	json_begin(json, name);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *name)
{
	json_begin(json, name);
	fputs("null", json->out);
}
