// A whole round in C++17: keys, a feed sealed to a member, and the member's look-ups, one by one and many at once.
#include <ctime>
#include <iostream>

#include "bisik.hpp"

int main() try {
  const auto now = static_cast<std::uint64_t>(std::time(nullptr));

  // the publisher
  const auto centre = bisik::Keys::generate("Example Anti-Scam Centre");
  const auto member = bisik::Keys::generate("Example Bank");
  bisik::PublishOptions options("domains", now);
  options.records(true).purpose("blocking payments that start from phishing");
  bisik::Publisher publisher(bisik::SigningFile(centre.signing.view()), options);
  bisik::Claim claim;
  claim.set(BISIK_CLAIM_CATEGORY, "phishing").set(BISIK_CLAIM_CONFIDENCE, 95);
  publisher.add(BISIK_KIND_DOMAIN, "Login-Bank.example", bisik::ParseOptions::none(), claim);
  publisher.add(BISIK_KIND_DOMAIN, "parcel-fee.example");
  bisik::Recipients members;
  members.add_card(member.card.view());
  const bisik::Buffer file = publisher.publish().seal(members);

  // the member
  bisik::Trust trust;
  trust.add_card(centre.card.view());
  bisik::Secrets secrets;
  secrets.add(member.identity.view());
  const auto feed = bisik::Feed::open(file.view(), trust, now, secrets);
  const bisik::Matcher matcher({&feed});

  const auto report = matcher.check(BISIK_KIND_URL, "http://www.login-bank.example/verify?id=7", now);
  for (std::size_t i = 0; i < report.size(); i++) {
    std::cout << bisik_matched_name(report.hit(i).matched) << " " << report.expression(i);
    if (const auto category = report.claim(i).text(BISIK_CLAIM_CATEGORY)) std::cout << ": " << *category;
    std::cout << "\n";
  }

  const auto batch = matcher.match(BISIK_KIND_DOMAIN, {"good.example", "a.parcel-fee.example", "not a domain"}, now);
  for (const auto byte : batch.mask) {
    std::cout << (byte & BISIK_MASK_REJECTED ? "not looked up" : byte & BISIK_MASK_HIT ? "hit" : "no hit") << "\n";
  }
  return 0;
} catch (const bisik::Error &error) {
  std::cerr << error.name() << ": " << error.what() << "; " << error.advice() << "\n";
  return 1;
}
