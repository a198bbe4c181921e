// The C++ wrapper of blind mode and of a feed's life: whole rounds, and what they refuse.
#include <string>
#include <utility>

#include "bisik.hpp"
#include "check.h"

namespace {

constexpr std::uint64_t LATER = NOW + 3600;

template <class Work>
bisik_status status_of(Work work) {
  try {
    work();
  } catch (const bisik::Error &error) {
    CHECK(error.what()[0] != '\0' && error.name() && error.advice());
    return error.status();
  }
  return BISIK_OK;
}

// A party, and a store that trusts it.
struct Party {
  explicit Party(std::string_view name) : keys(bisik::Keys::generate(name)), signing(keys.signing.view()) {
    trust.add_card(keys.card.view());
  }
  bisik::Keys keys;
  bisik::SigningFile signing;
  bisik::Trust trust;
};

bisik::Publication version(const Party &party, const bisik::Feed *previous, std::initializer_list<std::string_view> domains) {
  bisik::PublishOptions options("domains", NOW);
  options.records(true);
  bisik::Publisher publisher(party.signing, options, previous);
  CHECK(publisher.place().version == (previous ? previous->version() + 1 : 1) && publisher.place().epoch == 1);
  bisik::Claim claim;
  claim.set(BISIK_CLAIM_CONFIDENCE, 90);
  for (const auto domain : domains) publisher.add(BISIK_KIND_DOMAIN, domain, bisik::ParseOptions::none(), claim);
  return publisher.publish();
}

bisik::Feed feed_of(const Party &party, const bisik::Publication &publication, std::uint64_t now = NOW) {
  return bisik::Feed::open(publication.open().view(), party.trust, now);
}

void blind() {
  const Party centre("Example Centre"), bank("Example Bank");
  const auto key = bisik::OprfKey::generate(centre.signing, "mixed", 1, 100);
  const bisik::OprfKey again(key.text().view());
  CHECK(again.public_key() == key.public_key() && key.feed() == "mixed" && key.epoch() == 1);
  key.check(40, 60);
  CHECK(status_of([&] { key.check(41, 60); }) == BISIK_KEY_EXHAUSTED);
  CHECK(status_of([] { bisik::OprfKey("no key"); }) == BISIK_BAD_KEY);

  bisik::PublishOptions options("mixed", NOW);
  options.blind(key);
  bisik::Publisher publisher(centre.signing, options);
  publisher.add(BISIK_KIND_PHONE, "+6591234567").add(BISIK_KIND_DOMAIN, "win.example");
  const bisik::Feed feed = feed_of(centre, publisher.publish());
  const bisik::Matcher matcher({&feed});
  CHECK(matcher.has_blind());
  CHECK(status_of([&] { matcher.check(BISIK_KIND_DOMAIN, "win.example", NOW); }) == BISIK_BLIND_QUERY_NEEDED);

  const bisik::OprfServer server(key);
  bisik::Clients clients, nobody;
  clients.add_card(bank.keys.card.view());
  auto prepared = matcher.prepare({BISIK_KIND_PHONE, BISIK_KIND_DOMAIN, BISIK_KIND_PHONE}, {"+6591234567", "win.example", "win.example"},
                                  bank.signing, NOW);
  CHECK(status_of([&] { matcher.prepare(std::vector<bisik_kind>{BISIK_KIND_PHONE}, {"a", "b"}, bank.signing, NOW); }) == BISIK_INVALID_ARGUMENT);
  CHECK(prepared.requests() == 1 && prepared.queries() == 2);
  const auto sent = prepared.request(0);
  CHECK(sent.feed == 0 && sent.queries == 2);
  CHECK(status_of([&] { prepared.request(1); }) == BISIK_INVALID_ARGUMENT);
  CHECK(status_of([&] { bisik::BlindRequest::read(sent.bytes.view(), nobody); }) == BISIK_UNKNOWN_CLIENT);
  std::size_t length = 0;
  const auto request = bisik::BlindRequest::read(sent.bytes.view(), clients, &length);
  CHECK(length == sent.bytes.size() && request.count() == 2 && request.feed() == "mixed" && request.epoch() == 1);
  CHECK(request.client() != request.digest());
  server.check(request);
  const bisik::OprfServer other(bisik::OprfKey::generate(centre.signing, "other"));
  CHECK(status_of([&] { other.check(request); }) == BISIK_WRONG_FEED);

  bisik_budget budget = bisik_budget_default();
  bisik_account account{};
  budget.per_day = 3;
  std::uint64_t left = 0, retry_at = 0;
  bisik::charge(budget, account, request.count(), NOW);
  CHECK(account.used_today == 2);
  CHECK(status_of([&] { bisik::charge(budget, account, 2, NOW, &left, &retry_at); }) == BISIK_BUDGET_EXHAUSTED);
  CHECK(left == 1 && retry_at > NOW && account.used_today == 2);

  const bisik::Buffer answer = server.blind_evaluate(request);
  const bisik::Buffer state = prepared.to_bytes();
  const bisik::Report report = matcher.finish(prepared, answer.view(), NOW);
  CHECK(report.size() == 2 && report.mask(3) == (std::vector<std::uint8_t>{BISIK_MASK_HIT, BISIK_MASK_HIT, BISIK_MASK_REJECTED}));
  CHECK(status_of([&] { report.mask(2); }) == BISIK_INVALID_ARGUMENT);
  CHECK(status_of([&] { matcher.finish(prepared, answer.view(), NOW); }) == BISIK_STATE_CONSUMED);
  auto resumed = bisik::Prepared::from_bytes(state.view(), matcher);
  CHECK(matcher.finish(resumed, answer.view(), NOW).size() == 2);
  auto unanswered = bisik::Prepared::from_bytes(state.view(), matcher);
  CHECK(status_of([&] { matcher.finish(unanswered, {}, NOW); }) == BISIK_ANSWER_MISSING);
  CHECK(matcher.prepare(BISIK_KIND_DOMAIN, {"win.example"}, bank.signing, NOW, bisik::ParseOptions::none(), false).queries() == 1);
}

void deltas_and_memory() {
  const Party centre("Example Centre"), member("Member");
  const auto one = version(centre, nullptr, {"a.example", "b.example"});
  const bisik::Feed first = feed_of(centre, one);
  const auto two = version(centre, &first, {"b.example", "c.example"});
  const bisik::Feed second = feed_of(centre, two);
  const auto three = version(centre, &second, {"c.example"});
  const bisik::Feed third = feed_of(centre, three);
  const auto step = bisik::Delta::open(two.delta_open(first).view(), centre.trust, NOW);
  CHECK(step.base() == 1 && step.version() == 2 && !step.sealed());

  bisik::Recipients recipients;
  recipients.add_card(member.keys.card.view());
  bisik::Secrets secrets;
  secrets.add(member.keys.identity.view());
  const bisik::Buffer sealed = three.delta_seal(second, recipients);
  CHECK(status_of([&] { bisik::Delta::open(sealed.view(), centre.trust, NOW); }) == BISIK_SEALED);
  const auto next = bisik::Delta::open(sealed.view(), centre.trust, NOW, secrets);
  CHECK(next.sealed());
  const bisik::Feed caught_up = bisik::apply(first, {&step, &next}, centre.trust, NOW);
  CHECK(caught_up.digest() == third.digest() && caught_up.bytes() == three.open().view());
  CHECK(status_of([&] { bisik::apply(first, {&next}, centre.trust, NOW); }) == BISIK_SNAPSHOT_NEEDED);
  CHECK(status_of([&] { bisik::apply(first, {&step, nullptr}, centre.trust, NOW); }) == BISIK_NULL_ARGUMENT);
  CHECK(status_of([&] { bisik::apply(first, {}, centre.trust, NOW); }) == BISIK_INVALID_ARGUMENT);
  const std::uint64_t late = NOW + 8 * 86400;
  CHECK(status_of([&] { feed_of(centre, one, late); }) == BISIK_EXPIRED);
  CHECK(bisik::Feed::open_stale(one.open().view(), centre.trust, late).version() == 1);
  CHECK(bisik::Feed::open_own(one.open().view(), centre.signing, late).version() == 1);
  CHECK(status_of([&] { bisik::Feed::open_own(one.open().view(), member.signing, NOW); }) == BISIK_UNTRUSTED);

  bisik::History history;
  CHECK(history.observe(first, NOW) && history.observe(second, NOW) && !history.observe(second, NOW));
  bisik::History stored(history.text());
  CHECK(status_of([&] { stored.observe(first, NOW); }) == BISIK_ROLLBACK && stored.text() == history.text());
  CHECK(status_of([] { bisik::History("{"); }) == BISIK_BAD_MANIFEST);

  bisik::Trust trust(centre.trust.text());
  CHECK(bisik::Feed::open(one.open().view(), trust, NOW).version() == 1);
  CHECK(status_of([&] { trust.update("no statement of any kind, but long enough", NOW); }) == BISIK_NOT_A_FEED);
  CHECK(trust.text() == centre.trust.text() && status_of([] { bisik::Trust("{}"); }) == BISIK_BAD_MANIFEST);
}

void withdrawal_and_verdicts() {
  const Party centre("Example Centre"), other("Other Centre");
  const bisik::Feed first = feed_of(centre, version(centre, nullptr, {"shop.example", "win.example"}));
  const bisik::Feed theirs = feed_of(other, version(other, nullptr, {"win.example"}));
  const bisik::Matcher matcher({&first, &theirs});
  const bisik::Report report = matcher.check(BISIK_KIND_DOMAIN, "shop.example", NOW);
  const bisik::Report both = matcher.check(BISIK_KIND_DOMAIN, "win.example", NOW);

  const bisik::Verdict review = report.decide(0, bisik::Policy(""), NOW);
  CHECK(review.action() == BISIK_ACTION_REVIEW && review.size() == 2 && review.reason(1) == "too-few-publishers");
  CHECK(review.because(1) == "1 of 2 publishers" && review.reason(2).empty() && review.because(2).empty());
  CHECK(both.decide(0, bisik::Policy(""), NOW).action() == BISIK_ACTION_ACT);
  CHECK(both.decide(0, bisik::Policy("min_confidence = 91"), NOW).action() == BISIK_ACTION_REVIEW);
  CHECK(status_of([&] { report.decide(1, bisik::Policy(""), NOW); }) == BISIK_INVALID_ARGUMENT);
  CHECK(status_of([] { bisik::Policy("min_publisher = 2"); }) == BISIK_BAD_POLICY);

  const bisik::Remembered acted = report.remember(0, NOW);
  const bisik::Remembered kept(acted.line());
  const bisik::Remembered plain(first, both.hit(0), NOW);
  CHECK(status_of([&] { report.remember(1, NOW); }) == BISIK_INVALID_ARGUMENT);
  CHECK(status_of([] { bisik::Remembered("{}"); }) == BISIK_BAD_MANIFEST);

  auto options = bisik::PublishOptions::following(first, LATER);
  options.at_least({5, 1});
  bisik::Revision revision(centre.signing, options, first);
  CHECK(revision.place().version == 5 && revision.place().epoch == 1);
  revision.withdraw(BISIK_KIND_DOMAIN, "Shop.example", BISIK_RETRACTION_RECOVERED).add(BISIK_KIND_DOMAIN, "new.example");
  CHECK(revision.withdrawals() == 1);
  CHECK(status_of([&] { revision.withdraw(BISIK_KIND_DOMAIN, "good.example", BISIK_RETRACTION_ERROR); }) == BISIK_NOT_LISTED);
  const bisik::Publication publication = revision.publish();
  CHECK(status_of([&] { revision.publish(); }) == BISIK_STATE_CONSUMED);
  const bisik::Feed second = feed_of(centre, publication, LATER);
  const auto list = bisik::RetractionList::of(second);
  CHECK(list.size() == 1 && list.version() == 5 && list.entry(0).reason == BISIK_RETRACTION_RECOVERED);
  CHECK(list.find(kept) && list.find(kept)->epoch == 1 && !list.find(plain));
  CHECK(std::string(bisik_retraction_reason_name(list.find(kept)->reason)) == "recovered");
  const bisik::Buffer file = publication.retraction_list();
  CHECK(bisik::RetractionList::read(file.view(), centre.trust, LATER).find(kept));
  CHECK(status_of([&] { bisik::RetractionList::read(file.view(), other.trust, LATER); }) == BISIK_UNTRUSTED);
  CHECK(bisik::RetractionList::of(theirs).size() == 0);
  CHECK(status_of([&] { bisik::Revision(other.signing, options, first); }) == BISIK_PREVIOUS_MISMATCH);
}

}  // namespace

int main() {
  blind();
  deltas_and_memory();
  withdrawal_and_verdicts();
  return 0;
}
