/* The vectors that Rust, C and Python share: canonical forms, feeds with verdicts, and what roots sign, byte for byte. */
#include "check.h"

#define FIELDS 17

/* A text in hexadecimal after an x; "-" is no text: NULL. Decodes in place. */
static char *decode(char *field, size_t *length) {
  size_t i;
  *length = 0;
  if (field[0] != 'x') return NULL;
  *length = strlen(field + 1) / 2;
  for (i = 0; i < *length; i++) {
    unsigned byte;
    CHECK(sscanf(field + 1 + 2 * i, "%2x", &byte) == 1);
    field[i] = (char)byte;
  }
  return field;
}

/* Cuts a line at its tabs. */
static size_t split(char *line, char *fields[FIELDS]) {
  size_t count = 0;
  char *next = line;
  line[strcspn(line, "\n")] = '\0';
  while (next) {
    CHECK(count < FIELDS);
    fields[count++] = next;
    next = strchr(next, '\t');
    if (next) *next++ = '\0';
  }
  return count;
}

static FILE *open_file(const char *folder, const char *name) {
  char path[4096];
  FILE *file;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK((file = fopen(path, "rb")) != NULL);
  return file;
}

static size_t read_file(const char *folder, const char *name, char *buffer, size_t size) {
  FILE *file = open_file(folder, name);
  size_t length = fread(buffer, 1, size, file);
  CHECK(length < size);
  fclose(file);
  return length;
}

static char line[1 << 16];

static size_t canonical(const char *folder) {
  FILE *file = open_file(folder, "canonical.tsv");
  size_t cases = 0;
  while (fgets(line, sizeof line, file)) {
    char *f[FIELDS], *text, *raw, *form;
    size_t length, raw_length, form_length;
    bisik_error *error;
    bisik_buffer *out;
    bisik_status status, expected;
    bisik_parse_options *options = bisik_parse_options_new();
    CHECK(split(line, f) == 8);
    text = decode(f[1], &length);
    OK(bisik_parse_options_set_region(options, text, length, &error));
    text = decode(f[2], &length);
    OK(bisik_parse_options_set_bank(options, text, length, &error));
    text = decode(f[3], &length);
    OK(bisik_parse_options_set_country(options, text, length, &error));
    OK(bisik_parse_options_set_allow_unassigned(options, f[4][0] == '1', &error));
    raw = decode(f[5], &raw_length);
    expected = (bisik_status)atoi(f[6]);
    form = decode(f[7], &form_length);
    status = bisik_canonical((bisik_kind)atoi(f[0]), raw, raw_length, options, &out, NULL);
    if (status != expected) {
      fprintf(stderr, "case %lu: %s, not %s\n", (unsigned long)cases, bisik_status_name(status), bisik_status_name(expected));
      exit(1);
    }
    if (status == BISIK_OK) {
      CHECK(bisik_buffer_length(out) == form_length && memcmp(bisik_buffer_data(out), form, form_length) == 0);
      bisik_buffer_free(out);
    }
    bisik_parse_options_free(options);
    cases++;
  }
  fclose(file);
  return cases;
}

/* A field in hexadecimal is this text, both or neither of which is there. */
static void text_is(char *field, const char *text) {
  size_t length;
  const char *expected = decode(field, &length);
  CHECK((text == NULL) == (expected == NULL));
  if (text) CHECK(strlen(text) == length && memcmp(text, expected, length) == 0);
}

static void number_is(const char *field, const bisik_claim *claim, bisik_claim_field which) {
  uint64_t number = 0;
  CHECK(bisik_claim_number(claim, which, &number) == (field[0] != '-'));
  if (field[0] != '-') CHECK(number == strtoull(field, NULL, 10));
}

/* The only hit of a report, with every field of its claim. */
static void hit_is(const bisik_report *report, char **f) {
  static const char *const records[] = {"none", "opened", "unreadable"};
  static const char digits[] = "0123456789abcdef";
  const bisik_claim *claim = bisik_report_claim(report, 0);
  bisik_error *error;
  bisik_hit hit;
  char id[33] = {0};
  size_t i;
  OK(bisik_report_hit(report, 0, &hit, &error));
  for (i = 0; i < 16; i++) {
    id[2 * i] = digits[hit.hit_id[i] >> 4];
    id[2 * i + 1] = digits[hit.hit_id[i] & 15];
  }
  text_is(f[4], bisik_matched_name(hit.matched));
  text_is(f[5], bisik_kind_name(hit.kind));
  CHECK(hit.false_positive_rate == strtoull(f[6], NULL, 10));
  text_is(f[7], id);
  text_is(f[8], bisik_report_expression(report, 0));
  CHECK(hit.record < 3);
  text_is(f[9], records[hit.record]);
  text_is(f[10], bisik_claim_text(claim, BISIK_CLAIM_CATEGORY));
  number_is(f[11], claim, BISIK_CLAIM_CONFIDENCE);
  number_is(f[12], claim, BISIK_CLAIM_FIRST_SEEN);
  number_is(f[13], claim, BISIK_CLAIM_LAST_SEEN);
  number_is(f[14], claim, BISIK_CLAIM_EXPIRES);
  text_is(f[15], bisik_claim_text(claim, BISIK_CLAIM_REFERENCE));
  text_is(f[16], bisik_claim_text(claim, BISIK_CLAIM_NOTE));
}

