/* Blind mode over files: what a bank's or a centre's own transport would carry.
 *
 *   blind setup FOLDER                 the centre: keys, a blind feed of two numbers, its OPRF key; the bank: keys
 *   blind ask FOLDER < numbers.txt     the bank: writes calls.req, and keeps calls.state, which is secret
 *   blind answer FOLDER                the centre: charges the bank, writes calls.ans
 *   blind finish FOLDER                the bank: prints the lines that are listed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bisik.h"

static bisik_error *error;
static const char *folder;

static void must(bisik_status status) {
  if (status == BISIK_OK) return;
  fprintf(stderr, "blind: %s: %s; %s\n", bisik_status_name(status), bisik_error_message(error), bisik_status_advice(status));
  bisik_error_free(error);
  exit(1);
}

static FILE *file(const char *name, const char *mode) {
  char path[4096];
  FILE *opened;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  opened = fopen(path, mode);
  if (!opened) {
    perror(path);
    exit(1);
  }
  return opened;
}

static void save(const char *name, const bisik_buffer *content) {
  FILE *out = file(name, "wb");
  size_t length = bisik_buffer_length(content);
  if (fwrite(bisik_buffer_data(content), 1, length, out) != length || fclose(out) != 0) {
    perror(name);
    exit(1);
  }
}

/* A whole file of at most a megabyte; in a real program files may be longer, and buffers with secrets are wiped. */
static char content[1 << 20];
static size_t load(const char *name) {
  FILE *in = file(name, "rb");
  size_t length = fread(content, 1, sizeof content, in);
  fclose(in);
  return length;
}

static bisik_signing_file *signing_file(const char *name) {
  bisik_signing_file *signing;
  size_t length = load(name);
  must(bisik_signing_file_new(content, length, &signing, &error));
  return signing;
}

/* The keys of a party: NAME.sign stays with it, NAME.pub goes to the others. */
static void party(const char *name, const char *sign, const char *pub) {
  bisik_buffer *signing, *identity, *card;
  must(bisik_keygen(name, strlen(name), &signing, &identity, &card, &error));
  save(sign, signing);
  save(pub, card);
  bisik_buffer_free(signing);
  bisik_buffer_free(identity);
  bisik_buffer_free(card);
}

static void setup(uint64_t now) {
  static const char *const numbers[] = {"+6591234567", "+6581234567"};
  bisik_signing_file *signing;
  bisik_oprf_key *key;
  bisik_publish_options *options;
  bisik_publisher *publisher;
  bisik_publication *publication;
  bisik_buffer *bytes;
  size_t i;
  party("centre", "centre.sign", "centre.pub");
  party("bank", "bank.sign", "bank.pub");
  signing = signing_file("centre.sign");
  must(bisik_oprf_key_generate(signing, BISIK_LITERAL("calls"), 1, 0, &key, &error));
  must(bisik_oprf_key_text(key, &bytes, &error));
  save("calls.oprf", bytes);
  bisik_buffer_free(bytes);
  must(bisik_publish_options_new(BISIK_LITERAL("calls"), now, &options, &error));
  must(bisik_publish_options_set_blind(options, key, &error));
  must(bisik_publisher_new(signing, options, NULL, &publisher, &error));
  for (i = 0; i < 2; i++)
    must(bisik_publisher_add(publisher, BISIK_KIND_PHONE, numbers[i], strlen(numbers[i]), NULL, NULL, &error));
  must(bisik_publisher_publish(publisher, &publication, &error));
  /* open: whoever reads it can try nothing without asking */
  must(bisik_publication_open(publication, NULL, 0, &bytes, &error));
  save("calls.bisik", bytes);
  bisik_buffer_free(bytes);
  bisik_publication_free(publication);
  bisik_publisher_free(publisher);
  bisik_publish_options_free(options);
  bisik_oprf_key_free(key);
  bisik_signing_file_free(signing);
}

static bisik_matcher *open_matcher(uint64_t now) {
  bisik_trust *trust = bisik_trust_new();
  bisik_feed *feed;
  bisik_matcher *matcher;
  size_t length = load("centre.pub");
  must(bisik_trust_add_card(trust, content, length, &error));
  length = load("calls.bisik");
  must(bisik_feed_open((const uint8_t *)content, length, trust, NULL, 0, now, &feed, &error));
  must(bisik_matcher_new((const bisik_feed *const *)&feed, 1, NULL, &matcher, &error));
  bisik_feed_free(feed);
  bisik_trust_free(trust);
  return matcher;
}

