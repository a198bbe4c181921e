/* A whole round: keys, publication, opening from memory and files, matching one and many, claims, inspection. */
#include <unistd.h>

#include "check.h"

static const char *const LISTED[] = {"Login-Bank.example", "parcel-fee.example", "win.example"};

static void versions(void) {
  CHECK(strcmp(bisik_version(), BISIK_VERSION) == 0);
  CHECK(bisik_version_number() == BISIK_VERSION_NUMBER);
  CHECK(bisik_abi_version() == BISIK_ABI_VERSION);
}

static void kinds(void) {
  bisik_error *error;
  size_t i;
  CHECK(bisik_kind_count() == 17);
  for (i = 0; i < bisik_kind_count(); i++) {
    bisik_kind kind = bisik_kind_at(i), again;
    const char *name = bisik_kind_name(kind);
    CHECK(bisik_kind_description(kind)[0] != '\0');
    CHECK(bisik_kind_form_version(kind) >= 1);
    OK(bisik_kind_from_name(name, strlen(name), &again, &error));
    CHECK(again == kind);
  }
  CHECK(bisik_kind_at(i) == 0);
  CHECK(bisik_kind_name(0) == NULL && bisik_kind_name(UINT32_MAX) == NULL && bisik_kind_name(256 + 1) == NULL);
  CHECK(bisik_kind_is_enumerable(BISIK_KIND_PHONE) && !bisik_kind_is_enumerable(BISIK_KIND_DOMAIN));
}

static void canonical(void) {
  bisik_error *error;
  bisik_buffer *form;
  bisik_parse_options *options = bisik_parse_options_new();
  uint64_t position = 99;
  FAILS(BISIK_MISSING_REGION, bisik_canonical(BISIK_KIND_PHONE, BISIK_LITERAL("9123 4567"), options, &form, &error));
  OK(bisik_parse_options_set_region(options, BISIK_LITERAL("SG"), &error));
  OK(bisik_canonical(BISIK_KIND_PHONE, BISIK_LITERAL("9123 4567"), options, &form, &error));
  CHECK(strcmp(text_of(form), "+6591234567") == 0);
  CHECK(bisik_buffer_length(form) == strlen("+6591234567"));
  bisik_buffer_free(form);
  OK(bisik_parse_options_set_region(options, NULL, 0, &error));
  FAILS(BISIK_MISSING_REGION, bisik_canonical(BISIK_KIND_PHONE, BISIK_LITERAL("9123 4567"), options, &form, &error));
  CHECK(bisik_canonical(BISIK_KIND_DOMAIN, "a\xff", 2, NULL, &form, &error) == BISIK_INVALID_UTF8);
  CHECK(bisik_error_position(error, &position) && position == 1);
  bisik_error_free(error);
  bisik_parse_options_free(options);
}

