// bisik for C++17: handles that free themselves, and exceptions. Header-only, over bisik.h.
//
// Every class holds one handle and can be moved, not copied. get() gives the handle for what is only in bisik.h. A failed call throws
// bisik::Error. Threads: as bisik.h says of the handles. Blind mode, the life of a feed, and sightings with stores are in bisik_blind.hpp,
// bisik_life.hpp and bisik_desk.hpp, which this header includes.
#ifndef BISIK_HPP
#define BISIK_HPP

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bisik.h"

namespace bisik {

// A failed call. what() is the message; it holds no identifier and no key.
class Error : public std::runtime_error {
 public:
  Error(bisik_status status, const char *message, std::optional<std::uint64_t> position)
      : std::runtime_error(message), status_(status), position_(position) {}

  // What a program decides by: one of the constants in bisik.h, for instance BISIK_EXPIRED.
  bisik_status status() const noexcept { return status_; }
  // The name of the status, for instance "expired".
  const char *name() const noexcept { return bisik_status_name(status_); }
  // What a person can do next.
  const char *advice() const noexcept { return bisik_status_advice(status_); }
  // A byte offset in files and values, an item index in batches.
  std::optional<std::uint64_t> position() const noexcept { return position_; }

 private:
  bisik_status status_;
  std::optional<std::uint64_t> position_;
};

namespace detail {

template <class T, void (*Free)(T *)>
struct Deleter {
  void operator()(T *handle) const noexcept { Free(handle); }
};

template <class T, void (*Free)(T *)>
using Handle = std::unique_ptr<T, Deleter<T, Free>>;

// Collects the error of one call. The call and the check are two statements: arguments are evaluated in any order.
class Outcome {
 public:
  ~Outcome() { bisik_error_free(error_); }
  Outcome() = default;
  Outcome(const Outcome &) = delete;
  Outcome &operator=(const Outcome &) = delete;

  bisik_error **place() noexcept { return &error_; }

  void check(bisik_status status) const {
    if (status == BISIK_OK) return;
    std::uint64_t position = 0;
    const bool placed = bisik_error_position(error_, &position);
    const char *message = bisik_error_message(error_);
    throw Error(status, message ? message : "", placed ? std::optional<std::uint64_t>(position) : std::nullopt);
  }

 private:
  bisik_error *error_ = nullptr;
};

// Calls a function whose last argument takes the error.
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
  Outcome outcome;
  const bisik_status status = function(arguments..., outcome.place());
  outcome.check(status);
}

// Calls a function that makes a handle in its last argument but one.
template <class T, class Function, class... Arguments>
T *make(Function function, Arguments... arguments) {
  T *handle = nullptr;
  call(function, arguments..., &handle);
  return handle;
}

inline const std::uint8_t *bytes(std::string_view text) noexcept {
  return reinterpret_cast<const std::uint8_t *>(text.data());
}

// A text that the library made, empty for NULL.
inline std::string_view view(const char *text) noexcept { return text ? std::string_view(text) : std::string_view(); }

// Calls a function that writes an array in its last argument but one.
template <std::size_t Length, class Function, class T>
std::array<std::uint8_t, Length> array(Function function, T handle) {
  std::uint8_t written[Length];
  call(function, handle, &written);
  std::array<std::uint8_t, Length> copy{};
  for (std::size_t i = 0; i < Length; i++) copy[i] = written[i];
  return copy;
}

// Values that lie anywhere, copied together.
struct Column {
  explicit Column(const std::vector<std::string_view> &values) {
    offsets.reserve(values.size() + 1);
    offsets.push_back(0);
    for (const std::string_view value : values) {
      data.append(value);
      offsets.push_back(static_cast<std::int64_t>(data.size()));
    }
  }

  std::string data;
  std::vector<std::int64_t> offsets;
};

}  // namespace detail

class OprfKey;
class Policy;
class Prepared;
class Remembered;
class Verdict;

// What the library was built as.
inline const char *version() noexcept { return bisik_version(); }

