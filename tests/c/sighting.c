/* From a bank's hit to the centre's call list. */
#include "check.h"

static bisik_feed *feed_with_desk(const party *centre, const party *desk) {
  bisik_error *error;
  bisik_publish_options *options;
  bisik_publisher *publisher;
  bisik_publication *publication;
  bisik_feed *feed;
  OK(bisik_publish_options_new(BISIK_LITERAL("mules"), NOW, &options, &error));
  if (desk) {
    const char *recipient = strstr(text_of(desk->identity), "age1");
    size_t length = strcspn(recipient, "\n");
    OK(bisik_publish_options_set_contact(options, NULL, 0, BISIK_LITERAL("+65 0000 0000"), NULL, 0, &error));
    FAILS(BISIK_BAD_KEY, bisik_publish_options_set_desk_key(options, recipient, length - 1, &error));
    OK(bisik_publish_options_set_desk_key(options, recipient, length, &error));
  }
  OK(bisik_publisher_new(centre->file, options, NULL, &publisher, &error));
  OK(bisik_publisher_add(publisher, BISIK_KIND_DOMAIN, BISIK_LITERAL("a.example"), NULL, NULL, &error));
  OK(bisik_publisher_add(publisher, BISIK_KIND_DOMAIN, BISIK_LITERAL("b.example"), NULL, NULL, &error));
  OK(bisik_publisher_publish(publisher, &publication, &error));
  feed = feed_of(centre, publication);
  bisik_publication_free(publication);
  bisik_publisher_free(publisher);
  bisik_publish_options_free(options);
  return feed;
}

static bisik_hit hit_of(const bisik_feed *feed, const char *domain) {
  bisik_error *error;
  bisik_matcher *matcher = matcher_of(feed);
  bisik_hit hit;
  size_t hits;
  OK(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, domain, strlen(domain), NULL, NOW, &hit, 1, &hits, &error));
  CHECK(hits == 1);
  bisik_matcher_free(matcher);
  return hit;
}

static bisik_sighting_report *opened(const bisik_buffer *file, const bisik_secrets *secrets, const bisik_trust *members) {
  bisik_error *error;
  bisik_sighting_report *report;
  OK(bisik_sighting_report_open(bisik_buffer_data(file), bisik_buffer_length(file), secrets, members, &report, &error));
  return report;
}