static void one(const bisik_matcher *matcher) {
  bisik_error *error;
  bisik_hit hits[2];
  bisik_report *report;
  size_t count;
  uint64_t number;
  const bisik_claim *claim;

  OK(bisik_matcher_check(matcher, BISIK_KIND_URL, BISIK_LITERAL("http://www.login-bank.example/verify?id=7"), NULL, NOW,
                         hits, 2, &count, &error));
  CHECK(count == 1);
  CHECK(hits[0].index == 0 && hits[0].feed == 0 && hits[0].kind == BISIK_KIND_DOMAIN);
  CHECK(hits[0].matched == BISIK_MATCHED_URL_HOST && hits[0].false_positive_rate == 0);
  CHECK(hits[0].record == BISIK_RECORD_OPENED);
  CHECK(strcmp(bisik_matched_name(hits[0].matched), "url-host") == 0);
  CHECK(bisik_matched_name(1000) == NULL);

  OK(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("good.example"), NULL, NOW, hits, 2, &count, &error));
  CHECK(count == 0);
  OK(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("win.example"), NULL, NOW, NULL, 0, &count, &error));
  CHECK(count == 1);
  FAILS(BISIK_INVALID_CHARACTER,
        bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("a b"), NULL, NOW, hits, 2, &count, &error));
  CHECK(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("win.example"), NULL, NOW + 8 * 86400, hits, 2,
                            &count, &error) == BISIK_EXPIRED);
  CHECK(bisik_error_position(error, &number) && number == 0);
  bisik_error_free(error);

  OK(bisik_matcher_check_report(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("a.b.WIN.example"), NULL, NOW, &report, &error));
  CHECK(bisik_report_hits(report) == 1 && bisik_report_rejections(report) == 0);
  OK(bisik_report_hit(report, 0, &hits[0], &error));
  CHECK(hits[0].matched == BISIK_MATCHED_PARENT_DOMAIN);
  FAILS(BISIK_INVALID_ARGUMENT, bisik_report_hit(report, 1, &hits[0], &error));
  CHECK(strcmp(bisik_report_expression(report, 0), "win.example") == 0);
  CHECK(bisik_report_expression(report, 1) == NULL && bisik_report_claim(report, 1) == NULL);
  claim = bisik_report_claim(report, 0);
  CHECK(strcmp(bisik_claim_text(claim, BISIK_CLAIM_CATEGORY), "phishing") == 0);
  CHECK(bisik_claim_text(claim, BISIK_CLAIM_NOTE) == NULL && bisik_claim_text(claim, BISIK_CLAIM_CONFIDENCE) == NULL);
  CHECK(bisik_claim_number(claim, BISIK_CLAIM_CONFIDENCE, &number) && number == 90);
  CHECK(!bisik_claim_number(claim, BISIK_CLAIM_EXPIRES, &number));
  bisik_report_free(report);
}

static void many(const bisik_matcher *matcher) {
  /*                      0 hit       1 no       2 empty  3 not UTF-8  4 hit */
  static const uint8_t data[] = "win.example" "good.example" "" "\xff\xff" "x.parcel-fee.example";
  static const int64_t offsets[] = {0, 11, 23, 23, 25, 45};
  bisik_error *error;
  uint8_t mask[5];
  bisik_hit hits[2];
  size_t count;
  bisik_report *report;
  uint64_t index;
  bisik_status reason;

  OK(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, data, 45, offsets, 5, NULL, NOW, mask, hits, 2, &count, &error));
  CHECK(count == 2 && hits[0].index == 0 && hits[1].index == 4);
  CHECK(memcmp(mask, "\1\0\2\2\1", 5) == 0);

  memset(mask, 9, sizeof mask);
  OK(bisik_matcher_mask(matcher, BISIK_KIND_DOMAIN, data, 45, offsets, 5, NULL, NOW, mask, &error));
  CHECK(memcmp(mask, "\1\0\2\2\1", 5) == 0);

  memset(mask, 9, sizeof mask);
  CHECK(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, data, 45, offsets, 5, NULL, NOW, mask, hits, 1, &count, &error) ==
        BISIK_TOO_MANY_HITS);
  CHECK(bisik_error_position(error, &index) && index == 2 && count == 2 && hits[0].index == 0);
  bisik_error_free(error);
  CHECK(memcmp(mask, "\1\0\2\2\1", 5) == 0);

  OK(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, data, 45, offsets, 5, NULL, NOW, NULL, NULL, 0, &count, &error));
  CHECK(count == 2);
  OK(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, data, 45, offsets + 1, 1, NULL, NOW, mask, NULL, 0, &count, &error));
  CHECK(count == 0 && mask[0] == 0);

  OK(bisik_matcher_match_report(matcher, BISIK_KIND_DOMAIN, data, 45, offsets, 5, NULL, NOW, &report, &error));
  CHECK(bisik_report_hits(report) == 2 && bisik_report_rejections(report) == 2);
  CHECK(strcmp(bisik_report_expression(report, 1), "parcel-fee.example") == 0);
  OK(bisik_report_rejection(report, 0, &index, &reason, &error));
  if (index == 2) {
    CHECK(reason == BISIK_EMPTY);
  } else {
    CHECK(index == 3 && reason == BISIK_INVALID_UTF8);
  }
  bisik_report_free(report);
}

