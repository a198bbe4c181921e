/* The life of a feed: deltas, withdrawal and retractions, verdicts. */
#include "check.h"

#define LATER (NOW + 3600)
#define DAY ((uint64_t)86400)

static bisik_feed *opened(const party *p, const bisik_buffer *file, const bisik_secrets *secrets) {
  bisik_error *error;
  bisik_feed *feed;
  OK(bisik_feed_open(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, secrets, 0, LATER, &feed, &error));
  return feed;
}

/* The version of the feed after `previous` with these domains, valid for so many seconds. */
static bisik_publication *version(const party *p, const bisik_feed *previous, const char *const *domains, size_t count, uint64_t valid) {
  bisik_error *error;
  bisik_publish_options *options;
  bisik_publisher *publisher;
  bisik_publication *publication;
  size_t i;
  OK(bisik_publish_options_new(BISIK_LITERAL("domains"), NOW, &options, &error));
  OK(bisik_publish_options_set_validity(options, valid, &error));
  OK(bisik_publisher_new(p->file, options, previous, &publisher, &error));
  for (i = 0; i < count; i++)
    OK(bisik_publisher_add(publisher, BISIK_KIND_DOMAIN, domains[i], strlen(domains[i]), NULL, NULL, &error));
  OK(bisik_publisher_publish(publisher, &publication, &error));
  bisik_publisher_free(publisher);
  bisik_publish_options_free(options);
  return publication;
}

static bisik_delta *delta_of(const party *p, const bisik_publication *publication, const bisik_feed *base) {
  bisik_error *error;
  bisik_buffer *file;
  bisik_delta *delta;
  OK(bisik_publication_delta_open(publication, base, NULL, 0, &file, &error));
  OK(bisik_delta_open(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, NULL, 0, NOW, &delta, &error));
  CHECK(!bisik_delta_sealed(delta));
  bisik_buffer_free(file);
  return delta;
}

/* No cut or flip of a delta is accepted, and none does harm. */
static void broken_deltas(const party *p, const bisik_buffer *file) {
  bisik_delta *delta = NULL;
  size_t length = bisik_buffer_length(file), i;
  uint8_t *copy;
  CHECK((copy = (uint8_t *)malloc(length)) != NULL);
  memcpy(copy, bisik_buffer_data(file), length);
  for (i = 0; i < length; i += i < 4096 ? 1 : 97) {
    uint8_t *cut;
    copy[i] ^= 1;
    CHECK(bisik_delta_open(copy, length, p->trust, NULL, 0, NOW, &delta, NULL) != BISIK_OK && !delta);
    copy[i] ^= 1;
    CHECK((cut = (uint8_t *)malloc(i + 1)) != NULL);
    memcpy(cut, copy, i + 1);
    CHECK(bisik_delta_open(cut, i, p->trust, NULL, 0, NOW, &delta, NULL) != BISIK_OK && !delta);
    free(cut);
  }
  free(copy);
}

