/* The Arrow C data interface: columns in, booleans out. */
#include "check.h"

static size_t released;

static void release_array(struct ArrowArray *array) {
  released++;
  array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
  released++;
  schema->release = NULL;
}

static struct ArrowSchema schema_of(const char *format) {
  struct ArrowSchema schema;
  memset(&schema, 0, sizeof schema);
  schema.format = format;
  schema.name = "";
  schema.release = release_schema;
  return schema;
}

static struct ArrowArray array_of(const void **buffers, int64_t length, int64_t nulls, int64_t offset) {
  struct ArrowArray array;
  memset(&array, 0, sizeof array);
  array.length = length;
  array.null_count = nulls;
  array.offset = offset;
  array.n_buffers = 3;
  array.buffers = buffers;
  array.release = release_array;
  return array;
}

static int bit(const struct ArrowArray *array, int buffer, size_t row) {
  return ((const uint8_t *)array->buffers[buffer])[row / 8] >> (row % 8) & 1;
}

/* listed, not listed, null, not valid, listed */
static const char DATA[] = "listed.example" "good.example" "a b" "x.listed.example";
static const int32_t SHORT[] = {0, 14, 26, 26, 29, 45};
static const int64_t LONG[] = {0, 14, 26, 26, 29, 45};
static const uint8_t VALID[] = {0x1B};
static const char ANSWERS[] = "10??1";

static void expect(const bisik_matcher *matcher, const char *format, const void *offsets, int64_t offset, int64_t length) {
  bisik_error *error;
  const void *buffers[3];
  struct ArrowArray array = array_of(buffers, length, -1, offset), out;
  struct ArrowSchema schema = schema_of(format), out_schema;
  int64_t row, nulls = 0;
  buffers[0] = VALID;
  buffers[1] = offsets;
  buffers[2] = DATA;
  OK(bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, &array, &schema, NULL, NOW, &out, &out_schema, &error));
  CHECK(released == 0 && array.release && schema.release);
  CHECK(strcmp(out_schema.format, "b") == 0 && out_schema.n_children == 0);
  CHECK(out.length == length && out.offset == 0 && out.n_buffers == 2 && out.n_children == 0 && !out.dictionary);
  for (row = 0; row < length; row++) {
    char expected = ANSWERS[offset + row];
    nulls += expected == '?';
    CHECK(bit(&out, 0, (size_t)row) == (expected != '?'));
    CHECK(bit(&out, 1, (size_t)row) == (expected == '1'));
  }
  CHECK(out.null_count == nulls);
  out.release(&out);
  CHECK(out.release == NULL);
  out_schema.release(&out_schema);
  CHECK(out_schema.release == NULL);
}

static void refused(const bisik_matcher *matcher) {
  static const char *const formats[] = {"i", "b", "+l", "vu", "", "uu"};
  bisik_error *error;
  const void *buffers[3];
  struct ArrowArray array = array_of(buffers, 5, 0, 0), out;
  struct ArrowSchema schema = schema_of("u"), out_schema;
  int32_t falling[] = {0, 3, 2, 4, 5, 6};
  size_t i;
  buffers[0] = NULL;
  buffers[1] = SHORT;
  buffers[2] = DATA;
#define ARROW(expected)                                                                                                \
  FAILS(expected, bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, &array, &schema, NULL, NOW, &out, &out_schema, &error))
  for (i = 0; i < sizeof formats / sizeof *formats; i++) {
    schema.format = formats[i];
    ARROW(BISIK_INVALID_ARGUMENT);
  }
  schema.format = NULL;
  ARROW(BISIK_INVALID_ARGUMENT);
  schema.format = "u";
  array.length = -1;
  ARROW(BISIK_INVALID_ARGUMENT);
  array.length = INT64_MAX;
  ARROW(BISIK_INVALID_ARGUMENT);
  array.offset = INT64_MAX;
  ARROW(BISIK_INVALID_ARGUMENT);
  array.length = 5;
  array.offset = -1;
  ARROW(BISIK_INVALID_ARGUMENT);
  array.offset = 0;
  array.n_buffers = 2;
  ARROW(BISIK_INVALID_ARGUMENT);
  array.n_buffers = 3;
  array.dictionary = &array;
  ARROW(BISIK_INVALID_ARGUMENT);
  array.dictionary = NULL;
  array.buffers = NULL;
  ARROW(BISIK_NULL_ARGUMENT);
  array.buffers = buffers;
  buffers[1] = NULL;
  ARROW(BISIK_NULL_ARGUMENT);
  buffers[1] = falling;
  ARROW(BISIK_INVALID_ARGUMENT);
  falling[1] = -3;
  ARROW(BISIK_INVALID_ARGUMENT);
  buffers[1] = SHORT;
  buffers[2] = NULL;
  ARROW(BISIK_NULL_ARGUMENT);
  buffers[2] = DATA;
  array.release = NULL;
  ARROW(BISIK_STATE_CONSUMED);
  array.release = release_array;
  FAILS(BISIK_NULL_ARGUMENT,
        bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, NULL, &schema, NULL, NOW, &out, &out_schema, &error));
  FAILS(BISIK_NULL_ARGUMENT,
        bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, &array, NULL, NULL, NOW, &out, &out_schema, &error));
  FAILS(BISIK_NULL_ARGUMENT,
        bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, &array, &schema, NULL, NOW, NULL, &out_schema, &error));
  FAILS(BISIK_NULL_ARGUMENT,
        bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, &array, &schema, NULL, NOW, &out, NULL, &error));
#undef ARROW
}

int main(void) {
  static const char *const domains[] = {"listed.example"};
  bisik_error *error;
  party p = party_new("Centre");
  bisik_publication *publication = publish(&p, domains, 1, false);
  bisik_feed *feed = feed_of(&p, publication);
  bisik_matcher *matcher = matcher_of(feed);
  struct ArrowArray empty = array_of(NULL, 0, 0, 0), out;
  struct ArrowSchema schema = schema_of("U"), out_schema;
  const void *none[3] = {NULL, NULL, NULL};
  int64_t offset;
  for (offset = 0; offset <= 5; offset++) {
    expect(matcher, "u", SHORT, offset, 5 - offset);
    expect(matcher, "z", SHORT, offset, 5 - offset);
    expect(matcher, "U", LONG, offset, 5 - offset);
    expect(matcher, "Z", LONG, offset, 5 - offset);
  }
  empty.buffers = none;
  OK(bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, &empty, &schema, NULL, NOW, &out, &out_schema, &error));
  CHECK(out.length == 0);
  out.release(&out);
  out_schema.release(&out_schema);
  refused(matcher);
  CHECK(released == 0);
  bisik_matcher_free(matcher);
  bisik_feed_free(feed);
  bisik_publication_free(publication);
  party_free(&p);
  return 0;
}
