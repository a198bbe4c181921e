// Blind mode for C++17: a member asks a publisher's server without telling it what. Part of bisik.hpp, which includes it.
#ifndef BISIK_BLIND_HPP
#define BISIK_BLIND_HPP

#include <array>

#include "bisik.hpp"

namespace bisik {

// The key of a blind feed in one epoch: secret, stays with the publisher and its server.
class OprfKey {
 public:
  explicit OprfKey(std::string_view text) : handle_(detail::make<bisik_oprf_key>(bisik_oprf_key_new, text.data(), text.size())) {}
  const bisik_oprf_key *get() const noexcept { return handle_.get(); }

  // A fresh key. `limit` is how many evaluations it may do in its life, 0 for the default.
  static OprfKey generate(const SigningFile &signing, std::string_view feed, std::uint32_t epoch = 1, std::uint64_t limit = 0) {
    return OprfKey(detail::make<bisik_oprf_key>(bisik_oprf_key_generate, signing.get(), feed.data(), feed.size(), epoch, limit));
  }
  // The key file's text, a secret.
  Buffer text() const { return Buffer(detail::make<bisik_buffer>(bisik_oprf_key_text, get())); }
  std::array<std::uint8_t, 32> public_key() const { return detail::array<32>(bisik_oprf_key_public, get()); }
  std::string_view feed() const noexcept { return detail::view(bisik_oprf_key_feed(get())); }
  std::uint32_t epoch() const noexcept { return bisik_oprf_key_epoch(get()); }
  // Throws BISIK_KEY_EXHAUSTED if the key, having done `so_far`, may not do `count` evaluations more.
  void check(std::uint64_t so_far, std::uint64_t count) const { detail::call(bisik_oprf_key_check, get(), so_far, count); }

 private:
  explicit OprfKey(bisik_oprf_key *handle) noexcept : handle_(handle) {}

  detail::Handle<bisik_oprf_key, bisik_oprf_key_free> handle_;
};

// The clients that a server answers.
class Clients {
 public:
  Clients() : handle_(bisik_clients_new()) {}
  const bisik_clients *get() const noexcept { return handle_.get(); }
  Clients &add_card(std::string_view card) {
    detail::call(bisik_clients_add_card, handle_.get(), card.data(), card.size());
    return *this;
  }

 private:
  detail::Handle<bisik_clients, bisik_clients_free> handle_;
};

// A client's request whose signature holds.
class BlindRequest {
 public:
  const bisik_blind_request *get() const noexcept { return handle_.get(); }

  // Reads the request at the beginning of `data`; `length` gets how many bytes it has.
  static BlindRequest read(std::string_view data, const Clients &clients, std::size_t *length = nullptr) {
    bisik_blind_request *request = nullptr;
    detail::call(bisik_blind_request_read, detail::bytes(data), data.size(), clients.get(), &request, length);
    return BlindRequest(request);
  }
  std::uint64_t count() const noexcept { return bisik_blind_request_count(get()); }
  std::string_view feed() const noexcept { return detail::view(bisik_blind_request_feed(get())); }
  std::uint32_t epoch() const noexcept { return bisik_blind_request_epoch(get()); }
  // The key id of the client.
  std::array<std::uint8_t, 32> client() const { return detail::array<32>(bisik_blind_request_client, get()); }
  // What names the request: one that was answered before is answered again free of charge.
  std::array<std::uint8_t, 32> digest() const { return detail::array<32>(bisik_blind_request_digest, get()); }

 private:
  explicit BlindRequest(bisik_blind_request *handle) noexcept : handle_(handle) {}

  detail::Handle<bisik_blind_request, bisik_blind_request_free> handle_;
};

// Answers the requests for one feed and epoch.
class OprfServer {
 public:
  explicit OprfServer(const OprfKey &key) : handle_(detail::make<bisik_oprf_server>(bisik_oprf_server_new, key.get())) {}
  const bisik_oprf_server *get() const noexcept { return handle_.get(); }

