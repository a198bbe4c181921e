/* The native half of Bisik.java. Batches stay where Java's direct buffers have them; only keys and paths are copied. */
#include <jni.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bisik.h"

/* Throws what a call failed with. */
static void throw_error(JNIEnv *env, bisik_status status, bisik_error *error) {
  char message[512];
  jclass type = (*env)->FindClass(env, "Bisik$BisikException");
  jmethodID constructor = type ? (*env)->GetMethodID(env, type, "<init>", "(ILjava/lang/String;)V") : NULL;
  const char *text = bisik_error_message(error);
  const char *name = bisik_status_name(status);
  jstring string;
  snprintf(message, sizeof message, "%s: %s", name ? name : "?", text ? text : "");
  bisik_error_free(error);
  if (!constructor) return; /* an exception is pending already */
  string = (*env)->NewStringUTF(env, message);
  if (string) {
    jthrowable thrown = (jthrowable)(*env)->NewObject(env, type, constructor, (jint)status, string);
    if (thrown) (*env)->Throw(env, thrown);
  }
}

/* A copy of a byte array, to be freed; NULL with an exception pending. */
static char *copy_of(JNIEnv *env, jbyteArray array, size_t *length) {
  jsize size = (*env)->GetArrayLength(env, array);
  char *copy = (char *)malloc((size_t)size + 1);
  *length = (size_t)size;
  if (!copy) {
    jclass type = (*env)->FindClass(env, "java/lang/OutOfMemoryError");
    if (type) (*env)->ThrowNew(env, type, "no memory");
    return NULL;
  }
  (*env)->GetByteArrayRegion(env, array, 0, size, (jbyte *)copy);
  return copy;
}

JNIEXPORT jlong JNICALL Java_Bisik_open(JNIEnv *env, jclass type, jbyteArray path, jbyteArray card, jlong now) {
  bisik_error *error = NULL;
  bisik_feed *feed = NULL;
  bisik_matcher *matcher = NULL;
  bisik_trust *trust = bisik_trust_new();
  size_t path_length = 0, card_length = 0;
  char *path_copy = copy_of(env, path, &path_length);
  char *card_copy = path_copy ? copy_of(env, card, &card_length) : NULL;
  (void)type;
  if (card_copy) {
    bisik_status status = bisik_trust_add_card(trust, card_copy, card_length, &error);
    if (status == BISIK_OK)
      status = bisik_feed_read_file(path_copy, path_length, trust, NULL, 0, (uint64_t)now, &feed, &error);
    if (status == BISIK_OK) status = bisik_matcher_new((const bisik_feed *const *)&feed, 1, NULL, &matcher, &error);
    if (status != BISIK_OK) throw_error(env, status, error);
  }
  free(path_copy);
  free(card_copy);
  bisik_feed_free(feed);
  bisik_trust_free(trust);
  return (jlong)(intptr_t)matcher;
}

JNIEXPORT void JNICALL Java_Bisik_match(JNIEnv *env, jclass type, jlong handle, jint kind, jobject data, jobject offsets, jint count,
                                        jbyteArray region, jlong now, jobject mask) {
  const bisik_matcher *matcher = (const bisik_matcher *)(intptr_t)handle;
  bisik_error *error = NULL;
  bisik_status status = BISIK_OK;
  bisik_parse_options *options = NULL;
  size_t hits;
  (void)type;
  if (region) {
    size_t length;
    char *copy = copy_of(env, region, &length);
    if (!copy) return;
    options = bisik_parse_options_new();
    status = bisik_parse_options_set_region(options, copy, length, &error);
    free(copy);
  }
  if (status == BISIK_OK) {
    status = bisik_matcher_match(matcher, (bisik_kind)kind, (const uint8_t *)(*env)->GetDirectBufferAddress(env, data),
                                 (size_t)(*env)->GetDirectBufferCapacity(env, data),
                                 (const int64_t *)(*env)->GetDirectBufferAddress(env, offsets), (size_t)count, options, (uint64_t)now,
                                 (uint8_t *)(*env)->GetDirectBufferAddress(env, mask), NULL, 0, &hits, &error);
  }
  bisik_parse_options_free(options);
  if (status != BISIK_OK) throw_error(env, status, error);
}

JNIEXPORT void JNICALL Java_Bisik_free(JNIEnv *env, jclass type, jlong handle) {
  (void)env;
  (void)type;
  bisik_matcher_free((bisik_matcher *)(intptr_t)handle);
}
