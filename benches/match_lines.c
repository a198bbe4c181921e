/* What matching costs in C: `match_lines FEED CARD KIND VALUES [ROUNDS]` looks every line of VALUES up in an open feed, and prints
 * nanoseconds a row, of the best round, and the number of hits, as examples/match_lines.rs does. benches/python_peers.py runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bisik.h"

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
  return content;
}

/* Takes the line ends out; gives the number of lines and, in `offsets`, where each begins. */
static size_t lines(char *data, size_t *length, int64_t **offsets) {
  size_t count = 0, from, to = 0;
  for (from = 0; from < *length; from++) count += data[from] == '\n';
  *offsets = malloc((count + 1) * sizeof **offsets);
  if (!*offsets) exit(2);
  count = 0;
  (*offsets)[0] = 0;
  for (from = 0; from < *length; from++) {
    if (data[from] == '\n')
      (*offsets)[++count] = (int64_t)to;
    else
      data[to++] = data[from];
  }
  *length = to;
  return count;
}

int main(int argc, char **argv) {
  bisik_error *error;
  bisik_kind kind;
  bisik_trust *trust = bisik_trust_new();
  bisik_feed *feed;
  bisik_matcher *matcher;
  size_t card_length, length, count, hits = 0;
  char *card, *values;
  int64_t *offsets;
  uint8_t *mask;
  double best = 1e300;
  int round, rounds;
  if (argc < 5) return 2;
  rounds = argc > 5 ? atoi(argv[5]) : 1;
  card = read_file(argv[2], &card_length);
  values = read_file(argv[4], &length);
  count = lines(values, &length, &offsets);
  mask = malloc(count + 1);
  if (!mask) return 2;
  check(bisik_kind_from_name(argv[3], strlen(argv[3]), &kind, &error), error);
  check(bisik_trust_add_card(trust, card, card_length, &error), error);
  check(bisik_feed_map_file(argv[1], strlen(argv[1]), trust, 0, (uint64_t)time(NULL), &feed, &error), error);
  check(bisik_matcher_new((const bisik_feed *const *)&feed, 1, NULL, &matcher, &error), error);
  for (round = 0; round < rounds; round++) {
    clock_t start = clock();
    double cost;
    check(bisik_matcher_match(matcher, kind, (const uint8_t *)values, length, offsets, count, NULL, (uint64_t)time(NULL), mask, NULL, 0,
                              &hits, &error),
          error);
    cost = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (cost < best) best = cost;
  }
  printf("%.1f %zu\n", best * 1e9 / (double)(count ? count : 1), hits);
  bisik_matcher_free(matcher);
  bisik_feed_free(feed);
  bisik_trust_free(trust);
  free(mask);
  free(offsets);
  free(values);
  free(card);
  return 0;
}
