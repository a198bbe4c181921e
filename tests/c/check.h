/* What the tests share: checks that end the program, keys, and a small feed. Nothing here is part of the library. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bisik.h"

#define NOW 1800000000u

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                  \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)

/* A call that must succeed; `error` is a bisik_error * in scope. */
#define OK(call)                                                                                                       \
  do {                                                                                                                 \
    bisik_status status_ = (call);                                                                                     \
    if (status_ != BISIK_OK) {                                                                                         \
      fprintf(stderr, "%s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, bisik_status_name(status_),                    \
              error ? bisik_error_message(error) : "");                                                                \
      exit(1);                                                                                                         \
    }                                                                                                                  \
    CHECK(error == NULL);                                                                                              \
  } while (0)

/* A call that must fail with this status and an error. */
#define FAILS(expected, call)                                                                                          \
  do {                                                                                                                 \
    bisik_status status_ = (call);                                                                                     \
    if (status_ != (expected)) {                                                                                       \
      fprintf(stderr, "%s:%d: %s: %s, not %s\n", __FILE__, __LINE__, #call, bisik_status_name(status_), #expected);    \
      exit(1);                                                                                                         \
    }                                                                                                                  \
    CHECK(error != NULL);                                                                                              \
    CHECK(bisik_error_status(error) == (expected));                                                                    \
    CHECK(bisik_error_message(error)[0] != '\0');                                                                      \
    bisik_error_free(error);                                                                                           \
    error = NULL;                                                                                                      \
  } while (0)

/* A party with a trust store that trusts it. */
typedef struct party {
  bisik_buffer *signing, *identity, *card;
  bisik_signing_file *file;
  bisik_trust *trust;
} party;

static inline const char *text_of(const bisik_buffer *buffer) { return (const char *)bisik_buffer_data(buffer); }

static inline party party_new(const char *name) {
  bisik_error *error;
  party p;
  OK(bisik_keygen(name, strlen(name), &p.signing, &p.identity, &p.card, &error));
  OK(bisik_signing_file_new(text_of(p.signing), bisik_buffer_length(p.signing), &p.file, &error));
  p.trust = bisik_trust_new();
  OK(bisik_trust_add_card(p.trust, text_of(p.card), bisik_buffer_length(p.card), &error));
  return p;
}

static inline void party_free(party *p) {
  bisik_buffer_free(p->signing);
  bisik_buffer_free(p->identity);
  bisik_buffer_free(p->card);
  bisik_signing_file_free(p->file);
  bisik_trust_free(p->trust);
}

/* A publication of domains, each with the claim. */
static inline bisik_publication *publish(const party *p, const char *const *domains, size_t count, bool records) {
  bisik_error *error;
  bisik_publish_options *options;
  bisik_publisher *publisher;
  bisik_publication *publication;
  bisik_claim *claim = bisik_claim_new();
  size_t i;
  OK(bisik_claim_set_text(claim, BISIK_CLAIM_CATEGORY, BISIK_LITERAL("phishing"), &error));
  OK(bisik_claim_set_number(claim, BISIK_CLAIM_CONFIDENCE, 90, &error));
  OK(bisik_publish_options_new(BISIK_LITERAL("domains"), NOW, &options, &error));
  OK(bisik_publish_options_set_records(options, records, &error));
  OK(bisik_publisher_new(p->file, options, NULL, &publisher, &error));
  bisik_publish_options_free(options);
  for (i = 0; i < count; i++)
    OK(bisik_publisher_add(publisher, BISIK_KIND_DOMAIN, domains[i], strlen(domains[i]), NULL, claim, &error));
  CHECK(bisik_publisher_added(publisher) == count);
  OK(bisik_publisher_publish(publisher, &publication, &error));
  FAILS(BISIK_STATE_CONSUMED, bisik_publisher_publish(publisher, &publication, &error));
  bisik_publisher_free(publisher);
  bisik_claim_free(claim);
  return publication;
}

static inline bisik_feed *feed_of(const party *p, const bisik_publication *publication) {
  bisik_error *error;
  bisik_buffer *file;
  bisik_feed *feed;
  OK(bisik_publication_open(publication, NULL, 0, &file, &error));
  OK(bisik_feed_open(bisik_buffer_data(file), bisik_buffer_length(file), p->trust, NULL, 0, NOW, &feed, &error));
  bisik_buffer_free(file);
  return feed;
}

static inline bisik_matcher *matcher_of(const bisik_feed *feed) {
  bisik_error *error;
  bisik_matcher *matcher;
  OK(bisik_matcher_new(&feed, 1, NULL, &matcher, &error));
  return matcher;
}

#endif
