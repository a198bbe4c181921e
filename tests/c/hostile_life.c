/* As hostile.c: the functions of a feed's life with NULL, zero and impossible lengths. */
#include "check.h"

#define NOTHING(call) FAILS(BISIK_NULL_ARGUMENT, call)
#define WRONG(call) FAILS(BISIK_INVALID_ARGUMENT, call)

/* lengths that no array has; the array behind them has one byte */
static const size_t IMPOSSIBLE[] = {SIZE_MAX, SIZE_MAX - 1, (SIZE_MAX >> 1) + 1};

static void nothing_given(const party *p, const bisik_feed *feed, const bisik_publication *publication, const bisik_report *report) {
  bisik_error *error;
  bisik_buffer *buffer = NULL;
  bisik_feed *other = NULL;
  bisik_delta *delta = NULL;
  bisik_policy *policy = NULL, *empty;
  bisik_verdict *verdict = NULL;
  bisik_revision *revision = NULL, *begun;
  bisik_publication *published = NULL;
  bisik_publisher *publisher;
  bisik_publish_options *options = NULL, *following;
  bisik_remembered *remembered = NULL, *kept;
  bisik_retraction_list *list = NULL, *none;
  bisik_retraction retraction;
  bisik_hit hit;
  bool found = true;
  uint64_t version = 5;
  uint32_t epoch = 5;

  CHECK(bisik_feed_data(NULL) == NULL && bisik_feed_length(NULL) == 0);
  CHECK(bisik_delta_base(NULL) == 0 && bisik_delta_version(NULL) == 0 && !bisik_delta_sealed(NULL));
  CHECK(bisik_revision_withdrawals(NULL) == 0);
  CHECK(bisik_verdict_action(NULL) == BISIK_ACTION_REVIEW && bisik_verdict_reasons(NULL) == 0);
  CHECK(bisik_verdict_reason(NULL, 0) == NULL && bisik_verdict_because(NULL, SIZE_MAX) == NULL);
  CHECK(bisik_retraction_list_count(NULL) == 0 && bisik_retraction_list_version(NULL) == 0);
  CHECK(bisik_retraction_reason_name(0) == NULL && bisik_retraction_reason_name(UINT32_MAX) == NULL);
  CHECK(bisik_retraction_reason_name(256 + BISIK_RETRACTION_ERROR) == NULL);
  bisik_delta_free(NULL);
  bisik_policy_free(NULL);
  bisik_verdict_free(NULL);
  bisik_revision_free(NULL);
  bisik_remembered_free(NULL);
  bisik_retraction_list_free(NULL);

  NOTHING(bisik_feed_open_stale(NULL, 1, p->trust, NULL, 0, NOW, &other, &error));
  NOTHING(bisik_feed_open_stale(NULL, 0, NULL, NULL, 0, NOW, &other, &error));
  NOTHING(bisik_feed_open_stale(NULL, 0, p->trust, NULL, 0, NOW, NULL, &error));
  FAILS(BISIK_NOT_A_FEED, bisik_feed_open_stale(NULL, 0, p->trust, NULL, 0, NOW, &other, &error));
  NOTHING(bisik_feed_open_own(NULL, 1, p->file, NULL, 0, NOW, &other, &error));
  NOTHING(bisik_feed_open_own(NULL, 0, NULL, NULL, 0, NOW, &other, &error));
  NOTHING(bisik_feed_open_own(NULL, 0, p->file, NULL, 0, NOW, NULL, &error));
  FAILS(BISIK_NOT_A_FEED, bisik_feed_open_own(NULL, 0, p->file, NULL, 0, NOW, &other, &error));
  NOTHING(bisik_delta_open(NULL, 1, p->trust, NULL, 0, NOW, &delta, &error));
  NOTHING(bisik_delta_open(NULL, 0, NULL, NULL, 0, NOW, &delta, &error));
  NOTHING(bisik_delta_open(NULL, 0, p->trust, NULL, 0, NOW, NULL, &error));
  FAILS(BISIK_NOT_A_FEED, bisik_delta_open(NULL, 0, p->trust, NULL, 0, NOW, &delta, &error));
  NOTHING(bisik_delta_apply(NULL, 1, feed, p->trust, 0, NOW, &other, &error));
  NOTHING(bisik_delta_apply(NULL, 0, NULL, p->trust, 0, NOW, &other, &error));
  NOTHING(bisik_delta_apply(NULL, 0, feed, NULL, 0, NOW, &other, &error));
  NOTHING(bisik_delta_apply(NULL, 0, feed, p->trust, 0, NOW, NULL, &error));
  WRONG(bisik_delta_apply(NULL, 0, feed, p->trust, 0, NOW, &other, &error));
  NOTHING(bisik_publication_delta_open(NULL, feed, NULL, 0, &buffer, &error));
  NOTHING(bisik_publication_delta_open(publication, NULL, NULL, 0, &buffer, &error));
  NOTHING(bisik_publication_delta_open(publication, feed, NULL, 1, &buffer, &error));
  NOTHING(bisik_publication_delta_open(publication, feed, NULL, 0, NULL, &error));
  NOTHING(bisik_publication_delta_seal(NULL, feed, NULL, &buffer, &error));
  NOTHING(bisik_publication_delta_seal(publication, NULL, NULL, &buffer, &error));
  NOTHING(bisik_publication_delta_seal(publication, feed, NULL, NULL, &error));

  NOTHING(bisik_policy_parse(NULL, 1, &policy, &error));
  NOTHING(bisik_policy_parse(NULL, 0, NULL, &error));
  OK(bisik_policy_parse(NULL, 0, &empty, &error));
  NOTHING(bisik_report_decide(NULL, 0, empty, NOW, &verdict, &error));
  NOTHING(bisik_report_decide(report, 0, NULL, NOW, &verdict, &error));
  NOTHING(bisik_report_decide(report, 0, empty, NOW, NULL, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_report_decide(report, 0, empty, UINT64_MAX, &verdict, &error));
  bisik_policy_free(empty);

  NOTHING(bisik_publish_options_following(NULL, NOW, &options, &error));
  NOTHING(bisik_publish_options_following(feed, NOW, NULL, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_publish_options_following(feed, UINT64_MAX, &options, &error));
  NOTHING(bisik_publish_options_set_at_least(NULL, 1, 1, &error));
  OK(bisik_publish_options_following(feed, NOW, &following, &error));
  NOTHING(bisik_publisher_place(NULL, &version, &epoch, &error));
  OK(bisik_publisher_new(p->file, following, feed, &publisher, &error));
  NOTHING(bisik_publisher_place(publisher, NULL, &epoch, &error));
  NOTHING(bisik_publisher_place(publisher, &version, NULL, &error));
  CHECK(version == 5 && epoch == 5);
  OK(bisik_publisher_place(publisher, &version, &epoch, &error));
  CHECK(version == 2 && epoch == 1);
  OK(bisik_publisher_publish(publisher, &published, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_publisher_place(publisher, &version, &epoch, &error));
  bisik_publication_free(published);
  published = NULL;
  bisik_publisher_free(publisher);
  NOTHING(bisik_revision_new(NULL, following, feed, &revision, &error));
  NOTHING(bisik_revision_new(p->file, NULL, feed, &revision, &error));
  NOTHING(bisik_revision_new(p->file, following, NULL, &revision, &error));
  NOTHING(bisik_revision_new(p->file, following, feed, NULL, &error));
  OK(bisik_revision_new(p->file, following, feed, &begun, &error));
  NOTHING(bisik_revision_withdraw(NULL, BISIK_KIND_DOMAIN, BISIK_LITERAL("a"), NULL, BISIK_RETRACTION_ERROR, &error));
  NOTHING(bisik_revision_withdraw(begun, BISIK_KIND_DOMAIN, NULL, 1, NULL, BISIK_RETRACTION_ERROR, &error));
  FAILS(BISIK_EMPTY, bisik_revision_withdraw(begun, BISIK_KIND_DOMAIN, NULL, 0, NULL, BISIK_RETRACTION_ERROR, &error));
  FAILS(BISIK_UNKNOWN_KIND, bisik_revision_withdraw(begun, 0, BISIK_LITERAL("a"), NULL, BISIK_RETRACTION_ERROR, &error));
  WRONG(bisik_revision_withdraw(begun, BISIK_KIND_DOMAIN, BISIK_LITERAL("listed.example"), NULL, UINT32_MAX, &error));
  NOTHING(bisik_revision_add(NULL, BISIK_KIND_DOMAIN, BISIK_LITERAL("a"), NULL, NULL, &error));
  NOTHING(bisik_revision_add(begun, BISIK_KIND_DOMAIN, NULL, 1, NULL, NULL, &error));
  FAILS(BISIK_EMPTY, bisik_revision_add(begun, BISIK_KIND_DOMAIN, NULL, 0, NULL, NULL, &error));
  FAILS(BISIK_UNKNOWN_KIND, bisik_revision_add(begun, UINT32_MAX, BISIK_LITERAL("a"), NULL, NULL, &error));
  NOTHING(bisik_revision_place(NULL, &version, &epoch, &error));
  NOTHING(bisik_revision_place(begun, NULL, &epoch, &error));
  NOTHING(bisik_revision_place(begun, &version, NULL, &error));
  NOTHING(bisik_revision_publish(NULL, &published, &error));
  NOTHING(bisik_revision_publish(begun, NULL, &error)); /* which does not use it up */
  OK(bisik_revision_publish(begun, &published, &error));
  bisik_publication_free(published);
  published = NULL;
  bisik_revision_free(begun);
  /* a number above all numbers is refused, and nothing is signed under a smaller one */
  OK(bisik_publish_options_set_at_least(following, UINT64_MAX, UINT32_MAX, &error));
  FAILS(BISIK_PREVIOUS_MISMATCH, bisik_revision_new(p->file, following, feed, &revision, &error));
  bisik_publish_options_free(following);

  OK(bisik_report_hit(report, 0, &hit, &error));
  NOTHING(bisik_report_remember(NULL, 0, NOW, &remembered, &error));
  NOTHING(bisik_report_remember(report, 0, NOW, NULL, &error));
  WRONG(bisik_report_remember(report, SIZE_MAX, NOW, &remembered, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_report_remember(report, 0, UINT64_MAX, &remembered, &error));
  NOTHING(bisik_remembered_new(NULL, &hit, NOW, &remembered, &error));
  NOTHING(bisik_remembered_new(feed, NULL, NOW, &remembered, &error));
  NOTHING(bisik_remembered_new(feed, &hit, NOW, NULL, &error));
  NOTHING(bisik_remembered_parse(NULL, 1, &remembered, &error));
  NOTHING(bisik_remembered_parse(NULL, 0, NULL, &error));
  FAILS(BISIK_BAD_MANIFEST, bisik_remembered_parse(NULL, 0, &remembered, &error));
  NOTHING(bisik_remembered_line(NULL, &buffer, &error));
  OK(bisik_remembered_new(feed, &hit, NOW, &kept, &error));
  NOTHING(bisik_remembered_line(kept, NULL, &error));
  NOTHING(bisik_retraction_list_of(NULL, &list, &error));
  NOTHING(bisik_retraction_list_of(feed, NULL, &error));
  OK(bisik_retraction_list_of(feed, &none, &error));
  CHECK(bisik_retraction_list_count(none) == 0 && bisik_retraction_list_version(none) == 1);
  NOTHING(bisik_retraction_list_read(NULL, 1, p->trust, NOW, &list, &error));
  NOTHING(bisik_retraction_list_read(NULL, 0, NULL, NOW, &list, &error));
  NOTHING(bisik_retraction_list_read(NULL, 0, p->trust, NOW, NULL, &error));
  FAILS(BISIK_TRUNCATED, bisik_retraction_list_read(NULL, 0, p->trust, NOW, &list, &error));
  NOTHING(bisik_retraction_list_entry(NULL, 0, &retraction, &error));
  NOTHING(bisik_retraction_list_entry(none, 0, NULL, &error));
  WRONG(bisik_retraction_list_entry(none, SIZE_MAX, &retraction, &error));
  NOTHING(bisik_retraction_list_find(NULL, kept, &found, NULL, &error));
  NOTHING(bisik_retraction_list_find(none, NULL, &found, NULL, &error));
  NOTHING(bisik_retraction_list_find(none, kept, NULL, &retraction, &error));
  CHECK(found);
  OK(bisik_retraction_list_find(none, kept, &found, NULL, &error));
  CHECK(!found);
  bisik_retraction_list_free(none);
  bisik_remembered_free(kept);
  NOTHING(bisik_publication_retraction_list(NULL, &buffer, &error));
  NOTHING(bisik_publication_retraction_list(publication, NULL, &error));

  /* nothing was written by any of them */
  CHECK(!buffer && !other && !delta && !policy && !verdict && !revision && !published && !options && !remembered && !list);
}

static void impossible_lengths(const party *p, const bisik_feed *feed, const bisik_publication *publication, size_t length) {
  bisik_error *error;
  const uint8_t *byte = (const uint8_t *)"a";
  const bisik_delta *no_delta = NULL;
  const bisik_kind kind = BISIK_KIND_DOMAIN;
  bisik_buffer *buffer;
  bisik_feed *other;
  bisik_delta *delta;
  bisik_policy *policy;
  bisik_publish_options *options;
  bisik_revision *revision;
  bisik_remembered *remembered;
  bisik_retraction_list *list;
  WRONG(bisik_feed_open_stale(byte, length, p->trust, NULL, 0, NOW, &other, &error));
  WRONG(bisik_feed_open_own(byte, length, p->file, NULL, 0, NOW, &other, &error));
  WRONG(bisik_delta_open(byte, length, p->trust, NULL, 0, NOW, &delta, &error));
  WRONG(bisik_delta_apply(&no_delta, length, feed, p->trust, 0, NOW, &other, &error));
  WRONG(bisik_publication_delta_open(publication, feed, &kind, length, &buffer, &error));
  WRONG(bisik_policy_parse("a", length, &policy, &error));
  WRONG(bisik_remembered_parse("a", length, &remembered, &error));
  WRONG(bisik_retraction_list_read(byte, length, p->trust, NOW, &list, &error));
  OK(bisik_publish_options_following(feed, NOW, &options, &error));
  OK(bisik_revision_new(p->file, options, feed, &revision, &error));
  WRONG(bisik_revision_withdraw(revision, BISIK_KIND_DOMAIN, "a", length, NULL, BISIK_RETRACTION_ERROR, &error));
  WRONG(bisik_revision_add(revision, BISIK_KIND_DOMAIN, "a", length, NULL, NULL, &error));
  bisik_revision_free(revision);
  bisik_publish_options_free(options);
}

int main(void) {
  static const char *const domains[] = {"listed.example"};
  party p = party_new("Centre");
  bisik_error *error;
  bisik_publication *publication = publish(&p, domains, 1, true);
  bisik_feed *feed = feed_of(&p, publication);
  bisik_matcher *matcher = matcher_of(feed);
  bisik_report *report;
  size_t i;
  OK(bisik_matcher_check_report(matcher, BISIK_KIND_DOMAIN, domains[0], strlen(domains[0]), NULL, NOW, &report, &error));
  nothing_given(&p, feed, publication, report);
  for (i = 0; i < sizeof IMPOSSIBLE / sizeof *IMPOSSIBLE; i++) impossible_lengths(&p, feed, publication, IMPOSSIBLE[i]);
  bisik_report_free(report);
  bisik_matcher_free(matcher);
  bisik_feed_free(feed);
  bisik_publication_free(publication);
  party_free(&p);
  return 0;
}