static void ask(uint64_t now) {
  static char values[1 << 16];
  static int64_t offsets[1025];
  size_t count = 0, used = 0;
  bisik_matcher *matcher = open_matcher(now);
  bisik_signing_file *signing = signing_file("bank.sign");
  bisik_parse_options *options = bisik_parse_options_new();
  bisik_prepared *prepared;
  bisik_buffer *bytes;
  must(bisik_parse_options_set_region(options, BISIK_LITERAL("SG"), &error));
  while (count < 1024 && used < sizeof values - 256 && fgets(values + used, 256, stdin)) {
    used += strcspn(values + used, "\r\n");
    offsets[++count] = (int64_t)used;
  }
  must(bisik_matcher_prepare(matcher, BISIK_KIND_PHONE, (const uint8_t *)values, used, offsets, count, options, signing, true, now,
                             &prepared, &error));
  /* one feed and few values: one request. There is none if no value can be looked up */
  must(bisik_prepared_request(prepared, 0, NULL, NULL, &bytes, &error));
  save("calls.req", bytes);
  bisik_buffer_free(bytes);
  must(bisik_prepared_to_bytes(prepared, &bytes, &error));
  save("calls.state", bytes);
  bisik_buffer_free(bytes); /* wiped */
  bisik_prepared_free(prepared);
  bisik_parse_options_free(options);
  bisik_signing_file_free(signing);
  bisik_matcher_free(matcher);
}

static void answer(uint64_t now) {
  bisik_clients *clients = bisik_clients_new();
  bisik_oprf_key *key;
  bisik_oprf_server *server;
  bisik_blind_request *request;
  bisik_budget budget = bisik_budget_default();
  bisik_account account = {0, 0, 0}; /* a server has one for each client and feed, on its disk */
  bisik_buffer *bytes;
  size_t length = load("bank.pub");
  must(bisik_clients_add_card(clients, content, length, &error));
  length = load("calls.oprf");
  must(bisik_oprf_key_new(content, length, &key, &error));
  must(bisik_oprf_server_new(key, &server, &error));
  length = load("calls.req");
  must(bisik_blind_request_read((const uint8_t *)content, length, clients, &request, NULL, &error));
  must(bisik_oprf_server_check(server, request, &error));
  must(bisik_budget_charge(&budget, &account, bisik_blind_request_count(request), now, NULL, NULL, &error));
  /* here the account and the request's digest go to the disk; only then the answer leaves */
  must(bisik_oprf_server_blind_evaluate(server, request, &bytes, &error));
  save("calls.ans", bytes);
  printf("charged %lu\n", (unsigned long)account.used_today);
  bisik_buffer_free(bytes);
  bisik_blind_request_free(request);
  bisik_oprf_server_free(server);
  bisik_oprf_key_free(key);
  bisik_clients_free(clients);
}

static void finish(uint64_t now) {
  bisik_matcher *matcher = open_matcher(now);
  bisik_prepared *prepared;
  bisik_report *report;
  bisik_hit hit;
  size_t length = load("calls.state"), i;
  must(bisik_prepared_from_bytes((const uint8_t *)content, length, matcher, &prepared, &error));
  length = load("calls.ans");
  must(bisik_matcher_finish(matcher, prepared, (const uint8_t *)content, length, now, &report, &error));
  for (i = 0; i < bisik_report_hits(report); i++) {
    must(bisik_report_hit(report, i, &hit, &error));
    printf("line %lu is listed\n", (unsigned long)hit.index + 1);
  }
  printf("%lu not looked up\n", (unsigned long)bisik_report_rejections(report));
  bisik_report_free(report);
  bisik_prepared_free(prepared);
  bisik_matcher_free(matcher);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*step)(uint64_t now);
  } steps[] = {{"setup", setup}, {"ask", ask}, {"answer", answer}, {"finish", finish}};
  size_t i;
  folder = argc > 2 ? argv[2] : ".";
  for (i = 0; i < 4; i++) {
    if (argc > 1 && strcmp(argv[1], steps[i].name) == 0) {
      steps[i].step((uint64_t)time(NULL));
      return 0;
    }
  }
  fprintf(stderr, "blind setup|ask|answer|finish FOLDER\n");
  return 2;
}
