/* Publishes a list of phone numbers, one a line on standard input, sealed to a member.
 *
 *   publish FOLDER < numbers.txt
 *
 * Writes FOLDER/centre.sign, centre.key, centre.pub, member.key, member.pub and numbers.bisik. Without input it takes two numbers of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bisik.h"

/* Ends the program if a call failed, with what to do about it. */
static void must(bisik_status status, bisik_error *error) {
  if (status == BISIK_OK) return;
  fprintf(stderr, "publish: %s: %s; %s\n", bisik_status_name(status), bisik_error_message(error), bisik_status_advice(status));
  bisik_error_free(error);
  exit(1);
}

static void save(const char *folder, const char *name, const bisik_buffer *content) {
  char path[4096];
  FILE *file;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file = fopen(path, "wb");
  if (!file || fwrite(bisik_buffer_data(content), 1, bisik_buffer_length(content), file) != bisik_buffer_length(content) ||
      fclose(file) != 0) {
    perror(path);
    exit(1);
  }
}

/* Makes the keys of a party; saves them, and gives the signing file and the card. */
static void keys(const char *folder, const char *name, bisik_buffer **signing, bisik_buffer **card) {
  char path[64];
  bisik_buffer *identity;
  bisik_error *error;
  must(bisik_keygen(name, strlen(name), signing, &identity, card, &error), error);
  snprintf(path, sizeof path, "%s.sign", name);
  save(folder, path, *signing);
  snprintf(path, sizeof path, "%s.key", name);
  save(folder, path, identity);
  snprintf(path, sizeof path, "%s.pub", name);
  save(folder, path, *card);
  bisik_buffer_free(identity); /* wiped */
}

static void add(bisik_publisher *publisher, const char *number, const bisik_parse_options *options, const bisik_claim *claim) {
  bisik_error *error;
  bisik_status status = bisik_publisher_add(publisher, BISIK_KIND_PHONE, number, strlen(number), options, claim, &error);
  /* a row that is refused does not stop the feed; the message never holds the number */
  if (status != BISIK_OK) fprintf(stderr, "refused: %s\n", bisik_error_message(error));
  bisik_error_free(error);
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : ".";
  uint64_t now = (uint64_t)time(NULL);
  char line[256];
  bisik_error *error;
  bisik_buffer *signing, *card, *member_signing, *member_card, *file;
  bisik_signing_file *signing_file;
  bisik_publish_options *feed;
  bisik_parse_options *options = bisik_parse_options_new();
  bisik_claim *claim = bisik_claim_new();
  bisik_publisher *publisher;
  bisik_publication *publication;
  bisik_recipients *members = bisik_recipients_new();

  keys(folder, "centre", &signing, &card);
  keys(folder, "member", &member_signing, &member_card);
  must(bisik_signing_file_new((const char *)bisik_buffer_data(signing), bisik_buffer_length(signing), &signing_file, &error), error);

  must(bisik_publish_options_new(BISIK_LITERAL("numbers"), now, &feed, &error), error);
  must(bisik_publish_options_set_records(feed, true, &error), error);
  must(bisik_publish_options_set_purpose(feed, BISIK_LITERAL("warning and blocking calls"), &error), error);
  must(bisik_publisher_new(signing_file, feed, NULL, &publisher, &error), error);

  must(bisik_parse_options_set_region(options, BISIK_LITERAL("SG"), &error), error);
  must(bisik_claim_set_text(claim, BISIK_CLAIM_CATEGORY, BISIK_LITERAL("impersonation"), &error), error);
  must(bisik_claim_set_number(claim, BISIK_CLAIM_LAST_SEEN, now, &error), error);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\r\n")] = '\0';
    add(publisher, line, options, claim);
  }
  if (bisik_publisher_added(publisher) == 0) {
    add(publisher, "9123 4567", options, claim);
    add(publisher, "+65 8123 4567", options, claim);
  }

  must(bisik_publisher_publish(publisher, &publication, &error), error);
  must(bisik_recipients_add_card(members, (const char *)bisik_buffer_data(member_card), bisik_buffer_length(member_card), &error), error);
  must(bisik_publication_seal(publication, members, &file, &error), error);
  save(folder, "numbers.bisik", file);
  printf("numbers.bisik: %lu bytes, sealed to the member\n", (unsigned long)bisik_buffer_length(file));

  bisik_buffer_free(file);
  bisik_buffer_free(signing);
  bisik_buffer_free(card);
  bisik_buffer_free(member_signing);
  bisik_buffer_free(member_card);
  bisik_signing_file_free(signing_file);
  bisik_publish_options_free(feed);
  bisik_parse_options_free(options);
  bisik_claim_free(claim);
  bisik_publisher_free(publisher);
  bisik_publication_free(publication);
  bisik_recipients_free(members);
  return 0;
}
