// The life of a feed for C++17: deltas, withdrawal and retractions, memory, verdicts. Part of bisik.hpp, which includes it.
#ifndef BISIK_LIFE_HPP
#define BISIK_LIFE_HPP

#include "bisik.hpp"

namespace bisik {

// The newest version that was seen of each feed.
class History {
 public:
  History() : handle_(bisik_history_new()) {}
  explicit History(std::string_view text)
      : handle_(detail::make<bisik_history>(bisik_history_parse, text.data(), text.size())) {}
  const bisik_history *get() const noexcept { return handle_.get(); }

  // Compares a feed with what was seen before, and remembers it. True: have text() on the disk before the feed is used.
  // Throws BISIK_ROLLBACK, BISIK_EQUIVOCATION or BISIK_CLOCK_WENT_BACK; the history is then unchanged.
  bool observe(const Feed &feed, std::uint64_t now) {
    bool changed = false;
    detail::call(bisik_history_observe, handle_.get(), feed.get(), now, &changed);
    return changed;
  }
  std::string text() const { return std::string(Buffer(detail::make<bisik_buffer>(bisik_history_text, get())).view()); }

 private:
  detail::Handle<bisik_history, bisik_history_free> handle_;
};

// A verified delta.
class Delta {
 public:
  const bisik_delta *get() const noexcept { return handle_.get(); }

  static Delta open(std::string_view file, const Trust &trust, std::uint64_t now, const Secrets &secrets = Secrets::none(),
                    std::uint64_t limit = 0) {
    return Delta(detail::make<bisik_delta>(bisik_delta_open, detail::bytes(file), file.size(), trust.get(), secrets.get(), limit, now));
  }
  // The version that it is applied to, and the one that it leads to.
  std::uint64_t base() const noexcept { return bisik_delta_base(get()); }
  std::uint64_t version() const noexcept { return bisik_delta_version(get()); }
  // Whether it came in an envelope: then what it makes is as secret as the envelope made it.
  bool sealed() const noexcept { return bisik_delta_sealed(get()); }

 private:
  explicit Delta(bisik_delta *handle) noexcept : handle_(handle) {}

  detail::Handle<bisik_delta, bisik_delta_free> handle_;
};

// Applies deltas, in order, to a version, and verifies what they lead to. All but the last version may have expired.
inline Feed apply(const Feed &base, const std::vector<const Delta *> &deltas, const Trust &trust, std::uint64_t now,
                  std::uint64_t limit = 0) {
  std::vector<const bisik_delta *> handles;
  handles.reserve(deltas.size());
  for (const Delta *delta : deltas) handles.push_back(delta ? delta->get() : nullptr);
  return Feed(detail::make<bisik_feed>(bisik_delta_apply, handles.data(), handles.size(), base.get(), trust.get(), limit, now));
}

// When a hit may be acted upon.
class Policy {
 public:
  explicit Policy(std::string_view text) : handle_(detail::make<bisik_policy>(bisik_policy_parse, text.data(), text.size())) {}
  const bisik_policy *get() const noexcept { return handle_.get(); }

 private:
  detail::Handle<bisik_policy, bisik_policy_free> handle_;
};

// What is to be done with an input that has hits, and why. Made by Report::decide.
class Verdict {
 public:
  explicit Verdict(bisik_verdict *handle) noexcept : handle_(handle) {}
  const bisik_verdict *get() const noexcept { return handle_.get(); }

  // BISIK_ACTION_REVIEW or BISIK_ACTION_ACT.
  bisik_action action() const noexcept { return bisik_verdict_action(get()); }
  std::size_t size() const noexcept { return bisik_verdict_reasons(get()); }
  // The name of a reason, for instance "too-few-publishers", and the same in words. Empty beyond the last one.
  std::string_view reason(std::size_t position) const noexcept { return detail::view(bisik_verdict_reason(get(), position)); }
  std::string_view because(std::size_t position) const noexcept { return detail::view(bisik_verdict_because(get(), position)); }

