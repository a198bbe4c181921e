/* Blind mode: a member's batch, the publisher's server, and what goes wrong between them. */
#include "check.h"

static const char VALUES[] = "+6581234567+6591234567xlogin.example\xff";
static const int64_t OFFSETS[] = {0, 11, 22, 23, 36, 37};
static const bisik_kind KINDS[] = {BISIK_KIND_PHONE, BISIK_KIND_PHONE, BISIK_KIND_PHONE, BISIK_KIND_DOMAIN, BISIK_KIND_DOMAIN};

/* One listed number and one listed domain, blind. */
static bisik_feed *blind_feed(const party *p, const bisik_oprf_key *key) {
  bisik_error *error;
  bisik_publish_options *options;
  bisik_publisher *publisher;
  bisik_publication *publication;
  bisik_feed *feed;
  OK(bisik_publish_options_new(BISIK_LITERAL("mules"), NOW, &options, &error));
  OK(bisik_publish_options_set_blind(options, NULL, &error));
  OK(bisik_publish_options_set_blind(options, key, &error));
  OK(bisik_publisher_new(p->file, options, NULL, &publisher, &error));
  OK(bisik_publisher_add(publisher, BISIK_KIND_PHONE, BISIK_LITERAL("+6581234567"), NULL, NULL, &error));
  OK(bisik_publisher_add(publisher, BISIK_KIND_DOMAIN, BISIK_LITERAL("login.example"), NULL, NULL, &error));
  OK(bisik_publisher_publish(publisher, &publication, &error));
  CHECK(bisik_publication_enumerable(publication, 0) == 0);
  feed = feed_of(p, publication);
  bisik_publication_free(publication);
  bisik_publisher_free(publisher);
  bisik_publish_options_free(options);
  return feed;
}

static bisik_prepared *prepare(const bisik_matcher *matcher, const party *bank, bool pad) {
  bisik_error *error;
  bisik_prepared *prepared;
  OK(bisik_matcher_prepare_mixed(matcher, KINDS, (const uint8_t *)VALUES, 37, OFFSETS, 5, NULL, bank->file, pad, NOW, &prepared,
                                 &error));
  return prepared;
}

static bisik_buffer *request_of(const bisik_prepared *prepared) {
  bisik_error *error;
  bisik_buffer *request;
  uint64_t queries;
  size_t feed;
  OK(bisik_prepared_request(prepared, 0, &feed, &queries, &request, &error));
  CHECK(feed == 0 && queries == bisik_prepared_queries(prepared));
  FAILS(BISIK_INVALID_ARGUMENT, bisik_prepared_request(prepared, 1, &feed, &queries, &request, &error));
  return request;
}

static bisik_buffer *answer(const bisik_oprf_server *server, const bisik_clients *clients, const bisik_buffer *bytes) {
  bisik_error *error;
  bisik_blind_request *request;
  bisik_buffer *answered;
  size_t length;
  OK(bisik_blind_request_read(bisik_buffer_data(bytes), bisik_buffer_length(bytes), clients, &request, &length, &error));
  CHECK(length == bisik_buffer_length(bytes));
  OK(bisik_oprf_server_check(server, request, &error));
  OK(bisik_oprf_server_blind_evaluate(server, request, &answered, &error));
  bisik_blind_request_free(request);
  return answered;
}

