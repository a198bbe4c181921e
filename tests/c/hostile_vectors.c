/* The hostile files that Rust, Python and the reference reader judge, through the C interface: feeds, trust stores, memories and logs. */
#include "check.h"

static char *content(const char *folder, const char *name, size_t *length) {
  char path[4096], *data;
  FILE *file;
  long end;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK((file = fopen(path, "rb")) != NULL);
  CHECK(fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0);
  rewind(file);
  *length = (size_t)end;
  CHECK((data = (char *)malloc(*length)) != NULL);
  CHECK(fread(data, 1, *length, file) == *length);
  fclose(file);
  return data;
}

typedef struct {
  const bisik_trust *trust;
  const bisik_secrets *secrets;
  const char *scratch;
  unsigned long long now;
} world;

/* A copy of exactly so many bytes, so that valgrind and ASan see a reader that goes on. */
static bisik_status judge(const world *w, const char *format, const char *data, size_t length) {
  char *copy = (char *)malloc(length ? length : 1);
  bisik_status status;
  CHECK(copy != NULL);
  if (length) memcpy(copy, data, length);
  if (strcmp(format, "feed") == 0 || strcmp(format, "feed-with-key") == 0) {
    bisik_feed *feed = NULL;
    const bisik_secrets *secrets = strcmp(format, "feed") == 0 ? NULL : w->secrets;
    status = bisik_feed_open((const uint8_t *)copy, length, w->trust, secrets, UINT64_MAX, w->now, &feed, NULL);
    CHECK((feed != NULL) == (status == BISIK_OK));
    bisik_feed_free(feed);
  } else if (strcmp(format, "trust-store") == 0) {
    bisik_trust *trust = NULL;
    status = bisik_trust_parse(copy, length, &trust, NULL);
    CHECK((trust != NULL) == (status == BISIK_OK));
    bisik_trust_free(trust);
  } else if (strcmp(format, "history") == 0) {
    bisik_history *history = NULL;
    status = bisik_history_parse(copy, length, &history, NULL);
    CHECK((history != NULL) == (status == BISIK_OK));
    bisik_history_free(history);
  } else {
    uint64_t entries = 0;
    FILE *file = fopen(w->scratch, "wb");
    CHECK(strcmp(format, "review-log") == 0 && file != NULL);
    CHECK(fwrite(copy, 1, length, file) == length);
    fclose(file);
    status = bisik_log_verify(w->scratch, strlen(w->scratch), &entries, NULL);
    CHECK(status != BISIK_OK || entries > 0);
  }
  free(copy);
  return status;
}

int main(int argc, char **argv) {
  char scratch[4096], format[32], name[256], line[4200];
  size_t card_length, identity_length, length, count = 0, wrong = 0;
  char *card, *identity, *data;
  unsigned long long now, offset, size;
  bisik_error *error;
  bisik_trust *trust = bisik_trust_new();
  bisik_secrets *secrets = bisik_secrets_new();
  world w;
  FILE *index;
  int expected;
  CHECK(argc == 3);
  snprintf(scratch, sizeof scratch, "%s/log.jsonl", argv[1]);
  card = content(argv[2], "hostile-card.txt", &card_length);
  identity = content(argv[2], "hostile-identity.txt", &identity_length);
  data = content(argv[2], "hostile.bin", &length);
  OK(bisik_trust_add_card(trust, card, card_length, &error));
  OK(bisik_secrets_add(secrets, identity, identity_length, &error));
  snprintf(line, sizeof line, "%s/hostile.tsv", argv[2]);
  CHECK((index = fopen(line, "rb")) != NULL);
  while (fgets(line, sizeof line, index)) {
    bisik_status found;
    CHECK(sscanf(line, "%31s %255s %llu %llu %llu %d", format, name, &now, &offset, &size, &expected) == 6);
    CHECK(offset <= length && size <= length - offset);
    w.trust = trust;
    w.secrets = secrets;
    w.scratch = scratch;
    w.now = now;
    found = judge(&w, format, data + offset, (size_t)size);
    if (found != (bisik_status)expected) {
      fprintf(stderr, "%s: %s instead of %s\n", name, bisik_status_name(found), bisik_status_name((bisik_status)expected));
      wrong++;
    }
    count++;
  }
  fclose(index);
  CHECK(count > 1600 && wrong == 0);
  bisik_secrets_free(secrets);
  bisik_trust_free(trust);
  free(data);
  free(identity);
  free(card);
  return 0;
}
