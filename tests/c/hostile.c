/* Every function with NULL, zero and impossible lengths. `cargo xtask c-tests` checks that each function of the header is
 * named here, in hostile_life.c or in hostile_desk.c. */
#include "check.h"

#define NOTHING(call) FAILS(BISIK_NULL_ARGUMENT, call)
#define WRONG(call) FAILS(BISIK_INVALID_ARGUMENT, call)

/* lengths that no array has; the array behind them has one byte */
static const size_t IMPOSSIBLE[] = {SIZE_MAX, SIZE_MAX - 1, (SIZE_MAX >> 1) + 1};

static void nothing_given(void) {
  bisik_error *error;
  bisik_hit hit;
  size_t count;
  bisik_kind kind;
  bisik_status reason;
  uint64_t index = 5;
  uint8_t digest[32];
  bisik_buffer *buffer;
  bisik_parse_options *options = bisik_parse_options_new();
  bisik_secrets *secrets = bisik_secrets_new();
  bisik_recipients *recipients = bisik_recipients_new();
  bisik_guard *guard = bisik_guard_new();
  bisik_claim *claim = bisik_claim_new();
  bisik_publish_options *publish_options = NULL;
  bisik_trust *trust = bisik_trust_new();
  bisik_signing_file *file = NULL;
  bisik_publisher *publisher = NULL;
  bisik_publication *publication = NULL;
  bisik_feed *feed = NULL;
  bisik_report *report = NULL;
  bisik_matcher *matcher = NULL;
  bisik_live *live = NULL;
  bisik_prepared *prepared = NULL;
  bisik_oprf_key *key = NULL;
  bisik_oprf_server *server = NULL;
  bisik_blind_request *request = NULL;
  bisik_history *history = NULL;
  bisik_store *store = NULL;
  bisik_store_matcher *store_matcher = NULL;
  bisik_clients *clients = bisik_clients_new();
  bisik_budget budget = bisik_budget_default();
  bisik_account account = {0, 0, 0};
  struct ArrowArray array;
  struct ArrowSchema schema;

  /* NULL is no handle: accessors answer with nothing, frees do nothing */
  CHECK(bisik_error_status(NULL) == BISIK_NULL_ARGUMENT);
  CHECK(bisik_error_message(NULL) == NULL);
  CHECK(!bisik_error_position(NULL, &index) && index == 5 && !bisik_error_position(NULL, NULL));
  CHECK(bisik_status_name(1) == NULL && bisik_status_summary(-1) == NULL && bisik_status_advice(INT32_MAX) == NULL);
  CHECK(bisik_status_name(BISIK_OK) && bisik_status_summary(BISIK_PANIC) && bisik_status_advice(BISIK_PANIC));
  CHECK(bisik_buffer_data(NULL) == NULL && bisik_buffer_length(NULL) == 0);
  CHECK(bisik_claim_text(NULL, BISIK_CLAIM_NOTE) == NULL && bisik_claim_text(claim, 99) == NULL);
  CHECK(!bisik_claim_number(NULL, BISIK_CLAIM_EXPIRES, &index) && !bisik_claim_number(claim, 99, NULL) && index == 5);
  CHECK(bisik_publisher_added(NULL) == 0 && bisik_publication_merged(NULL) == 0);
  CHECK(bisik_publication_enumerable(NULL, SIZE_MAX) == 0);
  CHECK(bisik_feed_version(NULL) == 0 && bisik_feed_count(NULL) == 0 && bisik_feed_expires(NULL) == 0);
  CHECK(bisik_report_hits(NULL) == 0 && bisik_report_rejections(NULL) == 0);
  CHECK(bisik_report_expression(NULL, 0) == NULL && bisik_report_claim(NULL, SIZE_MAX) == NULL);
  CHECK(bisik_matched_name(UINT32_MAX) == NULL && bisik_matcher_feeds(NULL) == 0);
  CHECK(bisik_kind_at(SIZE_MAX) == 0 && bisik_kind_count() > 0 && bisik_kind_description(0) == NULL);
  CHECK(bisik_kind_name(0) == NULL && bisik_kind_form_version(UINT32_MAX) == 0 && !bisik_kind_is_enumerable(0));
  CHECK(bisik_version() && bisik_version_number() == BISIK_VERSION_NUMBER && bisik_abi_version() == BISIK_ABI_VERSION);
  CHECK(!bisik_matcher_has_blind(NULL) && bisik_prepared_requests(NULL) == 0 && bisik_prepared_queries(NULL) == 0);
  CHECK(bisik_oprf_key_feed(NULL) == NULL && bisik_oprf_key_epoch(NULL) == 0 && bisik_blind_request_count(NULL) == 0);
  CHECK(bisik_blind_request_feed(NULL) == NULL && bisik_blind_request_epoch(NULL) == 0);
  bisik_error_free(NULL);
  bisik_buffer_free(NULL);
  bisik_prepared_free(NULL);
  bisik_oprf_key_free(NULL);
  bisik_oprf_server_free(NULL);
  bisik_blind_request_free(NULL);
  bisik_clients_free(NULL);
  bisik_history_free(NULL);
  bisik_store_free(NULL);
  bisik_store_matcher_free(NULL);
  bisik_parse_options_free(NULL);
  bisik_signing_file_free(NULL);
  bisik_secrets_free(NULL);
  bisik_recipients_free(NULL);
  bisik_guard_free(NULL);
  bisik_claim_free(NULL);
  bisik_publish_options_free(NULL);
  bisik_publisher_free(NULL);
  bisik_publication_free(NULL);
  bisik_trust_free(NULL);
  bisik_feed_free(NULL);
  bisik_report_free(NULL);
  bisik_matcher_free(NULL);
  bisik_live_free(NULL);

  /* a NULL handle, output or text that must be there */
  NOTHING(bisik_kind_from_name(NULL, 1, &kind, &error));
  NOTHING(bisik_kind_from_name(BISIK_LITERAL("phone"), NULL, &error));
  FAILS(BISIK_UNKNOWN_KIND, bisik_kind_from_name(NULL, 0, &kind, &error));
  NOTHING(bisik_canonical(BISIK_KIND_PHONE, NULL, 1, NULL, &buffer, &error));
  NOTHING(bisik_canonical(BISIK_KIND_PHONE, BISIK_LITERAL("+6591234567"), NULL, NULL, &error));
  FAILS(BISIK_EMPTY, bisik_canonical(BISIK_KIND_PHONE, NULL, 0, NULL, &buffer, &error));
  FAILS(BISIK_UNKNOWN_KIND, bisik_canonical(0, BISIK_LITERAL("a"), NULL, &buffer, &error));
  NOTHING(bisik_parse_options_set_region(NULL, BISIK_LITERAL("SG"), &error));
  NOTHING(bisik_parse_options_set_region(options, NULL, 2, &error));
  NOTHING(bisik_parse_options_set_bank(NULL, BISIK_LITERAL("DBSSSGSG"), &error));
  NOTHING(bisik_parse_options_set_country(NULL, BISIK_LITERAL("SG"), &error));
  NOTHING(bisik_parse_options_set_allow_unassigned(NULL, true, &error));
  NOTHING(bisik_keygen(NULL, 1, &buffer, &buffer, &buffer, &error));
  NOTHING(bisik_keygen(BISIK_LITERAL("A"), NULL, &buffer, &buffer, &error));
  NOTHING(bisik_keygen(BISIK_LITERAL("A"), &buffer, NULL, &buffer, &error));
  NOTHING(bisik_keygen(BISIK_LITERAL("A"), &buffer, &buffer, NULL, &error));
  FAILS(BISIK_INVALID_NAME, bisik_keygen(NULL, 0, &buffer, &buffer, &buffer, &error));
  NOTHING(bisik_signing_file_new(NULL, 9, &file, &error));
  NOTHING(bisik_signing_file_new(NULL, 0, NULL, &error));
  FAILS(BISIK_INVALID_NAME, bisik_signing_file_new(NULL, 0, &file, &error));
  NOTHING(bisik_signing_file_card(NULL, &buffer, &error));
  NOTHING(bisik_secrets_add(NULL, NULL, 0, &error));
  FAILS(BISIK_BAD_KEY, bisik_secrets_add(secrets, BISIK_LITERAL("x"), &error));
  NOTHING(bisik_recipients_add(NULL, NULL, 0, &error));
  FAILS(BISIK_BAD_KEY, bisik_recipients_add(recipients, BISIK_LITERAL("x"), &error));
  NOTHING(bisik_recipients_add_card(NULL, NULL, 0, &error));
  NOTHING(bisik_guard_add(NULL, BISIK_KIND_DOMAIN, BISIK_LITERAL("a.example"), NULL, &error));
  FAILS(BISIK_EMPTY, bisik_guard_add(guard, BISIK_KIND_DOMAIN, NULL, 0, NULL, &error));
  NOTHING(bisik_claim_set_text(NULL, BISIK_CLAIM_NOTE, BISIK_LITERAL("a"), &error));
  FAILS(BISIK_INVALID_CLAIM, bisik_claim_set_text(claim, BISIK_CLAIM_NOTE, NULL, 0, &error));
  WRONG(bisik_claim_set_text(claim, BISIK_CLAIM_CONFIDENCE, BISIK_LITERAL("a"), &error));
  NOTHING(bisik_claim_set_number(NULL, BISIK_CLAIM_EXPIRES, 1, &error));
  WRONG(bisik_claim_set_number(claim, BISIK_CLAIM_NOTE, 1, &error));
  FAILS(BISIK_INVALID_CLAIM, bisik_claim_set_number(claim, BISIK_CLAIM_CONFIDENCE, UINT64_MAX, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_claim_set_number(claim, BISIK_CLAIM_EXPIRES, UINT64_MAX, &error));
  NOTHING(bisik_publish_options_new(BISIK_LITERAL("a"), NOW, NULL, &error));
  NOTHING(bisik_publish_options_new(NULL, 1, NOW, &publish_options, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_publish_options_new(BISIK_LITERAL("a"), UINT64_MAX, &publish_options, &error));
  NOTHING(bisik_publish_options_set_validity(NULL, 1, &error));
  NOTHING(bisik_publish_options_set_tlp(NULL, BISIK_LITERAL("red"), &error));
  NOTHING(bisik_publish_options_set_purpose(NULL, BISIK_LITERAL("a"), &error));
  NOTHING(bisik_publish_options_set_contact(NULL, NULL, 0, NULL, 0, NULL, 0, &error));
  NOTHING(bisik_publish_options_set_set(NULL, BISIK_SET_FUSE, 0, &error));
  NOTHING(bisik_publish_options_set_records(NULL, true, &error));
  NOTHING(bisik_publish_options_set_new_epoch(NULL, true, &error));
  NOTHING(bisik_publish_options_set_guard(NULL, guard, &error));
  NOTHING(bisik_publisher_new(NULL, NULL, NULL, &publisher, &error));
  NOTHING(bisik_publisher_add(NULL, BISIK_KIND_DOMAIN, BISIK_LITERAL("a.example"), NULL, NULL, &error));
  NOTHING(bisik_publisher_add_batch(NULL, BISIK_KIND_DOMAIN, NULL, 0, NULL, 0, NULL, NULL, NULL, NULL, &error));
  NOTHING(bisik_publisher_publish(NULL, &publication, &error));
  NOTHING(bisik_publication_manifest(NULL, &buffer, &error));
  NOTHING(bisik_publication_digest(NULL, &digest, &error));
  NOTHING(bisik_publication_open(NULL, NULL, 0, &buffer, &error));
  NOTHING(bisik_publication_seal(NULL, recipients, &buffer, &error));
  NOTHING(bisik_trust_add_card(trust, NULL, 1, &error));
  FAILS(BISIK_INVALID_NAME, bisik_trust_add_card(trust, NULL, 0, &error));
  NOTHING(bisik_trust_add_card_for(trust, NULL, 7, BISIK_LITERAL("a"), &error));
  NOTHING(bisik_feed_open(NULL, 0, NULL, NULL, 0, NOW, &feed, &error));
  NOTHING(bisik_feed_open(NULL, 8, trust, NULL, 0, NOW, &feed, &error));
  NOTHING(bisik_feed_open(NULL, 0, trust, NULL, 0, NOW, NULL, &error));
  FAILS(BISIK_NOT_A_FEED, bisik_feed_open(NULL, 0, trust, NULL, 0, NOW, &feed, &error));
  NOTHING(bisik_feed_read_file(BISIK_LITERAL("a"), NULL, NULL, 0, NOW, &feed, &error));
  NOTHING(bisik_feed_read_file(NULL, 3, trust, NULL, 0, NOW, &feed, &error));
  NOTHING(bisik_feed_read_file_with_threads(NULL, 3, trust, NULL, 0, 2, NOW, &feed, &error));
  NOTHING(bisik_feed_read_file_with_threads(BISIK_LITERAL("a"), NULL, NULL, 0, 2, NOW, &feed, &error));
  FAILS(BISIK_IO, bisik_feed_read_file(NULL, 0, trust, NULL, 0, NOW, &feed, &error));
  FAILS(BISIK_IO, bisik_feed_read_file("a\0b", 3, trust, NULL, 0, NOW, &feed, &error));
  NOTHING(bisik_feed_map_file(BISIK_LITERAL("a"), NULL, 0, NOW, &feed, &error));
  NOTHING(bisik_feed_map_file(NULL, 3, trust, 0, NOW, &feed, &error));
  FAILS(BISIK_IO, bisik_feed_map_file(NULL, 0, trust, 0, NOW, &feed, &error));
  FAILS(BISIK_IO, bisik_feed_map_file(BISIK_LITERAL("/dev/zero"), trust, 0, NOW, &feed, &error));
  NOTHING(bisik_feed_inspect(NULL, &buffer, &error));
  NOTHING(bisik_inspect_unverified(NULL, 0, NULL, 0, NULL, &error));
  FAILS(BISIK_NOT_A_FEED, bisik_inspect_unverified(NULL, 0, NULL, 0, &buffer, &error));
  NOTHING(bisik_feed_digest(NULL, &digest, &error));
  NOTHING(bisik_report_hit(NULL, 0, &hit, &error));
  NOTHING(bisik_report_rejection(NULL, 0, &index, &reason, &error));
  NOTHING(bisik_matcher_new(NULL, 0, NULL, NULL, &error));
  NOTHING(bisik_matcher_new_with_threads(NULL, 0, NULL, 2, NULL, &error));
  NOTHING(bisik_matcher_new_with_threads(NULL, 1, NULL, 2, &matcher, &error));
  NOTHING(bisik_matcher_new(NULL, 1, NULL, &matcher, &error));
  NOTHING(bisik_matcher_new((const bisik_feed *const *)&feed, 1, NULL, &matcher, &error));
  NOTHING(bisik_matcher_feed(NULL, 0, &feed, &error));
  NOTHING(bisik_matcher_check(NULL, BISIK_KIND_DOMAIN, BISIK_LITERAL("a"), NULL, NOW, &hit, 1, &count, &error));
  NOTHING(bisik_matcher_check_report(NULL, BISIK_KIND_DOMAIN, BISIK_LITERAL("a"), NULL, NOW, &report, &error));
  NOTHING(bisik_matcher_match(NULL, BISIK_KIND_DOMAIN, NULL, 0, NULL, 0, NULL, NOW, NULL, NULL, 0, &count, &error));
  NOTHING(bisik_matcher_mask(NULL, BISIK_KIND_DOMAIN, NULL, 0, NULL, 0, NULL, NOW, NULL, &error));
  NOTHING(bisik_matcher_match_report(NULL, BISIK_KIND_DOMAIN, NULL, 0, NULL, 0, NULL, NOW, &report, &error));
  NOTHING(bisik_matcher_match_mixed(NULL, NULL, NULL, 0, NULL, 0, NULL, NOW, NULL, NULL, 0, &count, &error));
  NOTHING(bisik_matcher_match_mixed_report(NULL, NULL, NULL, 0, NULL, 0, NULL, NOW, &report, &error));
  NOTHING(bisik_live_new(NULL, &live, &error));
  NOTHING(bisik_live_set(NULL, NULL, &error));
  NOTHING(bisik_live_get(NULL, &matcher, &error));
  NOTHING(bisik_live_check(NULL, BISIK_KIND_DOMAIN, BISIK_LITERAL("a"), NULL, NOW, &hit, 1, &count, &error));
  NOTHING(bisik_matcher_match_arrow(NULL, BISIK_KIND_DOMAIN, NULL, NULL, NULL, NOW, &array, &schema, &error));
  NOTHING(bisik_matcher_match_arrow_mixed(NULL, NULL, NULL, NULL, NULL, NOW, &array, &schema, &error));
  NOTHING(bisik_matcher_prepare(NULL, BISIK_KIND_PHONE, NULL, 0, NULL, 0, NULL, NULL, true, NOW, &prepared, &error));
  NOTHING(bisik_matcher_prepare_mixed(NULL, NULL, NULL, 0, NULL, 0, NULL, NULL, true, NOW, &prepared, &error));
  NOTHING(bisik_prepared_request(NULL, 0, NULL, NULL, &buffer, &error));
  NOTHING(bisik_prepared_to_bytes(NULL, &buffer, &error));
  NOTHING(bisik_prepared_from_bytes(NULL, 0, NULL, &prepared, &error));
  NOTHING(bisik_matcher_finish(NULL, NULL, NULL, 0, NOW, &report, &error));
  NOTHING(bisik_report_mask(NULL, NULL, 0, &error));
  NOTHING(bisik_oprf_key_generate(NULL, BISIK_LITERAL("a"), 1, 0, &key, &error));
  NOTHING(bisik_oprf_key_new(NULL, 3, &key, &error));
  NOTHING(bisik_oprf_key_new(NULL, 0, NULL, &error));
  FAILS(BISIK_BAD_KEY, bisik_oprf_key_new(NULL, 0, &key, &error));
  NOTHING(bisik_oprf_key_text(NULL, &buffer, &error));
  NOTHING(bisik_oprf_key_public(NULL, &digest, &error));
  NOTHING(bisik_oprf_key_check(NULL, 0, 0, &error));
  NOTHING(bisik_publish_options_set_blind(NULL, NULL, &error));
  NOTHING(bisik_clients_add_card(NULL, NULL, 0, &error));
  NOTHING(bisik_clients_add_card(clients, NULL, 1, &error));
  FAILS(BISIK_INVALID_NAME, bisik_clients_add_card(clients, NULL, 0, &error));
  NOTHING(bisik_blind_request_read(NULL, 0, NULL, &request, NULL, &error));
  NOTHING(bisik_blind_request_read(NULL, 8, clients, &request, NULL, &error));
  NOTHING(bisik_blind_request_read(NULL, 0, clients, NULL, NULL, &error));
  FAILS(BISIK_TRUNCATED, bisik_blind_request_read(NULL, 0, clients, &request, &count, &error));
  NOTHING(bisik_blind_request_client(NULL, &digest, &error));
  NOTHING(bisik_blind_request_digest(NULL, &digest, &error));
  NOTHING(bisik_oprf_server_new(NULL, &server, &error));
  NOTHING(bisik_oprf_server_check(NULL, NULL, &error));
  NOTHING(bisik_oprf_server_blind_evaluate(NULL, NULL, &buffer, &error));
  NOTHING(bisik_trust_parse(NULL, 1, &trust, &error));
  NOTHING(bisik_trust_parse(NULL, 0, NULL, &error));
  FAILS(BISIK_BAD_MANIFEST, bisik_trust_parse(NULL, 0, &trust, &error));
  NOTHING(bisik_trust_text(NULL, &buffer, &error));
  NOTHING(bisik_trust_text(trust, NULL, &error));
  NOTHING(bisik_trust_update(NULL, NULL, 0, NOW, &error));
  NOTHING(bisik_trust_update(trust, NULL, 1, NOW, &error));
  FAILS(BISIK_TRUNCATED, bisik_trust_update(trust, NULL, 0, NOW, &error));
  NOTHING(bisik_store_open(NULL, 1, &store, &error));
  NOTHING(bisik_store_open("a", 1, NULL, &error));
  FAILS(BISIK_NOT_A_STORE, bisik_store_open("absent", 6, &store, &error));
  NOTHING(bisik_store_generation(NULL, &index, &error));
  NOTHING(bisik_store_status(NULL, NOW, &buffer, &error));
  NOTHING(bisik_store_matcher_new(NULL, trust, NULL, NULL, NOW, &store_matcher, &error));
  NOTHING(bisik_store_matcher_current(NULL, NOW, &matcher, &error));
  NOTHING(bisik_store_matcher_dropped(NULL, NOW, &buffer, &error));
  NOTHING(bisik_store_matcher_reload(NULL, NOW, NULL, &error));
  NOTHING(bisik_log_verify(NULL, 1, &index, &error));
  FAILS(BISIK_IO, bisik_log_verify(NULL, 0, &index, &error));
  CHECK(!store && !store_matcher);
  NOTHING(bisik_history_parse(NULL, 1, &history, &error));
  FAILS(BISIK_BAD_MANIFEST, bisik_history_parse(NULL, 0, &history, &error));
  NOTHING(bisik_history_text(NULL, &buffer, &error));
  NOTHING(bisik_history_observe(NULL, NULL, NOW, NULL, &error));
  history = bisik_history_new();
  NOTHING(bisik_history_observe(history, NULL, NOW, NULL, &error));
  bisik_history_free(history);
  history = NULL;
  NOTHING(bisik_budget_charge(NULL, &account, 1, NOW, NULL, NULL, &error));
  NOTHING(bisik_budget_charge(&budget, NULL, 1, NOW, NULL, NULL, &error));
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_budget_charge(&budget, &account, 1, UINT64_MAX, &index, &index, &error));
  FAILS(BISIK_TOO_MANY_ELEMENTS, bisik_budget_charge(&budget, &account, UINT64_MAX, NOW, NULL, NULL, &error));
  CHECK(account.day == 0 && account.used_today == 0 && account.used_total == 0);

  /* no place for an error either */
  CHECK(bisik_feed_inspect(NULL, NULL, NULL) == BISIK_NULL_ARGUMENT);
  CHECK(bisik_canonical(BISIK_KIND_PHONE, NULL, 0, NULL, &buffer, NULL) == BISIK_EMPTY);

  /* nothing was written by any of them */
  CHECK(!publish_options && !file && !publisher && !publication && !feed && !report && !matcher && !live && index == 5);
  CHECK(!prepared && !key && !server && !request && !history);
  bisik_clients_free(clients);
  bisik_parse_options_free(options);
  bisik_secrets_free(secrets);
  bisik_recipients_free(recipients);
  bisik_guard_free(guard);
  bisik_claim_free(claim);
  bisik_trust_free(trust);
}

static void impossible_lengths(const party *p, const bisik_feed *feed, const bisik_matcher *matcher, size_t length) {
  static const int64_t offsets[] = {0, 1};
  bisik_error *error;
  bisik_hit hit;
  size_t count;
  bisik_kind kind;
  const uint8_t *byte = (const uint8_t *)"a";
  bisik_buffer *buffer;
  bisik_feed *other;
  bisik_report *report;
  bisik_signing_file *file;
  bisik_publication *publication;
  bisik_publish_options *publish_options;
  bisik_publisher *publisher;
  bisik_live *live;
  bisik_parse_options *options = bisik_parse_options_new();
  bisik_secrets *secrets = bisik_secrets_new();
  bisik_recipients *recipients = bisik_recipients_new();
  bisik_guard *guard = bisik_guard_new();
  bisik_claim *claim = bisik_claim_new();
  bisik_trust *trust;
  bisik_history *history;
  bisik_store *store;
  bisik_prepared *prepared;
  bisik_oprf_key *key;
  bisik_blind_request *request;
  bisik_clients *clients = bisik_clients_new();
  uint8_t mask[1] = {9};

  WRONG(bisik_kind_from_name("a", length, &kind, &error));
  WRONG(bisik_canonical(BISIK_KIND_DOMAIN, "a", length, NULL, &buffer, &error));
  WRONG(bisik_parse_options_set_region(options, "a", length, &error));
  WRONG(bisik_parse_options_set_bank(options, "a", length, &error));
  WRONG(bisik_parse_options_set_country(options, "a", length, &error));
  WRONG(bisik_keygen("a", length, &buffer, &buffer, &buffer, &error));
  WRONG(bisik_signing_file_new("a", length, &file, &error));
  WRONG(bisik_secrets_add(secrets, "a", length, &error));
  WRONG(bisik_recipients_add(recipients, "a", length, &error));
  WRONG(bisik_recipients_add_card(recipients, "a", length, &error));
  WRONG(bisik_guard_add(guard, BISIK_KIND_DOMAIN, "a", length, NULL, &error));
  WRONG(bisik_claim_set_text(claim, BISIK_CLAIM_NOTE, "a", length, &error));
  WRONG(bisik_publish_options_new("a", length, NOW, &publish_options, &error));
  OK(bisik_publish_options_new("a", 1, NOW, &publish_options, &error));
  WRONG(bisik_publish_options_set_tlp(publish_options, "a", length, &error));
  WRONG(bisik_publish_options_set_purpose(publish_options, "a", length, &error));
  WRONG(bisik_publish_options_set_contact(publish_options, "a", 1, "a", length, NULL, 0, &error));
  OK(bisik_publisher_new(p->file, publish_options, NULL, &publisher, &error));
  WRONG(bisik_publisher_add(publisher, BISIK_KIND_DOMAIN, "a", length, NULL, NULL, &error));
  WRONG(bisik_publisher_add_batch(publisher, BISIK_KIND_DOMAIN, byte, length, offsets, 1, NULL, NULL, NULL, NULL, &error));
  WRONG(bisik_publisher_add_batch(publisher, BISIK_KIND_DOMAIN, byte, 1, offsets, length, NULL, NULL, NULL, NULL, &error));
  OK(bisik_publisher_publish(publisher, &publication, &error));
  WRONG(bisik_publication_open(publication, &kind, length, &buffer, &error));
  WRONG(bisik_trust_add_card(p->trust, "a", length, &error));
  WRONG(bisik_trust_add_card_for(p->trust, text_of(p->card), bisik_buffer_length(p->card), "a", length, &error));
  WRONG(bisik_feed_open(byte, length, p->trust, NULL, 0, NOW, &other, &error));
  WRONG(bisik_feed_read_file("a", length, p->trust, NULL, 0, NOW, &other, &error));
  WRONG(bisik_feed_read_file_with_threads("a", length, p->trust, NULL, 0, SIZE_MAX, NOW, &other, &error));
  WRONG(bisik_feed_map_file("a", length, p->trust, 0, NOW, &other, &error));
  WRONG(bisik_inspect_unverified(byte, length, NULL, 0, &buffer, &error));
  WRONG(bisik_matcher_new(&feed, length, NULL, (bisik_matcher **)&other, &error));
  WRONG(bisik_matcher_new_with_threads(&feed, length, NULL, SIZE_MAX, (bisik_matcher **)&other, &error));
  WRONG(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, "a", length, NULL, NOW, &hit, 1, &count, &error));
  WRONG(bisik_matcher_check(matcher, BISIK_KIND_DOMAIN, "a", 1, NULL, NOW, &hit, length, &count, &error));
  WRONG(bisik_matcher_check_report(matcher, BISIK_KIND_DOMAIN, "a", length, NULL, NOW, &report, &error));
  WRONG(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, byte, length, offsets, 1, NULL, NOW, mask, NULL, 0, &count, &error));
  WRONG(bisik_matcher_mask(matcher, BISIK_KIND_DOMAIN, byte, length, offsets, 1, NULL, NOW, mask, &error));
  WRONG(bisik_matcher_mask(matcher, BISIK_KIND_DOMAIN, byte, 1, offsets, length, NULL, NOW, mask, &error));
  WRONG(bisik_matcher_mask(matcher, BISIK_KIND_DOMAIN, byte, 1, offsets, 1, NULL, NOW, NULL, &error));
  WRONG(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, byte, 1, offsets, length, NULL, NOW, mask, NULL, 0, &count, &error));
  WRONG(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, byte, 1, offsets, 1, NULL, NOW, mask, &hit, length, &count, &error));
  WRONG(bisik_matcher_match_report(matcher, BISIK_KIND_DOMAIN, byte, 1, offsets, length, NULL, NOW, &report, &error));
  kind = BISIK_KIND_DOMAIN;
  WRONG(bisik_matcher_match_mixed(matcher, &kind, byte, length, offsets, 1, NULL, NOW, mask, NULL, 0, &count, &error));
  WRONG(bisik_matcher_match_mixed(matcher, &kind, byte, 1, offsets, length, NULL, NOW, mask, NULL, 0, &count, &error));
  WRONG(bisik_matcher_match_mixed(matcher, &kind, byte, 1, offsets, 1, NULL, NOW, mask, &hit, length, &count, &error));
  NOTHING(bisik_matcher_match_mixed(matcher, NULL, byte, 1, offsets, 1, NULL, NOW, mask, NULL, 0, &count, &error));
  WRONG(bisik_matcher_match_mixed_report(matcher, &kind, byte, 1, offsets, length, NULL, NOW, &report, &error));
  NOTHING(bisik_matcher_match_mixed_report(matcher, NULL, byte, 1, offsets, 1, NULL, NOW, &report, &error));
  OK(bisik_live_new(matcher, &live, &error));
  WRONG(bisik_live_check(live, BISIK_KIND_DOMAIN, "a", length, NULL, NOW, &hit, 1, &count, &error));
  WRONG(bisik_matcher_feed(matcher, length, &other, &error));
  WRONG(bisik_oprf_key_generate(p->file, "a", length, 1, 0, &key, &error));
  WRONG(bisik_oprf_key_new("a", length, &key, &error));
  WRONG(bisik_clients_add_card(clients, "a", length, &error));
  WRONG(bisik_blind_request_read(byte, length, clients, &request, &count, &error));
  WRONG(bisik_trust_parse("a", length, &trust, &error));
  WRONG(bisik_trust_update(p->trust, byte, length, NOW, &error));
  WRONG(bisik_history_parse("a", length, &history, &error));
  WRONG(bisik_store_open("a", length, &store, &error));
  WRONG(bisik_log_verify("a", length, NULL, &error));
  WRONG(bisik_prepared_from_bytes(byte, length, matcher, &prepared, &error));
  WRONG(bisik_matcher_prepare(matcher, kind, byte, length, offsets, 1, NULL, p->file, true, NOW, &prepared, &error));
  WRONG(bisik_matcher_prepare(matcher, kind, byte, 1, offsets, length, NULL, p->file, true, NOW, &prepared, &error));
  WRONG(bisik_matcher_prepare_mixed(matcher, &kind, byte, length, offsets, 1, NULL, p->file, true, NOW, &prepared, &error));
  NOTHING(bisik_matcher_prepare_mixed(matcher, NULL, byte, 1, offsets, 1, NULL, p->file, true, NOW, &prepared, &error));
  NOTHING(bisik_matcher_prepare(matcher, kind, byte, 1, offsets, 1, NULL, NULL, true, NOW, &prepared, &error));
  OK(bisik_matcher_prepare(matcher, kind, byte, 1, offsets, 1, NULL, p->file, true, NOW, &prepared, &error));
  WRONG(bisik_prepared_request(prepared, length, NULL, NULL, &buffer, &error));
  WRONG(bisik_matcher_finish(matcher, prepared, byte, length, NOW, &report, &error));
  OK(bisik_matcher_finish(matcher, prepared, NULL, 0, NOW, &report, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_matcher_finish(matcher, prepared, NULL, 0, NOW, &report, &error));
  WRONG(bisik_report_mask(report, mask, length, &error));
  NOTHING(bisik_report_mask(report, NULL, length, &error));
  bisik_report_free(report);
  bisik_prepared_free(prepared);
  bisik_clients_free(clients);
  CHECK(mask[0] == 9);

  bisik_live_free(live);
  bisik_publication_free(publication);
  bisik_publisher_free(publisher);
  bisik_publish_options_free(publish_options);
  bisik_parse_options_free(options);
  bisik_secrets_free(secrets);
  bisik_recipients_free(recipients);
  bisik_guard_free(guard);
  bisik_claim_free(claim);
}

