/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A writer of JSON. An object in an array begins a line, the end of the whole value ends one.
 *
 * All functions take @name: of the member, or NULL in an array and at the top.
 */
#ifndef MOCKGPU_JSON_H
#define MOCKGPU_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 8

/**
 * struct json - where JSON is written to; all but @out begins as 0
 * @out: the stream
 * @depth: objects and arrays that are open
 * @close: what ends each of them
 * @is_full: whether there is something in each
 */
struct json {
	FILE *out;
	unsigned int depth;
	char close[JSON_DEPTH_MAX];
	bool is_full[JSON_DEPTH_MAX];
};

/* Begin an object. */
void json_object(struct json *json, const char *name);

/* Begin an array. */
void json_array(struct json *json, const char *name);

/* End what was begun last. */
void json_end(struct json *json);

/* A text in ASCII; other bytes of it are taken for Latin-1. */
void json_string(struct json *json, const char *name, const char *text);

/* A whole number. */
void json_number(struct json *json, const char *name, uint64_t number);

/* A number as a text, in hexadecimal. */
void json_address(struct json *json, const char *name, uint64_t address);

/* A number with @places digits behind the point; null if it is infinite. */
void json_decimal(struct json *json, const char *name, double number, int places);

/* True or false. */
void json_bool(struct json *json, const char *name, bool value);

/* Null. */
void json_null(struct json *json, const char *name);

#endif /* MOCKGPU_JSON_H */
