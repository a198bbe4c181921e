// The C++ wrapper of sightings, stores and review logs: a hit that becomes a line of the call list, and what is refused.
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "bisik.hpp"
#include "check.h"

namespace {

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

struct Party {
  explicit Party(std::string_view name) : keys(bisik::Keys::generate(name)), signing(keys.signing.view()) {
    trust.add_card(keys.card.view());
    secrets.add(keys.identity.view());
  }
  std::string recipient() const {
    const std::string_view text = keys.identity.view().substr(keys.identity.view().find("age1"));
    return std::string(text.substr(0, text.find('\n')));
  }
  bisik::Keys keys;
  bisik::SigningFile signing;
  bisik::Trust trust;
  bisik::Secrets secrets;
};

bisik::Feed feed_of(const Party &centre, const Party *desk, const bisik::OprfKey *key = nullptr) {
  bisik::PublishOptions options("domains", NOW);
  if (key) {
    options.blind(*key);
  }
  if (desk) {
    options.contact({}, "+65 0000 0000", {}).desk_key(desk->recipient());
    CHECK(status_of([&] { options.desk_key("age1"); }) == BISIK_BAD_KEY);
  }
  bisik::Publisher publisher(centre.signing, options);
  publisher.add(BISIK_KIND_DOMAIN, "a.example").add(BISIK_KIND_DOMAIN, "b.example");
  return bisik::Feed::open(publisher.publish().open().view(), centre.trust, NOW);
}

void sightings() {
  const Party centre("Centre"), desk("Desk"), bank("Bank");
  const bisik::Feed feed = feed_of(centre, &desk), deskless = feed_of(centre, nullptr);
  const bisik::Matcher matcher({&feed});
  const bisik_hit hit = matcher.check(BISIK_KIND_DOMAIN, "www.b.example", NOW).hit(0);

  bisik::Sightings told;
  told.add(hit.hit_id, NOW, BISIK_ACTION_FROZEN, 125050, "SGD", "CASE-1").add(hit.hit_id, NOW - 86400, BISIK_ACTION_NONE);
  CHECK(status_of([&] { told.add(hit.hit_id, NOW, BISIK_ACTION_NONE, 1, "XXQ"); }) == BISIK_INVALID_CLAIM);
  CHECK(status_of([&] { told.seal(deskless, bank.signing, NOW); }) == BISIK_NO_DESK);
  const bisik::Buffer file = told.seal(feed, bank.signing, NOW);
  CHECK(file.view().size() == BISIK_SIGHTING_FILE_LENGTH);

  CHECK(status_of([&] { bisik::SightingReport::open(file.view(), bank.secrets, bank.trust); }) == BISIK_NO_MATCHING_KEY);
  CHECK(status_of([&] { bisik::SightingReport::open(file.view(), desk.secrets, desk.trust); }) == BISIK_UNTRUSTED);
  const auto report = bisik::SightingReport::open(file.view(), desk.secrets, bank.trust);
  CHECK(report.sender() == "Bank" && report.size() == 2);
  CHECK(report.sighting(0).amount == 125050 && std::string_view(report.sighting(0).reference) == "CASE-1");
  CHECK(status_of([&] { report.sighting(2); }) == BISIK_INVALID_ARGUMENT);

  bisik::SightingLedger ledger(feed);
  CHECK(status_of([&] { ledger.learn(deskless); }) == BISIK_EQUIVOCATION);
  CHECK(ledger.learn(feed).take(report, NOW) == std::vector<bisik_status>(2, BISIK_OK) && ledger.size() == 2);
  bisik::SightingLedger again(ledger.text());
  CHECK(again.take(report, NOW) == std::vector<bisik_status>(2, BISIK_REPLAYED) && again.text() == ledger.text());
  CHECK(status_of([] { bisik::SightingLedger("{}"); }) != BISIK_OK);

  bisik::HitFinder finder(feed, again);
  CHECK(status_of([&] { finder.add(1, BISIK_KIND_DOMAIN, ""); }) == BISIK_EMPTY);
  bisik::Joined joined = finder.add(40, BISIK_KIND_DOMAIN, "a.example").add(41, BISIK_KIND_DOMAIN, "B.example").finish();
  CHECK(joined.size() == 1);
  bisik::HitFinder other(feed, ledger);
  joined.join(other.finish());
  CHECK(status_of([&] { finder.finish(); }) == BISIK_STATE_CONSUMED);
  const bisik::Calls calls = again.calls(joined, NOW);
  CHECK(calls.size() == 1 && calls.call(0).has_entry && calls.call(0).entry == 41 && calls.call(0).sightings == 2);
  CHECK(calls.amounts(0).size() == 1 && calls.amounts(0)[0].minor == 125050 && calls.amounts(0)[0].currency == "SGD");
  CHECK(calls.senders(0).size() == 1 && calls.senders(0)[0] != (std::array<std::uint8_t, 32>{}));
  CHECK(!again.calls(NOW).call(0).has_entry);
  CHECK(status_of([&] { calls.call(1); }) == BISIK_INVALID_ARGUMENT);
}

void blind() {
  const Party centre("Centre"), desk("Desk");
  const auto key = bisik::OprfKey::generate(centre.signing, "domains", 1, 100);
  const auto other = bisik::OprfKey::generate(centre.signing, "domains", 1, 100);
  const bisik::Feed feed = feed_of(centre, &desk, &key);
  const bisik::SightingLedger ledger(feed);
  bisik::HitFinder finder(feed, key, ledger);
  CHECK(finder.add(1, BISIK_KIND_DOMAIN, "a.example").finish().size() == 0);
  CHECK(status_of([&] { bisik::HitFinder(feed, other, ledger); }) == BISIK_OPRF_KEY_MISMATCH);
}

void store(const std::string &folder) {
  namespace fs = std::filesystem;
  const Party centre("Centre");
  fs::create_directories(folder);
  CHECK(status_of([&] { bisik::Store{folder}; }) == BISIK_NOT_A_STORE);
  for (const char *part : {"feeds", "sources", "partial", "proofs"}) fs::create_directories(folder + "/" + part);
  std::ofstream(folder + "/store.json") << "{\"bisik_store\":1}\n";
  std::ofstream(folder + "/generation") << "7\n";
  const bisik::Store store(folder);
  CHECK(store.generation() == 7 && store.status(NOW) == "[]");
  bisik::StoreMatcher matcher(store, centre.trust, NOW);
  CHECK(matcher.dropped(NOW) == "[]" && !matcher.reload(NOW));
  CHECK(matcher.current(NOW).check(BISIK_KIND_DOMAIN, "a.example", NOW).size() == 0);
  std::ofstream(folder + "/generation") << "8\n";
  CHECK(matcher.reload(NOW));
  std::ofstream(folder + "/torn.log") << "{\"number\":1";
  CHECK(status_of([&] { bisik::verify_log(folder + "/torn.log"); }) == BISIK_TORN_TAIL);
  std::ofstream(folder + "/empty.log");
  CHECK(status_of([&] { bisik::verify_log(folder + "/empty.log"); }) == BISIK_TRUNCATED);
}

std::string content(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.good());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void heads(const std::string &vectors) {
  bisik::Trust trust;
  trust.add_card(content(vectors + "/hostile-card.txt"));
  const auto head = bisik::LogHead::read(content(vectors + "/whole.head"), trust, 1790000000);
  CHECK(head.entries() == 4 && head.time() == 1790000000);
  CHECK(bisik::verify_log(vectors + "/whole.log", head) == 4);
  CHECK(bisik::verify_log(vectors + "/start.log") == 1);
  CHECK(status_of([&] { bisik::verify_log(vectors + "/start.log", head); }) == BISIK_LOG_CUT);
}

}  // namespace

int main(int argc, char **argv) {
  CHECK(argc == 3);
  sightings();
  blind();
  store(std::string(argv[1]) + "/store-cpp");
  heads(argv[2]);
  return 0;
}
