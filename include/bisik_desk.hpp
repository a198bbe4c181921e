// Sightings and stores for C++17: what a member tells the desk, the desk's call list, feeds as `bisik pull` leaves them, review logs.
// Part of bisik.hpp, which includes it.
#ifndef BISIK_DESK_HPP
#define BISIK_DESK_HPP

#include "bisik.hpp"

namespace bisik {

// What a member tells the desk of a feed.
class Sightings {
 public:
  Sightings() : handle_(bisik_sightings_new()) {}
  const bisik_sightings *get() const noexcept { return handle_.get(); }

  // `amount` is in the smallest unit of `currency`, three capital letters; `reference` is the member's own case number.
  Sightings &add(const std::uint8_t (&hit_id)[16], std::uint64_t time, bisik_action action, std::uint64_t amount = 0,
                 std::string_view currency = {}, std::string_view reference = {}) {
    detail::call(bisik_sightings_add, handle_.get(), &hit_id[0], time, action, amount, currency.data(), currency.size(),
                 reference.data(), reference.size());
    return *this;
  }
  // Signed, and sealed to the desk that the feed names: BISIK_SIGHTING_FILE_LENGTH bytes, whatever is told. Throws BISIK_NO_DESK.
  Buffer seal(const Feed &feed, const SigningFile &sender, std::uint64_t now) const {
    return Buffer(detail::make<bisik_buffer>(bisik_sightings_seal, get(), feed.get(), sender.get(), now));
  }

 private:
  detail::Handle<bisik_sightings, bisik_sightings_free> handle_;
};

// What a member told, opened and verified.
class SightingReport {
 public:
  const bisik_sighting_report *get() const noexcept { return handle_.get(); }

  static SightingReport open(std::string_view file, const Secrets &secrets, const Trust &members) {
    return SightingReport(detail::make<bisik_sighting_report>(bisik_sighting_report_open, detail::bytes(file), file.size(),
                                                              secrets.get(), members.get()));
  }
  std::string_view sender() const noexcept { return detail::view(bisik_sighting_report_sender(get())); }
  std::size_t size() const noexcept { return bisik_sighting_report_length(get()); }
  // Its texts live as long as the report.
  bisik_sighting sighting(std::size_t position) const {
    bisik_sighting sighting{};
    detail::call(bisik_sighting_report_get, get(), position, &sighting);
    return sighting;
  }

 private:
  explicit SightingReport(bisik_sighting_report *handle) noexcept : handle_(handle) {}

  detail::Handle<bisik_sighting_report, bisik_sighting_report_free> handle_;
};

// Which entries of a list some hit ids stand for.
class Joined {
 public:
  explicit Joined(bisik_joined *handle) noexcept : handle_(handle) {}
  const bisik_joined *get() const noexcept { return handle_.get(); }

  std::size_t size() const noexcept { return bisik_joined_length(get()); }
  // Takes over what was found in another epoch of the same list.
  Joined &join(const Joined &other) {
    detail::call(bisik_joined_join, handle_.get(), other.get());
    return *this;
  }

 private:
  detail::Handle<bisik_joined, bisik_joined_free> handle_;
};

// The entries that members met, whom to call about first at the head.
class Calls {
 public:
  struct Amount {
    std::uint64_t minor;
    std::string currency;
  };

  explicit Calls(bisik_calls *handle) noexcept : handle_(handle) {}

  std::size_t size() const noexcept { return bisik_calls_length(handle_.get()); }
  bisik_call call(std::size_t position) const {
    bisik_call call{};
    detail::call(bisik_calls_get, handle_.get(), position, &call);
    return call;
  }
  // The ids of the members that told of an entry.
  std::vector<std::array<std::uint8_t, 32>> senders(std::size_t position) const {
    std::vector<std::array<std::uint8_t, 32>> ids(call(position).senders);
    for (std::size_t i = 0; i < ids.size(); i++) detail::call(bisik_calls_sender, handle_.get(), position, i, ids[i].data());
    return ids;
  }
  // An entry's sums, one for each currency.
  std::vector<Amount> amounts(std::size_t position) const {
    std::vector<Amount> sums(call(position).amounts);
    for (std::size_t i = 0; i < sums.size(); i++) {
      char currency[4];
      detail::call(bisik_calls_amount, handle_.get(), position, i, &sums[i].minor, &currency[0]);
      sums[i].currency = currency;
    }
    return sums;
  }

 private:
  detail::Handle<bisik_calls, bisik_calls_free> handle_;
};

// A desk's memory of one feed's sightings.
class SightingLedger {
 public:
  explicit SightingLedger(const Feed &feed) : handle_(detail::make<bisik_sighting_ledger>(bisik_sighting_ledger_new, feed.get())) {}
  explicit SightingLedger(std::string_view text)
      : handle_(detail::make<bisik_sighting_ledger>(bisik_sighting_ledger_parse, text.data(), text.size())) {}
  const bisik_sighting_ledger *get() const noexcept { return handle_.get(); }