/* The report of the batch: two hits, two rejections. */
static void looked_up(bisik_report *report) {
  static const uint8_t expected[] = {BISIK_MASK_HIT, 0, BISIK_MASK_REJECTED, BISIK_MASK_HIT, BISIK_MASK_REJECTED};
  bisik_error *error;
  uint8_t mask[5] = {9, 9, 9, 9, 9};
  uint64_t index;
  bisik_status reason;
  bisik_policy *policy;
  bisik_verdict *verdict;
  CHECK(bisik_report_hits(report) == 2 && bisik_report_rejections(report) == 2);
  OK(bisik_report_mask(report, mask, 5, &error));
  CHECK(memcmp(mask, expected, 5) == 0);
  FAILS(BISIK_INVALID_ARGUMENT, bisik_report_mask(report, mask, 4, &error));
  OK(bisik_report_rejection(report, 1, &index, &reason, &error));
  CHECK(index == 4 && reason == BISIK_INVALID_UTF8);
  /* a policy goes by the kinds that were asked */
  OK(bisik_policy_parse(BISIK_LITERAL("[phone]\nmin_publishers = 1"), &policy, &error));
  OK(bisik_report_decide(report, 0, policy, NOW, &verdict, &error));
  CHECK(bisik_verdict_action(verdict) == BISIK_ACTION_ACT);
  bisik_verdict_free(verdict);
  bisik_policy_free(policy);
  bisik_report_free(report);
}

static void a_round(const party *bank, const bisik_matcher *matcher, const bisik_oprf_server *server, const bisik_clients *clients) {
  bisik_error *error;
  bisik_hit hit;
  size_t count;
  int padded;
  CHECK(bisik_matcher_has_blind(matcher));
  FAILS(BISIK_BLIND_QUERY_NEEDED, bisik_matcher_check(matcher, BISIK_KIND_PHONE, BISIK_LITERAL("+6581234567"), NULL, NOW, &hit, 1,
                                                      &count, &error));
  for (padded = 0; padded < 2; padded++) {
    bisik_prepared *prepared = prepare(matcher, bank, padded == 1), *again;
    bisik_buffer *request = request_of(prepared), *answered = answer(server, clients, request), *state, *other;
    const uint8_t *bytes = bisik_buffer_data(answered);
    size_t length = bisik_buffer_length(answered);
    bisik_report *report;
    CHECK(bisik_prepared_requests(prepared) == 1);
    /* two numbers and the domain */
    CHECK(bisik_prepared_queries(prepared) == (padded ? 4 : 3));
    OK(bisik_prepared_to_bytes(prepared, &state, &error));
    OK(bisik_matcher_finish(matcher, prepared, bytes, length, NOW, &report, &error));
    looked_up(report);
    /* used once */
    FAILS(BISIK_STATE_CONSUMED, bisik_matcher_finish(matcher, prepared, bytes, length, NOW, &report, &error));
    FAILS(BISIK_STATE_CONSUMED, bisik_prepared_to_bytes(prepared, &other, &error));
    FAILS(BISIK_STATE_CONSUMED, bisik_prepared_request(prepared, 0, NULL, NULL, &other, &error));
    CHECK(bisik_prepared_requests(prepared) == 0 && bisik_prepared_queries(prepared) == 0);
    bisik_prepared_free(prepared);
    /* the state that was kept */
    OK(bisik_prepared_from_bytes(bisik_buffer_data(state), bisik_buffer_length(state), matcher, &again, &error));
    OK(bisik_matcher_finish(matcher, again, bytes, length, NOW, &report, &error));
    looked_up(report);
    bisik_prepared_free(again);
    bisik_buffer_free(state);
    bisik_buffer_free(request);
    bisik_buffer_free(answered);
  }
}