  // Whether the request is for this feed and epoch; otherwise throws BISIK_WRONG_FEED or BISIK_WRONG_EPOCH.
  void check(const BlindRequest &request) const { detail::call(bisik_oprf_server_check, get(), request.get()); }
  // The answer. Charge the client, and have that on the disk, before it leaves.
  Buffer blind_evaluate(const BlindRequest &request) const {
    return Buffer(detail::make<bisik_buffer>(bisik_oprf_server_blind_evaluate, get(), request.get()));
  }

 private:
  detail::Handle<bisik_oprf_server, bisik_oprf_server_free> handle_;
};

// Charges evaluations to an account, all or nothing. If it throws, `left` and `retry_at` say what may still be asked, and from when.
inline void charge(const bisik_budget &budget, bisik_account &account, std::uint64_t count, std::uint64_t now,
                   std::uint64_t *left = nullptr, std::uint64_t *retry_at = nullptr) {
  detail::call(bisik_budget_charge, &budget, &account, count, now, left, retry_at);
}

// What is to be sent to the server of one feed.
struct PreparedRequest {
  // The feed's position in the matcher.
  std::size_t feed;
  std::uint64_t queries;
  Buffer bytes;
};

// A batch between request and answer: a secret, made by Matcher::prepare and used once, by Matcher::finish.
class Prepared {
 public:
  explicit Prepared(bisik_prepared *handle) noexcept : handle_(handle) {}
  bisik_prepared *get() const noexcept { return handle_.get(); }

  // Takes up what to_bytes() gave, for a matcher with the same feeds in the same epochs.
  static Prepared from_bytes(std::string_view state, const Matcher &matcher) {
    return Prepared(detail::make<bisik_prepared>(bisik_prepared_from_bytes, detail::bytes(state), state.size(), matcher.get()));
  }
  // How many requests there are; none if nothing has to be asked, and after finishing.
  std::size_t requests() const noexcept { return bisik_prepared_requests(get()); }
  // How many evaluations all of it costs, padding included.
  std::uint64_t queries() const noexcept { return bisik_prepared_queries(get()); }
  PreparedRequest request(std::size_t position) const {
    std::size_t feed = 0;
    std::uint64_t queries = 0;
    bisik_buffer *bytes = nullptr;
    detail::call(bisik_prepared_request, get(), position, &feed, &queries, &bytes);
    return PreparedRequest{feed, queries, Buffer(bytes)};
  }
  // The state for later, as secret as the values.
  Buffer to_bytes() const { return Buffer(detail::make<bisik_buffer>(bisik_prepared_to_bytes, get())); }

 private:
  detail::Handle<bisik_prepared, bisik_prepared_free> handle_;
};

inline PublishOptions &PublishOptions::blind(const OprfKey &key) {
  detail::call(bisik_publish_options_set_blind, handle_.get(), key.get());
  return *this;
}

inline bool Matcher::has_blind() const noexcept { return bisik_matcher_has_blind(get()); }

inline Prepared Matcher::prepare(bisik_kind kind, const std::vector<std::string_view> &values, const SigningFile &signing,
                                 std::uint64_t now, const ParseOptions &options, bool pad) const {
  const detail::Column column(values);
  return Prepared(detail::make<bisik_prepared>(bisik_matcher_prepare, get(), kind, detail::bytes(column.data), column.data.size(),
                                               column.offsets.data(), values.size(), options.get(), signing.get(), pad, now));
}

inline Prepared Matcher::prepare(const std::vector<bisik_kind> &kinds, const std::vector<std::string_view> &values,
                                 const SigningFile &signing, std::uint64_t now, const ParseOptions &options, bool pad) const {
  if (kinds.size() != values.size()) throw Error(BISIK_INVALID_ARGUMENT, "there are not as many kinds as values", std::nullopt);
  const detail::Column column(values);
  return Prepared(detail::make<bisik_prepared>(bisik_matcher_prepare_mixed, get(), kinds.data(), detail::bytes(column.data),
                                               column.data.size(), column.offsets.data(), values.size(), options.get(),
                                               signing.get(), pad, now));
}

inline Report Matcher::finish(Prepared &prepared, std::string_view answers, std::uint64_t now) const {
  return Report(detail::make<bisik_report>(bisik_matcher_finish, get(), prepared.get(), detail::bytes(answers), answers.size(), now));
}

}  // namespace bisik

#endif