static void inspected(const bisik_feed *feed, const bisik_buffer *file) {
  bisik_error *error;
  bisik_buffer *json;
  uint8_t digest[32];
  OK(bisik_feed_inspect(feed, &json, &error));
  CHECK(strstr(text_of(json), "\"verified\":true") && strstr(text_of(json), "\"feed\":\"domains\""));
  CHECK(strstr(text_of(json), "\"learners\":[") && strstr(text_of(json), "\"exposure\":["));
  bisik_buffer_free(json);
  OK(bisik_inspect_unverified(bisik_buffer_data(file), bisik_buffer_length(file), NULL, 0, &json, &error));
  CHECK(strstr(text_of(json), "\"verified\":false"));
  bisik_buffer_free(json);
  OK(bisik_feed_digest(feed, &digest, &error));
  CHECK(bisik_feed_version(feed) == 1 && bisik_feed_count(feed) == 3 && bisik_feed_expires(feed) == NOW + 7 * 86400);
}

static void files(const party *p, const bisik_publication *publication, const char *folder) {
  bisik_error *error;
  bisik_buffer *open, *sealed;
  bisik_feed *feed;
  bisik_matcher *matcher;
  bisik_secrets *secrets = bisik_secrets_new();
  bisik_recipients *members = bisik_recipients_new();
  char path[4096];
  FILE *file;
  party member = party_new("Member");
  OK(bisik_publication_open(publication, NULL, 0, &open, &error));
  feed = feed_of(p, publication);
  inspected(feed, open);
  bisik_feed_free(feed);
  OK(bisik_recipients_add_card(members, text_of(member.card), bisik_buffer_length(member.card), &error));
  OK(bisik_publication_seal(publication, members, &sealed, &error));
  OK(bisik_secrets_add(secrets, text_of(member.identity), bisik_buffer_length(member.identity), &error));

  FAILS(BISIK_SEALED, bisik_feed_open(bisik_buffer_data(sealed), bisik_buffer_length(sealed), p->trust, NULL, 0, NOW,
                                      &feed, &error));
  OK(bisik_feed_open(bisik_buffer_data(sealed), bisik_buffer_length(sealed), p->trust, secrets, 0, NOW, &feed, &error));
  bisik_feed_free(feed);
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_feed_open(bisik_buffer_data(sealed), bisik_buffer_length(sealed), p->trust, secrets, 100,
                                              NOW, &feed, &error));
  FAILS(BISIK_UNTRUSTED, bisik_feed_open(bisik_buffer_data(open), bisik_buffer_length(open), member.trust, NULL, 0, NOW,
                                         &feed, &error));

  snprintf(path, sizeof path, "%s/%ld.feed", folder, (long)getpid());
  CHECK((file = fopen(path, "wb")) != NULL);
  CHECK(fwrite(bisik_buffer_data(open), 1, bisik_buffer_length(open), file) == bisik_buffer_length(open));
  CHECK(fclose(file) == 0);
  OK(bisik_feed_map_file(path, strlen(path), p->trust, 0, NOW, &feed, &error));
  matcher = matcher_of(feed);
  bisik_feed_free(feed);
  one(matcher);
  bisik_matcher_free(matcher);
  OK(bisik_feed_read_file(path, strlen(path), p->trust, NULL, 0, NOW, &feed, &error));
  bisik_feed_free(feed);
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_feed_map_file(path, strlen(path), p->trust, 100, NOW, &feed, &error));
  CHECK((file = fopen(path, "wb")) != NULL);
  CHECK(fwrite(bisik_buffer_data(sealed), 1, bisik_buffer_length(sealed), file) == bisik_buffer_length(sealed));
  CHECK(fclose(file) == 0);
  FAILS(BISIK_SEALED, bisik_feed_map_file(path, strlen(path), p->trust, 0, NOW, &feed, &error));
  OK(bisik_feed_read_file(path, strlen(path), p->trust, secrets, 0, NOW, &feed, &error));
  bisik_feed_free(feed);
  OK(bisik_feed_read_file_with_threads(path, strlen(path), p->trust, secrets, 0, 2, NOW, &feed, &error));
  bisik_feed_free(feed);
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_feed_read_file_with_threads(path, strlen(path), p->trust, secrets, 100, 0, NOW, &feed, &error));
  CHECK(remove(path) == 0);
  FAILS(BISIK_IO, bisik_feed_map_file(path, strlen(path), p->trust, 0, NOW, &feed, &error));
  FAILS(BISIK_IO, bisik_feed_read_file(folder, strlen(folder), p->trust, NULL, 0, NOW, &feed, &error));

  bisik_buffer_free(open);
  bisik_buffer_free(sealed);
  bisik_secrets_free(secrets);
  bisik_recipients_free(members);
  party_free(&member);
}