/* No answer that another key or nobody made is taken for one. */
static void bad_answers(const party *bank, const bisik_matcher *matcher, const bisik_oprf_server *server, const bisik_clients *clients) {
  bisik_error *error;
  bisik_prepared *prepared = prepare(matcher, bank, true);
  bisik_buffer *request = request_of(prepared), *answered = answer(server, clients, request), *state;
  bisik_report *report = NULL;
  size_t length = bisik_buffer_length(answered), i;
  uint8_t *copy;
  CHECK((copy = (uint8_t *)malloc(length)) != NULL);
  OK(bisik_prepared_to_bytes(prepared, &state, &error));
  bisik_prepared_free(prepared);
  for (i = 0; i < length; i++) {
    memcpy(copy, bisik_buffer_data(answered), length);
    copy[i] ^= 1;
    OK(bisik_prepared_from_bytes(bisik_buffer_data(state), bisik_buffer_length(state), matcher, &prepared, &error));
    CHECK(bisik_matcher_finish(matcher, prepared, copy, length, NOW, &report, NULL) != BISIK_OK && !report);
    bisik_prepared_free(prepared);
  }
  OK(bisik_prepared_from_bytes(bisik_buffer_data(state), bisik_buffer_length(state), matcher, &prepared, &error));
  FAILS(BISIK_ANSWER_MISSING, bisik_matcher_finish(matcher, prepared, NULL, 0, NOW, &report, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_matcher_finish(matcher, prepared, copy, length, NOW, &report, &error));
  bisik_prepared_free(prepared);
  FAILS(BISIK_BAD_MESSAGE, bisik_prepared_from_bytes(copy, length, matcher, &prepared, &error));
  free(copy);
  bisik_buffer_free(state);
  bisik_buffer_free(request);
  bisik_buffer_free(answered);
}

static void requests(const party *centre, const party *bank, const bisik_matcher *matcher, const bisik_clients *clients) {
  bisik_error *error;
  bisik_clients *nobody = bisik_clients_new();
  bisik_prepared *prepared = prepare(matcher, bank, true);
  bisik_buffer *bytes = request_of(prepared), *answered;
  bisik_blind_request *request = NULL;
  bisik_oprf_key *key;
  bisik_oprf_server *server;
  uint8_t client[32], digest[32], *copy;
  size_t length = bisik_buffer_length(bytes), i;
  FAILS(BISIK_UNKNOWN_CLIENT, bisik_blind_request_read(bisik_buffer_data(bytes), length, nobody, &request, NULL, &error));
  CHECK((copy = (uint8_t *)malloc(length)) != NULL);
  for (i = 0; i < length; i += 7) {
    memcpy(copy, bisik_buffer_data(bytes), length);
    copy[i] ^= 1;
    CHECK(bisik_blind_request_read(copy, length, clients, &request, NULL, NULL) != BISIK_OK && !request);
  }
  free(copy);
  OK(bisik_blind_request_read(bisik_buffer_data(bytes), length, clients, &request, NULL, &error));
  CHECK(bisik_blind_request_count(request) == 4 && bisik_blind_request_epoch(request) == 1);
  CHECK(strcmp(bisik_blind_request_feed(request), "mules") == 0);
  OK(bisik_blind_request_client(request, &client, &error));
  OK(bisik_blind_request_digest(request, &digest, &error));
  CHECK(memcmp(client, digest, 32) != 0);
  /* a server of another feed, one of another epoch */
  OK(bisik_oprf_key_generate(centre->file, BISIK_LITERAL("other"), 1, 0, &key, &error));
  OK(bisik_oprf_server_new(key, &server, &error));
  FAILS(BISIK_WRONG_FEED, bisik_oprf_server_check(server, request, &error));
  FAILS(BISIK_WRONG_FEED, bisik_oprf_server_blind_evaluate(server, request, &answered, &error));
  bisik_oprf_server_free(server);
  bisik_oprf_key_free(key);
  OK(bisik_oprf_key_generate(centre->file, BISIK_LITERAL("mules"), 2, 0, &key, &error));
  OK(bisik_oprf_server_new(key, &server, &error));
  bisik_oprf_key_free(key);
  FAILS(BISIK_WRONG_EPOCH, bisik_oprf_server_check(server, request, &error));
  bisik_oprf_server_free(server);
  bisik_blind_request_free(request);
  bisik_buffer_free(bytes);
  bisik_prepared_free(prepared);
  bisik_clients_free(nobody);
}

static void keys(const party *centre) {
  bisik_error *error;
  bisik_oprf_key *key, *again;
  bisik_buffer *content;
  uint8_t one[32], other[32];
  OK(bisik_oprf_key_generate(centre->file, BISIK_LITERAL("mules"), 3, 10, &key, &error));
  OK(bisik_oprf_key_text(key, &content, &error));
  OK(bisik_oprf_key_new(text_of(content), bisik_buffer_length(content), &again, &error));
  OK(bisik_oprf_key_public(key, &one, &error));
  OK(bisik_oprf_key_public(again, &other, &error));
  CHECK(memcmp(one, other, 32) == 0);
  CHECK(bisik_oprf_key_epoch(again) == 3 && strcmp(bisik_oprf_key_feed(again), "mules") == 0);
  OK(bisik_oprf_key_check(again, 4, 6, &error));
  FAILS(BISIK_KEY_EXHAUSTED, bisik_oprf_key_check(again, 4, 7, &error));
  FAILS(BISIK_INVALID_NAME, bisik_oprf_key_generate(centre->file, BISIK_LITERAL("mules"), 0, 0, &key, &error));
  FAILS(BISIK_BAD_KEY, bisik_oprf_key_new(text_of(centre->signing), bisik_buffer_length(centre->signing), &key, &error));
  bisik_buffer_free(content);
  bisik_oprf_key_free(again);
  bisik_oprf_key_free(key);
}

static void budgets(void) {
  bisik_error *error;
  bisik_budget budget = bisik_budget_default();
  bisik_account account = {0, 0, 0};
  uint64_t left = 0, retry_at = 0;
  CHECK(budget.per_day == 10000 && budget.total == BISIK_UNLIMITED && budget.batch == 16384);
  OK(bisik_budget_charge(&budget, &account, 9999, NOW, &left, &retry_at, &error));
  CHECK(account.used_today == 9999 && account.used_total == 9999 && account.day == NOW / 86400);
  FAILS(BISIK_BUDGET_EXHAUSTED, bisik_budget_charge(&budget, &account, 2, NOW, &left, &retry_at, &error));
  CHECK(left == 1 && retry_at == (NOW / 86400 + 1) * (uint64_t)86400 && account.used_total == 9999);
  /* a clock that goes back gives nothing */
  FAILS(BISIK_BUDGET_EXHAUSTED, bisik_budget_charge(&budget, &account, 2, NOW - 86400, NULL, NULL, &error));
  FAILS(BISIK_TOO_MANY_ELEMENTS, bisik_budget_charge(&budget, &account, 16385, NOW, &left, &retry_at, &error));
  CHECK(left == 16384 && retry_at == 0);
  budget.total = 10000;
  FAILS(BISIK_BUDGET_EXHAUSTED, bisik_budget_charge(&budget, &account, 2, NOW + 86400, &left, &retry_at, &error));
  CHECK(left == 1 && retry_at == 0);
}

int main(void) {
  bisik_error *error;
  party centre = party_new("Example Centre"), bank = party_new("Example Bank");
  bisik_clients *clients = bisik_clients_new();
  bisik_oprf_key *key;
  bisik_oprf_server *server;
  bisik_matcher *matcher;
  bisik_feed *feed;
  OK(bisik_clients_add_card(clients, text_of(bank.card), bisik_buffer_length(bank.card), &error));
  OK(bisik_oprf_key_generate(centre.file, BISIK_LITERAL("mules"), 1, 0, &key, &error));
  OK(bisik_oprf_server_new(key, &server, &error));
  feed = blind_feed(&centre, key);
  bisik_oprf_key_free(key);
  OK(bisik_matcher_new((const bisik_feed *const *)&feed, 1, NULL, &matcher, &error));
  bisik_feed_free(feed);
  a_round(&bank, matcher, server, clients);
  bad_answers(&bank, matcher, server, clients);
  requests(&centre, &bank, matcher, clients);
  keys(&centre);
  budgets();
  bisik_matcher_free(matcher);
  bisik_oprf_server_free(server);
  bisik_clients_free(clients);
  party_free(&bank);
  party_free(&centre);
  return 0;
}
