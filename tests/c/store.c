/* A store of feeds, as `bisik pull` leaves it (docs/store.md), and review logs with their heads: opened, matched, reloaded, refused. */
#include <sys/stat.h>

#include "check.h"

static char folder[512];

static void write_file(const char *name, const void *content, size_t length) {
  char path[1024];
  FILE *file;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file = fopen(path, "wb");
  CHECK(file && fwrite(content, 1, length, file) == length && fclose(file) == 0);
}

/* The text or number of a name in a JSON object that begins at `from`. */
static void field(const char *from, const char *name, char *value, size_t length) {
  const char *at = strstr(from, name);
  size_t i = 0;
  CHECK(at);
  for (at += strlen(name); *at == '"' || *at == ':'; at++) {
  }
  while (*at != '"' && *at != ',' && *at != '}' && i + 1 < length) value[i++] = *at++;
  value[i] = '\0';
}

/* Puts version 1 of a feed into the store by hand. */
static void put(const party *p, const char *id, const char *name, int change) {
  bisik_error *error;
  bisik_publish_options *options;
  bisik_publisher *publisher;
  bisik_publication *publication;
  bisik_buffer *bytes, *shown;
  bisik_feed *feed;
  char publisher_id[80], digest[80], issued[32], expires[32], file[256], text[2048];
  OK(bisik_publish_options_new(id, strlen(id), NOW, &options, &error));
  OK(bisik_publisher_new(p->file, options, NULL, &publisher, &error));
  OK(bisik_publisher_add(publisher, BISIK_KIND_DOMAIN, name, strlen(name), NULL, NULL, &error));
  OK(bisik_publisher_publish(publisher, &publication, &error));
  OK(bisik_publication_open(publication, NULL, 0, &bytes, &error));
  OK(bisik_feed_open(bisik_buffer_data(bytes), bisik_buffer_length(bytes), p->trust, NULL, 0, NOW, &feed, &error));
  OK(bisik_feed_inspect(feed, &shown, &error));
  field(text_of(shown), "\"digest\"", digest, sizeof digest);
  field(strstr(text_of(shown), "\"manifest\""), "\"publisher\"", publisher_id, sizeof publisher_id);
  field(text_of(shown), "\"issued\"", issued, sizeof issued);
  field(text_of(shown), "\"expires\"", expires, sizeof expires);
  snprintf(file, sizeof file, "feeds/%.16s-%s.v1.%d.bisik", publisher_id, id, change);
  write_file(file, bisik_buffer_data(bytes), bisik_buffer_length(bytes));
  snprintf(text, sizeof text,
           "{\"bisik_stored\":1,\"seen\":{\"publisher\":\"%s\",\"feed\":\"%s\",\"epoch\":1,\"version\":1,\"digest\":\"%s\","
           "\"issued\":%s,\"generation\":0},\"publisher_name\":\"Centre\",\"expires\":%s,\"count\":1,\"file\":\"%s\",\"length\":%zu,"
           "\"sealed\":false,\"stored\":%u,\"source\":\"by hand\",\"change\":%d}",
           publisher_id, id, digest, issued, expires, file + strlen("feeds/"), bisik_buffer_length(bytes), NOW, change);
  snprintf(file, sizeof file, "feeds/%.16s-%s.json", publisher_id, id);
  write_file(file, text, strlen(text));
  snprintf(text, sizeof text, "%d\n", change);
  write_file("generation", text, strlen(text));
  bisik_feed_free(feed);
  bisik_buffer_free(shown);
  bisik_buffer_free(bytes);
  bisik_publication_free(publication);
  bisik_publisher_free(publisher);
  bisik_publish_options_free(options);
}

static size_t hits(const bisik_store_matcher *matcher, const char *name) {
  bisik_error *error;
  bisik_matcher *current;
  size_t count = 9;
  OK(bisik_store_matcher_current(matcher, NOW, &current, &error));
  OK(bisik_matcher_check(current, BISIK_KIND_DOMAIN, name, strlen(name), NULL, NOW, NULL, 0, &count, &error));
  bisik_matcher_free(current);
  return count;
}

static void log_files(void) {
  bisik_error *error;
  char path[1024];
  uint64_t position = 0, entries = 7;
  write_file("no.log", "no log\n", 7);
  snprintf(path, sizeof path, "%s/no.log", folder);
  CHECK(bisik_log_verify(path, strlen(path), &entries, &error) == BISIK_BROKEN_CHAIN);
  CHECK(bisik_error_position(error, &position) && position == 1 && entries == 7);
  bisik_error_free(error);
  write_file("torn.log", "{\"number\":1", 11);
  snprintf(path, sizeof path, "%s/torn.log", folder);
  FAILS(BISIK_TORN_TAIL, bisik_log_verify(path, strlen(path), NULL, &error));
  snprintf(path, sizeof path, "%s/absent.log", folder);
  FAILS(BISIK_IO, bisik_log_verify(path, strlen(path), NULL, &error));
}

