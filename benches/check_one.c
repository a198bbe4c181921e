/* What one look-up takes in C, warm: `check_one FEED CARD KIND VALUES NOW` checks a million times, going round the lines of VALUES
 * in an open feed, and prints percentiles by the clock, in nanoseconds: p50, p99, p99.9, the median of two looks at the clock, and the
 * number of hits. benches/rates.py runs it. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bisik.h"

#define CALLS 1000000
#define WARM (CALLS / 10)
#define MOST 100000

static void check(bisik_status status, bisik_error *error) {
  if (status == BISIK_OK) return;
  fprintf(stderr, "%s: %s\n", bisik_status_name(status), error ? bisik_error_message(error) : "");
  exit(1);
}

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *content;
  long size;
  if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET)) exit(2);
  *length = (size_t)size;
  content = malloc(*length + 1);
  if (!content || fread(content, 1, *length, file) != *length || fclose(file)) exit(2);
  content[*length] = 0;
  return content;
}

static uint64_t nanoseconds(void) {
  struct timespec at;
  if (clock_gettime(CLOCK_MONOTONIC, &at)) exit(2);
  return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return (left > right) - (left < right);
}

int main(int argc, char **argv) {
  static const char *values[MOST];
  static size_t lengths[MOST];
  static uint64_t times[CALLS], clocks[CALLS];
  bisik_error *error;
  bisik_kind kind;
  bisik_trust *trust = bisik_trust_new();
  bisik_feed *feed;
  bisik_matcher *matcher;
  size_t card_length, length, count = 0, number, hits = 0;
  char *card, *content, *line;
  uint64_t now;
  if (argc != 6) return 2;
  now = strtoull(argv[5], NULL, 10);
  card = read_file(argv[2], &card_length);
  content = read_file(argv[4], &length);
  for (line = strtok(content, "\n"); line && count < MOST; line = strtok(NULL, "\n")) {
    values[count] = line;
    lengths[count++] = strlen(line);
  }
  if (!count) return 2;
  check(bisik_kind_from_name(argv[3], strlen(argv[3]), &kind, &error), error);
  check(bisik_trust_add_card(trust, card, card_length, &error), error);
  check(bisik_feed_map_file(argv[1], strlen(argv[1]), trust, 0, now, &feed, &error), error);
  check(bisik_matcher_new((const bisik_feed *const *)&feed, 1, NULL, &matcher, &error), error);
  for (number = 0; number < CALLS + WARM; number++) {
    bisik_hit hit;
    size_t found;
    uint64_t start = nanoseconds(), end, again;
    bisik_status status =
        bisik_matcher_check(matcher, kind, values[number % count], lengths[number % count], NULL, now, &hit, 1, &found, &error);
    end = nanoseconds();
    again = nanoseconds();
    check(status, error);
    if (number < WARM) continue;
    hits += found;
    times[number - WARM] = end - start;
    clocks[number - WARM] = again - end;
  }
  qsort(times, CALLS, sizeof *times, by_size);
  qsort(clocks, CALLS, sizeof *clocks, by_size);
  printf("%llu %llu %llu %llu %zu\n", (unsigned long long)times[CALLS / 2], (unsigned long long)times[CALLS / 100 * 99],
         (unsigned long long)times[CALLS / 1000 * 999], (unsigned long long)clocks[CALLS / 2], hits);
  bisik_matcher_free(matcher);
  bisik_feed_free(feed);
  bisik_trust_free(trust);
  free(content);
  free(card);
  return 0;
}
