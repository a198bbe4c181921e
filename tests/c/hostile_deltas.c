/* The hostile deltas that Rust, Python and the reference applier judge, through the C interface: each is opened, applied to the version
   that the subscriber has, and what is accepted gives the later version byte for byte, in which look-ups end as they are told. */
#include "check.h"

/* The time at which the subscriber has opened its versions. */
#define HOSTILE_NOW 1790000000u

typedef struct {
  char *data;
  size_t length;
} content;

static content content_of(const char *folder, const char *name) {
  char path[4096];
  FILE *file;
  content c;
  long end;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK((file = fopen(path, "rb")) != NULL);
  CHECK(fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0);
  rewind(file);
  c.length = (size_t)end;
  CHECK((c.data = (char *)malloc(c.length)) != NULL);
  CHECK(fread(c.data, 1, c.length, file) == c.length);
  fclose(file);
  return c;
}

/* A piece of the file that holds all versions and deltas. */
static const uint8_t *piece(const content *all, unsigned long long offset, unsigned long long length) {
  CHECK(offset <= all->length && length <= all->length - offset);
  return (const uint8_t *)all->data + offset;
}

/* Opens a delta from a copy of exactly its bytes, so that valgrind and ASan see a reader that goes on, and applies it. */
static bisik_status apply(const uint8_t *data, size_t length, const bisik_feed *base, const bisik_trust *trust, const bisik_secrets *secrets,
                          unsigned long long now, bisik_feed **out) {
  uint8_t *copy = (uint8_t *)malloc(length ? length : 1);
  bisik_delta *delta = NULL;
  bisik_status status;
  *out = NULL;
  CHECK(copy != NULL);
  if (length) memcpy(copy, data, length);
  status = bisik_delta_open(copy, length, trust, secrets, UINT64_MAX, now, &delta, NULL);
  CHECK((delta != NULL) == (status == BISIK_OK));
  memset(copy, 0, length);
  free(copy);
  if (delta == NULL) return status;
  CHECK(bisik_delta_base(delta) < bisik_delta_version(delta));
  status = bisik_delta_apply((const bisik_delta *const *)&delta, 1, base, trust, UINT64_MAX, now, out, NULL);
  CHECK((*out != NULL) == (status == BISIK_OK));
  CHECK(*out == NULL || bisik_feed_version(*out) == bisik_delta_version(delta));
  bisik_delta_free(delta);
  return status;
}

/* What a look-up ends with: the number of hits, or a status, which is above every number of hits. */
static unsigned long long look_up(const bisik_feed *feed, int kind, const char *value, unsigned long long now) {
  bisik_error *error;
  bisik_matcher *matcher;
  bisik_status status;
  size_t hits = 0;
  OK(bisik_matcher_new(&feed, 1, NULL, &matcher, &error));
  status = bisik_matcher_check(matcher, (bisik_kind)kind, value, strlen(value), NULL, now, NULL, 0, &hits, NULL);
  bisik_matcher_free(matcher);
  return status == BISIK_OK ? hits : (unsigned long long)status;
}

int main(int argc, char **argv) {
  char name[256], word[32], value[256];
  unsigned long long now, offset, length, base_offset, base_length, result_offset, result_length, before, after;
  int with_key, expected, kind, look_ups;
  size_t count = 0, accepted = 0, looked = 0, wrong = 0;
  bisik_error *error;
  bisik_trust *trust = bisik_trust_new();
  bisik_secrets *secrets = bisik_secrets_new();
  content card, neighbour, identity, all;
  FILE *index;
  CHECK(argc == 3);
  card = content_of(argv[2], "hostile-card.txt");
  neighbour = content_of(argv[2], "hostile-neighbour.txt");
  identity = content_of(argv[2], "hostile-identity.txt");
  all = content_of(argv[2], "hostile-deltas.bin");
  OK(bisik_trust_add_card(trust, card.data, card.length, &error));
  OK(bisik_trust_add_card(trust, neighbour.data, neighbour.length, &error));
  OK(bisik_secrets_add(secrets, identity.data, identity.length, &error));
  snprintf(value, sizeof value, "%s/hostile-deltas.tsv", argv[2]);
  CHECK((index = fopen(value, "rb")) != NULL);
  while (fscanf(index, "%31s", word) == 1) {
    const uint8_t *data, *version;
    bisik_feed *base = NULL, *result = NULL;
    bisik_status found;
    CHECK(strcmp(word, "delta") == 0);
    CHECK(fscanf(index, "%255s %d %llu %llu %llu %d", name, &with_key, &now, &offset, &length, &expected) == 6);
    CHECK(fscanf(index, "%llu %llu %llu %llu %d", &base_offset, &base_length, &result_offset, &result_length, &look_ups) == 5);
    data = piece(&all, base_offset, base_length);
    OK(bisik_feed_open_stale(data, (size_t)base_length, trust, NULL, UINT64_MAX, HOSTILE_NOW, &base, &error));
    found = apply(piece(&all, offset, length), (size_t)length, base, trust, with_key ? secrets : NULL, now, &result);
    if (found != (bisik_status)expected) {
      fprintf(stderr, "%s: %s instead of %s\n", name, bisik_status_name(found), bisik_status_name((bisik_status)expected));
      wrong++;
    }
    if (expected == BISIK_OK && result != NULL) {
      version = piece(&all, result_offset, result_length);
      CHECK(bisik_feed_length(result) == result_length && memcmp(bisik_feed_data(result), version, (size_t)result_length) == 0);
      accepted++;
    }
    for (; look_ups > 0; look_ups--) {
      CHECK(fscanf(index, "%31s %d %255s %llu %llu", word, &kind, value, &before, &after) == 5 && strcmp(word, "look-up") == 0);
      CHECK(look_up(base, kind, value, now) == before);
      CHECK(result == NULL || look_up(result, kind, value, now) == after);
      looked++;
    }
    bisik_feed_free(result);
    bisik_feed_free(base);
    count++;
  }
  CHECK(feof(index));
  fclose(index);
  CHECK(count > 600 && accepted > 25 && looked > 100 && wrong == 0);
  bisik_secrets_free(secrets);
  bisik_trust_free(trust);
  free(all.data);
  free(identity.data);
  free(neighbour.data);
  free(card.data);
  return 0;
}