/* Threads change no byte: values of a batch that is large enough to be cut, on one and on three. */
static void threads(const bisik_feed *feed, const bisik_matcher *one) {
  enum { VALUES = 30000, LENGTH = 32 };
  static uint8_t data[VALUES * LENGTH], masks[2][VALUES];
  static int64_t offsets[VALUES + 1];
  const bisik_feed *feeds[1];
  bisik_error *error;
  bisik_matcher *several;
  bisik_hit *hits[2];
  size_t count[2], i;
  const bisik_matcher *matchers[2];
  feeds[0] = feed;
  OK(bisik_matcher_new_with_threads(feeds, 1, NULL, 3, &several, &error));
  matchers[0] = one;
  matchers[1] = several;
  for (i = 0; i < VALUES; i++) {
    char value[LENGTH + 1];
    snprintf(value, sizeof value, i % 7 == 0 ? "a%u..example" : i % 3 == 0 ? "w%03u.win.example" : "w%06u.example", (unsigned)(i % 1000));
    offsets[i + 1] = offsets[i] + (int64_t)strlen(value);
    memcpy(data + offsets[i], value, strlen(value));
  }
  for (i = 0; i < 2; i++) {
    CHECK((hits[i] = calloc(VALUES, sizeof **hits)) != NULL);
    OK(bisik_matcher_match(matchers[i], BISIK_KIND_DOMAIN, data, (size_t)offsets[VALUES], offsets, VALUES, NULL, NOW, masks[i], hits[i],
                           VALUES, &count[i], &error));
  }
  CHECK(count[0] > VALUES / 5 && count[0] < VALUES / 2 && count[0] == count[1]);
  CHECK(memcmp(masks[0], masks[1], VALUES) == 0 && masks[0][0] == BISIK_MASK_REJECTED && masks[0][3] == BISIK_MASK_HIT);
  for (i = 0; i < count[0]; i++) {
    CHECK(hits[0][i].index == hits[1][i].index && memcmp(hits[0][i].hit_id, hits[1][i].hit_id, sizeof hits[0][i].hit_id) == 0);
  }
  memset(masks[1], 9, VALUES);
  OK(bisik_matcher_mask(several, BISIK_KIND_DOMAIN, data, (size_t)offsets[VALUES], offsets, VALUES, NULL, NOW, masks[1], &error));
  CHECK(memcmp(masks[0], masks[1], VALUES) == 0);
  free(hits[0]);
  free(hits[1]);
  bisik_matcher_free(several);
}

