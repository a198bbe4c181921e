/* The functions of sightings with NULL, zero and impossible lengths, as hostile.c has the others. */
#include "check.h"

#define NOTHING(call) FAILS(BISIK_NULL_ARGUMENT, call)
#define WRONG(call) FAILS(BISIK_INVALID_ARGUMENT, call)

/* lengths that no array has; the array behind them has one byte */
static const size_t IMPOSSIBLE[] = {SIZE_MAX, SIZE_MAX - 1, (SIZE_MAX >> 1) + 1};

static void no_sightings(const party *p, const bisik_feed *feed) {
  bisik_error *error;
  const uint8_t *byte = (const uint8_t *)"aaaaaaaaaaaaaaaa";
  uint8_t id[32];
  char currency[4];
  uint64_t minor;
  size_t i;
  bisik_buffer *buffer = NULL;
  bisik_publish_options *options;
  bisik_secrets *secrets = bisik_secrets_new();
  bisik_sightings *sightings = bisik_sightings_new();
  bisik_sighting_report *report = NULL;
  bisik_sighting_ledger *ledger = NULL, *other = NULL;
  bisik_hit_finder *finder = NULL;
  bisik_joined *joined = NULL;
  bisik_calls *calls = NULL;
  bisik_sighting sighting;
  bisik_call call;

  OK(bisik_publish_options_new(BISIK_LITERAL("f"), NOW, &options, &error));
  FAILS(BISIK_BAD_KEY, bisik_publish_options_set_desk_key(options, NULL, 0, &error));
  NOTHING(bisik_publish_options_set_desk_key(options, NULL, 1, &error));
  bisik_publish_options_free(options);
  NOTHING(bisik_sightings_add(NULL, byte, NOW, BISIK_ACTION_NONE, 0, NULL, 0, NULL, 0, &error));
  NOTHING(bisik_sightings_add(sightings, NULL, NOW, BISIK_ACTION_NONE, 0, NULL, 0, NULL, 0, &error));
  NOTHING(bisik_sightings_add(sightings, byte, NOW, BISIK_ACTION_NONE, 1, NULL, 1, NULL, 0, &error));
  NOTHING(bisik_sightings_add(sightings, byte, NOW, BISIK_ACTION_NONE, 0, NULL, 0, NULL, 1, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_sightings_add(sightings, byte, UINT64_MAX, BISIK_ACTION_NONE, 0, NULL, 0, NULL, 0, &error));
  WRONG(bisik_sightings_add(sightings, byte, NOW, UINT32_MAX, 0, NULL, 0, NULL, 0, &error));
  FAILS(BISIK_INVALID_CLAIM,
        bisik_sightings_add(sightings, byte, NOW, BISIK_ACTION_NONE, UINT64_MAX, BISIK_LITERAL("SGD"), NULL, 0, &error));
  NOTHING(bisik_sightings_seal(NULL, feed, p->file, NOW, &buffer, &error));
  NOTHING(bisik_sightings_seal(sightings, NULL, p->file, NOW, &buffer, &error));
  NOTHING(bisik_sightings_seal(sightings, feed, NULL, NOW, &buffer, &error));
  NOTHING(bisik_sightings_seal(sightings, feed, p->file, NOW, NULL, &error));
  FAILS(BISIK_NO_DESK, bisik_sightings_seal(sightings, feed, p->file, NOW, &buffer, &error));
  NOTHING(bisik_sighting_report_open(byte, 16, NULL, p->trust, &report, &error));
  NOTHING(bisik_sighting_report_open(byte, 16, secrets, NULL, &report, &error));
  NOTHING(bisik_sighting_report_open(byte, 16, secrets, p->trust, NULL, &error));
  NOTHING(bisik_sighting_report_open(NULL, 16, secrets, p->trust, &report, &error));
  FAILS(BISIK_NOT_SEALED, bisik_sighting_report_open(byte, 16, secrets, p->trust, &report, &error));
  CHECK(bisik_sighting_report_sender(NULL) == NULL && bisik_sighting_report_length(NULL) == 0);
  NOTHING(bisik_sighting_report_get(NULL, 0, &sighting, &error));
  NOTHING(bisik_sighting_ledger_new(NULL, &ledger, &error));
  NOTHING(bisik_sighting_ledger_new(feed, NULL, &error));
  NOTHING(bisik_sighting_ledger_parse(NULL, 1, &ledger, &error));
  FAILS(BISIK_BAD_MANIFEST, bisik_sighting_ledger_parse(NULL, 0, &ledger, &error));
  NOTHING(bisik_sighting_ledger_text(NULL, &buffer, &error));
  NOTHING(bisik_sighting_ledger_learn(NULL, feed, &error));
  NOTHING(bisik_sighting_ledger_take(NULL, NULL, NOW, NULL, 0, NULL, &error));
  NOTHING(bisik_sighting_ledger_calls(NULL, NULL, NOW, &calls, &error));
  CHECK(bisik_sighting_ledger_length(NULL) == 0 && bisik_joined_length(NULL) == 0 && bisik_calls_length(NULL) == 0);
  OK(bisik_sighting_ledger_new(feed, &ledger, &error));
  NOTHING(bisik_sighting_ledger_text(ledger, NULL, &error));
  NOTHING(bisik_sighting_ledger_learn(ledger, NULL, &error));
  NOTHING(bisik_sighting_ledger_take(ledger, NULL, NOW, NULL, 0, NULL, &error));
  NOTHING(bisik_sighting_ledger_calls(ledger, NULL, NOW, NULL, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_sighting_ledger_calls(ledger, NULL, UINT64_MAX, &calls, &error));
  NOTHING(bisik_hit_finder_new(NULL, NULL, ledger, &finder, &error));
  NOTHING(bisik_hit_finder_new(feed, NULL, NULL, &finder, &error));
  NOTHING(bisik_hit_finder_new(feed, NULL, ledger, NULL, &error));
  NOTHING(bisik_hit_finder_add(NULL, 0, BISIK_KIND_DOMAIN, BISIK_LITERAL("a.example"), NULL, &error));
  NOTHING(bisik_hit_finder_finish(NULL, &joined, &error));
  OK(bisik_hit_finder_new(feed, NULL, ledger, &finder, &error));
  FAILS(BISIK_UNKNOWN_KIND, bisik_hit_finder_add(finder, 0, UINT32_MAX, BISIK_LITERAL("a.example"), NULL, &error));
  NOTHING(bisik_hit_finder_add(finder, 0, BISIK_KIND_DOMAIN, NULL, 1, NULL, &error));
  NOTHING(bisik_hit_finder_finish(finder, NULL, &error));
  OK(bisik_hit_finder_finish(finder, &joined, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_hit_finder_finish(finder, &joined, &error));
  NOTHING(bisik_joined_join(NULL, joined, &error));
  NOTHING(bisik_joined_join(joined, NULL, &error));
  OK(bisik_sighting_ledger_calls(ledger, joined, NOW, &calls, &error));
  NOTHING(bisik_calls_get(NULL, 0, &call, &error));
  NOTHING(bisik_calls_get(calls, 0, NULL, &error));
  WRONG(bisik_calls_get(calls, SIZE_MAX, &call, &error));
  NOTHING(bisik_calls_sender(NULL, 0, 0, id, &error));
  WRONG(bisik_calls_sender(calls, 0, 0, id, &error));
  NOTHING(bisik_calls_amount(NULL, 0, 0, &minor, currency, &error));
  WRONG(bisik_calls_amount(calls, 0, 0, &minor, currency, &error));
  for (i = 0; i < sizeof(IMPOSSIBLE) / sizeof(*IMPOSSIBLE); i++) {
    WRONG(bisik_sightings_add(sightings, byte, NOW, BISIK_ACTION_NONE, 1, "a", IMPOSSIBLE[i], NULL, 0, &error));
    WRONG(bisik_sightings_add(sightings, byte, NOW, BISIK_ACTION_NONE, 0, NULL, 0, "a", IMPOSSIBLE[i], &error));
    WRONG(bisik_sighting_report_open(byte, IMPOSSIBLE[i], secrets, p->trust, &report, &error));
    WRONG(bisik_sighting_ledger_parse("a", IMPOSSIBLE[i], &other, &error));
  }
  CHECK(!buffer && !report && !other);
  bisik_sightings_free(NULL);
  bisik_sighting_report_free(NULL);
  bisik_sighting_ledger_free(NULL);
  bisik_hit_finder_free(NULL);
  bisik_joined_free(NULL);
  bisik_calls_free(NULL);
  bisik_calls_free(calls);
  bisik_joined_free(joined);
  bisik_hit_finder_free(finder);
  bisik_sighting_ledger_free(ledger);
  bisik_sightings_free(sightings);
  bisik_secrets_free(secrets);
}

int main(void) {
  static const char *const domains[] = {"listed.example"};
  party p = party_new("Centre");
  bisik_publication *publication = publish(&p, domains, 1, true);
  bisik_feed *feed = feed_of(&p, publication);
  no_sightings(&p, feed);
  bisik_feed_free(feed);
  bisik_publication_free(publication);
  party_free(&p);
  return 0;
}