static void deltas(const party *p) {
  static const char *const domains[] = {"a.example", "b.example", "c.example", "d.example"};
  bisik_error *error;
  bisik_publication *publications[3];
  bisik_feed *feeds[3], *feed = NULL, *stale;
  bisik_delta *path[2], *other;
  const bisik_delta *missing[2];
  bisik_buffer *file, *sealed;
  bisik_secrets *secrets = bisik_secrets_new();
  bisik_recipients *members = bisik_recipients_new();
  party member = party_new("Member");
  uint8_t one[32], two[32];
  uint64_t position;
  size_t i;
  for (i = 0; i < 3; i++) {
    /* the second one expires before the others */
    publications[i] = version(p, i ? feeds[i - 1] : NULL, domains + i, 2, i == 1 ? 7200 : 7 * DAY);
    feeds[i] = feed_of(p, publications[i]);
  }
  path[0] = delta_of(p, publications[1], feeds[0]);
  path[1] = delta_of(p, publications[2], feeds[1]);
  CHECK(bisik_delta_base(path[0]) == 1 && bisik_delta_version(path[0]) == 2 && bisik_delta_base(path[1]) == 2);

  /* several versions in one go; the result is the unsealed snapshot, byte for byte, and can be matched */
  OK(bisik_delta_apply((const bisik_delta *const *)path, 2, feeds[0], p->trust, 0, NOW + DAY, &feed, &error));
  OK(bisik_publication_open(publications[2], NULL, 0, &file, &error));
  CHECK(bisik_feed_length(feed) == bisik_buffer_length(file));
  CHECK(memcmp(bisik_feed_data(feed), bisik_buffer_data(file), bisik_buffer_length(file)) == 0);
  OK(bisik_feed_digest(feed, &one, &error));
  OK(bisik_feed_digest(feeds[2], &two, &error));
  CHECK(memcmp(one, two, 32) == 0 && bisik_feed_version(feed) == 3);
  bisik_feed_free(feed);
  feed = NULL;

  FAILS(BISIK_EXPIRED, bisik_delta_apply((const bisik_delta *const *)path, 1, feeds[0], p->trust, 0, NOW + DAY, &feed, &error));

  /* one missing, one too many, another order, another's base, nothing at all */
  FAILS(BISIK_SNAPSHOT_NEEDED, bisik_delta_apply((const bisik_delta *const *)path + 1, 1, feeds[0], p->trust, 0, NOW, &feed, &error));
  FAILS(BISIK_BASE_MISMATCH, bisik_delta_apply((const bisik_delta *const *)path, 2, feeds[1], p->trust, 0, NOW, &feed, &error));
  missing[0] = path[1];
  missing[1] = path[0];
  FAILS(BISIK_SNAPSHOT_NEEDED, bisik_delta_apply(missing, 2, feeds[0], p->trust, 0, NOW, &feed, &error));
  missing[0] = path[0];
  missing[1] = NULL;
  CHECK(bisik_delta_apply(missing, 2, feeds[0], p->trust, 0, NOW, &feed, &error) == BISIK_NULL_ARGUMENT);
  CHECK(bisik_error_position(error, &position) && position == 1);
  bisik_error_free(error);
  FAILS(BISIK_INVALID_ARGUMENT, bisik_delta_apply(NULL, 0, feeds[0], p->trust, 0, NOW, &feed, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_delta_apply((const bisik_delta *const *)path, 1, feeds[0], p->trust, 100, NOW, &feed, &error));
  FAILS(BISIK_UNTRUSTED, bisik_delta_apply((const bisik_delta *const *)path, 1, feeds[0], member.trust, 0, NOW, &feed, &error));
  FAILS(BISIK_EXPIRED, bisik_delta_apply((const bisik_delta *const *)path, 2, feeds[0], p->trust, 0, NOW + 8 * DAY, &feed, &error));
  CHECK(!feed);

  /* a fork: another feed with the number of the base */
  {
    bisik_publication *fork = version(p, feeds[0], domains + 3, 1, DAY), *next;
    bisik_feed *forked = feed_of(p, fork);
    FAILS(BISIK_EQUIVOCATION, bisik_delta_apply((const bisik_delta *const *)path + 1, 1, forked, p->trust, 0, NOW, &feed, &error));
    FAILS(BISIK_BASE_MISMATCH, bisik_publication_delta_open(publications[0], feeds[1], NULL, 0, &sealed, &error));
    next = version(p, forked, domains, 4, DAY);
    other = delta_of(p, next, forked);
    FAILS(BISIK_EQUIVOCATION, bisik_delta_apply((const bisik_delta *const *)&other, 1, feeds[1], p->trust, 0, NOW, &feed, &error));
    bisik_delta_free(other);
    bisik_publication_free(next);
    bisik_publication_free(fork);
    bisik_feed_free(forked);
  }

  /* the base may have expired; what is opened as stale is matched by nobody */
  bisik_buffer_free(file);
  OK(bisik_publication_open(publications[0], NULL, 0, &file, &error));
  FAILS(BISIK_EXPIRED, bisik_feed_open(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, NULL, 0, NOW + 8 * DAY, &stale, &error));
  OK(bisik_feed_open_stale(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, NULL, 0, NOW + 8 * DAY, &stale, &error));
  FAILS(BISIK_UNTRUSTED, bisik_feed_open_stale(bisik_buffer_data(file), bisik_buffer_length(file), member.trust, NULL, 0, NOW, &feed, &error));
  OK(bisik_delta_apply((const bisik_delta *const *)path, 1, stale, p->trust, 0, NOW, &feed, &error));
  bisik_feed_free(feed);
  {
    bisik_matcher *matcher = matcher_of(stale);
    size_t hits;
    FAILS(BISIK_EXPIRED, bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("a.example"), NULL, NOW + 8 * DAY, NULL, 0, &hits, &error));
    bisik_matcher_free(matcher);
  }
  bisik_feed_free(stale);
  OK(bisik_feed_open_own(bisik_buffer_data(file), bisik_buffer_length(file), p->file, NULL, 0, NOW + 8 * DAY, &stale, &error));
  bisik_feed_free(stale);
  FAILS(BISIK_UNTRUSTED, bisik_feed_open_own(bisik_buffer_data(file), bisik_buffer_length(file), member.file, NULL, 0, NOW, &stale, &error));

  /* sealed, as the feed is */
  OK(bisik_recipients_add_card(members, text_of(member.card), bisik_buffer_length(member.card), &error));
  OK(bisik_secrets_add(secrets, text_of(member.identity), bisik_buffer_length(member.identity), &error));
  OK(bisik_publication_delta_seal(publications[1], feeds[0], members, &sealed, &error));
  FAILS(BISIK_SEALED, bisik_delta_open(bisik_buffer_data(sealed), bisik_buffer_length(sealed), p->trust, NULL, 0, NOW, &other, &error));
  FAILS(BISIK_UNTRUSTED, bisik_delta_open(bisik_buffer_data(sealed), bisik_buffer_length(sealed), member.trust, secrets, 0, NOW, &other, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_delta_open(bisik_buffer_data(sealed), bisik_buffer_length(sealed), p->trust, secrets, 100, NOW, &other, &error));
  OK(bisik_delta_open(bisik_buffer_data(sealed), bisik_buffer_length(sealed), p->trust, secrets, 0, NOW, &other, &error));
  CHECK(bisik_delta_sealed(other) && bisik_delta_version(other) == 2);
  OK(bisik_delta_apply((const bisik_delta *const *)&other, 1, feeds[0], p->trust, 0, NOW, &feed, &error));
  bisik_feed_free(feed);
  bisik_delta_free(other);
  bisik_buffer_free(sealed);
  FAILS(BISIK_NOT_A_FEED, bisik_delta_open(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, NULL, 0, NOW, &other, &error));
  bisik_buffer_free(file);
  OK(bisik_publication_delta_open(publications[1], feeds[0], NULL, 0, &file, &error));
  broken_deltas(p, file);
  bisik_buffer_free(file);

  for (i = 0; i < 2; i++) bisik_delta_free(path[i]);
  for (i = 0; i < 3; i++) {
    bisik_feed_free(feeds[i]);
    bisik_publication_free(publications[i]);
  }
  bisik_secrets_free(secrets);
  bisik_recipients_free(members);
  party_free(&member);
}

/* Whether a remembered hit is in a list, and the retraction. */
static bool told(const bisik_retraction_list *list, const bisik_remembered *remembered, bisik_retraction *retraction) {
  bisik_error *error;
  bool found = false;
  OK(bisik_retraction_list_find(list, remembered, &found, retraction, &error));
  return found;
}

static void withdrawal(const party *p) {
  static const char *const domains[] = {"shop.example", "other.example", "third.example"};
  bisik_error *error;
  bisik_publication *first = publish(p, domains, 3, true), *second, *third;
  bisik_feed *feed = feed_of(p, first), *next;
  bisik_matcher *matcher = matcher_of(feed);
  bisik_report *report;
  bisik_remembered *kept[2], *parsed;
  bisik_buffer *line, *file;
  bisik_publish_options *options;
  bisik_revision *revision;
  bisik_retraction_list *list;
  bisik_retraction retraction, entry;
  bisik_hit hit;
  bisik_claim *claim = bisik_claim_new();
  size_t count;
  uint64_t number = 0;
  uint32_t epoch = 0;

  /* a member acts on a hit, and keeps its id: from a report, and from a plain hit */
  OK(bisik_matcher_check_report(matcher, BISIK_KIND_URL, BISIK_LITERAL("http://www.shop.example/pay"), NULL, NOW, &report, &error));
  OK(bisik_report_remember(report, 0, NOW, &kept[0], &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_report_remember(report, 1, NOW, &parsed, &error));
  bisik_report_free(report);
  OK(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("third.example"), NULL, NOW, &hit, 1, &count, &error));
  OK(bisik_remembered_new(feed, &hit, NOW, &kept[1], &error));
  OK(bisik_remembered_line(kept[0], &line, &error));
  CHECK(strstr(text_of(line), "\"feed\":\"domains\"") && !strstr(text_of(line), "example") && !strchr(text_of(line), '\n'));
  OK(bisik_remembered_parse(text_of(line), bisik_buffer_length(line), &parsed, &error));
  bisik_remembered_free(kept[0]);
  kept[0] = parsed;
  FAILS(BISIK_BAD_MANIFEST, bisik_remembered_parse(text_of(line), bisik_buffer_length(line) - 1, &parsed, &error));
  bisik_buffer_free(line);

  /* the publisher takes it out, without its list */
  OK(bisik_publish_options_following(feed, LATER, &options, &error));
  OK(bisik_publish_options_set_at_least(options, 7, 1, &error));
  OK(bisik_revision_new(p->file, options, feed, &revision, &error));
  OK(bisik_revision_place(revision, &number, &epoch, &error));
  CHECK(number == 7 && epoch == 1);
  FAILS(BISIK_NOT_LISTED, bisik_revision_withdraw(revision, BISIK_KIND_DOMAIN, BISIK_LITERAL("unknown.example"), NULL,
                                                  BISIK_RETRACTION_ERROR, &error));
  FAILS(BISIK_INVALID_ARGUMENT,
        bisik_revision_withdraw(revision, BISIK_KIND_DOMAIN, BISIK_LITERAL("shop.example"), NULL, 5, &error));
  FAILS(BISIK_INVALID_ARGUMENT,
        bisik_revision_withdraw(revision, BISIK_KIND_DOMAIN, BISIK_LITERAL("shop.example"), NULL, 256 + 2, &error));
  CHECK(bisik_revision_withdrawals(revision) == 0);
  OK(bisik_revision_withdraw(revision, BISIK_KIND_DOMAIN, BISIK_LITERAL("SHOP.example"), NULL, BISIK_RETRACTION_CLEARED, &error));
  CHECK(bisik_revision_withdrawals(revision) == 1);
  FAILS(BISIK_GUARDED, bisik_revision_add(revision, BISIK_KIND_DOMAIN, BISIK_LITERAL("google.com"), NULL, NULL, &error));
  OK(bisik_claim_set_text(claim, BISIK_CLAIM_CATEGORY, BISIK_LITERAL("parcel"), &error));
  OK(bisik_revision_add(revision, BISIK_KIND_DOMAIN, BISIK_LITERAL("fourth.example"), NULL, claim, &error));
  bisik_feed_free(feed); /* the revision has it too */
  OK(bisik_revision_publish(revision, &second, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_revision_publish(revision, &third, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_revision_place(revision, &number, &epoch, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_revision_withdraw(revision, BISIK_KIND_DOMAIN, BISIK_LITERAL("third.example"), NULL,
                                                      BISIK_RETRACTION_OTHER, &error));
  CHECK(bisik_revision_withdrawals(revision) == 0);
  bisik_revision_free(revision);
  bisik_publish_options_free(options);

  /* the member learns it of the next version, and nothing of what still stands */
  OK(bisik_publication_open(second, NULL, 0, &file, &error));
  next = opened(p, file, NULL);
  bisik_buffer_free(file);
  CHECK(bisik_feed_version(next) == 7 && bisik_feed_count(next) == 3);
  OK(bisik_retraction_list_of(next, &list, &error));
  CHECK(bisik_retraction_list_count(list) == 1 && bisik_retraction_list_version(list) == 7);
  CHECK(told(list, kept[0], &retraction) && !told(list, kept[1], &retraction));
  CHECK(told(list, kept[0], NULL));
  CHECK(retraction.reason == BISIK_RETRACTION_CLEARED && strcmp(bisik_retraction_reason_name(retraction.reason), "cleared") == 0);
  CHECK(retraction.withdrawn == NOW - NOW % DAY && retraction.until > NOW + 30 * DAY && retraction.epoch == 1);
  OK(bisik_retraction_list_entry(list, 0, &entry, &error));
  CHECK(memcmp(entry.hit_id, retraction.hit_id, 16) == 0 && entry.until == retraction.until);
  FAILS(BISIK_INVALID_ARGUMENT, bisik_retraction_list_entry(list, 1, &entry, &error));
  bisik_retraction_list_free(list);
  bisik_matcher_free(matcher);
  matcher = matcher_of(next);
  OK(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("shop.example"), NULL, LATER, NULL, 0, &count, &error));
  CHECK(count == 0);
  OK(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, BISIK_LITERAL("fourth.example"), NULL, LATER, NULL, 0, &count, &error));
  CHECK(count == 1);
  bisik_matcher_free(matcher);

  /* the same as a file of its own, for those who cannot open the feed */
  OK(bisik_publication_retraction_list(second, &file, &error));
  OK(bisik_retraction_list_read(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, LATER, &list, &error));
  CHECK(told(list, kept[0], &retraction) && retraction.reason == BISIK_RETRACTION_CLEARED);
  bisik_retraction_list_free(list);
  FAILS(BISIK_NOT_YET_VALID, bisik_retraction_list_read(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, NOW, &list, &error));
  {
    uint8_t *copy;
    size_t length = bisik_buffer_length(file), i;
    party stranger = party_new("Stranger");
    FAILS(BISIK_UNTRUSTED, bisik_retraction_list_read(bisik_buffer_data(file), length, stranger.trust, LATER, &list, &error));
    party_free(&stranger);
    CHECK((copy = (uint8_t *)malloc(length)) != NULL);
    memcpy(copy, bisik_buffer_data(file), length);
    list = NULL;
    for (i = 0; i < length; i++) {
      copy[i] ^= 1;
      CHECK(bisik_retraction_list_read(copy, length, p->trust, LATER, &list, NULL) != BISIK_OK && !list);
      copy[i] ^= 1;
      CHECK(bisik_retraction_list_read(copy, i, p->trust, LATER, &list, NULL) != BISIK_OK && !list);
    }
    free(copy);
  }
  bisik_buffer_free(file);

  /* what was published first may come from a filter or go to a new epoch: neither can be taken apart */
  OK(bisik_publish_options_following(next, LATER, &options, &error));
  OK(bisik_publish_options_set_new_epoch(options, true, &error));
  FAILS(BISIK_COMBINATION_NOT_ALLOWED, bisik_revision_new(p->file, options, next, &revision, &error));
  bisik_publish_options_free(options);
  OK(bisik_publish_options_following(next, NOW, &options, &error));
  FAILS(BISIK_CLOCK_WENT_BACK, bisik_revision_new(p->file, options, next, &revision, &error));
  bisik_publish_options_free(options);
  /* a revision that is never published */
  OK(bisik_publish_options_following(next, LATER, &options, &error));
  OK(bisik_revision_new(p->file, options, next, &revision, &error));
  OK(bisik_revision_withdraw(revision, BISIK_KIND_DOMAIN, BISIK_LITERAL("third.example"), NULL, BISIK_RETRACTION_ORDER, &error));
  bisik_feed_free(next);
  bisik_publish_options_free(options);
  bisik_revision_free(revision);

  bisik_claim_free(claim);
  bisik_remembered_free(kept[0]);
  bisik_remembered_free(kept[1]);
  bisik_publication_free(first);
  bisik_publication_free(second);
}

/* The verdict on one input. */
static bisik_verdict *decided(const bisik_report *report, uint64_t index, const char *policy) {
  bisik_error *error;
  bisik_policy *rules;
  bisik_verdict *verdict;
  OK(bisik_policy_parse(policy, strlen(policy), &rules, &error));
  OK(bisik_report_decide(report, index, rules, NOW, &verdict, &error));
  bisik_policy_free(rules);
  return verdict;
}

static bool gives(const bisik_verdict *verdict, const char *reason) {
  size_t i;
  for (i = 0; i < bisik_verdict_reasons(verdict); i++) {
    CHECK(bisik_verdict_because(verdict, i)[0] != '\0');
    if (strcmp(bisik_verdict_reason(verdict, i), reason) == 0) return true;
  }
  CHECK(bisik_verdict_reason(verdict, i) == NULL && bisik_verdict_because(verdict, i) == NULL);
  return false;
}

static void verdicts(const party *p) {
  /*                       0 both          1 clean        2 one          3 no domain */
  static const uint8_t data[] = "both.example" "clean.example" "one.example" "a b" "both.example";
  static const int64_t offsets[] = {0, 12, 25, 36, 39, 51};
  static const bisik_kind kinds[] = {BISIK_KIND_DOMAIN, BISIK_KIND_DOMAIN, BISIK_KIND_DOMAIN, BISIK_KIND_DOMAIN, BISIK_KIND_HANDLE};
  static const char *const listed[] = {"both.example", "one.example"};
  bisik_error *error;
  party other = party_new("Other Centre");
  bisik_publication *publications[2];
  bisik_feed *feeds[2];
  bisik_matcher *matcher;
  bisik_report *report;
  bisik_policy *policy;
  bisik_verdict *verdict;
  uint64_t position;
  publications[0] = publish(p, listed, 2, true);
  publications[1] = publish(&other, listed, 1, true);
  feeds[0] = feed_of(p, publications[0]);
  feeds[1] = feed_of(&other, publications[1]);
  OK(bisik_matcher_new((const bisik_feed *const *)feeds, 2, NULL, &matcher, &error));
  OK(bisik_matcher_match_report(matcher, BISIK_KIND_DOMAIN, data, 39, offsets, 4, NULL, NOW, &report, &error));
  /* the report has what it needs of them */
  bisik_matcher_free(matcher);
  bisik_feed_free(feeds[0]);
  bisik_feed_free(feeds[1]);

  verdict = decided(report, 0, "");
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_ACT && bisik_verdict_reasons(verdict) == 1);
  CHECK(strcmp(bisik_verdict_reason(verdict, 0), "counted") == 0);
  CHECK(strcmp(bisik_verdict_because(verdict, 0), "2 publishers of weight 2 count") == 0);
  bisik_verdict_free(verdict);
  verdict = decided(report, 2, "");
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_REVIEW && gives(verdict, "too-few-publishers") && !gives(verdict, "too-old"));
  CHECK(strcmp(bisik_verdict_because(verdict, 1), "1 of 2 publishers") == 0);
  bisik_verdict_free(verdict);
  /* claims count: 90 of confidence, and no time */
  verdict = decided(report, 0, "[domain]\nmin_confidence = 91\n");
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_REVIEW && gives(verdict, "low-confidence"));
  bisik_verdict_free(verdict);
  verdict = decided(report, 2, "min_publishers = 1\nmin_confidence = 90\n[phone]\nmin_publishers = 9\n");
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_ACT);
  bisik_verdict_free(verdict);
  verdict = decided(report, 2, "min_publishers = 1\nmax_age = 90d\n");
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_REVIEW && gives(verdict, "unknown-age"));
  bisik_verdict_free(verdict);

  /* inputs without a hit, and beyond the batch */
  OK(bisik_policy_parse(NULL, 0, &policy, &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_report_decide(report, 1, policy, NOW, &verdict, &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_report_decide(report, 3, policy, NOW, &verdict, &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_report_decide(report, 4, policy, NOW, &verdict, &error));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_report_decide(report, UINT64_MAX, policy, NOW, &verdict, &error));
  bisik_policy_free(policy);
  bisik_report_free(report);
  CHECK(bisik_policy_parse(BISIK_LITERAL("min_publishers = 1\nmin_publisher = 2\n"), &policy, &error) == BISIK_BAD_POLICY);
  CHECK(bisik_error_position(error, &position) && position == 2);
  bisik_error_free(error);

  /* a batch of different kinds, and a single check: each by the rule of its own kind */
  feeds[0] = feed_of(p, publications[0]);
  matcher = matcher_of(feeds[0]);
  OK(bisik_matcher_match_mixed_report(matcher, kinds, data, 51, offsets, 5, NULL, NOW, &report, &error));
  verdict = decided(report, 2, "min_publishers = 9\n[domain]\nmin_publishers = 1\n");
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_ACT);
  bisik_verdict_free(verdict);
  bisik_report_free(report);
  OK(bisik_matcher_check_report(matcher, BISIK_KIND_EMAIL, BISIK_LITERAL("desk@one.example"), NULL, NOW, &report, &error));
  verdict = decided(report, 0, "[domain]\nmin_publishers = 1\n");
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_REVIEW);
  bisik_verdict_free(verdict);
  verdict = decided(report, 0, "[email]\nmin_publishers = 1\n");
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_ACT);
  bisik_verdict_free(verdict);
  bisik_report_free(report);
  bisik_matcher_free(matcher);
  bisik_feed_free(feeds[0]);
  bisik_publication_free(publications[0]);
  bisik_publication_free(publications[1]);
  party_free(&other);
}

int main(void) {
  party p = party_new("Example Anti-Scam Centre");
  deltas(&p);
  withdrawal(&p);
  verdicts(&p);
  party_free(&p);
  return 0;
}