// Bytes or a text that the library made; wiped when freed.
class Buffer {
 public:
  explicit Buffer(bisik_buffer *handle) noexcept : handle_(handle) {}
  const bisik_buffer *get() const noexcept { return handle_.get(); }
  const std::uint8_t *data() const noexcept { return bisik_buffer_data(handle_.get()); }
  std::size_t size() const noexcept { return bisik_buffer_length(handle_.get()); }
  std::string_view view() const noexcept { return {reinterpret_cast<const char *>(data()), size()}; }

 private:
  detail::Handle<bisik_buffer, bisik_buffer_free> handle_;
};

// What the parser must be told about raw values.
class ParseOptions {
 public:
  ParseOptions() : handle_(bisik_parse_options_new()) {}
  const bisik_parse_options *get() const noexcept { return handle_.get(); }

  ParseOptions &region(std::string_view region) {
    detail::call(bisik_parse_options_set_region, handle_.get(), region.data(), region.size());
    return *this;
  }
  ParseOptions &bank(std::string_view bank) {
    detail::call(bisik_parse_options_set_bank, handle_.get(), bank.data(), bank.size());
    return *this;
  }
  ParseOptions &country(std::string_view country) {
    detail::call(bisik_parse_options_set_country, handle_.get(), country.data(), country.size());
    return *this;
  }
  ParseOptions &allow_unassigned(bool allow) {
    detail::call(bisik_parse_options_set_allow_unassigned, handle_.get(), allow);
    return *this;
  }

  // The defaults, without making a handle.
  static const ParseOptions &none() {
    static const ParseOptions options;
    return options;
  }

 private:
  detail::Handle<bisik_parse_options, bisik_parse_options_free> handle_;
};

// The canonical form of a value.
inline std::string canonical(bisik_kind kind, std::string_view value, const ParseOptions &options = ParseOptions::none()) {
  const Buffer form(detail::make<bisik_buffer>(bisik_canonical, kind, value.data(), value.size(), options.get()));
  return std::string(form.view());
}

// The kind of a name, for instance "phone".
inline bisik_kind kind(std::string_view name) {
  bisik_kind found = 0;
  detail::call(bisik_kind_from_name, name.data(), name.size(), &found);
  return found;
}

// The texts of a new party's three files: signing and identity are secret, the card is public.
struct Keys {
  Buffer signing;
  Buffer identity;
  Buffer card;

  static Keys generate(std::string_view name) {
    bisik_buffer *signing = nullptr, *identity = nullptr, *card = nullptr;
    detail::call(bisik_keygen, name.data(), name.size(), &signing, &identity, &card);
    return Keys{Buffer(signing), Buffer(identity), Buffer(card)};
  }
};

// What a publisher signs with.
class SigningFile {
 public:
  explicit SigningFile(std::string_view text)
      : handle_(detail::make<bisik_signing_file>(bisik_signing_file_new, text.data(), text.size())) {}
  const bisik_signing_file *get() const noexcept { return handle_.get(); }
  Buffer card() const { return Buffer(detail::make<bisik_buffer>(bisik_signing_file_card, handle_.get())); }

 private:
  detail::Handle<bisik_signing_file, bisik_signing_file_free> handle_;
};

// Secrets that open sealed feeds.
class Secrets {
 public:
  Secrets() : handle_(bisik_secrets_new()) {}
  const bisik_secrets *get() const noexcept { return handle_.get(); }
  Secrets &add(std::string_view identity_file) {
    detail::call(bisik_secrets_add, handle_.get(), identity_file.data(), identity_file.size());
    return *this;
  }
  static const Secrets &none() {
    static const Secrets secrets;
    return secrets;
  }

 private:
  detail::Handle<bisik_secrets, bisik_secrets_free> handle_;
};