/* A file of the vectors, into `data`; its length. */
static size_t vector(const char *from, const char *name, char *data, size_t most) {
  char path[4096];
  FILE *file;
  size_t length;
  snprintf(path, sizeof path, "%s/%s", from, name);
  file = fopen(path, "rb");
  CHECK(file);
  length = fread(data, 1, most, file);
  CHECK(length > 0 && length < most && fclose(file) == 0);
  return length;
}

/* A head that somebody else kept finds a log that was cut: every log is whole to itself. */
static void heads(const char *vectors) {
  bisik_error *error;
  bisik_log_head *head;
  bisik_trust *trust = bisik_trust_new();
  char data[8192], path[4096];
  uint64_t entries = 0, position = 0;
  size_t length = vector(vectors, "hostile-card.txt", data, sizeof data);
  OK(bisik_trust_add_card(trust, data, length, &error));
  length = vector(vectors, "whole.head", data, sizeof data);
  OK(bisik_log_head_read((const uint8_t *)data, length, trust, 1790000000, &head, &error));
  CHECK(bisik_log_head_entries(head) == 4 && bisik_log_head_time(head) == 1790000000);
  snprintf(path, sizeof path, "%s/whole.log", vectors);
  OK(bisik_log_verify_from(path, strlen(path), head, &entries, &error));
  CHECK(entries == 4);
  snprintf(path, sizeof path, "%s/start.log", vectors);
  OK(bisik_log_verify_from(path, strlen(path), NULL, &entries, &error));
  CHECK(entries == 1);
  CHECK(bisik_log_verify_from(path, strlen(path), head, &entries, &error) == BISIK_LOG_CUT);
  CHECK(bisik_error_position(error, &position) && position == 2 && entries == 1);
  bisik_error_free(error);
  bisik_log_head_free(head);
  bisik_trust_free(trust);
}

int main(int argc, char **argv) {
  static const char *const parts[] = {"", "/feeds", "/sources", "/partial", "/proofs"};
  bisik_error *error;
  bisik_store *store;
  bisik_store_matcher *matcher, *strangers;
  bisik_buffer *shown;
  bisik_trust *nobody = bisik_trust_new();
  party p = party_new("Example Anti-Scam Centre");
  char path[1024];
  uint64_t generation = 0;
  bool changed = true;
  size_t i;
  CHECK(argc == 3);
  snprintf(folder, sizeof folder, "%s/store", argv[1]);
  for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    snprintf(path, sizeof path, "%s%s", folder, parts[i]);
    mkdir(path, 0700);
  }
  FAILS(BISIK_NOT_A_STORE, bisik_store_open(argv[1], strlen(argv[1]), &store, &error));
  write_file("store.json", "{\"bisik_store\":1}\n", 18);
  put(&p, "a", "a.example", 1);
  OK(bisik_store_open(folder, strlen(folder), &store, &error));
  OK(bisik_store_generation(store, &generation, &error));
  CHECK(generation == 1);
  OK(bisik_store_matcher_new(store, p.trust, NULL, NULL, NOW, &matcher, &error));
  CHECK(hits(matcher, "a.example") == 1 && hits(matcher, "b.example") == 0);
  OK(bisik_store_matcher_reload(matcher, NOW, &changed, &error));
  CHECK(!changed);
  put(&p, "b", "b.example", 2);
  OK(bisik_store_matcher_reload(matcher, NOW, &changed, &error));
  CHECK(changed && hits(matcher, "a.example") == 1 && hits(matcher, "b.example") == 1);
  OK(bisik_store_status(store, NOW, &shown, &error));
  CHECK(strstr(text_of(shown), "\"feed\":\"b\"") && strstr(text_of(shown), "\"problem\":null"));
  CHECK(strstr(text_of(shown), "\"prepared\":\"no\""));
  bisik_buffer_free(shown);
  /* eight days later both have expired */
  OK(bisik_store_status(store, NOW + 8 * 86400, &shown, &error));
  CHECK(strstr(text_of(shown), "\"problem\":\"expired\""));
  bisik_buffer_free(shown);
  OK(bisik_store_matcher_dropped(matcher, NOW + 8 * 86400, &shown, &error));
  CHECK(strstr(text_of(shown), "\"kind\":\"expired\""));
  bisik_buffer_free(shown);
  /* who trusts nobody has no feeds, and is told so */
  OK(bisik_store_matcher_new(store, nobody, NULL, NULL, NOW, &strangers, &error));
  OK(bisik_store_matcher_dropped(strangers, NOW, &shown, &error));
  CHECK(strstr(text_of(shown), "\"kind\":\"untrusted\""));
  bisik_buffer_free(shown);
  bisik_store_matcher_free(strangers);
  /* the matcher outlives the handle of the store */
  bisik_store_free(store);
  OK(bisik_store_matcher_reload(matcher, NOW, NULL, &error));
  bisik_store_matcher_free(matcher);
  log_files();
  heads(argv[2]);
  bisik_trust_free(nobody);
  party_free(&p);
  return 0;
}