  std::size_t size() const noexcept { return bisik_sighting_ledger_length(get()); }
  // Lets it know another version of its feed, so that sightings of it are taken.
  SightingLedger &learn(const Feed &feed) {
    detail::call(bisik_sighting_ledger_learn, handle_.get(), feed.get());
    return *this;
  }
  // For each sighting BISIK_OK if it counts, and otherwise why not. Have text() on the disk before what counts is shown.
  std::vector<bisik_status> take(const SightingReport &report, std::uint64_t now) {
    std::vector<bisik_status> outcomes(report.size());
    detail::call(bisik_sighting_ledger_take, handle_.get(), report.get(), now, outcomes.data(), outcomes.size(), nullptr);
    return outcomes;
  }
  std::string text() const { return std::string(Buffer(detail::make<bisik_buffer>(bisik_sighting_ledger_text, get())).view()); }
  // The call list at a time, with nothing joined or with the entries that the hit ids stand for.
  Calls calls(std::uint64_t now) const { return calls(nullptr, now); }
  Calls calls(const Joined &joined, std::uint64_t now) const { return calls(joined.get(), now); }

 private:
  Calls calls(const bisik_joined *joined, std::uint64_t now) const {
    return Calls(detail::make<bisik_calls>(bisik_sighting_ledger_calls, get(), joined, now));
  }

  detail::Handle<bisik_sighting_ledger, bisik_sighting_ledger_free> handle_;
};

// Finds the entries of a list that the hit ids of a ledger stand for, in the epoch of a feed.
class HitFinder {
 public:
  HitFinder(const Feed &feed, const SightingLedger &ledger)
      : handle_(detail::make<bisik_hit_finder>(bisik_hit_finder_new, feed.get(), nullptr, ledger.get())) {}
  // For a blind feed, with its OprfKey.
  template <class Key>
  HitFinder(const Feed &feed, const Key &key, const SightingLedger &ledger)
      : handle_(detail::make<bisik_hit_finder>(bisik_hit_finder_new, feed.get(), key.get(), ledger.get())) {}

  // `entry` is what the entry will be called by. A value that cannot be read throws, and the finder goes on.
  HitFinder &add(std::uint64_t entry, bisik_kind kind, std::string_view value, const ParseOptions &options = ParseOptions::none()) {
    detail::call(bisik_hit_finder_add, handle_.get(), entry, kind, value.data(), value.size(), options.get());
    return *this;
  }
  // What was found. The finder is used up.
  Joined finish() { return Joined(detail::make<bisik_joined>(bisik_hit_finder_finish, handle_.get())); }

 private:
  detail::Handle<bisik_hit_finder, bisik_hit_finder_free> handle_;
};

// A store that `bisik pull` keeps. Any number of threads may use it.
class Store {
 public:
  explicit Store(std::string_view path) : handle_(detail::make<bisik_store>(bisik_store_open, path.data(), path.size())) {}
  const bisik_store *get() const noexcept { return handle_.get(); }

  // The number of its last change.
  std::uint64_t generation() const {
    std::uint64_t generation = 0;
    detail::call(bisik_store_generation, get(), &generation);
    return generation;
  }
  // How every feed stands, as a JSON array.
  std::string status(std::uint64_t now) const {
    return std::string(Buffer(detail::make<bisik_buffer>(bisik_store_status, get(), now)).view());
  }

 private:
  detail::Handle<bisik_store, bisik_store_free> handle_;
};

// A matcher that follows a store. Any number of threads may use it.
class StoreMatcher {
 public:
  StoreMatcher(const Store &store, const Trust &trust, std::uint64_t now, const Secrets &secrets = Secrets::none(),
               const Guard &guard = Guard::built_in())
      : handle_(detail::make<bisik_store_matcher>(bisik_store_matcher_new, store.get(), trust.get(), secrets.get(), guard.get(), now)) {}

  // The feeds as they were last loaded, without those that have expired since: for a batch, from its beginning to its end.
  Matcher current(std::uint64_t now) const {
    return Matcher(detail::make<bisik_matcher>(bisik_store_matcher_current, handle_.get(), now));
  }
  // The feeds that are left out and why, as a JSON array.
  std::string dropped(std::uint64_t now) const {
    return std::string(Buffer(detail::make<bisik_buffer>(bisik_store_matcher_dropped, handle_.get(), now)).view());
  }
  // Reads the store again if it changed, and says whether it did.
  bool reload(std::uint64_t now) {
    bool changed = false;
    detail::call(bisik_store_matcher_reload, handle_.get(), now, &changed);
    return changed;
  }

 private:
  detail::Handle<bisik_store_matcher, bisik_store_matcher_free> handle_;
};

// How many entries of a review log hold. Throws BISIK_BROKEN_CHAIN or BISIK_TORN_TAIL with the entry's number as position.
inline std::uint64_t verify_log(std::string_view path) {
  std::uint64_t entries = 0;
  detail::call(bisik_log_verify, path.data(), path.size(), &entries);
  return entries;
}

// The signed head of a log, kept by somebody else.
class LogHead {
 public:
  static LogHead read(std::string_view file, const Trust &trust, std::uint64_t now) {
    return LogHead(detail::make<bisik_log_head>(bisik_log_head_read, detail::bytes(file), file.size(), trust.get(), now));
  }
  const bisik_log_head *get() const noexcept { return handle_.get(); }
  std::uint64_t entries() const noexcept { return bisik_log_head_entries(get()); }
  std::uint64_t time() const noexcept { return bisik_log_head_time(get()); }

 private:
  explicit LogHead(bisik_log_head *handle) noexcept : handle_(handle) {}

  detail::Handle<bisik_log_head, bisik_log_head_free> handle_;
};

// The same, and that the log goes on from a head: throws BISIK_LOG_CUT too.
inline std::uint64_t verify_log(std::string_view path, const LogHead &head) {
  std::uint64_t entries = 0;
  detail::call(bisik_log_verify_from, path.data(), path.size(), head.get(), &entries);
  return entries;
}

}  // namespace bisik

#endif