// Whom a feed is sealed to.
class Recipients {
 public:
  Recipients() : handle_(bisik_recipients_new()) {}
  const bisik_recipients *get() const noexcept { return handle_.get(); }
  Recipients &add(std::string_view list) {
    detail::call(bisik_recipients_add, handle_.get(), list.data(), list.size());
    return *this;
  }
  Recipients &add_card(std::string_view card) {
    detail::call(bisik_recipients_add_card, handle_.get(), card.data(), card.size());
    return *this;
  }

 private:
  detail::Handle<bisik_recipients, bisik_recipients_free> handle_;
};

// What must be neither published nor acted upon: the built-in list and one's own entries.
class Guard {
 public:
  Guard() : handle_(bisik_guard_new()) {}
  const bisik_guard *get() const noexcept { return handle_.get(); }
  Guard &add(bisik_kind kind, std::string_view value, const ParseOptions &options = ParseOptions::none()) {
    detail::call(bisik_guard_add, handle_.get(), kind, value.data(), value.size(), options.get());
    return *this;
  }
  static const Guard &built_in() {
    static const Guard guard;
    return guard;
  }

 private:
  detail::Handle<bisik_guard, bisik_guard_free> handle_;
};

// A claim that somebody else owns: NULL, or as long as its report lives.
class ClaimView {
 public:
  explicit ClaimView(const bisik_claim *claim) noexcept : claim_(claim) {}
  const bisik_claim *get() const noexcept { return claim_; }
  explicit operator bool() const noexcept { return claim_ != nullptr; }
  std::optional<std::string_view> text(bisik_claim_field field) const noexcept {
    const char *text = bisik_claim_text(claim_, field);
    return text ? std::optional<std::string_view>(text) : std::nullopt;
  }
  std::optional<std::uint64_t> number(bisik_claim_field field) const noexcept {
    std::uint64_t number = 0;
    return bisik_claim_number(claim_, field, &number) ? std::optional<std::uint64_t>(number) : std::nullopt;
  }

 private:
  const bisik_claim *claim_;
};

// What a publisher says of an identifier.
class Claim {
 public:
  Claim() : handle_(bisik_claim_new()) {}
  const bisik_claim *get() const noexcept { return handle_.get(); }
  ClaimView view() const noexcept { return ClaimView(handle_.get()); }
  Claim &set(bisik_claim_field field, std::string_view text) {
    detail::call(bisik_claim_set_text, handle_.get(), field, text.data(), text.size());
    return *this;
  }
  Claim &set(bisik_claim_field field, std::uint64_t number) {
    detail::call(bisik_claim_set_number, handle_.get(), field, number);
    return *this;
  }
  static const Claim &none() {
    static const Claim claim;
    return claim;
  }

 private:
  detail::Handle<bisik_claim, bisik_claim_free> handle_;
};

// The publishers that a reader trusts.
class Trust {
 public:
  Trust() : handle_(bisik_trust_new()) {}
  // Reads the text of a store, as `bisik trust` writes it.
  explicit Trust(std::string_view text) : handle_(detail::make<bisik_trust>(bisik_trust_parse, text.data(), text.size())) {}
  const bisik_trust *get() const noexcept { return handle_.get(); }
  Trust &add_card(std::string_view card) {
    detail::call(bisik_trust_add_card, handle_.get(), card.data(), card.size());
    return *this;
  }
  Trust &add_card_for(std::string_view card, std::string_view feed) {
    detail::call(bisik_trust_add_card_for, handle_.get(), card.data(), card.size(), feed.data(), feed.size());
    return *this;
  }
  // Takes in a rotation or revocation that a publisher's roots signed. The store is unchanged if it throws; otherwise keep text().
  Trust &update(std::string_view statement, std::uint64_t now) {
    detail::call(bisik_trust_update, handle_.get(), detail::bytes(statement), statement.size(), now);
    return *this;
  }
  std::string text() const { return std::string(Buffer(detail::make<bisik_buffer>(bisik_trust_text, get())).view()); }

 private:
  detail::Handle<bisik_trust, bisik_trust_free> handle_;
};