static size_t verdicts(const char *folder) {
  static char text[1 << 20];
  char name[64] = "";
  FILE *file;
  size_t cases = 0, length;
  bisik_error *error;
  bisik_trust *trust = bisik_trust_new();
  bisik_secrets *secrets = bisik_secrets_new();
  bisik_matcher *matcher = NULL;
  length = read_file(folder, "card.txt", text, sizeof text);
  OK(bisik_trust_add_card(trust, text, length, &error));
  length = read_file(folder, "identity.txt", text, sizeof text);
  OK(bisik_secrets_add(secrets, text, length, &error));
  file = open_file(folder, "verdicts.tsv");
  while (fgets(line, sizeof line, file)) {
    char *f[FIELDS], *raw;
    size_t fields = split(line, f), raw_length;
    bisik_kind kind = (bisik_kind)atoi(f[1]);
    bisik_report *report;
    bisik_status expected = (bisik_status)atoi(f[3]);
    if (strcmp(name, f[0]) != 0) {
      bisik_feed *feed;
      snprintf(name, sizeof name, "%s", f[0]);
      length = read_file(folder, name, text, sizeof text);
      OK(bisik_feed_open((const uint8_t *)text, length, trust, secrets, 0, NOW, &feed, &error));
      bisik_matcher_free(matcher);
      matcher = matcher_of(feed);
      bisik_feed_free(feed);
    }
    raw = decode(f[2], &raw_length);
    cases++;
    if (expected != BISIK_OK) {
      FAILS(expected, bisik_matcher_check_report(matcher, kind, raw, raw_length, NULL, NOW, &report, &error));
      continue;
    }
    OK(bisik_matcher_check_report(matcher, kind, raw, raw_length, NULL, NOW, &report, &error));
    CHECK(bisik_report_hits(report) == (fields == FIELDS ? 1u : 0u));
    if (fields == FIELDS) hit_is(report, f);
    bisik_report_free(report);
  }
  fclose(file);
  bisik_matcher_free(matcher);
  bisik_secrets_free(secrets);
  bisik_trust_free(trust);
  return cases;
}

static char *copied(const char *text, size_t length) {
  char *copy = (char *)malloc(length + 1);
  CHECK(copy != NULL);
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

static bisik_trust *trusting(const char *card, size_t length) {
  bisik_error *error;
  bisik_trust *trust = bisik_trust_new();
  OK(bisik_trust_add_card(trust, card, length, &error));
  return trust;
}

static void opens_as(const bisik_trust *trust, const char *file, size_t length, bisik_status expected) {
  bisik_feed *feed = NULL;
  CHECK(bisik_feed_open((const uint8_t *)file, length, trust, NULL, 0, NOW, &feed, NULL) == expected);
  bisik_feed_free(feed);
}

/* Rotations and revocations, good and bad, one after the other. */
static size_t statements(const char *folder) {
  FILE *file = open_file(folder, "trust.tsv");
  size_t steps = 0, accepted = 0, old_length, new_length, length;
  char *f[FIELDS], *text, *old_feed, *new_feed;
  bisik_trust *kept;
  CHECK(fgets(line, sizeof line, file) && split(line, f) == 3);
  text = decode(f[0], &length);
  kept = trusting(text, length);
  text = decode(f[1], &old_length);
  old_feed = copied(text, old_length);
  text = decode(f[2], &new_length);
  new_feed = copied(text, new_length);
  while (fgets(line, sizeof line, file)) {
    bisik_error *error;
    bisik_trust *trust = kept;
    bisik_buffer *before, *after;
    bisik_status expected;
    CHECK(split(line, f) == 5);
    text = decode(f[0], &length);
    if (text) trust = trusting(text, length);
    text = decode(f[1], &length);
    expected = (bisik_status)atoi(f[2]);
    OK(bisik_trust_text(trust, &before, &error));
    if (expected == BISIK_OK) {
      OK(bisik_trust_update(trust, (const uint8_t *)text, length, NOW, &error));
      accepted++;
    } else {
      FAILS(expected, bisik_trust_update(trust, (const uint8_t *)text, length, NOW, &error));
    }
    OK(bisik_trust_text(trust, &after, &error));
    CHECK((strcmp(text_of(before), text_of(after)) == 0) == (expected != BISIK_OK));
    opens_as(trust, old_feed, old_length, (bisik_status)atoi(f[3]));
    opens_as(trust, new_feed, new_length, (bisik_status)atoi(f[4]));
    bisik_buffer_free(before);
    bisik_buffer_free(after);
    if (trust != kept) bisik_trust_free(trust);
    steps++;
  }
  CHECK(accepted == 3);
  fclose(file);
  free(old_feed);
  free(new_feed);
  bisik_trust_free(kept);
  return steps;
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  CHECK(canonical(argv[2]) > 300);
  CHECK(verdicts(argv[2]) == 17);
  CHECK(statements(argv[2]) == 12);
  return 0;
}