static void wrong_batches(const bisik_matcher *matcher) {
  static const int64_t falling[] = {0, 3, 2}, negative[] = {-1, 2, 3}, beyond[] = {0, 3, INT64_MAX}, empty[] = {0};
  static const int64_t *const wrong[] = {falling, negative, beyond};
  static const uint64_t places[] = {2, 0, 2};
  const uint8_t *data = (const uint8_t *)"abcdef";
  bisik_error *error;
  bisik_report *report;
  uint64_t place;
  size_t count, i;
  for (i = 0; i < 3; i++) {
    CHECK(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, data, 6, wrong[i], 2, NULL, NOW, NULL, NULL, 0, &count, &error) ==
          BISIK_INVALID_ARGUMENT);
    CHECK(bisik_error_position(error, &place) && place == places[i]);
    bisik_error_free(error);
  }
  OK(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, NULL, 0, empty, 0, NULL, NOW, NULL, NULL, 0, &count, &error));
  CHECK(count == 0);
  NOTHING(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, NULL, 0, NULL, 0, NULL, NOW, NULL, NULL, 0, &count, &error));
  WRONG(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, data, 6, (const int64_t *)(const void *)((const char *)falling + 1), 1,
                            NULL, NOW, NULL, NULL, 0, &count, &error));
  OK(bisik_matcher_match_report(matcher, BISIK_KIND_DOMAIN, data, 6, empty, 0, NULL, NOW, &report, &error));
  CHECK(bisik_report_hits(report) == 0 && bisik_report_rejections(report) == 0);
  bisik_report_free(report);
  {
    /* a kind that there is not is the row's fault; the others are looked up */
    static const bisik_kind kinds[] = {BISIK_KIND_DOMAIN, 0, BISIK_KIND_PHONE, UINT32_MAX};
    static const int64_t four[] = {0, 14, 28, 42, 56};
    const uint8_t *names = (const uint8_t *)"listed.examplelisted.examplelisted.examplelisted.example";
    bisik_status reason;
    uint8_t mask[4];
    bisik_hit hit;
    OK(bisik_matcher_match_mixed(matcher, kinds, names, 56, four, 4, NULL, NOW, mask, &hit, 1, &count, &error));
    CHECK(count == 1 && hit.index == 0 && mask[0] == BISIK_MASK_HIT && mask[1] == BISIK_MASK_REJECTED);
    CHECK(mask[2] == BISIK_MASK_REJECTED && mask[3] == BISIK_MASK_REJECTED);
    OK(bisik_matcher_match_mixed_report(matcher, kinds, names, 56, four, 4, NULL, NOW, &report, &error));
    CHECK(bisik_report_hits(report) == 1 && bisik_report_rejections(report) == 3);
    for (i = 0; i < 3; i++) {
      OK(bisik_report_rejection(report, i, &place, &reason, &error));
      CHECK(place <= 3 && reason == (place == 2 ? BISIK_HAS_LETTERS : BISIK_UNKNOWN_KIND));
    }
    bisik_report_free(report);
  }
  FAILS(BISIK_LIMIT_EXCEEDED, bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, data, 6, empty, 0, NULL, UINT64_MAX, NULL, NULL, 0,
                                                  &count, &error));
}