// A verified feed.
class Feed {
 public:
  explicit Feed(bisik_feed *handle) noexcept : handle_(handle) {}
  const bisik_feed *get() const noexcept { return handle_.get(); }

  static Feed open(std::string_view file, const Trust &trust, std::uint64_t now, const Secrets &secrets = Secrets::none(),
                   std::uint64_t limit = 0) {
    return Feed(detail::make<bisik_feed>(bisik_feed_open, detail::bytes(file), file.size(), trust.get(), secrets.get(), limit, now));
  }
  static Feed read_file(std::string_view path, const Trust &trust, std::uint64_t now, const Secrets &secrets = Secrets::none(),
                        std::uint64_t limit = 0) {
    return Feed(detail::make<bisik_feed>(bisik_feed_read_file, path.data(), path.size(), trust.get(), secrets.get(), limit, now));
  }
  // The file must be neither written nor truncated while the feed, or what is made of it, lives.
  static Feed map_file(std::string_view path, const Trust &trust, std::uint64_t now, std::uint64_t limit = 0) {
    return Feed(detail::make<bisik_feed>(bisik_feed_map_file, path.data(), path.size(), trust.get(), limit, now));
  }

  // A version that may have expired, to apply deltas to; no matcher matches it then.
  static Feed open_stale(std::string_view file, const Trust &trust, std::uint64_t now, const Secrets &secrets = Secrets::none(),
                         std::uint64_t limit = 0) {
    return Feed(
        detail::make<bisik_feed>(bisik_feed_open_stale, detail::bytes(file), file.size(), trust.get(), secrets.get(), limit, now));
  }
  // A publisher's own earlier version, which may have expired, to publish the next one.
  static Feed open_own(std::string_view file, const SigningFile &signing, std::uint64_t now, const Secrets &secrets = Secrets::none(),
                       std::uint64_t limit = 0) {
    return Feed(
        detail::make<bisik_feed>(bisik_feed_open_own, detail::bytes(file), file.size(), signing.get(), secrets.get(), limit, now));
  }

  std::string inspect() const { return std::string(Buffer(detail::make<bisik_buffer>(bisik_feed_inspect, get())).view()); }
  // The bytes without an envelope, as secret as it made them; they live as long as the feed.
  std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char *>(bisik_feed_data(get())), bisik_feed_length(get())};
  }
  std::array<std::uint8_t, 32> digest() const { return detail::array<32>(bisik_feed_digest, get()); }
  std::uint64_t version() const noexcept { return bisik_feed_version(get()); }
  std::uint64_t count() const noexcept { return bisik_feed_count(get()); }
  std::uint64_t expires() const noexcept { return bisik_feed_expires(get()); }

 private:
  detail::Handle<bisik_feed, bisik_feed_free> handle_;
};

// The numbers under which a version is signed.
struct Place {
  std::uint64_t version;
  std::uint32_t epoch;
};

// What a publisher decides about a feed.
class PublishOptions {
 public:
  PublishOptions(std::string_view feed, std::uint64_t now)
      : handle_(detail::make<bisik_publish_options>(bisik_publish_options_new, feed.data(), feed.size(), now)) {}
  // For the version after `previous`, with its feed id, validity, sharing, purpose, contact and form.
  static PublishOptions following(const Feed &previous, std::uint64_t now) {
    return PublishOptions(detail::make<bisik_publish_options>(bisik_publish_options_following, previous.get(), now));
  }
  const bisik_publish_options *get() const noexcept { return handle_.get(); }

