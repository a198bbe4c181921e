/* Eight threads look values up while the matcher is replaced 200 times. */
#include <pthread.h>

#include "check.h"

#define THREADS 8
#define RELOADS 200

static bisik_live *live;
/* read and written under the lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int running = 1;

static int is_running(void) {
  int answer;
  pthread_mutex_lock(&lock);
  answer = running;
  pthread_mutex_unlock(&lock);
  return answer;
}

static void *look_up(void *argument) {
  static const uint8_t data[] = "odd.example" "even.example" "none.example";
  static const int64_t offsets[] = {0, 11, 23, 35};
  size_t *rounds = (size_t *)argument;
  do {
    bisik_error *error;
    bisik_hit hits[2];
    bisik_matcher *matcher;
    uint8_t mask[3];
    size_t odd, even, count;
    bisik_buffer *form;
    OK(bisik_live_check(live, BISIK_KIND_DOMAIN, BISIK_LITERAL("odd.example"), NULL, NOW, hits, 2, &odd, &error));
    OK(bisik_live_check(live, BISIK_KIND_DOMAIN, BISIK_LITERAL("both.example"), NULL, NOW, hits, 2, &even, &error));
    CHECK(odd <= 1 && even == 1);
    /* one handle sees one feed from the beginning of a batch to its end */
    OK(bisik_live_get(live, &matcher, &error));
    OK(bisik_matcher_match(matcher, BISIK_KIND_DOMAIN, data, 35, offsets, 3, NULL, NOW, mask, hits, 2, &count, &error));
    CHECK(count == 1 && mask[0] + mask[1] == 1 && mask[2] == 0);
    bisik_matcher_free(matcher);
    FAILS(BISIK_EMPTY, bisik_canonical(BISIK_KIND_PHONE, NULL, 0, NULL, &form, &error));
    ++*rounds;
  } while (is_running());
  return NULL;
}

int main(void) {
  static const char *const odd[] = {"odd.example", "both.example"}, *const even[] = {"even.example", "both.example"};
  bisik_error *error;
  pthread_t threads[THREADS];
  size_t rounds[THREADS] = {0};
  party p = party_new("Centre");
  bisik_publication *publications[2];
  bisik_feed *feed;
  bisik_matcher *matcher;
  int i;
  publications[0] = publish(&p, even, 2, false);
  publications[1] = publish(&p, odd, 2, true);
  feed = feed_of(&p, publications[0]);
  matcher = matcher_of(feed);
  bisik_feed_free(feed);
  OK(bisik_live_new(matcher, &live, &error));
  bisik_matcher_free(matcher);
  for (i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, look_up, &rounds[i]) == 0);
  for (i = 1; i <= RELOADS; i++) {
    feed = feed_of(&p, publications[i % 2]);
    matcher = matcher_of(feed);
    bisik_feed_free(feed);
    OK(bisik_live_set(live, matcher, &error));
    bisik_matcher_free(matcher);
  }
  pthread_mutex_lock(&lock);
  running = 0;
  pthread_mutex_unlock(&lock);
  for (i = 0; i < THREADS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(rounds[i] > 0);
  }
  bisik_live_free(live);
  bisik_publication_free(publications[0]);
  bisik_publication_free(publications[1]);
  party_free(&p);
  return 0;
}