/* No cut or flip of a feed is accepted, and none does harm. */
static void broken_feeds(const party *p, const bisik_publication *publication) {
  bisik_error *error;
  bisik_buffer *file;
  bisik_feed *feed;
  uint8_t *copy;
  size_t length, i;
  OK(bisik_publication_open(publication, NULL, 0, &file, &error));
  length = bisik_buffer_length(file);
  CHECK((copy = (uint8_t *)malloc(length)) != NULL);
  memcpy(copy, bisik_buffer_data(file), length);
  for (i = 0; i < length; i++) {
    uint8_t *cut;
    copy[i] ^= 1;
    CHECK(bisik_feed_open(copy, length, p->trust, NULL, 0, NOW, &feed, NULL) != BISIK_OK);
    copy[i] ^= 1;
    /* in an array of its own, so that a sanitizer sees a read beyond it */
    CHECK((cut = (uint8_t *)malloc(i + 1)) != NULL);
    memcpy(cut, copy, i + 1);
    CHECK((bisik_feed_open(cut, i, p->trust, NULL, 0, NOW, &feed, NULL) != BISIK_OK));
    free(cut);
  }
  free(copy);
  bisik_buffer_free(file);
}

int main(void) {
  static const char *const domains[] = {"listed.example"};
  party p = party_new("Centre");
  bisik_publication *publication = publish(&p, domains, 1, true);
  bisik_feed *feed = feed_of(&p, publication);
  bisik_matcher *matcher = matcher_of(feed);
  size_t i;
  nothing_given();
  for (i = 0; i < sizeof IMPOSSIBLE / sizeof *IMPOSSIBLE; i++) impossible_lengths(&p, feed, matcher, IMPOSSIBLE[i]);
  wrong_batches(matcher);
  broken_feeds(&p, publication);
  bisik_matcher_free(matcher);
  bisik_feed_free(feed);
  bisik_publication_free(publication);
  party_free(&p);
  return 0;
}