  PublishOptions &validity(std::uint64_t seconds) {
    detail::call(bisik_publish_options_set_validity, handle_.get(), seconds);
    return *this;
  }
  PublishOptions &tlp(std::string_view tlp) {
    detail::call(bisik_publish_options_set_tlp, handle_.get(), tlp.data(), tlp.size());
    return *this;
  }
  PublishOptions &purpose(std::string_view purpose) {
    detail::call(bisik_publish_options_set_purpose, handle_.get(), purpose.data(), purpose.size());
    return *this;
  }
  PublishOptions &contact(std::string_view name, std::string_view desk, std::string_view hours) {
    detail::call(bisik_publish_options_set_contact, handle_.get(), name.data(), name.size(), desk.data(), desk.size(), hours.data(),
                 hours.size());
    return *this;
  }
  // The desk's age key: members seal sightings to it.
  PublishOptions &desk_key(std::string_view recipient) {
    detail::call(bisik_publish_options_set_desk_key, handle_.get(), recipient.data(), recipient.size());
    return *this;
  }
  PublishOptions &set(bisik_set set, std::uint64_t rate = 0) {
    detail::call(bisik_publish_options_set_set, handle_.get(), set, rate);
    return *this;
  }
  PublishOptions &records(bool records) {
    detail::call(bisik_publish_options_set_records, handle_.get(), records);
    return *this;
  }
  PublishOptions &new_epoch(bool new_epoch) {
    detail::call(bisik_publish_options_set_new_epoch, handle_.get(), new_epoch);
    return *this;
  }
  // Version and epoch are at least these, because lower ones may have been signed.
  PublishOptions &at_least(Place place) {
    detail::call(bisik_publish_options_set_at_least, handle_.get(), place.version, place.epoch);
    return *this;
  }
  PublishOptions &blind(const OprfKey &key);
  PublishOptions &guard(const Guard &guard) {
    detail::call(bisik_publish_options_set_guard, handle_.get(), guard.get());
    return *this;
  }

 private:
  explicit PublishOptions(bisik_publish_options *handle) noexcept : handle_(handle) {}

  detail::Handle<bisik_publish_options, bisik_publish_options_free> handle_;
};

// A finished feed: it goes out open or sealed.
class Publication {
 public:
  explicit Publication(bisik_publication *handle) noexcept : handle_(handle) {}
  const bisik_publication *get() const noexcept { return handle_.get(); }

  std::string manifest() const {
    return std::string(Buffer(detail::make<bisik_buffer>(bisik_publication_manifest, get())).view());
  }
  std::uint64_t merged() const noexcept { return bisik_publication_merged(get()); }
  // The kinds that an open feed must not hold unless they are given to open().
  std::vector<bisik_kind> enumerable() const {
    std::vector<bisik_kind> kinds;
    while (const bisik_kind kind = bisik_publication_enumerable(get(), kinds.size())) kinds.push_back(kind);
    return kinds;
  }
  Buffer open(std::initializer_list<bisik_kind> accepted = {}) const {
    return Buffer(detail::make<bisik_buffer>(bisik_publication_open, get(), accepted.begin(), accepted.size()));
  }
  Buffer seal(const Recipients &recipients) const {
    return Buffer(detail::make<bisik_buffer>(bisik_publication_seal, get(), recipients.get()));
  }
  // The delta from an earlier version, open or sealed as the feed is.
  Buffer delta_open(const Feed &base, std::initializer_list<bisik_kind> accepted = {}) const {
    return Buffer(detail::make<bisik_buffer>(bisik_publication_delta_open, get(), base.get(), accepted.begin(), accepted.size()));
  }
  Buffer delta_seal(const Feed &base, const Recipients &recipients) const {
    return Buffer(detail::make<bisik_buffer>(bisik_publication_delta_seal, get(), base.get(), recipients.get()));
  }
  // The retractions as a signed file of its own.
  Buffer retraction_list() const { return Buffer(detail::make<bisik_buffer>(bisik_publication_retraction_list, get())); }

 private:
  detail::Handle<bisik_publication, bisik_publication_free> handle_;
};

// Collects indicators and makes a feed of them.
class Publisher {
 public:
  Publisher(const SigningFile &signing, const PublishOptions &options, const Feed *previous = nullptr)
      : handle_(detail::make<bisik_publisher>(bisik_publisher_new, signing.get(), options.get(), previous ? previous->get() : nullptr)) {}
  const bisik_publisher *get() const noexcept { return handle_.get(); }