 private:
  detail::Handle<bisik_verdict, bisik_verdict_free> handle_;
};

inline Verdict Report::decide(std::uint64_t index, const Policy &policy, std::uint64_t now) const {
  return Verdict(detail::make<bisik_verdict>(bisik_report_decide, get(), index, policy.get(), now));
}

// A hit that was acted upon, without what was looked up.
class Remembered {
 public:
  // Reads a line that line() gave.
  explicit Remembered(std::string_view line)
      : handle_(detail::make<bisik_remembered>(bisik_remembered_parse, line.data(), line.size())) {}
  // What to keep of a hit; the feed must be the hit's. Report::remember knows it.
  Remembered(const Feed &feed, const bisik_hit &hit, std::uint64_t now)
      : handle_(detail::make<bisik_remembered>(bisik_remembered_new, feed.get(), &hit, now)) {}
  const bisik_remembered *get() const noexcept { return handle_.get(); }
  std::string line() const { return std::string(Buffer(detail::make<bisik_buffer>(bisik_remembered_line, get())).view()); }

 private:
  friend class Report;
  explicit Remembered(bisik_remembered *handle) noexcept : handle_(handle) {}

  detail::Handle<bisik_remembered, bisik_remembered_free> handle_;
};

inline Remembered Report::remember(std::size_t position, std::uint64_t now) const {
  return Remembered(detail::make<bisik_remembered>(bisik_report_remember, get(), position, now));
}

// What a publisher withdrew from a feed.
class RetractionList {
 public:
  const bisik_retraction_list *get() const noexcept { return handle_.get(); }

  // What a feed carries.
  static RetractionList of(const Feed &feed) {
    return RetractionList(detail::make<bisik_retraction_list>(bisik_retraction_list_of, feed.get()));
  }
  // What came as a file of its own.
  static RetractionList read(std::string_view file, const Trust &trust, std::uint64_t now) {
    return RetractionList(
        detail::make<bisik_retraction_list>(bisik_retraction_list_read, detail::bytes(file), file.size(), trust.get(), now));
  }
  std::size_t size() const noexcept { return bisik_retraction_list_count(get()); }
  std::uint64_t version() const noexcept { return bisik_retraction_list_version(get()); }
  bisik_retraction entry(std::size_t position) const {
    bisik_retraction retraction{};
    detail::call(bisik_retraction_list_entry, get(), position, &retraction);
    return retraction;
  }
  // Whether, when and why a remembered hit was withdrawn.
  std::optional<bisik_retraction> find(const Remembered &remembered) const {
    bool found = false;
    bisik_retraction retraction{};
    detail::call(bisik_retraction_list_find, get(), remembered.get(), &found, &retraction);
    return found ? std::optional<bisik_retraction>(retraction) : std::nullopt;
  }

 private:
  explicit RetractionList(bisik_retraction_list *handle) noexcept : handle_(handle) {}

  detail::Handle<bisik_retraction_list, bisik_retraction_list_free> handle_;
};

// Makes the next version of a feed without its list: withdrawals, and additions to what is there.
class Revision {
 public:
  Revision(const SigningFile &signing, const PublishOptions &options, const Feed &previous)
      : handle_(detail::make<bisik_revision>(bisik_revision_new, signing.get(), options.get(), previous.get())) {}
  const bisik_revision *get() const noexcept { return handle_.get(); }

  // `reason` is one of BISIK_RETRACTION_…. Throws BISIK_NOT_LISTED for what the previous version does not list.
  Revision &withdraw(bisik_kind kind, std::string_view value, bisik_retraction_reason reason,
                     const ParseOptions &options = ParseOptions::none()) {
    detail::call(bisik_revision_withdraw, handle_.get(), kind, value.data(), value.size(), options.get(), reason);
    return *this;
  }
  Revision &add(bisik_kind kind, std::string_view value, const ParseOptions &options = ParseOptions::none(),
                const Claim &claim = Claim::none()) {
    detail::call(bisik_revision_add, handle_.get(), kind, value.data(), value.size(), options.get(), claim.get());
    return *this;
  }
  std::uint64_t withdrawals() const noexcept { return bisik_revision_withdrawals(get()); }
  // What will be signed: to be on the disk as used before publishing.
  Place place() const {
    Place place{};
    detail::call(bisik_revision_place, get(), &place.version, &place.epoch);
    return place;
  }
  // The revision is empty after that, also on failure.
  Publication publish() { return Publication(detail::make<bisik_publication>(bisik_revision_publish, handle_.get())); }

 private:
  detail::Handle<bisik_revision, bisik_revision_free> handle_;
};

}  // namespace bisik

#endif
