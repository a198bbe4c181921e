// The C++ wrapper: a whole round, exceptions with their details, moves.
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

}  // namespace

int main() {
  const bisik::Keys keys = bisik::Keys::generate("Example Centre");
  const bisik::Keys member = bisik::Keys::generate("Member");
  const bisik::SigningFile signing(keys.signing.view());
  CHECK(signing.card().view() == keys.card.view());

  bisik::Guard guard;
  guard.add(BISIK_KIND_DOMAIN, "bank.example");
  bisik::PublishOptions options("phones", NOW);
  options.validity(86400).tlp("red").purpose("blocking").contact("Desk", {}, "24/7").set(BISIK_SET_TOKENS).records(true);
  options.guard(guard).new_epoch(false);
  bisik::Publisher publisher(signing, options);
  const auto singapore = std::move(bisik::ParseOptions().region("SG"));
  bisik::Claim claim;
  claim.set(BISIK_CLAIM_CATEGORY, "impersonation").set(BISIK_CLAIM_LAST_SEEN, NOW - 5);
  publisher.add(BISIK_KIND_PHONE, "9123 4567", singapore, claim).add(BISIK_KIND_DOMAIN, "win.example");
  CHECK(status_of([&] { publisher.add(BISIK_KIND_DOMAIN, "www.bank.example"); }) == BISIK_GUARDED);
  CHECK(publisher.added() == 2);
  const bisik::Publication publication = publisher.publish();
  CHECK(status_of([&] { publisher.publish(); }) == BISIK_STATE_CONSUMED);
  CHECK(publication.enumerable() == std::vector<bisik_kind>{BISIK_KIND_PHONE});
  CHECK(status_of([&] { publication.open(); }) == BISIK_ENUMERABLE);
  CHECK(publication.open({BISIK_KIND_PHONE}).size() > 0);
  CHECK(publication.manifest().find("\"tlp\":\"red\"") != std::string::npos);

  bisik::Recipients recipients;
  recipients.add_card(member.card.view());
  const bisik::Buffer sealed = publication.seal(recipients);
  bisik::Trust trust;
  trust.add_card_for(keys.card.view(), "phones");
  CHECK(status_of([&] { bisik::Feed::open(sealed.view(), trust, NOW); }) == BISIK_SEALED);
  bisik::Secrets secrets;
  secrets.add(member.identity.view());
  bisik::Feed feed = bisik::Feed::open(sealed.view(), trust, NOW, secrets);
  CHECK(feed.version() == 1 && feed.count() == 2 && feed.expires() == NOW + 86400);
  CHECK(feed.inspect().find("\"sealed\":true") != std::string::npos);

  bisik::Matcher matcher({&feed});
  feed = matcher.feed(0);
  const bisik::Report report = matcher.check(BISIK_KIND_PHONE, "+65 9123-4567", NOW);
  CHECK(report.size() == 1 && report.expression(0) == "+6591234567" && report.expression(1).empty());
  CHECK(report.hit(0).matched == BISIK_MATCHED_EXACT);
  CHECK(report.claim(0).text(BISIK_CLAIM_CATEGORY) == "impersonation");
  CHECK(report.claim(0).number(BISIK_CLAIM_LAST_SEEN) == NOW - 5);
  CHECK(!report.claim(0).number(BISIK_CLAIM_CONFIDENCE) && !report.claim(1));
  CHECK(matcher.check(BISIK_KIND_DOMAIN, "win.example", NOW).claim(0).get() != nullptr);

  // more hits than the wrapper first has room for
  std::vector<std::string_view> values(100, "9123 4567");
  values.push_back("nonsense");
  const bisik::Batch batch = matcher.match(BISIK_KIND_PHONE, values, NOW, singapore);
  CHECK(batch.hits.size() == 100 && batch.mask[99] == BISIK_MASK_HIT && batch.mask[100] == BISIK_MASK_REJECTED);
  CHECK(matcher.match(BISIK_KIND_PHONE, {}, NOW).mask.empty());
  const bisik::Matcher threaded({&feed}, bisik::Guard::built_in(), 2);
  const std::vector<std::string_view> more(20000, "9123 4567");
  CHECK(threaded.match(BISIK_KIND_PHONE, more, NOW, singapore).mask == matcher.match(BISIK_KIND_PHONE, more, NOW, singapore).mask);
  CHECK(report.rejections().empty());
  const std::int64_t offsets[] = {0, 11, 22};
  const bisik_kind kinds[] = {BISIK_KIND_DOMAIN, BISIK_KIND_PHONE};
  const bisik::Batch mixed = matcher.match(kinds, "win.examplewin.example", offsets, 2, NOW);
  CHECK(mixed.hits.size() == 1 && mixed.mask[0] == BISIK_MASK_HIT && mixed.mask[1] == BISIK_MASK_REJECTED);

  bisik::Live live(matcher);
  live.set(bisik::Matcher({&feed}));
  CHECK(live.matcher().feeds() == 1);
  bisik::Matcher moved = std::move(matcher);
  CHECK(moved.feeds() == 1 && matcher.feeds() == 0);
  CHECK(status_of([&] { matcher.check(BISIK_KIND_PHONE, "+6591234567", NOW); }) == BISIK_NULL_ARGUMENT);

  try {
    moved.check(BISIK_KIND_PHONE, "+6591234567", NOW + 86400);
    CHECK(false);
  } catch (const bisik::Error &error) {
    CHECK(error.status() == BISIK_EXPIRED && std::string(error.name()) == "expired" && error.position() == 0u);
  }
  CHECK(bisik::canonical(BISIK_KIND_DOMAIN, "WWW.Example.COM.") == "www.example.com");
  CHECK(bisik::canonical(bisik::kind("phone"), "9123 4567", singapore) == "+6591234567");
  CHECK(status_of([] { bisik::kind("telephone"); }) == BISIK_UNKNOWN_KIND);
  CHECK(std::string(bisik::version()) == BISIK_VERSION);
  return 0;
}