  Publisher &add(bisik_kind kind, std::string_view value, const ParseOptions &options = ParseOptions::none(),
                 const Claim &claim = Claim::none()) {
    detail::call(bisik_publisher_add, handle_.get(), kind, value.data(), value.size(), options.get(), claim.get());
    return *this;
  }
  std::uint64_t added() const noexcept { return bisik_publisher_added(get()); }
  // What will be signed: to be on the disk as used before publishing.
  Place place() const {
    Place place{};
    detail::call(bisik_publisher_place, get(), &place.version, &place.epoch);
    return place;
  }
  // The publisher is empty after that, also on failure.
  Publication publish() { return Publication(detail::make<bisik_publication>(bisik_publisher_publish, handle_.get())); }

 private:
  detail::Handle<bisik_publisher, bisik_publisher_free> handle_;
};

// An input that was not looked up, or whose hit was suppressed.
struct Rejection {
  std::uint64_t index;
  bisik_status reason;
};

// All that a look-up gave.
class Report {
 public:
  explicit Report(bisik_report *handle) noexcept : handle_(handle) {}
  const bisik_report *get() const noexcept { return handle_.get(); }

  std::size_t size() const noexcept { return bisik_report_hits(get()); }
  bisik_hit hit(std::size_t position) const {
    bisik_hit hit{};
    detail::call(bisik_report_hit, get(), position, &hit);
    return hit;
  }
  // What is listed, as sensitive as the input; empty beyond the last hit.
  std::string_view expression(std::size_t position) const noexcept { return detail::view(bisik_report_expression(get(), position)); }
  ClaimView claim(std::size_t position) const noexcept { return ClaimView(bisik_report_claim(get(), position)); }
  std::vector<Rejection> rejections() const {
    std::vector<Rejection> rows(bisik_report_rejections(get()));
    for (std::size_t i = 0; i < rows.size(); i++) {
      detail::call(bisik_report_rejection, get(), i, &rows[i].index, &rows[i].reason);
    }
    return rows;
  }
  // A byte an input of the `count` that were looked up: BISIK_MASK_HIT, BISIK_MASK_REJECTED.
  std::vector<std::uint8_t> mask(std::size_t count) const {
    std::vector<std::uint8_t> mask(count);
    detail::call(bisik_report_mask, get(), mask.data(), mask.size());
    return mask;
  }
  // The verdict on an input that has hits: `index` is the input's, as in bisik_hit.
  Verdict decide(std::uint64_t index, const Policy &policy, std::uint64_t now) const;
  // What to keep of a hit that is acted upon.
  Remembered remember(std::size_t position, std::uint64_t now) const;

 private:
  detail::Handle<bisik_report, bisik_report_free> handle_;
};

// What a batch gave: a byte an input (BISIK_MASK_HIT, BISIK_MASK_REJECTED), and the hits.
struct Batch {
  std::vector<std::uint8_t> mask;
  std::vector<bisik_hit> hits;
};

// Looks identifiers up in several feeds.
class Matcher {
 public:
  explicit Matcher(bisik_matcher *handle) noexcept : handle_(handle) {}
  // Large batches are looked up on so many threads; 0 is as many as the process may run at the same time.
  explicit Matcher(const std::vector<const Feed *> &feeds, const Guard &guard = Guard::built_in(), std::size_t threads = 1) {
    std::vector<const bisik_feed *> handles;
    handles.reserve(feeds.size());
    for (const Feed *feed : feeds) handles.push_back(feed ? feed->get() : nullptr);
    handle_.reset(
        detail::make<bisik_matcher>(bisik_matcher_new_with_threads, handles.data(), handles.size(), guard.get(), threads));
  }
  const bisik_matcher *get() const noexcept { return handle_.get(); }

  std::size_t feeds() const noexcept { return bisik_matcher_feeds(get()); }
  Feed feed(std::size_t position) const { return Feed(detail::make<bisik_feed>(bisik_matcher_feed, get(), position)); }

