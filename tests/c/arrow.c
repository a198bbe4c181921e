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

/* The answers for rows from `offset` on; with `kinds`, each row is of its own. */
static void answers(const bisik_matcher *matcher, const bisik_kind *kinds, const struct ArrowArray *array,
                    const struct ArrowSchema *schema, const char *expected_answers) {
  bisik_error *error;
  struct ArrowArray out;
  struct ArrowSchema out_schema;
  int64_t row, nulls = 0, length = array->length;
  if (kinds)
    OK(bisik_matcher_match_arrow_mixed(matcher, kinds, array, schema, NULL, NOW, &out, &out_schema, &error));
  else
    OK(bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, array, schema, NULL, NOW, &out, &out_schema, &error));
  CHECK(released == 0 && array->release && schema->release);
  CHECK(strcmp(out_schema.format, "b") == 0 && out_schema.n_children == 0);
  CHECK(out.length == length && out.offset == 0 && out.n_buffers == 2 && out.n_children == 0 && !out.dictionary);
  for (row = 0; row < length; row++) {
    char expected = expected_answers[row];
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

static void expect(const bisik_matcher *matcher, const char *format, const void *offsets, int64_t offset, int64_t length) {
  const void *buffers[3];
  struct ArrowArray array = array_of(buffers, length, -1, offset);
  struct ArrowSchema schema = schema_of(format);
  buffers[0] = VALID;
  buffers[1] = offsets;
  buffers[2] = DATA;
  answers(matcher, NULL, &array, &schema, ANSWERS + offset);
}

/* A view: its length, then the text if it has at most 12 bytes, else its first four, a buffer and a position in it. */
static void view(unsigned char *place, const char *text, int32_t length, int32_t buffer, int32_t position) {
  memset(place, 0, 16);
  memcpy(place, &length, 4);
  if (length <= 12) {
    memcpy(place + 4, text, (size_t)length);
  } else {
    memcpy(place + 4, text, 4);
    memcpy(place + 8, &buffer, 4);
    memcpy(place + 12, &position, 4);
  }
}

static const int64_t SIZES[] = {14, 31};
static const char FIRST[] = "listed.example", SECOND[] = "good.example...x.listed.example";

/* The rows of ANSWERS as views; buffers: validity, views, FIRST, SECOND, SIZES. */
static void make_views(const void *buffers[5], unsigned char views[5 * 16]) {
  view(views, FIRST, 14, 0, 0);
  view(views + 16, "good.example", 12, 0, 0);
  /* what stands at a null is nobody's business */
  memset(views + 32, 0xff, 16);
  view(views + 48, "a b", 3, 0, 0);
  view(views + 64, SECOND + 15, 16, 1, 15);
  buffers[0] = VALID;
  buffers[1] = views;
  buffers[2] = FIRST;
  buffers[3] = SECOND;
  buffers[4] = SIZES;
}

static void views(const bisik_matcher *matcher) {
  const void *buffers[5];
  unsigned char places[5 * 16];
  int64_t offset;
  bisik_error *error;
  struct ArrowArray array = array_of(buffers, 5, -1, 0), out;
  struct ArrowSchema schema = schema_of("vu"), out_schema;
  int64_t sizes[] = {14, 31};
  make_views(buffers, places);
  array.n_buffers = 5;
  for (offset = 0; offset <= 5; offset++) {
    array.offset = offset;
    array.length = 5 - offset;
    schema.format = offset % 2 ? "vz" : "vu";
    answers(matcher, NULL, &array, &schema, ANSWERS + offset);
  }
  array.offset = 0;
  array.length = 5;
#define REFUSED(expected)                                                                                              \
  FAILS(expected, bisik_matcher_match_arrow(matcher, BISIK_KIND_DOMAIN, &array, &schema, NULL, NOW, &out, &out_schema, &error))
  buffers[4] = sizes;
  sizes[1] = 30;
  REFUSED(BISIK_INVALID_ARGUMENT);
  sizes[1] = -1;
  REFUSED(BISIK_INVALID_ARGUMENT);
  sizes[1] = 31;
  view(places + 64, SECOND, 16, 2, 0);
  REFUSED(BISIK_INVALID_ARGUMENT);
  view(places + 64, SECOND, 16, -1, 0);
  REFUSED(BISIK_INVALID_ARGUMENT);
  view(places + 64, SECOND, 16, 1, -1);
  REFUSED(BISIK_INVALID_ARGUMENT);
  view(places + 64, SECOND, INT32_MAX, 1, INT32_MAX);
  REFUSED(BISIK_INVALID_ARGUMENT);
  memset(places + 64, 0xff, 16);
  REFUSED(BISIK_INVALID_ARGUMENT);
  view(places + 64, SECOND + 15, 16, 1, 15);
  array.n_buffers = 4;
  REFUSED(BISIK_INVALID_ARGUMENT);
  array.n_buffers = INT64_MAX;
  REFUSED(BISIK_INVALID_ARGUMENT);
  array.n_buffers = 5;
  buffers[3] = NULL;
  REFUSED(BISIK_NULL_ARGUMENT);
  buffers[3] = SECOND;
  buffers[4] = NULL;
  REFUSED(BISIK_NULL_ARGUMENT);
}

/* Keys of every width lead to the entries of ANSWERS; there are more rows than entries, then fewer. */
static void dictionaries(const bisik_matcher *matcher) {
  static const int8_t c[] = {4, 0, 9, 1, 2, 3, 0};
  static const uint8_t C[] = {4, 0, 9, 1, 2, 3, 0};
  static const int16_t s[] = {4, 0, -1, 1, 2, 3, 0};
  static const uint16_t S[] = {4, 0, 9, 1, 2, 3, 0};
  static const int32_t i[] = {4, 0, -1, 1, 2, 3, 0};
  static const uint32_t I[] = {4, 0, 9, 1, 2, 3, 0};
  static const int64_t l[] = {4, 0, -1, 1, 2, 3, 0};
  static const uint64_t L[] = {4, 0, UINT64_MAX, 1, 2, 3, 0};
  static const char *const formats[] = {"c", "C", "s", "S", "i", "I", "l", "L"};
  static const void *const keys[] = {c, C, s, S, i, I, l, L};
  /* the third row is null, whatever its key says */
  static const uint8_t valid[] = {0x7B};
  static const char expected[] = "11?0??1";
  const void *key_buffers[2], *entry_buffers[5];
  unsigned char places[5 * 16];
  struct ArrowArray entries = array_of(entry_buffers, 5, -1, 0), array = array_of(key_buffers, 7, -1, 0), out;
  struct ArrowSchema entry_schema = schema_of("vu"), schema = schema_of("c"), out_schema;
  bisik_error *error;
  size_t format;
  int64_t offset;
  make_views(entry_buffers, places);
  entries.n_buffers = 5;
  array.n_buffers = 2;
  array.dictionary = &entries;
  schema.dictionary = &entry_schema;
  key_buffers[0] = valid;
  for (format = 0; format < 8; format++) {
    schema.format = formats[format];
    key_buffers[1] = keys[format];
    for (offset = 0; offset <= 7; offset++) {
      array.offset = offset;
      array.length = 7 - offset;
      answers(matcher, NULL, &array, &schema, expected + offset);
    }
  }
  array.offset = 0;
  array.length = 7;
  key_buffers[0] = NULL;
  for (format = 0; format < 8; format++) {
    schema.format = formats[format];
    key_buffers[1] = keys[format];
    REFUSED(BISIK_INVALID_ARGUMENT);
  }
  key_buffers[0] = valid;
  schema.format = "u";
  REFUSED(BISIK_INVALID_ARGUMENT);
  schema.format = NULL;
  REFUSED(BISIK_INVALID_ARGUMENT);
  schema.format = "L";
  entry_schema.format = "i";
  REFUSED(BISIK_INVALID_ARGUMENT);
  entry_schema.format = "vu";
  entry_schema.dictionary = &entry_schema;
  REFUSED(BISIK_INVALID_ARGUMENT);
  entry_schema.dictionary = NULL;
  entries.dictionary = &entries;
  REFUSED(BISIK_INVALID_ARGUMENT);
  entries.dictionary = NULL;
  entries.length = 4;
  REFUSED(BISIK_INVALID_ARGUMENT);
  entries.length = -1;
  REFUSED(BISIK_INVALID_ARGUMENT);
  entries.length = 5;
  array.n_buffers = 1;
  REFUSED(BISIK_INVALID_ARGUMENT);
  array.n_buffers = 2;
  key_buffers[1] = NULL;
  REFUSED(BISIK_NULL_ARGUMENT);
  key_buffers[1] = L;
  schema.dictionary = NULL;
  REFUSED(BISIK_INVALID_ARGUMENT);
  schema.dictionary = &entry_schema;
  array.dictionary = NULL;
  REFUSED(BISIK_INVALID_ARGUMENT);
}

/* Rows of different kinds, one of which there is not. */
static void mixed(const bisik_matcher *matcher) {
  static const char data[] = "listed.example" "https://listed.example/a" "listed.example" "me@listed.example" "listed.example";
  static const int32_t offsets[] = {0, 14, 38, 52, 69, 83};
  static const bisik_kind kinds[] = {BISIK_KIND_DOMAIN, BISIK_KIND_URL, BISIK_KIND_PHONE, BISIK_KIND_EMAIL, 999};
  static const int8_t keys[] = {0, 1, 2, 3, 4};
  const void *buffers[3] = {NULL, offsets, data}, *key_buffers[2] = {NULL, keys};
  struct ArrowArray array = array_of(buffers, 5, 0, 0), keyed = array_of(key_buffers, 5, 0, 0), out;
  struct ArrowSchema schema = schema_of("u"), key_schema = schema_of("c"), out_schema;
  bisik_error *error;
  answers(matcher, kinds, &array, &schema, "11?1?");
  keyed.n_buffers = 2;
  keyed.dictionary = &array;
  key_schema.dictionary = &schema;
  answers(matcher, kinds, &keyed, &key_schema, "11?1?");
  FAILS(BISIK_NULL_ARGUMENT,
        bisik_matcher_match_arrow_mixed(matcher, NULL, &array, &schema, NULL, NOW, &out, &out_schema, &error));
#undef REFUSED
}

static void refused(const bisik_matcher *matcher) {
  static const char *const formats[] = {"i", "b", "+l", "vi", "", "uu"};
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
  views(matcher);
  dictionaries(matcher);
  mixed(matcher);
  CHECK(released == 0);
  bisik_matcher_free(matcher);
  bisik_feed_free(feed);
  bisik_publication_free(publication);
  party_free(&p);
  return 0;
}
