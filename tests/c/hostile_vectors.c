/* The hostile files that Rust, Python and the reference reader judge, through the C interface: feeds, lists of retractions, answers of blind
   queries and the states kept for them, keys, trust stores, memories, ledgers, policies and logs. */
#include "check.h"

/* The time of those vectors. */
#define HOSTILE_NOW 1790000000u

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
  const bisik_matcher *member;
  const char *state;
  size_t state_length;
  const bisik_trust *trust;
  const bisik_secrets *secrets;
  const char *scratch;
  unsigned long long now;
} world;

/* Reads a text, which gives a thing or a status. */
#define READ(type, call)                                                                                               \
  do {                                                                                                                 \
    bisik_##type *made = NULL;                                                                                         \
    status = bisik_##call(copy, length, &made, NULL);                                                                  \
    CHECK((made != NULL) == (status == BISIK_OK));                                                                     \
    bisik_##type##_free(made);                                                                                         \
  } while (0)

static bool is(const char *format, const char *name) { return strcmp(format, name) == 0; }

/* A member finishes what it has asked with these answers: then the first and the last input are listed, and the third is none. */
static bisik_status finished(const world *w, const uint8_t *answers, size_t length) {
  bisik_prepared *prepared = NULL;
  bisik_report *report = NULL;
  bisik_hit hit;
  bisik_status status;
  CHECK(bisik_prepared_from_bytes((const uint8_t *)w->state, w->state_length, w->member, &prepared, NULL) == BISIK_OK);
  status = bisik_matcher_finish(w->member, prepared, answers, length, w->now, &report, NULL);
  CHECK((report != NULL) == (status == BISIK_OK));
  if (report != NULL) {
    CHECK(bisik_report_hits(report) == 2 && bisik_report_rejections(report) == 1);
    CHECK(bisik_report_hit(report, 0, &hit, NULL) == BISIK_OK && hit.index == 0);
    CHECK(bisik_report_hit(report, 1, &hit, NULL) == BISIK_OK && hit.index == 3);
  }
  bisik_report_free(report);
  bisik_prepared_free(prepared);
  return status;
}

/* A copy of exactly so many bytes, so that valgrind and ASan see a reader that goes on. */
static bisik_status judge(const world *w, const char *format, const char *data, size_t length) {
  char *copy = (char *)malloc(length ? length : 1);
  bisik_status status;
  CHECK(copy != NULL);
  if (length) memcpy(copy, data, length);
  if (is(format, "feed") || is(format, "feed-with-key")) {
    bisik_feed *feed = NULL;
    const bisik_secrets *secrets = is(format, "feed") ? NULL : w->secrets;
    status = bisik_feed_open((const uint8_t *)copy, length, w->trust, secrets, UINT64_MAX, w->now, &feed, NULL);
    CHECK((feed != NULL) == (status == BISIK_OK));
    bisik_feed_free(feed);
  } else if (is(format, "retraction-list")) {
    bisik_retraction_list *list = NULL;
    status = bisik_retraction_list_read((const uint8_t *)copy, length, w->trust, w->now, &list, NULL);
    CHECK((list != NULL) == (status == BISIK_OK));
    CHECK(bisik_retraction_list_version(list) == (list != NULL ? 3u : 0u));
    bisik_retraction_list_free(list);
  } else if (is(format, "log-head")) {
    bisik_log_head *head = NULL;
    status = bisik_log_head_read((const uint8_t *)copy, length, w->trust, w->now, &head, NULL);
    CHECK((status == BISIK_OK) == (bisik_log_head_entries(head) > 0));
    bisik_log_head_free(head);
  } else if (is(format, "blind-answer")) {
    status = finished(w, (const uint8_t *)copy, length);
  } else if (is(format, "blind-state")) {
    bisik_prepared *prepared = NULL;
    status = bisik_prepared_from_bytes((const uint8_t *)copy, length, w->member, &prepared, NULL);
    CHECK((prepared != NULL) == (status == BISIK_OK));
    bisik_prepared_free(prepared);
  } else if (is(format, "card")) {
    bisik_trust *trust = bisik_trust_new();
    status = bisik_trust_add_card(trust, copy, length, NULL);
    bisik_trust_free(trust);
  } else if (is(format, "trust-store")) {
    READ(trust, trust_parse);
  } else if (is(format, "history")) {
    READ(history, history_parse);
  } else if (is(format, "remembered")) {
    READ(remembered, remembered_parse);
  } else if (is(format, "ledger")) {
    READ(sighting_ledger, sighting_ledger_parse);
  } else if (is(format, "signing")) {
    READ(signing_file, signing_file_new);
  } else if (is(format, "oprf")) {
    READ(oprf_key, oprf_key_new);
  } else if (is(format, "policy")) {
    READ(policy, policy_parse);
  } else {
    uint64_t entries = 0;
    FILE *file = fopen(w->scratch, "wb");
    CHECK(is(format, "review-log") && file != NULL);
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
  char *card, *identity, *data, *feed_data, *state;
  size_t feed_length;
  unsigned long long now, offset, size;
  bisik_error *error;
  bisik_trust *trust = bisik_trust_new();
  bisik_secrets *secrets = bisik_secrets_new();
  bisik_feed *feed;
  const bisik_feed *feeds[1];
  bisik_matcher *member;
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
  feed_data = content(argv[2], "hostile-asked.bisik", &feed_length);
  state = content(argv[2], "hostile-state.bin", &w.state_length);
  OK(bisik_feed_open((const uint8_t *)feed_data, feed_length, trust, NULL, UINT64_MAX, HOSTILE_NOW, &feed, &error));
  feeds[0] = feed;
  OK(bisik_matcher_new(feeds, 1, NULL, &member, &error));
  w.member = member;
  w.state = state;
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
  CHECK(count > 3500 && wrong == 0);
  bisik_matcher_free(member);
  bisik_feed_free(feed);
  free(state);
  free(feed_data);
  bisik_secrets_free(secrets);
  bisik_trust_free(trust);
  free(data);
  free(identity);
  free(card);
  return 0;
}