/* Options of every sort, batches of additions, a version after a version, guarded and enumerable kinds. */
static void published(const party *p) {
  static const uint8_t data[] = "+6591234567" "+6581234567" "nonsense" "999";
  static const int64_t offsets[] = {0, 11, 22, 30, 33};
  static const bisik_kind phone[] = {BISIK_KIND_PHONE};
  bisik_error *error;
  bisik_publish_options *options;
  bisik_guard *guard = bisik_guard_new();
  bisik_publisher *publisher;
  bisik_publication *first, *second;
  bisik_feed *feed, *next;
  bisik_buffer *file, *manifest;
  bisik_status statuses[4];
  uint64_t accepted;
  uint8_t digest[32];

  OK(bisik_guard_add(guard, BISIK_KIND_DOMAIN, BISIK_LITERAL("bank.example"), NULL, &error));
  OK(bisik_publish_options_new(BISIK_LITERAL("phones"), NOW, &options, &error));
  OK(bisik_publish_options_set_guard(options, guard, &error));
  OK(bisik_publish_options_set_tlp(options, BISIK_LITERAL("amber+strict"), &error));
  FAILS(BISIK_INVALID_NAME, bisik_publish_options_set_tlp(options, BISIK_LITERAL("blue"), &error));
  OK(bisik_publish_options_set_purpose(options, BISIK_LITERAL("blocking calls"), &error));
  OK(bisik_publish_options_set_contact(options, BISIK_LITERAL("Desk"), NULL, 0, BISIK_LITERAL("24/7"), &error));
  OK(bisik_publish_options_set_validity(options, 86400, &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_publish_options_set_set(options, 3, 0, &error));
  OK(bisik_publish_options_set_set(options, BISIK_SET_FUSE, 1000000, &error));
  OK(bisik_publisher_new(p->file, options, NULL, &publisher, &error));
  OK(bisik_publisher_add_batch(publisher, BISIK_KIND_PHONE, data, 33, offsets, 4, NULL, NULL, statuses, &accepted, &error));
  CHECK(accepted == 2 && statuses[0] == BISIK_OK && statuses[1] == BISIK_OK);
  CHECK(statuses[2] != BISIK_OK && statuses[3] == BISIK_GUARDED);
  FAILS(BISIK_GUARDED, bisik_publisher_add(publisher, BISIK_KIND_URL, BISIK_LITERAL("http://www.bank.example/"), NULL, NULL,
                                           &error));
  OK(bisik_publisher_publish(publisher, &first, &error));
  bisik_publisher_free(publisher);
  FAILS(BISIK_ENUMERABLE, bisik_publication_open(first, NULL, 0, &file, &error));
  CHECK(bisik_publication_enumerable(first, 0) == BISIK_KIND_PHONE && bisik_publication_enumerable(first, 1) == 0);
  OK(bisik_publication_open(first, phone, 1, &file, &error));
  OK(bisik_publication_manifest(first, &manifest, &error));
  CHECK(strstr(text_of(manifest), "\"tlp\":\"amber+strict\""));
  bisik_buffer_free(manifest);
  OK(bisik_publication_digest(first, &digest, &error));
  CHECK(bisik_publication_merged(first) == 0);
  OK(bisik_feed_open(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, NULL, 0, NOW, &feed, &error));
  bisik_buffer_free(file);
  bisik_publication_free(first);

  /* the publisher shares what it was made of: everything else is freed before it is used */
  OK(bisik_publish_options_set_new_epoch(options, false, &error));
  OK(bisik_publisher_new(p->file, options, feed, &publisher, &error));
  bisik_feed_free(feed);
  bisik_publish_options_free(options);
  bisik_guard_free(guard);
  OK(bisik_publisher_add_batch(publisher, BISIK_KIND_PHONE, data, 33, offsets, 4, NULL, NULL, NULL, NULL, &error));
  OK(bisik_publisher_publish(publisher, &second, &error));
  CHECK(bisik_publisher_added(publisher) == 0);
  FAILS(BISIK_STATE_CONSUMED,
        bisik_publisher_add(publisher, BISIK_KIND_PHONE, BISIK_LITERAL("+6591234567"), NULL, NULL, &error));
  bisik_publisher_free(publisher);
  OK(bisik_publication_open(second, phone, 1, &file, &error));
  OK(bisik_feed_open(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, NULL, 0, NOW, &next, &error));
  CHECK(bisik_feed_version(next) == 2);
  bisik_feed_free(next);
  bisik_buffer_free(file);
  bisik_publication_free(second);
}

/* The memory of versions and the text of a trust store. */
static void remembered(const party *p) {
  static const char *const names[] = {"listed.example", "other.example"};
  bisik_error *error;
  bisik_publication *one = publish(p, names, 1, false), *two = publish(p, names, 2, false);
  bisik_feed *feed = feed_of(p, one), *fork = feed_of(p, two), *again;
  bisik_history *history = bisik_history_new(), *stored;
  bisik_buffer *content, *file;
  bisik_trust *trust, *nobody;
  bool changed = false;
  OK(bisik_history_observe(history, feed, NOW, &changed, &error));
  CHECK(changed);
  OK(bisik_history_observe(history, feed, NOW, &changed, &error));
  CHECK(!changed);
  OK(bisik_history_text(history, &content, &error));
  OK(bisik_history_parse(text_of(content), bisik_buffer_length(content), &stored, &error));
  bisik_buffer_free(content);
  /* two feeds with one version number; a clock before what was signed */
  FAILS(BISIK_EQUIVOCATION, bisik_history_observe(stored, fork, NOW, &changed, &error));
  FAILS(BISIK_CLOCK_WENT_BACK, bisik_history_observe(stored, feed, NOW - 301, &changed, &error));
  OK(bisik_history_observe(stored, feed, NOW, NULL, &error));
  bisik_history_free(stored);
  bisik_history_free(history);
  /* a trust store goes through its text and trusts as before */
  OK(bisik_trust_text(p->trust, &content, &error));
  OK(bisik_trust_parse(text_of(content), bisik_buffer_length(content), &trust, &error));
  OK(bisik_publication_open(one, NULL, 0, &file, &error));
  OK(bisik_feed_open(bisik_buffer_data(file), bisik_buffer_length(file), trust, NULL, 0, NOW, &again, &error));
  FAILS(BISIK_NOT_A_FEED, bisik_trust_update(trust, (const uint8_t *)"no statement of any kind, but long enough", 41, NOW, &error));
  bisik_feed_free(again);
  bisik_trust_free(trust);
  bisik_buffer_free(content);
  nobody = bisik_trust_new();
  OK(bisik_trust_text(nobody, &content, &error));
  OK(bisik_trust_parse(text_of(content), bisik_buffer_length(content), &trust, &error));
  FAILS(BISIK_UNTRUSTED, bisik_feed_open(bisik_buffer_data(file), bisik_buffer_length(file), trust, NULL, 0, NOW, &again, &error));
  bisik_trust_free(trust);
  bisik_trust_free(nobody);
  bisik_buffer_free(content);
  bisik_buffer_free(file);
  bisik_feed_free(feed);
  bisik_feed_free(fork);
  bisik_publication_free(one);
  bisik_publication_free(two);
}

int main(int argc, char **argv) {
  bisik_error *error;
  party p = party_new("Example Anti-Scam Centre");
  bisik_publication *publication = publish(&p, LISTED, 3, true);
  bisik_feed *feed = feed_of(&p, publication), *again;
  bisik_matcher *matcher = matcher_of(feed);
  bisik_buffer *card;
  const bisik_feed *twice[2];
  CHECK(argc >= 2);

  versions();
  kinds();
  canonical();
  twice[0] = twice[1] = feed;
  FAILS(BISIK_INVALID_ARGUMENT, bisik_matcher_new(twice, 2, NULL, &matcher, &error));
  threads(feed, matcher);
  bisik_feed_free(feed);
  one(matcher);
  many(matcher);
  CHECK(bisik_matcher_feeds(matcher) == 1);
  OK(bisik_matcher_feed(matcher, 0, &again, &error));
  CHECK(bisik_feed_count(again) == 3);
  bisik_feed_free(again);
  FAILS(BISIK_INVALID_ARGUMENT, bisik_matcher_feed(matcher, 1, &again, &error));
  files(&p, publication, argv[1]);
  published(&p);
  remembered(&p);
  OK(bisik_signing_file_card(p.file, &card, &error));
  CHECK(strcmp(text_of(card), text_of(p.card)) == 0);
  bisik_buffer_free(card);
  FAILS(BISIK_ALREADY_EXISTS, bisik_trust_add_card_for(p.trust, text_of(p.card), bisik_buffer_length(p.card),
                                                       BISIK_LITERAL("domains"), &error));
  bisik_matcher_free(matcher);
  bisik_publication_free(publication);
  party_free(&p);
  return 0;
}
