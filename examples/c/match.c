/* The loop of a switch: one look-up for each call, while the feed is renewed under it.
 *
 *   match FEED CARD [KEY] < numbers.txt
 *
 * Reads calling numbers, one a line, and prints what to do with each call. The line "reload" opens the feed again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bisik.h"

static void must(bisik_status status, bisik_error *error) {
  if (status == BISIK_OK) return;
  fprintf(stderr, "match: %s: %s; %s\n", bisik_status_name(status), bisik_error_message(error), bisik_status_advice(status));
  bisik_error_free(error);
  exit(1);
}

/* The content of a small file, wiped by the caller. */
static size_t load(const char *path, char *content, size_t size) {
  FILE *file = fopen(path, "rb");
  size_t length;
  if (!file) {
    perror(path);
    exit(1);
  }
  length = fread(content, 1, size, file);
  fclose(file);
  return length;
}

/* Opens the feed and makes a matcher of it. On failure the caller keeps the matcher that it has. */
static bisik_status open_matcher(const char *path, const bisik_trust *trust, const bisik_secrets *secrets, bisik_matcher **matcher,
                                 bisik_error **error) {
  bisik_feed *feed;
  bisik_status status = bisik_feed_read_file(path, strlen(path), trust, secrets, 0, (uint64_t)time(NULL), &feed, error);
  if (status != BISIK_OK) return status;
  status = bisik_matcher_new((const bisik_feed *const *)&feed, 1, NULL, matcher, error);
  bisik_feed_free(feed); /* the matcher keeps what it needs */
  return status;
}

/* What a switch does for each call. No error is asked for: nothing is allocated for numbers that do not parse. */
static const char *decide(const bisik_live *live, const char *number, const bisik_parse_options *options) {
  bisik_hit hit;
  size_t hits;
  bisik_status status = bisik_live_check(live, BISIK_KIND_PHONE, number, strlen(number), options, (uint64_t)time(NULL), &hit, 1, &hits, NULL);
  if (status == BISIK_EXPIRED) return "pass, and raise an alarm: the feed has expired";
  if (status != BISIK_OK) return "pass: not a number that can be looked up";
  return hits ? "warn the callee" : "pass";
}

int main(int argc, char **argv) {
  static char content[1 << 16];
  char line[256];
  size_t length, i;
  bisik_error *error;
  bisik_trust *trust = bisik_trust_new();
  bisik_secrets *secrets = bisik_secrets_new();
  bisik_parse_options *options = bisik_parse_options_new();
  bisik_matcher *matcher;
  bisik_live *live;
  if (argc < 3) {
    fprintf(stderr, "match FEED CARD [KEY]\n");
    return 2;
  }
  if (bisik_abi_version() != BISIK_ABI_VERSION) {
    fprintf(stderr, "match: compiled for another version of the library\n");
    return 1;
  }
  length = load(argv[2], content, sizeof content);
  must(bisik_trust_add_card(trust, content, length, &error), error);
  if (argc > 3) {
    volatile char *wipe = content;
    length = load(argv[3], content, sizeof content);
    must(bisik_secrets_add(secrets, content, length, &error), error);
    for (i = 0; i < length; i++) wipe[i] = 0;
  }
  must(bisik_parse_options_set_region(options, BISIK_LITERAL("SG"), &error), error);
  must(open_matcher(argv[1], trust, secrets, &matcher, &error), error);
  must(bisik_live_new(matcher, &live, &error), error);
  bisik_matcher_free(matcher);

  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\r\n")] = '\0';
    if (strcmp(line, "reload") != 0) {
      puts(decide(live, line, options));
      continue;
    }
    /* in a switch, another thread does this */
    if (open_matcher(argv[1], trust, secrets, &matcher, &error) != BISIK_OK) {
      fprintf(stderr, "match: keeping the old feed: %s\n", bisik_error_message(error));
      bisik_error_free(error);
      continue;
    }
    must(bisik_live_set(live, matcher, &error), error);
    bisik_matcher_free(matcher);
    puts("reloaded");
  }
  bisik_live_free(live);
  bisik_parse_options_free(options);
  bisik_secrets_free(secrets);
  bisik_trust_free(trust);
  return 0;
}