  // Looks one value up: a report with claims.
  Report check(bisik_kind kind, std::string_view value, std::uint64_t now, const ParseOptions &options = ParseOptions::none()) const {
    return Report(detail::make<bisik_report>(bisik_matcher_check_report, get(), kind, value.data(), value.size(), options.get(), now));
  }

  // Looks values up that lie one after the other: value i is data[offsets[i] .. offsets[i + 1]].
  Batch match(bisik_kind kind, std::string_view data, const std::int64_t *offsets, std::size_t count, std::uint64_t now,
              const ParseOptions &options = ParseOptions::none()) const {
    return batch(bisik_matcher_match, kind, data, offsets, count, now, options);
  }

  // The same for values of different kinds: value i is of kinds[i], of which there are `count`.
  Batch match(const bisik_kind *kinds, std::string_view data, const std::int64_t *offsets, std::size_t count, std::uint64_t now,
              const ParseOptions &options = ParseOptions::none()) const {
    return batch(bisik_matcher_match_mixed, kinds, data, offsets, count, now, options);
  }

  // The same for values that lie anywhere; they are copied together.
  Batch match(bisik_kind kind, const std::vector<std::string_view> &values, std::uint64_t now,
              const ParseOptions &options = ParseOptions::none()) const {
    const detail::Column column(values);
    return match(kind, column.data, column.offsets.data(), values.size(), now, options);
  }

  bool has_blind() const noexcept;
  // Blinds values for the servers of blind feeds: send each request, then finish() with the answers. `pad` hides how many values there are.
  Prepared prepare(bisik_kind kind, const std::vector<std::string_view> &values, const SigningFile &signing, std::uint64_t now,
                   const ParseOptions &options = ParseOptions::none(), bool pad = true) const;
  // The same for values of different kinds, one for each.
  Prepared prepare(const std::vector<bisik_kind> &kinds, const std::vector<std::string_view> &values, const SigningFile &signing,
                   std::uint64_t now, const ParseOptions &options = ParseOptions::none(), bool pad = true) const;
  // Checks the proofs of all answers, one after the other, and gives what matching would have given. The batch is used up, whatever comes
  // of it.
  Report finish(Prepared &prepared, std::string_view answers, std::uint64_t now) const;

 private:
  template <class Function, class Kinds>
  Batch batch(Function function, Kinds kinds, std::string_view data, const std::int64_t *offsets, std::size_t count,
              std::uint64_t now, const ParseOptions &options) const {
    Batch batch;
    batch.mask.resize(count);
    batch.hits.resize(count / 16 + 16);
    for (;;) {
      detail::Outcome outcome;
      std::size_t found = 0;
      const bisik_status status = function(get(), kinds, detail::bytes(data), data.size(), offsets, count, options.get(), now,
                                           batch.mask.data(), batch.hits.data(), batch.hits.size(), &found, outcome.place());
      if (status != BISIK_TOO_MANY_HITS) {
        outcome.check(status);
        batch.hits.resize(found);
        return batch;
      }
      batch.hits.resize(found);
    }
  }

  detail::Handle<bisik_matcher, bisik_matcher_free> handle_;
};

// A place that holds the matcher in use; it is replaced while other threads look up.
class Live {
 public:
  explicit Live(const Matcher &matcher) : handle_(detail::make<bisik_live>(bisik_live_new, matcher.get())) {}
  const bisik_live *get() const noexcept { return handle_.get(); }
  void set(const Matcher &matcher) { detail::call(bisik_live_set, handle_.get(), matcher.get()); }
  // The matcher in use, for a batch to work with from its beginning to its end.
  Matcher matcher() const { return Matcher(detail::make<bisik_matcher>(bisik_live_get, get())); }

 private:
  detail::Handle<bisik_live, bisik_live_free> handle_;
};

}  // namespace bisik

#include "bisik_blind.hpp"
#include "bisik_desk.hpp"
#include "bisik_life.hpp"

#endif