int main(void) {
  bisik_error *error;
  party centre = party_new("Centre"), desk = party_new("Desk"), bank = party_new("Bank"), other = party_new("Other bank");
  bisik_feed *feed = feed_with_desk(&centre, &desk), *deskless = feed_with_desk(&centre, NULL);
  bisik_hit hit = hit_of(feed, "www.b.example");
  bisik_sightings *sightings = bisik_sightings_new(), *again = bisik_sightings_new(), *none = bisik_sightings_new();
  bisik_trust *members = bisik_trust_new();
  bisik_secrets *secrets = bisik_secrets_new(), *others = bisik_secrets_new();
  bisik_buffer *file, *second, *text;
  bisik_sighting_report *report, *told;
  bisik_sighting_ledger *ledger, *read;
  bisik_hit_finder *finder;
  bisik_joined *joined;
  bisik_calls *calls;
  bisik_sighting sighting;
  bisik_call call;
  bisik_status outcomes[2];
  uint64_t counted, minor;
  uint8_t id[32], zero[16] = {0};
  char currency[4];

  OK(bisik_trust_add_card(members, text_of(bank.card), bisik_buffer_length(bank.card), &error));
  OK(bisik_secrets_add(secrets, text_of(desk.identity), bisik_buffer_length(desk.identity), &error));
  OK(bisik_secrets_add(others, text_of(other.identity), bisik_buffer_length(other.identity), &error));

  /* What a member tells. */
  OK(bisik_sightings_add(sightings, hit.hit_id, NOW, BISIK_ACTION_FROZEN, 125050, BISIK_LITERAL("SGD"), BISIK_LITERAL("CASE-1"),
                         &error));
  OK(bisik_sightings_add(sightings, zero, NOW, BISIK_ACTION_NONE, 0, NULL, 0, NULL, 0, &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_sightings_add(sightings, zero, NOW, 0, 0, NULL, 0, NULL, 0, &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_sightings_add(sightings, zero, NOW, BISIK_ACTION_NONE, 1, NULL, 0, NULL, 0, &error));
  FAILS(BISIK_INVALID_CLAIM,
        bisik_sightings_add(sightings, zero, NOW, BISIK_ACTION_NONE, 1, BISIK_LITERAL("SGP"), NULL, 0, &error));
  FAILS(BISIK_INVALID_CLAIM,
        bisik_sightings_add(sightings, zero, NOW, BISIK_ACTION_NONE, 0, NULL, 0, BISIK_LITERAL("a\"b"), &error));
  FAILS(BISIK_NULL_ARGUMENT, bisik_sightings_add(sightings, NULL, NOW, BISIK_ACTION_NONE, 0, NULL, 0, NULL, 0, &error));
  FAILS(BISIK_NULL_ARGUMENT, bisik_sightings_add(NULL, zero, NOW, BISIK_ACTION_NONE, 0, NULL, 0, NULL, 0, &error));
  FAILS(BISIK_NO_DESK, bisik_sightings_seal(sightings, deskless, bank.file, NOW, &file, &error));
  FAILS(BISIK_NOTHING_ACCEPTED, bisik_sightings_seal(none, feed, bank.file, NOW, &file, &error));
  OK(bisik_sightings_seal(sightings, feed, bank.file, NOW, &file, &error));
  CHECK(bisik_buffer_length(file) == BISIK_SIGHTING_FILE_LENGTH);

  /* What the desk reads. */
  FAILS(BISIK_NO_MATCHING_KEY,
        bisik_sighting_report_open(bisik_buffer_data(file), bisik_buffer_length(file), others, members, &report, &error));
  FAILS(BISIK_UNTRUSTED,
        bisik_sighting_report_open(bisik_buffer_data(file), bisik_buffer_length(file), secrets, other.trust, &report, &error));
  FAILS(BISIK_CANNOT_OPEN,
        bisik_sighting_report_open(bisik_buffer_data(file), bisik_buffer_length(file) - 1, secrets, members, &report, &error));
  FAILS(BISIK_NOT_SEALED, bisik_sighting_report_open(NULL, 0, secrets, members, &report, &error));
  report = opened(file, secrets, members);
  CHECK(bisik_sighting_report_length(report) == 2 && strcmp(bisik_sighting_report_sender(report), "Bank") == 0);
  OK(bisik_sighting_report_get(report, 0, &sighting, &error));
  CHECK(memcmp(sighting.hit_id, hit.hit_id, 16) == 0 && sighting.time == NOW && sighting.action == BISIK_ACTION_FROZEN);
  CHECK(sighting.amount == 125050 && strcmp(sighting.currency, "SGD") == 0 && strcmp(sighting.reference, "CASE-1") == 0);
  OK(bisik_sighting_report_get(report, 1, &sighting, &error));
  CHECK(sighting.amount == 0 && sighting.currency[0] == '\0' && sighting.reference == NULL);
  FAILS(BISIK_INVALID_ARGUMENT, bisik_sighting_report_get(report, 2, &sighting, &error));

  /* What counts, and what is remembered. */
  OK(bisik_sighting_ledger_new(feed, &ledger, &error));
  FAILS(BISIK_EQUIVOCATION, bisik_sighting_ledger_learn(ledger, deskless, &error));
  OK(bisik_sighting_ledger_learn(ledger, feed, &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_sighting_ledger_take(ledger, report, NOW, outcomes, 1, &counted, &error));
  CHECK(bisik_sighting_ledger_length(ledger) == 0);
  OK(bisik_sighting_ledger_take(ledger, report, NOW, outcomes, 2, &counted, &error));
  CHECK(counted == 2 && outcomes[0] == BISIK_OK && outcomes[1] == BISIK_OK);
  OK(bisik_sighting_ledger_text(ledger, &text, &error));
  OK(bisik_sighting_ledger_parse(text_of(text), bisik_buffer_length(text), &read, &error));
  FAILS(BISIK_BAD_MANIFEST, bisik_sighting_ledger_parse(text_of(text), bisik_buffer_length(text) - 2, &read, &error));
  OK(bisik_sighting_ledger_take(read, report, NOW, outcomes, 2, &counted, &error));
  CHECK(counted == 0 && outcomes[0] == BISIK_REPLAYED && outcomes[1] == BISIK_REPLAYED);
  OK(bisik_sightings_add(again, hit.hit_id, NOW + 1, BISIK_ACTION_REPORTED, 0, NULL, 0, NULL, 0, &error));
  OK(bisik_sightings_seal(again, feed, bank.file, NOW, &second, &error));
  told = opened(second, secrets, members);
  OK(bisik_sighting_ledger_take(read, told, NOW, outcomes, 2, NULL, &error));
  CHECK(outcomes[0] == BISIK_SAME_DAY);

  /* The publisher's own list, and whom to call. */
  OK(bisik_hit_finder_new(feed, NULL, read, &finder, &error));
  OK(bisik_hit_finder_add(finder, 40, BISIK_KIND_DOMAIN, BISIK_LITERAL("a.example"), NULL, &error));
  OK(bisik_hit_finder_add(finder, 41, BISIK_KIND_DOMAIN, BISIK_LITERAL("B.example"), NULL, &error));
  FAILS(BISIK_EMPTY, bisik_hit_finder_add(finder, 42, BISIK_KIND_DOMAIN, NULL, 0, NULL, &error));
  OK(bisik_hit_finder_finish(finder, &joined, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_hit_finder_add(finder, 43, BISIK_KIND_DOMAIN, BISIK_LITERAL("c.example"), NULL, &error));
  CHECK(bisik_joined_length(joined) == 1);
  OK(bisik_sighting_ledger_calls(read, joined, NOW, &calls, &error));
  CHECK(bisik_calls_length(calls) == 2);
  OK(bisik_calls_get(calls, 0, &call, &error));
  CHECK(call.has_entry && call.entry == 41 && call.sightings == 1 && call.senders == 1 && call.amounts == 1);
  CHECK(call.score == 70 && call.score_recency == 40 && call.score_senders == 10 && call.score_amount == 20);
  CHECK(call.first == NOW && call.last == NOW && memcmp(call.hit_id, hit.hit_id, 16) == 0);
  OK(bisik_calls_amount(calls, 0, 0, &minor, currency, &error));
  CHECK(minor == 125050 && strcmp(currency, "SGD") == 0);
  FAILS(BISIK_INVALID_ARGUMENT, bisik_calls_amount(calls, 0, 1, &minor, currency, &error));
  memset(id, 0, 32);
  OK(bisik_calls_sender(calls, 0, 0, id, &error));
  CHECK(id[0] | id[1] | id[2] | id[3]);
  OK(bisik_calls_get(calls, 1, &call, &error));
  CHECK(!call.has_entry && call.amounts == 0);
  FAILS(BISIK_INVALID_ARGUMENT, bisik_calls_get(calls, 2, &call, &error));
  CHECK(bisik_calls_length(NULL) == 0 && bisik_joined_length(NULL) == 0 && bisik_sighting_report_length(NULL) == 0);

  bisik_calls_free(calls);
  OK(bisik_sighting_ledger_calls(read, NULL, NOW, &calls, &error));
  CHECK(bisik_calls_length(calls) == 2);
  bisik_calls_free(calls);
  bisik_joined_free(joined);
  bisik_hit_finder_free(finder);
  bisik_sighting_ledger_free(ledger);
  bisik_sighting_ledger_free(read);
  bisik_sighting_report_free(report);
  bisik_sighting_report_free(told);
  bisik_buffer_free(file);
  bisik_buffer_free(second);
  bisik_buffer_free(text);
  bisik_sightings_free(sightings);
  bisik_sightings_free(again);
  bisik_sightings_free(none);
  bisik_secrets_free(secrets);
  bisik_secrets_free(others);
  bisik_trust_free(members);
  bisik_feed_free(feed);
  bisik_feed_free(deskless);
  party_free(&centre);
  party_free(&desk);
  party_free(&bank);
  party_free(&other);
  return 0;
}
